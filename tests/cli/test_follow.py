#!/usr/bin/env python3
"""explain --follow: events as they come. Usage: see harness.py"""
import json
import os
import select
import signal
import subprocess

import harness
from harness import whyoom
from test_screen import kill


class Following:
    """The program, and what it has said so far. Nothing here waits for a time, only for words."""

    def __init__(self, *args, env=None, before=(), **more):
        self.process = subprocess.Popen(
            [*before, os.path.abspath(harness.PROGRAM), "explain", "--follow", *map(str, args)], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env={**harness.CLEAN_ENV, **(env or {})},
            **{"stdin": subprocess.DEVNULL, **more})
        self.out = self.err = ""

    def read(self):
        """One piece of either stream; False at the end of both."""
        streams = [one for one in (self.process.stdout, self.process.stderr) if not one.closed]
        for stream in select.select(streams, [], [])[0] if streams else []:
            piece = os.read(stream.fileno(), 65536).decode()
            if stream is self.process.stdout:
                self.out += piece
            else:
                self.err += piece
            if not piece:
                stream.close()
        return bool(streams)

    def until(self, words, count=1):
        while (self.out + self.err).count(words) < count:
            assert self.read(), f"ended before {words!r}: {self.out}{self.err}"
        return self

    def close(self):
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()

    def end(self, sent=signal.SIGINT):
        if sent:
            self.process.send_signal(sent)
        while self.read():
            pass
        return self.process.wait()


