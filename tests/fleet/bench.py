#!/usr/bin/env python3
"""Archives on JetStream, Slurm and GNU parallel: how long, what two workers bring, and that every event is
stored once whatever happens. `./dev bench fleet`; as root, since it cuts a network and fills a disk of its own.

bench.py PROGRAM SOURCE_DIR TOOLS_DIR [--events N] [--mib N] [--only WHAT,...] [--folder DIR]

WHAT: alone (GNU parallel, no server), pace (JetStream), each with one worker and with two; trouble
(JetStream), slurm: four workers and two nodes, to which things happen.
"""
import argparse
import os
import pathlib
import resource
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import archive  # noqa: E402
import slurm  # noqa: E402
import tools  # noqa: E402
from jetstream import CLIENT, Cluster  # noqa: E402

PATIENCE = 600  # seconds without a part that gets done
OWN = ", a processor for each"
TICK = os.sysconf("SC_CLK_TCK")


def cpu_of(processes):
    """Seconds of these and of their children that have ended."""
    fields = [pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
              for process in processes if process.poll() is None]
    return sum(int(value) for each in fields for value in each[11:15]) / TICK


def cpu_of_children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cpu_of_machine():
    with open("/proc/stat", encoding="ascii") as stat:
        user, nice, system, _, _, irq, soft, steal = map(int, stat.readline().split()[1:9])
    return (user + nice + system + irq + soft + steal) / TICK


