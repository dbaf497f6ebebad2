"""`whyoom watch` and `whyoom history`, on this machine: what they tell, their ceilings, real kills."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from xml.etree import ElementTree

import harness
from harness import whyoom
from recording import PROCESS, SAMPLE, Recording, places
from small_cgroup import SmallCgroup, kmsg_readable, wait_for


class Watch(Recording):
    def test_one_sample(self):
        self.once()
        self.assertEqual(self.store.stat().st_mode & 0o777, 0o700)
        self.assertEqual(self.segments()[0].stat().st_mode & 0o777, 0o600)
        history = self.history()
        self.assertEqual(history["ring"]["samples"], 1)
        self.assertEqual(history["ring"]["damages"], 0)
        self.assertEqual(history["boots"][0]["end"], "in-order")
        total = int(pathlib.Path("/proc/meminfo").read_text().split()[1]) * 1024
        self.assertLess(history["curve"][0]["available"], total)
        self.assertGreater(history["curve"][0]["left_before_requests_fail"], 0)
        text = whyoom("history", "--store", self.store)
        self.assertIn(" |", text.out)
        self.assertIn("1 sample", text.out)
        self.assertLessEqual(max(map(len, text.out.splitlines())), 80)

    def test_a_page_and_a_part_of_the_time(self):
        process = self.start("--interval", 20)
        self.assertTrue(wait_for(lambda: self.history()["ring"]["samples"] > 20))
        self.end(process)
        whole = self.history()
        self.assertEqual(whole["ring"]["segments"], 1)
        self.assertEqual(whole["ring"]["bytes"], self.segments()[0].stat().st_size)
        self.assertLessEqual(whole["ring"]["from"], whole["curve"][0]["from"])
        self.assertEqual(self.history("--until", "-1h")["curve"], [])
        self.assertEqual(len(self.history("--since", "-1h")["curve"]), len(whole["curve"]))
        page = whyoom("history", "--store", self.store, "--format", "html").out
        self.assertTrue(page.startswith("<!DOCTYPE html>"))
        pictures = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
        self.assertGreaterEqual(len(pictures), 1)
        for picture in pictures:
            ElementTree.fromstring(picture)
        wrong = whyoom("history", "--store", self.store, "--until", "sometime")
        self.assertEqual(wrong.status, 2)
        self.assertIn("--until", wrong.err)

    def test_nobody_reads_what_it_says(self):
        """A journal that starves: the pipe is full from the start."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        os.set_blocking(writer, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writer, b"x" * 4096)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writer, b"x")
        os.set_blocking(writer, True)
        process = subprocess.Popen([harness.PROGRAM, "watch", "--store", self.store, "--interval",
                                    "20"], stderr=writer, env=harness.CLEAN_ENV)
        os.close(writer)
        self.addCleanup(process.kill)
        self.assertTrue(wait_for(lambda: self.recorded() > 5))
        process.terminate()
        self.assertEqual(process.wait(), 0)

    def test_after_a_restart(self):
        """A recorder that is killed in one boot, and what is said of it in the next. The boots are
        told apart by their id, so a mount over that makes another one, in a place of its own."""
        script = f"""set -e
            mount -t tmpfs tmpfs /var/lib
            echo 0badb007-0000-4000-8000-000000000000 > {self.folder}/id
            mount --bind {self.folder}/id /proc/sys/kernel/random/boot_id
            {harness.PROGRAM} watch --interval 20 2> {self.folder}/errors &
            pid=$!
            for i in $(seq 1200); do
              grep -q left {self.folder}/errors && break
              sleep 0.05
            done
            sleep 1
            kill -9 $pid
            umount /proc/sys/kernel/random/boot_id
            {harness.PROGRAM} --width 200 || true
            {harness.PROGRAM} explain --host --format json > {self.folder}/host.json || true
            {harness.PROGRAM} watch --once
            {harness.PROGRAM} history --format json > {self.folder}/history.json || true
        """
        done = subprocess.run(["unshare", "--mount", "--propagation", "private", "bash", "-c",
                               script], capture_output=True, text=True, check=False,
                              env=harness.CLEAN_ENV)
        if "mount" in done.stderr or "unshare" in done.stderr:
            self.skipTest(f"nothing can be mounted here: {done.stderr.strip()}")
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("The boot before this one was last seen at", done.stdout)
        self.assertIn("ended without a mark of an orderly end", done.stdout)
        boots = json.loads((self.folder / "history.json").read_text())["boots"]
        self.assertEqual([boot["end"] for boot in boots], ["no-mark", "in-order"])
        self.assertEqual(boots[0]["boot"], "0badb007000040008000000000000000")
        if kmsg_readable():
            sources = json.loads((self.folder / "host.json").read_text())["input"]["sources"]
            mine = [source for source in sources
                    if source["name"] == "/var/lib/whyoom/ring, boot 0badb007"]
            self.assertEqual(len(mine), 1, sources)
            self.assertGreater(mine[0]["lines"], 0)

    def test_a_hook_that_is_not_there(self):
        done = whyoom("watch", "--store", self.store, "--once", "--", "no-such-program-here")
        self.assertEqual(done.status, 2)
        self.assertIn("no program no-such-program-here", done.err)
        for path in (self.folder / "none", self.folder):
            done = whyoom("watch", "--store", self.store, "--once", "--", path)
            self.assertEqual(done.status, 2, done)
            self.assertIn("is no program that can be run", done.err)

    def test_a_real_kill(self):
        if not kmsg_readable():
            self.skipTest("/dev/kmsg cannot be read here")
        cgroup = SmallCgroup()
        self.addCleanup(cgroup.close)
        called = self.folder / "called"
        hook = self.folder / "hook"
        hook.write_text(f'#!/bin/sh\nprintf "%s|%s|%s\\n" "$@" >> {called}\n'
                        f'cat /proc/self/oom_score_adj >> {called}\n')
        hook.chmod(0o755)
        process = self.start("--", hook, "first; touch /tmp/no-shell")
        self.assertEqual(cgroup.kill(), -signal.SIGKILL)
        killed = time.monotonic()
        text = wait_for(lambda: called.exists() and called.read_text().count("\n") >= 2
                        and called.read_text())
        print(f"hook called {1000 * (time.monotonic() - killed):.0f} ms after the kill")
        self.assertTrue(text, self.errors())
        first, score = text.splitlines()[:2]
        self.assertTrue(first.startswith("first; touch /tmp/no-shell|oom-kill|Memory cgroup out"),
                        first)
        self.assertEqual(score, "0")
        self.assertIn("Killed process", self.errors())
        # At once in the store, whatever ends the recorder then.
        self.end(process, signal.SIGKILL)
        history = self.history("--since", "-10m")
        report = history["reports"][-1]
        self.assertEqual(report["kind"], "memcg-oom-kill")
        self.assertEqual(report["root_cause"], "cgroup-limit")
        # What the last sample before it knew; of a whole report nothing has to stand in.
        self.assertIsNotNone(report["recorded"], report)
        self.assertGreaterEqual(report["recorded"]["sample_age"], 0)
        self.assertEqual(report["recorded"]["stood_in"], [])
        self.assertIn("kill", [event["kind"] for event in history["events"]])
        self.assertEqual(whyoom("history", "--store", self.store).status, 1)
        self.assertNotIn("no line", self.errors())
        # What was recorded is not recorded again.
        before = history["boots"][-1]["messages"]
        self.once()
        self.assertLess(self.history("--since", "-10m")["boots"][-1]["messages"], before + 50)

    @harness.measures_memory
    def test_a_kill_where_the_recorder_itself_has_no_room(self):
        """It, its hook, the process that counts and the one that is killed share 64 MiB with one
        that reads more than fits, all the time."""
        if not kmsg_readable():
            self.skipTest("/dev/kmsg cannot be read here")
        cgroup = SmallCgroup("whyoom-narrow-", 64)
        self.addCleanup(cgroup.close)
        inside = ["sh", "-c", f'echo $$ >{cgroup.path}/cgroup.procs && exec "$0" "$@"']
        big = self.folder / "big"
        big.write_bytes(bytes(256 << 20))
        reader = subprocess.Popen([*inside, sys.executable, "-c", "import sys\nwhile True:\n"
                                   "  with open(sys.argv[1], 'rb', 0) as file:\n"
                                   "    while file.read(1 << 20): pass", big])
        self.running.append(reader)
        self.addCleanup(self.end_all)  # before the cgroup goes
        called, metrics = self.folder / "called", self.folder / "metrics.prom"
        hook = self.folder / "hook"
        hook.write_text(f'#!/bin/sh\necho "$1" >>{called}\n')
        hook.chmod(0o755)
        process = self.start("--textfile", metrics, "--", hook, before=inside)
        self.assertTrue(wait_for(metrics.exists), self.errors())
        time.sleep(3)  # under pressure for a while
        self.assertEqual(cgroup.kill(), -signal.SIGKILL)
        killed = time.monotonic()
        after = {}
        def counted():
            text = metrics.read_text()
            return re.search(r'whyoom_events_total\{cause="cgroup-limit".*narrow.*\} [1-9]', text)
        for name, done in (("hook", lambda: called.exists() and "oom-kill" in called.read_text()),
                           ("metric", counted)):
            self.assertTrue(wait_for(done), f"{name}: {self.errors()}")
            after[name] = 1000 * (time.monotonic() - killed)
        self.end(process, signal.SIGKILL)
        report = self.history("--since", "-10m")["reports"][-1]
        self.assertEqual(report["root_cause"], "cgroup-limit")
        print(", ".join(f"{name} {ms:.0f} ms after the kill" for name, ms in after.items()))

    def test_who_fills_a_cgroup_and_is_not_big(self):
        cgroup = SmallCgroup("whyoom-fill-")
        self.addCleanup(cgroup.close)
        holder = ("import os, sys\nif len(sys.argv) > 2: open(sys.argv[2], 'w').write(str(os.getpid()))\n"
                  "memory = bytearray(os.urandom(1)) * (int(sys.argv[1]) << 20)\n"
                  "print(1, flush=True)\nsys.stdin.read()")
        def hold(*args):
            process = subprocess.Popen([sys.executable, "-c", holder, *map(str, args)], text=True,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.addCleanup(process.stdout.close)
            self.addCleanup(process.wait)
            self.addCleanup(process.stdin.close)
            process.stdout.readline()
            return process
        for _ in range(8):
            hold(60)
        filler = hold(15, cgroup.path / "cgroup.procs")
        process = self.start("--interval", 20)
        def named():
            groups = self.history()["boots"][-1]["cgroups"]
            return [group["biggest"] for group in groups
                    if group["path"].endswith("/" + cgroup.path.name) and group["biggest"]]
        found = wait_for(named)
        self.assertTrue(found, self.history()["boots"][-1]["cgroups"])
        self.assertEqual(found[0]["pid"], filler.pid)
        self.assertGreater(found[0]["size"], 15 << 20)
        self.end(process)
        # The text has the first three of them, and this machine may have fuller ones.
        shown = [group["biggest"] for group in self.history()["boots"][-1]["cgroups"][:3]]
        text = whyoom("history", "--store", self.store).out
        for biggest in filter(None, shown):
            self.assertIn(f"(pid {biggest['pid']})", text)

    @harness.measures_memory
    def test_ceilings(self):
        process = self.start("--interval", 10)
        status = pathlib.Path(f"/proc/{process.pid}/status")
        def kib(name):
            return int(status.read_text().split(name + ":")[1].split()[0])
        time.sleep(3)
        early, own = kib("VmRSS"), kib("RssAnon")
        # Now and then: who asks reads all of it.
        self.assertTrue(wait_for(lambda: self.history()["ring"]["samples"] > 1000, 300, pause=0.5))
        rollup = pathlib.Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        pss = int(rollup.split("Pss:")[1].split()[0])
        late = kib("VmRSS")
        print(f"PSS {pss} kB, RSS {early} kB, and {late} kB a thousand samples later")
        self.assertLessEqual(pss, 3 << 10)
        self.assertLessEqual(kib("RssAnon"), own + 16)  # pages of the stack; a sample more has 122 bytes
        self.assertLessEqual(late, early + 256)  # code that runs now and then
        self.end(process)

    def test_bytes_a_day(self):
        """Samples, and the names of processes that became known after the first ones."""
        def begun():
            """So many processes and threads since the boot."""
            return int(pathlib.Path("/proc/stat").read_text().split("processes ")[1].split()[0])
        seconds = 20
        before = begun()
        process = self.start("--interval", 1000)
        time.sleep(seconds)
        a_second = (begun() - before) / seconds
        self.end(process)
        kinds = {}
        for kind, _, size in places(self.segments()[-1].read_bytes()):
            kinds.setdefault(kind, []).append(size)
        sizes = kinds[SAMPLE]
        self.assertGreaterEqual(len(sizes), 15)
        # A whole one comes every 120; of names one in ten samples.
        names = kinds.get(PROCESS, [0])
        a_sample = (sum(sizes[1:]) / len(sizes[1:]) + sizes[0] / 120 +
                    sum(names) / len(names) / 10)
        print(f"{a_sample:.0f} bytes a sample, {a_sample * 86400 / (1 << 20):.1f} MiB a day")
        # The bound is that of a host which does not begin and end processes all the time.
        if a_sample * 86400 > 16 << 20 and a_second > 20:
            self.skipTest(f"{a_second:.0f} processes a second began on this machine meanwhile")
        self.assertLessEqual(a_sample * 86400, 16 << 20)

    def start_with_files(self, files, *args):
        """A recorder that reads copies in the place of these files of /proc: in a mount namespace of
        its own, so that nothing of this machine is changed."""
        copies = {path: self.folder / path.replace("/", "_") for path in files}
        for path, copy in copies.items():
            copy.write_bytes(pathlib.Path(path).read_bytes())
        script = "".join(f"mount --bind {copy} {path} && " for path, copy in copies.items())
        probe = ["unshare", "--mount", "--propagation", "private", "sh", "-c"]
        done = subprocess.run([*probe, script + "true"], capture_output=True, check=False)
        if done.returncode:
            self.skipTest(f"nothing can be mounted here: {done.stderr.decode()}")
        return self.start(*args, before=[*probe, script + 'exec "$0" "$@"']), copies

    def test_a_setting_that_is_changed(self):
        setting, zones = "/proc/sys/vm/min_free_kbytes", "/proc/zoneinfo"
        process, copies = self.start_with_files([setting, zones], "--interval", 50)
        def put(path, text):  # never shorter for a moment
            with open(copies[path], "r+b") as file:
                file.write(text.encode())
        before = int(copies[setting].read_text())
        text = copies[zones].read_text()
        first = re.search(r"\n {8}min +\d+", text)
        more = "\n        min" + f"{int(first[0].split()[1]) + 1024:>{len(first[0]) - 12}}"
        self.assertEqual(len(more), len(first[0]))
        put(zones, text.replace(first[0], more, 1))
        put(setting, f"{before + 4096}\n")
        self.assertTrue(wait_for(lambda: "cannot be used" in self.errors()), self.errors())
        put(setting, f"{before:0{len(str(before + 4096))}}\n")
        self.assertIn(f"vm.min_free_kbytes was raised from {before} to {before + 4096} kB: 4",
                      self.errors())
        self.assertTrue(wait_for(lambda: f"from {before + 4096} to {before}" in self.errors()))
        self.end(process)
        self.assertEqual([event["kind"] for event in self.history()["events"]
                          if event["kind"] in ("setting", "warning")][:2], ["setting", "warning"])
        self.assertNotEqual(pathlib.Path(setting).read_text(), f"{before + 4096}\n")

    def test_what_systemd_is_told(self):
        path = str(self.folder / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(60)
            process = self.start("--interval", 50,
                                 env={"NOTIFY_SOCKET": path, "JOURNAL_STREAM": "1:2"})
            self.assertEqual(manager.recv(1000), b"READY=1")
            status = manager.recv(1000).decode()
            self.assertRegex(status, r"^WATCHDOG=1\nSTATUS=[\d.]+ \w+ left before requests fail")
            self.end(process)
        self.assertIn("<6>whyoom: ", self.errors())

    def test_systemd_is_told_between_samples_that_are_far_apart(self):
        path = str(self.folder / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            self.start("--interval", 3_600_000,
                       env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"})
            self.assertEqual(manager.recv(1000), b"READY=1")
            began = time.monotonic()
            for _ in range(4):
                self.assertTrue(manager.recv(1000).startswith(b"WATCHDOG=1\n"))
            self.assertGreater(time.monotonic() - began, 0.5)  # each 0.2 s, not all the time
        self.assertEqual(len(self.history()["curve"]), 1)

    def test_unit(self):
        unit = pathlib.Path(harness.SOURCE, "packaging/systemd/whyoom-watch.service")
        if not shutil.which("systemd-analyze"):
            self.skipTest("no systemd-analyze here")
        copy = self.folder / unit.name
        # In quotes: the folder may have a space in its name.
        copy.write_text(unit.read_text().replace("/usr/bin/whyoom", f'"{pathlib.Path(harness.PROGRAM).resolve()}"'))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", copy],
                              capture_output=True, text=True, check=False)
        about_it = [line for line in (done.stdout + done.stderr).splitlines() if unit.name in line]
        self.assertEqual(about_it, [])


if __name__ == "__main__":
    harness.main()