class Follow(harness.Case):
    def follow(self, *args, **more):
        following = Following(*args, **more)
        self.addCleanup(following.close)
        self.addCleanup(following.process.kill)
        return following

    def append(self, path, text):
        with open(path, "a", encoding="utf-8") as log:
            log.write(text)

    def events(self, following):
        return [json.loads(line) for line in following.out.splitlines()]

    def test_a_story_is_told_when_it_is_whole(self):
        log = self.file("log", kill(0, 1))
        following = self.follow(log).until("following")
        self.append(log, kill(60, 2, "/new"))
        following.until("What happened:")
        self.assertIn("killed hog (pid 2)", following.out)
        self.assertIn(f"{log}:5-8", following.out)  # the lines before count
        self.assertNotIn("pid 1)", following.out)
        for number in (3, 4):
            self.append(log, kill(60 * number, number, f"/other{number}"))
        following.until("What happened:", 3)
        self.assertEqual(following.end(), 1)
        self.assertIn("3 events in ", following.out)

    def test_what_was_open_is_told_at_the_end(self):
        for sent in (signal.SIGINT, signal.SIGTERM):
            log = self.file("log", "")
            following = self.follow("--format", "ndjson", log).until("following")
            # Noise keeps the report open; the copier has passed it on when its last line was read.
            self.append(log, self.spree.read_text(encoding="utf-8"))
            following.until("\n", 2)
            self.assertEqual(following.end(sent), 1)
            self.assertGreaterEqual(len(self.events(following)), 6)

    def test_nothing_came(self):
        following = self.follow(self.file("log", kill(0, 1))).until("following")
        self.assertEqual((following.end(), following.out), (0, ""))

    def test_a_log_that_never_rests(self):
        """Lines of others without a pause keep no story back."""
        log = self.file("log", "")
        following = self.follow("--format", "ndjson", log).until("following")
        self.append(log, kill(0, 1))
        while "\n" not in following.out:
            self.append(log, "Nov  3 00:00:01 a dhclient[1]: bound to 10.0.0.1\n" * 20)
            if select.select([following.process.stdout], [], [], 0.05)[0]:
                self.assertTrue(following.read())
        self.assertEqual(len(self.events(following)), 1)

    def test_rotation(self):
        log = self.file("log", "x\n")
        following = self.follow("--format", "ndjson", log).until("following")
        self.append(log, kill(0, 1))
        log.rename(self.scratch / "log.1")
        self.append(self.scratch / "log.1", kill(60, 2, "/late"))
        self.file("log", kill(120, 3, "/new"))
        following.until("\n", 4)  # three events, and "following"
        following.end()
        self.assertEqual([(one["victims"][0]["pid"]) for one in self.events(following)], [1, 2, 3])

    def test_lines_of_a_new_file_begin_anew(self):
        log = self.file("log", "x\n" * 7)
        following = self.follow("--format", "ndjson", log).until("following")
        log.rename(self.scratch / "log.1")
        following.until("taken away")
        self.file("log", "y\n" + kill(120, 3, "/new"))
        following.until('"schema"' if '"schema"' in following.out else '"kind"')
        following.end()
        self.assertEqual(self.events(following)[0]["source"]["first_line"], 2)

    def test_a_name_that_becomes_something_else(self):
        """No pipe or device is read in a log's place, and the log that comes after it is."""
        for make in (os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path),
                     lambda path: os.symlink("/dev/null", path)):
            log = self.file("log", "x\n")
            following = self.follow("--format", "ndjson", log).until("following")
            log.rename(self.scratch / "log.1")
            make(log)
            following.until("is waited for")
            log.rename(self.scratch / f"other{id(make)}")
            self.file("log", kill(0, 1))
            following.until('"kind"')
            following.end()
            self.assertEqual(len(self.events(following)), 1)
            os.unlink(log)

    def test_a_device_without_an_end(self):
        for args in (("/dev/zero",), ("--follow", "/dev/zero"), ("--follow", "--last", "1", "/dev/full")):
            result = whyoom("explain", *args)
            self.assertIn("a device that no log is read from", result.err)
            self.assertEqual(result.status, 2)

    def test_truncation(self):
        log = self.file("log", "x\n" * 1000)
        following = self.follow("--format", "ndjson", log).until("following")
        os.truncate(log, 0)
        following.until("became shorter")
        self.append(log, "y\n" + kill(0, 1))
        following.until('"kind"')
        following.end()
        self.assertEqual(self.events(following)[0]["source"]["first_line"], 2)

    def test_a_file_that_comes_later(self):
        log = self.scratch / "later"
        following = self.follow("--format", "ndjson", log).until("it is waited for")
        self.append(log, kill(0, 1))
        following.until('"kind"')
        self.assertEqual(following.end(), 1)

    def test_what_is_there_is_told_when_it_is_asked_for(self):
        log = self.file("log", "".join(kill(86400 * i, i + 1, f"/{i}") for i in range(4)))
        following = self.follow("--format", "ndjson", "--last", "2", log).until("following")
        self.append(log, kill(86400 * 9, 9, "/9"))
        following.until('"kind": "memcg-oom-kill"' if '"kind": ' in following.out else
                        '"kind":"memcg-oom-kill"', 3)
        following.end()
        self.assertEqual([one["victims"][0]["pid"] for one in self.events(following)], [3, 4, 9])

        following = self.follow("--format", "ndjson", "--since", "Nov 5 12:00", log)
        following.until("following").end()
        self.assertEqual([one["victims"][0]["pid"] for one in self.events(following)], [4, 9])

    def test_filters(self):
        log = self.file("log", "")
        following = self.follow("--format", "ndjson", "--cgroup", "wanted", log).until("following")
        self.append(log, kill(0, 1, "/other") + kill(90, 2, "/wanted"))
        following.until("\n", 2)
        following.end()
        self.assertEqual([one["victims"][0]["pid"] for one in self.events(following)], [2])

    def test_a_panic_is_told_at_once(self):
        """Of a log that goes on without a pause, before the two seconds of a story are over."""
        log = self.file("log", "")
        following = self.follow(log).until("following")
        panic = (self.spree.read_text(encoding="utf-8").rstrip("\n") +
                 "\n[   18.9] Kernel panic - not syncing: System is deadlocked on memory\n"
                 "[   18.9] ---[ end Kernel panic - not syncing: System is deadlocked on memory ]---\n")
        self.append(log, panic)
        following.until("anic")
        self.assertIn("What happened:", following.until("What happened:").out)

    def test_several_files(self):
        logs = [self.file(name, "") for name in ("a", "b")]
        following = self.follow("--format", "ndjson", *logs).until("following 2 files")
        for number, log in enumerate(logs):
            self.append(log, kill(0, number + 1, host=log.name))
        following.until("\n", 3)
        following.end()
        self.assertEqual(sorted(one["source"]["file"] for one in self.events(following)),
                         sorted(map(str, logs)))

    def test_standard_input_has_an_end(self):
        for args in ([], ["-"]):
            following = self.follow("--format", "ndjson", *args, stdin=subprocess.PIPE)
            following.process.stdin.write(kill(0, 1).encode())
            following.process.stdin.flush()
            following.until('"kind"')  # before its end
            following.process.stdin.close()
            self.assertEqual(following.end(sent=None), 1)

    def test_quiet_waits_for_the_first(self):
        log = self.file("log", "")
        following = self.follow("-q", log)
        while following.process.poll() is None:
            self.append(log, kill(0, 1))
            select.select([], [], [], 0.1)
        self.assertEqual((following.end(sent=None), following.out, following.err), (1, "", ""))

    def test_the_end_of_the_reader_ends_it(self):
        following = self.follow(self.file("log", "")).until("following")
        following.process.stdout.close()
        following.process.wait()

    def test_its_second_process_ends_with_it(self):
        following = self.follow(self.file("log", "")).until("following")
        children = pathlib_children(following.process.pid)
        self.assertEqual(len(children), 1)
        following.process.kill()
        following.process.wait()
        while os.path.exists(f"/proc/{children[0]}") and not is_zombie(children[0]):
            select.select([], [], [], 0.05)

    def test_memory_does_not_grow(self):
        """Twelve thousand kills, told as they come."""
        log = self.file("log", "")
        following = self.follow("--format", "ndjson", log).until("following")
        peaks = []
        told = 0
        for part in range(4):
            self.append(log, "".join(kill(60 * i, i + 1, f"/{i}")
                                     for i in range(3000 * part, 3000 * (part + 1))))
            while told < 3000 * part + 2900:
                following.out = ""
                self.assertTrue(following.read(), following.err)
                told += following.out.count("\n")
            peaks.append(peak_kib(following.process.pid))
        self.assertLess(peaks[3] - peaks[1], 16 * 1024, peaks)
        following.end()

    def own_log(self, prepare, *args, path=""):
        """Of a machine whose /run/log and /dev/kmsg are made up."""
        if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
            self.skipTest("this user may not mount")
        kmsg = self.file("kmsg", "")
        script = (f"mount -t tmpfs none /var/log && mkdir -p /run/log && mount -t tmpfs none /run/log "
                  f"&& mount --bind {kmsg} /dev/kmsg && {prepare} && exec \"$@\"")
        return kmsg, self.follow(*args, env={"PATH": f"{path}:{os.environ['PATH']}"},
                                 before=["unshare", "-m", "sh", "-c", script, "sh"])

    def test_the_ring_buffer_of_this_machine(self):
        kmsg, following = self.own_log("true", "--format", "ndjson")
        following.until("following /dev/kmsg")
        self.append(kmsg, "".join(f"4,{number},{number * 1000},-;{line.split('kernel: ')[1]}\n"
                                  for number, line in enumerate(kill(0, 5).splitlines())))
        following.until('"kind"')
        self.assertEqual(following.end(), 1)
        event = self.events(following)[0]
        self.assertEqual(event["source"]["file"], "/dev/kmsg")
        self.assertRegex(event["time"]["wall"], r"^20\d\d-.*Z$")

    def test_the_journal_of_this_machine(self):
        lines = "".join(json.dumps({
            "__REALTIME_TIMESTAMP": "1795419000000000", "_BOOT_ID": "b" * 32, "PRIORITY": "4",
            "_TRANSPORT": "kernel", "_HOSTNAME": "vm1", "SYSLOG_IDENTIFIER": "kernel",
            "MESSAGE": line.split("kernel: ")[1]}) + "\n" for line in kill(0, 5).splitlines())
        tools = self.scratch / "bin"
        tools.mkdir()
        (tools / "journalctl").write_text(
            f"#!/bin/sh\necho \"$@\" > {self.scratch}/args\ncat {self.file('lines', lines)}\n"
            f"echo $$ > {self.scratch}/pid\nwhile [ ! -e {self.scratch}/end ]; do sleep 0.1; done\n")
        (tools / "journalctl").chmod(0o755)
        kmsg, following = self.own_log("mkdir -p /run/log/journal/1", "--format", "ndjson",
                                       path=tools)
        following.until('"kind"')
        self.assertIn("--follow --lines=0", (self.scratch / "args").read_text(encoding="utf-8"))
        event = self.events(following)[0]
        self.assertEqual((event["source"]["file"], event["time"]["wall"]),
                         ("journal", "2026-11-23T07:30:00.000000Z"))
        # When it ends, the ring buffer goes on.
        self.file("end", "")
        following.until("the ring buffer is followed from here")
        self.append(kmsg, "4,1,5000000000,-;Out of memory: Killed process 77 (late) total-vm:1kB, "
                          "anon-rss:1kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:1kB "
                          "oom_score_adj:0\n")
        following.until('"kind"', 2)
        following.end()

    def test_no_journalctl_is_left_behind(self):
        tools = self.scratch / "bin"
        tools.mkdir()
        (tools / "journalctl").write_text(
            f"#!/bin/sh\necho $$ > {self.scratch}/pid\nexec sleep 1000\n", encoding="ascii")
        (tools / "journalctl").chmod(0o755)
        following = self.own_log("mkdir -p /run/log/journal/1", path=tools)[1].until("following")
        while not (self.scratch / "pid").exists() or not (self.scratch / "pid").read_text():
            select.select([], [], [], 0.05)
        self.assertEqual(following.end(), 0)
        pid = int((self.scratch / "pid").read_text())
        while not is_zombie(pid):
            select.select([], [], [], 0.05)

    def test_what_cannot_be_followed(self):
        log = self.spree
        self.check(whyoom("explain", "--follow", "--format", "json", log), 2, err="ndjson")
        self.check(whyoom("explain", "--follow", "--at", "12", log), 2, err="exclude each other")
        self.check(whyoom("explain", "--follow", "--root", self.scratch), 2, err="exclude")
        self.check(whyoom("explain", "--follow", self.scratch), 2, err="directory")
        packed = subprocess.run(["gzip", "-c", log], capture_output=True, check=True).stdout
        self.check(whyoom("explain", "--follow", self.file("log.gz", packed)), 2, err="compressed")

    def test_through_a_short_form(self):
        log = self.file("log", "")
        following = self.follow("--color", "never")  # no file: this machine's own log
        following.process.kill()
        process = subprocess.Popen([harness.PROGRAM, "-f", log], stderr=subprocess.PIPE,
                                   env=harness.CLEAN_ENV)
        self.assertIn(b"following", process.stderr.readline())
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(), 0)
        process.stderr.close()


def pathlib_children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        return [int(child) for child in children.read().split()]


def is_zombie(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as status:
            return status.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def peak_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


if __name__ == "__main__":
    harness.main()