class Bench:
    def __init__(self, options, folder):
        self.program, self.source = pathlib.Path(options.program).resolve(), pathlib.Path(options.source).resolve()
        self.options, self.folder = options, folder
        self.archive = folder / "archive"
        began = time.monotonic()
        self.truth = archive.make(self.program, self.source, self.archive, options.events, options.mib)
        self.bytes = sum(path.stat().st_size for path in self.archive.iterdir())
        packed = self.pack()
        self.parts = folder / "parts"
        self.parts.write_text(tools.run(self.source / "deploy/parts.sh", "-s", options.part, self.archive).stdout)
        self.count = len(self.parts.read_text().splitlines())
        print(f"{self.bytes / 1e9:.2f} GB ({packed}) with {len(self.truth)} events in {self.count} parts, made in "
              f"{time.monotonic() - began:.0f} s", flush=True)
        self.number = 0

    def pack(self):
        """Two files of sixteen, as a rotated archive has them."""
        packed = {".gz": 0, ".zst": 0}
        for number, path in enumerate(sorted(self.archive.iterdir())):
            if number % 16 == 3 and tools.run("gzip", "-1", path).returncode == 0:
                packed[".gz"] += 1
            elif number % 16 == 11 and shutil.which("zstd") and tools.run("zstd", "-q", "--rm", path).returncode == 0:
                packed[".zst"] += 1
        return f"{packed['.gz']} files with gzip, {packed['.zst']} with zstd"

    def place(self):
        self.number += 1
        out = self.folder / f"out{self.number}"
        out.mkdir()
        # A tmpfs: what is measured is the reading, and a full disk harms nobody.
        self.size = self.options.events * 20 + 16384
        tools.run("mount", "-t", "tmpfs", "-o", f"size={self.size}k", "none", out)
        return out

    def done(self, out):
        return len(list(out.glob("*.ndjson")))

    def wait_until(self, out, what, logs):
        """As long as parts get done: what hangs is told with what the workers said."""
        done, at = -1, time.monotonic()
        while not what():
            now = self.done(out)
            if now > done:
                done, at = now, time.monotonic()
            if time.monotonic() - at > PATIENCE:
                said = "".join(path.read_text(errors="replace")[-2000:] for path in logs)
                sys.exit(f"{done} of {self.count} parts, and none for {PATIENCE} s:\n{said}")
            time.sleep(0.05)

    def wait_parts(self, out, share, logs):
        self.wait_until(out, lambda: self.done(out) >= self.count * share, logs)

    def fill(self, out, logs):
        """The disk has no room for what is being written, until somebody has complained and 5 s longer."""
        while True:
            at = os.statvfs(out)
            used = (at.f_blocks - at.f_bfree) * at.f_frsize // 1024
            if tools.run("mount", "-o", f"remount,size={used + 64}k", out).returncode == 0:
                break
        tools.wait_for(lambda: any("No space left" in path.read_text(errors="replace") for path in logs))
        if not any("No space left" in path.read_text(errors="replace") for path in logs):
            sys.exit("the disk was full, and nobody said so")
        time.sleep(5)
        tools.run("mount", "-o", f"remount,size={self.size}k", out)

    def cut(self):
        tools.run("ip", "link", "set", "lo", "down")
        time.sleep(5)
        tools.run("ip", "link", "set", "lo", "up")
        tools.run("ip", "address", "replace", "192.0.2.1/32", "dev", "lo")

    def check(self, what, out, seconds):
        found, again = archive.stored(out)
        why = archive.difference(self.truth, found)
        stored = sum(path.stat().st_size for path in out.glob("*.ndjson"))
        print(f"{what}: {seconds:.1f} s, {self.bytes / seconds / 1e6:.0f} MB/s, {len(found) / seconds:.0f} events/s; "
              f"{len(found)} events, {again} again, {stored // max(1, len(found))} bytes each"
              + (f": WRONG, {why}" if why or again else ""), flush=True)
        tools.run("umount", "-l", out)
        if why or again:
            sys.exit(1)

    def queue(self, workers, name, own_cpu=False):
        """A queue with all parts, and workers that have begun."""
        folder = self.folder / name
        folder.mkdir()
        cluster = Cluster(self.source, folder, self.options.tools)
        cluster.setup(ack_wait_ms=10_000)
        done = cluster.feed(self.parts)
        assert done.returncode == 0, done
        out = self.place()
        running = [cluster.worker(f"w{n}", out, self.archive, self.program, "--until-empty") for n in range(workers)]
        for n, worker in enumerate(running if own_cpu else []):
            os.sched_setaffinity(worker.pid, {sorted(os.sched_getaffinity(0))[n]})
        return cluster, out, running, [folder / f"w{n}.log" for n in range(workers)]

    def pace(self, workers, own_cpu):
        cluster, out, running, logs = self.queue(workers, f"pace{workers}{own_cpu}", own_cpu)
        began, machine, servers = time.monotonic(), cpu_of_machine(), cpu_of(cluster.servers.values())
        self.wait_parts(out, 1, logs)
        seconds = time.monotonic() - began
        reading, servers = cpu_of(running), cpu_of(cluster.servers.values()) - servers
        other = cpu_of_machine() - machine - reading - servers
        self.check(f"JetStream, {workers} workers{OWN if own_cpu else ''}", out, seconds)
        print(f"  CPU time: {reading:.1f} s reading, {servers:.1f} s the three servers, {other:.1f} s all others",
              flush=True)
        tools.end_all()
        return seconds

    def alone(self, workers, own_cpu):
        """What a scheduler does, without one: no server has a part of the processors."""
        out = self.place()
        began, machine, reading = time.monotonic(), cpu_of_machine(), cpu_of_children()
        pin = self.folder / "pin"
        pin.write_text('#!/bin/sh\ncpu=$(($1 - 1))\nshift\nexec ' + ('taskset --cpu-list "$cpu" ' if own_cpu else "") + '"$@"\n')
        pin.chmod(0o755)
        running = tools.start("parallel", "--will-cite", "--jobs", workers, "--colsep", "\t", "--arg-file", self.parts,
                              pin, "{%}", self.source / "deploy/part.sh", out, "{1}", "{2}", "{3}",
                              env={**os.environ, "WHYOOM": str(self.program)}, log=self.folder / "parallel.log")
        if running.wait() != 0:
            sys.exit((self.folder / "parallel.log").read_text()[-2000:])
        seconds = time.monotonic() - began
        reading = cpu_of_children() - reading
        other = cpu_of_machine() - machine - reading
        self.check(f"GNU parallel, {workers} at a time{OWN if own_cpu else ''}", out, seconds)
        print(f"  CPU time: {reading:.1f} s reading, {other:.1f} s all others", flush=True)
        return seconds

    def trouble(self):
        cluster, out, workers, logs = self.queue(4, "trouble")
        began = time.monotonic()
        self.wait_parts(out, 0.1, logs)
        workers[0].send_signal(signal.SIGKILL)
        leader = cluster.leader()
        cluster.kill(leader)
        self.wait_parts(out, 0.25, logs)
        self.cut()
        cluster.up(leader)
        self.wait_parts(out, 0.5, logs)
        self.fill(out, logs)
        self.wait_until(out, lambda: all(worker.poll() is not None for worker in workers), logs)
        self.check("JetStream, 4 workers, one killed, the leading server killed, the network cut for 5 s, the disk "
                   "full for 5 s", out, time.monotonic() - began)
        tools.end_all()

    def slurm(self):
        out = self.place()
        (self.folder / "nodes").mkdir()
        cluster = slurm.Cluster(self.folder / "nodes")
        began = time.monotonic()
        tasks = 20
        cluster.submit(self.source / "deploy", self.parts, out, self.program, tasks=tasks)
        logs = [cluster.folder / f"task.{n}.log" for n in range(tasks)]
        self.wait_parts(out, 0.1, [])
        cluster.kill("w1")
        cluster.set("w1", "down")
        self.wait_parts(out, 0.25, [])
        cluster.up("w1")
        tools.wait_for(lambda: cluster.states().get("w1") == "idle" or cluster.set("w1", "resume"))
        cluster.set("w2", "drain")
        cluster.kill_controller()
        cluster.start_controller()
        self.wait_parts(out, 0.4, [])
        cluster.set("w2", "resume")
        self.cut()
        self.wait_parts(out, 0.6, [])
        self.fill(out, [path for path in logs if path.exists()])
        self.wait_until(out, lambda: not cluster.left(), [path for path in logs if path.exists()])
        self.check("Slurm, 20 tasks on 2 nodes, one killed, the other drained, the controller killed, the network cut "
                   "for 5 s, the disk full for 5 s", out, time.monotonic() - began)
        tools.end_all()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("source")
    parser.add_argument("tools")
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--mib", type=int, default=200)
    parser.add_argument("--part", type=int, default=None, help="MiB of a part")
    parser.add_argument("--folder", default="/var/tmp")
    parser.add_argument("--only", default="alone,pace,trouble,slurm")
    options = parser.parse_args()
    options.part = options.part or max(4, options.mib // 160)
    tools.enter(["nats-server", "iproute2", "parallel", *slurm.PACKAGES],
                ["nats-server", "ip", "parallel", *slurm.COMMANDS], base=options.tools, net=True,
                npm=[CLIENT])
    if not tools.own_network():
        tools.skip("only root can cut a network and fill a disk of its own")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="whyoom-fleet-", dir=options.folder))
    try:
        bench = Bench(options, folder)
        for name in ("alone", "pace"):
            if name in options.only:
                # One that may use all processors reads with one and tells with another.
                for own_cpu in (True, False):
                    one, two = (getattr(bench, name)(workers, own_cpu) for workers in (1, 2))
                    print(f"2 workers bring {one / two:.2f} times what one does", flush=True)
        if "trouble" in options.only:
            bench.trouble()
        if "slurm" in options.only:
            bench.slurm()
    finally:
        tools.end_all()
        for out in folder.glob("out*"):
            tools.run("umount", "-l", out)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
