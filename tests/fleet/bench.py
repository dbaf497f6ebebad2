#!/usr/bin/env python3
"""Archives on JetStream and Slurm: how long, what two workers bring, and that every event is stored once
whatever happens. `./dev bench fleet`; as root, since it cuts a network and fills a disk of its own.

bench.py PROGRAM SOURCE_DIR TOOLS_DIR [--events N] [--mib N] [--folder DIR]
"""
import argparse
import pathlib
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import archive  # noqa: E402
import slurm  # noqa: E402
import tools  # noqa: E402
from jetstream import Cluster  # noqa: E402


class Bench:
    def __init__(self, options, folder):
        self.program, self.source = pathlib.Path(options.program).resolve(), pathlib.Path(options.source).resolve()
        self.options, self.folder = options, folder
        self.archive = folder / "archive"
        began = time.monotonic()
        self.truth = archive.make(self.program, self.source, self.archive, options.events, options.mib)
        self.bytes = sum(path.stat().st_size for path in self.archive.iterdir())
        self.parts = folder / "parts"
        self.parts.write_text(tools.run(self.source / "deploy/parts.sh", "-s", options.part, self.archive).stdout)
        self.count = len(self.parts.read_text().splitlines())
        print(f"{self.bytes / 1e9:.2f} GB with {len(self.truth)} events in {self.count} parts, made in "
              f"{time.monotonic() - began:.0f} s", flush=True)
        self.number = 0

    def place(self, small=False):
        self.number += 1
        out = self.folder / f"out{self.number}"
        out.mkdir()
        # A tmpfs: what is measured is the reading, and a full disk harms nobody.
        size = self.options.events * (9 if small else 20) + 16384
        tools.run("mount", "-t", "tmpfs", "-o", f"size={size}k", "none", out)
        return out

    def done(self, out):
        return len(list(out.glob("*.ndjson")))

    def check(self, what, out, began):
        seconds = time.monotonic() - began
        found, again = archive.stored(out)
        why = archive.difference(self.truth, found)
        stored = sum(path.stat().st_size for path in out.glob("*.ndjson"))
        print(f"{what}: {seconds:.1f} s, {self.bytes / seconds / 1e6:.0f} MB/s, {len(found) / seconds:.0f} events/s; "
              f"{len(found)} events, {again} again, {stored / len(found):.0f} bytes each"
              + (f": WRONG, {why}" if why or again else ""), flush=True)
        tools.run("umount", out)
        if why or again:
            sys.exit(1)
        return seconds

    def queue(self, workers, name):
        """A queue with all parts, and workers that have begun."""
        folder = self.folder / name
        folder.mkdir()
        cluster = Cluster(self.source, folder, self.options.tools)
        cluster.setup(ack_wait_ms=10_000)
        done = cluster.feed(self.parts)
        assert done.returncode == 0, done
        out = self.place(small=name == "trouble")
        began = time.monotonic()
        return cluster, out, began, [
            cluster.worker(f"w{n}", out, self.archive, self.program, "--until-empty") for n in range(workers)]

    def pace(self, workers):
        cluster, out, began, running = self.queue(workers, f"pace{workers}")
        tools.wait_for(lambda: self.done(out) == self.count, 3000)
        seconds = self.check(f"{workers} workers", out, began)
        del cluster, running
        tools.end_all()
        return seconds

    def trouble(self):
        cluster, out, began, workers = self.queue(4, "trouble")
        tools.wait_for(lambda: self.done(out) >= self.count // 10)
        workers[0].send_signal(signal.SIGKILL)
        leader = cluster.leader()
        cluster.kill(leader)
        tools.wait_for(lambda: self.done(out) >= self.count // 4)
        cut = tools.own_network()
        if cut:
            tools.run("ip", "link", "set", "lo", "down")
            time.sleep(5)
            tools.run("ip", "link", "set", "lo", "up")
        cluster.up(leader)
        with open(out / "others", "wb", buffering=0) as others:
            try:
                while others.write(bytes(1 << 20)):
                    pass
            except OSError:
                pass
        time.sleep(5)
        (out / "others").unlink()
        for worker in workers:
            worker.wait()
        self.check("4 workers, one killed, the leading server killed" + (", the network cut for 5 s" if cut else "")
                   + ", the disk full for 5 s", out, began)
        tools.end_all()

    def slurm(self):
        out = self.place()
        (self.folder / "nodes").mkdir()
        cluster = slurm.Cluster(self.folder / "nodes")
        began = time.monotonic()
        cluster.submit(self.source / "deploy", self.parts, out, self.program, tasks=20)
        tools.wait_for(lambda: self.done(out) >= self.count // 10)
        cluster.kill("w1")
        cluster.set("w1", "down")
        tools.wait_for(lambda: self.done(out) >= self.count // 4)
        cluster.up("w1")
        tools.wait_for(lambda: cluster.states().get("w1") == "idle" or cluster.set("w1", "resume"))
        cluster.set("w2", "drain")
        tools.wait_for(lambda: self.done(out) >= self.count // 2)
        cluster.set("w2", "resume")
        tools.wait_for(lambda: not cluster.left(), 3000)
        self.check("Slurm, 20 tasks on 2 nodes, one killed, the other drained", out, began)
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
    parser.add_argument("--only", default="pace,trouble,slurm")
    options = parser.parse_args()
    options.part = options.part or max(4, options.mib // 160)
    tools.enter(["nats-server", "iproute2", *slurm.PACKAGES], ["nats-server", "ip", *slurm.COMMANDS],
                base=options.tools, net=True)
    if not tools.own_network():
        tools.skip("only root can cut a network and fill a disk of its own")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="whyoom-fleet-", dir=options.folder))
    try:
        bench = Bench(options, folder)
        if "pace" in options.only:
            one, two = bench.pace(1), bench.pace(2)
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
