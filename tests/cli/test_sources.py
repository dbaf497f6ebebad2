#!/usr/bin/env python3
"""The logs of a host: explain without FILE, --host, --root."""
import json
import os
import pathlib
import pty
import re
import shutil
import stat
import subprocess
import time
import unittest

import harness
from harness import whyoom

KERNEL_LINE = re.compile(r"\[ *(\d+)\.(\d{6})\] (.*)")
BOOTED = 1_795_419_000_000_000  # microseconds since 1970: 2026-11-23
TRANSPORT = "_TRANSPORT=kernel\nSYSLOG_IDENTIFIER=kernel\n"
COMPRESSORS = {"gz": ["gzip", "-c"], "xz": ["xz", "-c"], "zst": ["zstd", "-q", "-c"]}


def records(text):
    """(microseconds since boot, message) of a log in dmesg's framing."""
    for line in text.splitlines():
        match = KERNEL_LINE.match(line)
        if match:
            yield int(match[1]) * 1_000_000 + int(match[2]), match[3]


def journal_lines(text, boot="b" * 32, booted=BOOTED, transport="kernel", tag="kernel"):
    return "".join(json.dumps({
        "__CURSOR": "s=1", "__REALTIME_TIMESTAMP": str(booted + at),
        "__MONOTONIC_TIMESTAMP": str(at + 5), "_SOURCE_MONOTONIC_TIMESTAMP": str(at),
        "_BOOT_ID": boot, "_TRANSPORT": transport, "SYSLOG_IDENTIFIER": tag, "PRIORITY": "4",
        "_HOSTNAME": "vm1", "MESSAGE": message}) + "\n" for at, message in records(text))


def syslog_lines(text, booted=BOOTED):
    return "".join(time.strftime("%b %d %H:%M:%S", time.gmtime((booted + at) // 1_000_000))
                   + f" vm1 kernel: {message}\n" for at, message in records(text))


class HostCase(harness.Case):
    def setUp(self):
        super().setUp()
        self.root = self.scratch / "root"
        self.root.mkdir()
        self.text = self.spree.read_text(encoding="utf-8")
        self.expected = whyoom("explain", "--format", "json", self.spree).json["events"]
        self.assertGreaterEqual(len(self.expected), 6)

    def put(self, path, content, age=0):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        stamp = BOOTED / 1e6 + 3600 - age
        os.utime(target, (stamp, stamp))
        return target

    def fake_journalctl(self, body):
        """A PATH whose journalctl is this shell script."""
        folder = self.scratch / "bin"
        folder.mkdir(exist_ok=True)
        script = folder / "journalctl"
        script.write_text("#!/bin/sh\n" + body, encoding="utf-8")
        script.chmod(0o755)
        return {"PATH": f"{folder}:{os.environ['PATH']}"}

    def explain(self, *args, status=None, **more):
        result = whyoom("explain", "--format", "json", *args, **more)
        if status is not None:
            self.check(result, status)
        return result.json

    def source(self, whole, name):
        found = [one for one in whole["input"]["sources"] if one["name"] == name]
        self.assertEqual(len(found), 1, whole["input"]["sources"])
        return found[0]

    def journal_events(self, body):
        whole = self.explain("--host", env=self.fake_journalctl(body))
        events = [one for one in whole["events"] if one["source"]["file"] == "journal"]
        return whole, events


class Root(HostCase):
    def test_one_event_in_many_framings_counts_once(self):
        self.put("var/log/kern.log.2.gz", subprocess.run(
            COMPRESSORS["gz"], input=syslog_lines(self.text).encode(), capture_output=True,
            check=True).stdout, age=100)
        self.put("var/crash/202611230751/vmcore-dmesg.txt", self.text)
        self.put("sys/fs/pstore/dmesg-erst-1", "Oops#1 Part1\n" + self.text)
        whole = self.explain("--root", self.root, status=1)
        self.assertEqual(len(whole["events"]), len(self.expected))
        self.assertEqual(whole["input"]["copies"], 2 * len(self.expected))
        self.assertEqual([one["root_cause"] for one in whole["events"]],
                         [one["root_cause"] for one in self.expected])
        names = [one["name"] for one in whole["input"]["sources"]]
        self.assertEqual(names, ["/var/log/kern.log.2.gz", "/sys/fs/pstore/dmesg-erst-1",
                                 "/var/crash/202611230751/vmcore-dmesg.txt"])
        for one in whole["input"]["sources"]:
            self.assertEqual(one["events"], len(self.expected), one)
            self.assertIsNone(one["gap"])
            self.assertIsNotNone(one["from"])
        self.assertEqual(whole["events"][0]["time"]["monotonic"],
                         self.expected[0]["time"]["monotonic"])

    def test_the_whole_copy_wins_over_the_cut_one(self):
        cut = "".join(line + "\n" for line in self.text.splitlines()
                      if " Normal free:" not in line and " DMA32 free:" not in line)
        self.put("var/log/kern.log", syslog_lines(cut))
        self.put("var/log/messages", cut)
        self.put("var/crash/1/dmesg.202611", self.text)
        whole = self.explain("--root", self.root, status=1)
        self.assertEqual(len(whole["events"]), len(self.expected))
        for one, expected in zip(whole["events"], self.expected):
            self.assertEqual(one["source"]["file"], "/var/crash/1/dmesg.202611")
            self.assertEqual(one["zones"], expected["zones"])
            self.assertEqual(one["host"], "vm1")  # only syslog's copy has it
        self.assertEqual([one["in_story"] for one in whole["events"]],
                         [one["in_story"] for one in self.expected])

    def test_every_compression(self):
        for kind, command in COMPRESSORS.items():
            with self.subTest(kind):
                shutil.rmtree(self.root)
                self.put(f"var/log/messages-20261101.{kind}", subprocess.run(
                    command, input=self.text.encode(), capture_output=True, check=True).stdout)
                self.assertEqual(len(self.explain("--root", self.root, status=1)["events"]),
                                 len(self.expected))

    def test_two_boots_with_the_same_clock_are_two_sprees(self):
        day = 86_400_000_000
        self.put("var/log/messages", syslog_lines(self.text, BOOTED))
        self.put("var/log/messages-1", syslog_lines(self.text, BOOTED - day), age=day / 1e6)
        whole = self.explain("--root", self.root, status=1)
        self.assertEqual(len(whole["events"]), 2 * len(self.expected))
        walls = [one["time"]["wall"] for one in whole["events"]]
        self.assertEqual(walls, sorted(walls))  # the older boot first, though it was read last
        self.assertEqual(walls[0][:6], "Nov 22")

    def test_parts_of_a_panic(self):
        panic = (harness.EXAMPLES / "min-free-panic.log").read_text(encoding="utf-8")
        lines = panic.splitlines(keepends=True)[340:]
        for part, piece in enumerate((lines[50:], lines[:50]), start=1):
            self.put(f"var/lib/systemd/pstore/1795/001/dmesg-efi-{part}",
                     f"Panic#1 Part{part}\n" + "".join(piece))
        whole = self.explain("--root", self.root, status=1)
        self.assertEqual([one["kind"] for one in whole["events"]], ["oom-panic"])
        self.assertEqual(whole["events"][0]["missing"], [])

    def test_a_fifo_does_not_block(self):
        self.put("var/log/kern.log", self.text)
        os.mkfifo(self.root / "var/log/messages")
        whole = self.explain("--root", self.root, status=1)
        self.assertIn("not a regular file", self.source(whole, "/var/log/messages")["gap"])

    def test_a_link_does_not_lead_out(self):
        outside = self.file("outside.log", self.text)
        (self.root / "var/log").mkdir(parents=True)
        (self.root / "var/log/kern.log").symlink_to(f"../../../{outside.name}")
        whole = self.explain("--root", self.root)
        self.assertEqual(whole["events"], [])

    def test_a_copys_journal_is_read_by_directory(self):
        words = self.scratch / "words"
        log = self.file("journal.json", journal_lines(self.text))
        self.put("var/log/journal/1/system.journal", "LPKSHHRH")
        whole = self.explain("--root", self.root, env=self.fake_journalctl(
            f'printf "%s\\n" "$@" > {words}\n'
            f'for one; do case $one in --directory=*) ls "${{one#*=}}" >> {words};; esac; done\n'
            f"cat {log}\n"), status=1)
        self.assertEqual(self.source(whole, "/var/log/journal")["events"], len(self.expected))
        asked = words.read_text(encoding="utf-8")
        self.assertRegex(asked, r"--directory=/proc/\d+/fd/\d+\n")
        self.assertTrue(asked.endswith("\n1\n"), asked)  # what lies in the copy's journal

    def test_a_copys_journal_does_not_lead_out(self):
        outside = self.scratch / "outside"
        outside.mkdir()
        (outside / "x.journal").write_text("LPKSHHRH")
        ran = self.scratch / "ran"
        (self.root / "var/log").mkdir(parents=True)
        (self.root / "var/log/journal").symlink_to(outside)
        (self.root / "run/log").mkdir(parents=True)
        (self.root / "run/log/journal").symlink_to("../../../outside")
        self.explain("--root", self.root, env=self.fake_journalctl(f"touch {ran}\n"))
        self.assertFalse(ran.exists())

    def test_a_copys_journal_without_journalctl(self):
        self.put("var/log/kern.log", self.text)
        self.put("var/log/journal/1/system.journal", "LPKSHHRH")
        whole = self.explain("--root", self.root, env={"PATH": str(self.scratch)}, status=1)
        self.assertIn("journalctl is not installed", self.source(whole, "/var/log/journal")["gap"])
        self.assertEqual(len(whole["events"]), len(self.expected))

    def test_without_permission(self):
        if harness.nobody():
            self.skipTest(harness.nobody())
        self.scratch.chmod(0o755)
        self.put("var/log/kern.log", self.text).chmod(0o600)
        self.put("var/log/messages", "Nov 23 07:50:17 vm1 kernel: all is well\n")
        done = subprocess.run([*harness.AS_NOBODY, harness.program_for_all(), "explain", "--format", "json", "--root", self.root],
                              capture_output=True, timeout=60, check=False)
        whole = json.loads(done.stdout)
        gap = self.source(whole, "/var/log/kern.log")
        self.assertIn("no permission", gap["gap"])
        self.assertIsNone(gap["events"])
        self.assertEqual(done.returncode, 0)  # the other log was read

    def test_a_copy_without_logs_and_one_that_is_not_there(self):
        self.check(whyoom("explain", "--root", self.root), 2, err="no kernel log could be read")
        self.check(whyoom("explain", "--root", self.scratch / "missing"), 2,
                   err="No such file or directory")

    def test_the_text_tells_what_was_read(self):
        self.put("var/log/kern.log", self.text)
        os.mkfifo(self.root / "var/log/messages")
        result = whyoom("explain", "--root", self.root, "--width", "200")
        self.check(result, 1, out="read: /var/log/kern.log: 6 events in")
        self.check(result, 1, out="not read: /var/log/messages: not a regular file")
        self.check(whyoom("explain", "--root", self.root, "--format", "markdown"), 1,
                   out="- Read: ")
        self.check(whyoom("explain", "--root", self.root, "--format", "ndjson"), 1,
                   err="read: /var/log/kern.log: 6 events in")

    def test_selection_works_on_the_sorted_events(self):
        self.put("var/log/kern.log", syslog_lines(self.text, BOOTED + 86_400_000_000), age=-86400)
        self.put("var/log/kern.log.1", syslog_lines(self.text, BOOTED), age=0)
        whole = self.explain("--root", self.root, "--last", "1", status=1)
        self.assertEqual([one["time"]["wall"][:6] for one in whole["events"]], ["Nov 24"])


class Journal(HostCase):
    def test_the_journal_is_read_through_journalctl(self):
        log = self.file("journal.json", journal_lines(self.text))
        words = self.scratch / "words"
        whole, events = self.journal_events(f'printf "%s\\n" "$@" > {words}\ncat {log}\n')
        self.assertEqual(len(events), len(self.expected))
        self.assertEqual(events[0]["root_cause"], "min-free-too-high")
        self.assertEqual(events[0]["time"]["wall"][:10], "2026-11-23")
        self.assertTrue(events[0]["time"]["wall"].endswith("Z"))
        journal = self.source(whole, "journal")
        self.assertIsNone(journal["gap"])
        self.assertEqual(journal["events"], len(self.expected))
        self.assertEqual(journal["from"]["monotonic"], 0)
        asked = words.read_text(encoding="utf-8").split()
        self.assertIn("_TRANSPORT=kernel", asked)
        self.assertIn("_SYSTEMD_UNIT=systemd-oomd.service", asked)
        self.assertIn("--output=json", asked)

    def test_killers_of_user_space_are_heard(self):
        entry = {"__REALTIME_TIMESTAMP": str(BOOTED), "__MONOTONIC_TIMESTAMP": "7",
                 "_BOOT_ID": "b" * 32, "_TRANSPORT": "journal",
                 "SYSLOG_IDENTIFIER": "systemd-oomd", "_SYSTEMD_UNIT": "systemd-oomd.service",
                 "MESSAGE": "Killed /user.slice/user-1000.slice/app.scope due to memory pressure "
                            "for /user.slice being 71.21% > 60.00% for > 20s with reclaim activity"}
        log = self.file("journal.json", json.dumps(entry) + "\n")
        _, events = self.journal_events(f"cat {log}\n")
        self.assertEqual([one["kind"] for one in events], ["userspace-kill"])

    def test_two_boots_with_the_same_monotonic_times(self):
        log = self.file("journal.json", journal_lines(self.text, "a" * 32, BOOTED - 60_000_000)
                        + journal_lines(self.text, "b" * 32, BOOTED))
        _, events = self.journal_events(f"cat {log}\n")
        self.assertEqual(len(events), 2 * len(self.expected))
        self.assertEqual([one["in_story"] for one in events],
                         2 * [one["in_story"] for one in self.expected])

    def test_an_older_journalctl_gets_no_list_of_fields(self):
        log = self.file("journal.json", journal_lines(self.text))
        _, events = self.journal_events(
            'case "$*" in *--output-fields*)\n'
            "  echo \"journalctl: unrecognized option '--output-fields=X'\" >&2; exit 1;; esac\n"
            f"cat {log}\n")
        self.assertEqual(len(events), len(self.expected))

    def test_what_goes_wrong_is_said(self):
        for body, gap in {
                "exit 0": "holds no kernel message",
                "echo 'No journal files were found.' >&2": "no journal",
                "echo 'No journal files were opened due to insufficient permissions.' >&2; exit 1":
                    "systemd-journal",
                "echo 'Failed to open files: Bad message' >&2; exit 1":
                    "status 1 (Failed to open files: Bad message)",
                "kill -SEGV $$": "signal 11",
        }.items():
            with self.subTest(body):
                whole, events = self.journal_events(body + "\n")
                self.assertEqual(events, [])
                journal = self.source(whole, "journal")
                self.assertIn(gap, journal["gap"])
                self.assertIsNone(journal["events"])

    def test_events_before_a_failure_are_kept(self):
        log = self.file("journal.json", journal_lines(self.text))
        whole, events = self.journal_events(f"cat {log}\necho broken >&2\nexit 1\n")
        self.assertEqual(len(events), len(self.expected))
        self.assertIn("status 1 (broken)", self.source(whole, "journal")["gap"])

    def test_a_missing_journalctl(self):
        empty = self.scratch / "empty"
        empty.mkdir()
        whole = self.explain("--host", env={"PATH": str(empty)})
        self.assertIn("journalctl is not installed", self.source(whole, "journal")["gap"])

    @harness.measures_memory
    def test_a_huge_journal_needs_little_memory(self):
        filler = self.file("filler.json", journal_lines("".join(
            f"[{i:5}.000000] usb 1-1: message {i} of a device that says a lot\n"
            for i in range(20000))))
        log = self.file("journal.json", journal_lines(self.text))
        body = "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do cat %s; done\ncat %s\n"
        done = subprocess.run(
            ["/bin/sh", "-c", 'ulimit -v 400000; exec "$0" explain --host --format json',
             harness.PROGRAM], capture_output=True, timeout=120, check=False,
            env={**harness.CLEAN_ENV, **self.fake_journalctl(body % (filler, log))})
        whole = json.loads(done.stdout)
        self.assertGreater(self.source(whole, "journal")["lines"], 400000)
        self.assertEqual(self.source(whole, "journal")["events"], len(self.expected))

    def test_a_reader_that_leaves_ends_journalctl(self):
        mark = self.scratch / "pid"
        log = self.file("journal.json", journal_lines(self.text))
        env = self.fake_journalctl(f"echo $$ > {mark}\ncat {log}\nexec yes '{{}}'\n")
        process = subprocess.Popen([harness.PROGRAM, "explain", "--host"], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                   env={**harness.CLEAN_ENV, **env})
        try:
            end = time.monotonic() + 20
            while not mark.exists() and time.monotonic() < end:
                time.sleep(0.05)
            time.sleep(0.3)
            child = int(mark.read_text(encoding="ascii"))
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
        end = time.monotonic() + 20  # its pipe is broken now
        while pathlib.Path(f"/proc/{child}").exists() and time.monotonic() < end:
            time.sleep(0.05)
        self.assertFalse(pathlib.Path(f"/proc/{child}").exists())


REMOTE = pathlib.Path("/lib/systemd/systemd-journal-remote")


@unittest.skipUnless(REMOTE.exists() and shutil.which("journalctl"),
                     "needs journalctl and systemd-journal-remote")
class RealJournal(HostCase):
    """Journal files that systemd wrote, read by systemd's own journalctl."""

    def make(self, path, text, boot="b", booted=BOOTED, fields="", machine="a"):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        entries = "".join(
            f"__REALTIME_TIMESTAMP={booted + at}\n__MONOTONIC_TIMESTAMP={at + 5}\n"
            f"_BOOT_ID={boot * 32}\n_MACHINE_ID={machine * 32}\n_HOSTNAME=vm1\nPRIORITY=4\n"
            f"_SOURCE_MONOTONIC_TIMESTAMP={at}\n{fields or TRANSPORT}MESSAGE={message}\n\n"
            for at, message in records(text))
        subprocess.run([REMOTE, "-o", target, "-"], input=entries.encode(), capture_output=True,
                       check=True, timeout=60)
        return target

    def test_a_copys_journal(self):
        self.make(f"var/log/journal/{'a' * 32}/system.journal", self.text)
        whole = self.explain("--root", self.root, status=1)
        self.assertIsNone(self.source(whole, "/var/log/journal")["gap"])
        self.assertEqual([one["root_cause"] for one in whole["events"]],
                         [one["root_cause"] for one in self.expected])
        for one, expected in zip(whole["events"], self.expected):
            self.assertEqual(one["zones"], expected["zones"])
            self.assertEqual(one["time"]["monotonic"], expected["time"]["monotonic"])
            self.assertEqual(one["host"], "vm1")
            self.assertTrue(one["time"]["wall"].startswith("2026-11-23T"))
        capture = self.scratch / "c.tar.gz"
        self.check(whyoom("capture", "--root", self.root, "-o", capture), 0, err="1 log of")
        self.assertEqual(self.explain("--root", capture, status=1), whole)

    def test_archived_files_of_two_boots_and_a_killer(self):
        folder = f"var/log/journal/{'a' * 32}"
        self.make(f"{folder}/system@old.journal", self.text, "c", BOOTED - 86_400_000_000)
        self.make(f"{folder}/system.journal", self.text)
        kill = ("[   60.000000] Killed /user.slice/user-1000.slice/app.scope due to memory pressure "
                "for /user.slice being 71.21% > 60.00% for > 20s with reclaim activity\n"
                "[   61.000000] something else\n")
        self.make(f"{folder}/user.journal", kill, fields=(
            "_TRANSPORT=journal\nSYSLOG_IDENTIFIER=systemd-oomd\n"
            "_SYSTEMD_UNIT=systemd-oomd.service\n"))
        self.make(f"{folder}/other.journal", kill, fields=(
            "_TRANSPORT=journal\nSYSLOG_IDENTIFIER=web\n_SYSTEMD_UNIT=web.service\n"))
        whole = self.explain("--root", self.root, status=1)
        kinds = [one["kind"] for one in whole["events"]]
        self.assertEqual(len(kinds), 2 * len(self.expected) + 1)
        self.assertEqual(kinds[-1], "userspace-kill")
        self.assertEqual(self.source(whole, "/var/log/journal")["events"], len(kinds))

    def test_a_damaged_file_is_said_and_the_others_are_read(self):
        good = self.make(f"var/log/journal/{'a' * 32}/system.journal", self.text)
        (good.parent / "cut.journal").write_bytes(good.read_bytes()[:4096])
        (good.parent / "text.journal").write_text("no journal")
        whole = self.explain("--root", self.root, status=1)
        self.assertEqual(len(whole["events"]), len(self.expected))
        self.assertIn("ignoring file", self.source(whole, "/var/log/journal")["gap"])

    def test_as_this_machine_reads_its_own(self):
        folder = self.make("var/log/journal/1/system.journal", self.text).parent
        real = shutil.which("journalctl")
        whole, events = self.journal_events(f'exec {real} --directory={folder} "$@"\n')
        self.assertEqual(len(events), len(self.expected))
        self.assertIsNone(self.source(whole, "journal")["gap"])


JOURNALD = pathlib.Path("/lib/systemd/systemd-journald")
WITH_JOURNALD = f"""
mount -t tmpfs none /run && mkdir -p /run/systemd/journal /run/log/journal || exit 77
[ -s /etc/machine-id ] || {{ echo {'ab' * 16} > /run/id && mount --bind /run/id /etc/machine-id; }}
{JOURNALD} >/dev/null 2>&1 &
journald=$!
tries=0
until journalctl --no-pager -n 1 _TRANSPORT=kernel 2>/dev/null | grep -q . || [ $tries = 50 ]
do sleep 0.1; tries=$((tries + 1)); done
"$@"
status=$?
kill $journald
exit $status
"""


@unittest.skipUnless(os.geteuid() == 0 and JOURNALD.exists() and shutil.which("unshare")
                     and os.path.exists("/dev/kmsg"), "needs root, journald, unshare and /dev/kmsg")
class RealJournald(harness.Case):
    """A journald of its own, in a mount namespace with an empty /run: it copies /dev/kmsg."""

    def test_what_it_wrote_is_read(self):
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", WITH_JOURNALD, "sh", harness.PROGRAM, "explain",
             "--host", "--format", "json"], capture_output=True, check=False, timeout=120)
        if done.returncode == 77 or b"unshare failed" in done.stderr:
            self.skipTest("no mount in a namespace here")
        sources = {one["name"]: one for one in json.loads(done.stdout)["input"]["sources"]}
        journal = sources["journal"]
        if "no kernel message" in (journal["gap"] or ""):
            self.skipTest("journald may not read /dev/kmsg here")
        self.assertIsNone(journal["gap"])
        self.assertGreater(journal["lines"], 0)
        self.assertIsNotNone(journal["from"]["monotonic"])
        self.assertTrue(journal["from"]["wall"].endswith("Z"))


class WhichInput(HostCase):
    def test_a_terminal_as_input_means_this_machine(self):
        master, slave = pty.openpty()
        try:
            done = subprocess.run([harness.PROGRAM, "explain", "--format", "json"], stdin=slave,
                                  capture_output=True, timeout=60, check=False,
                                  env={**harness.CLEAN_ENV, **self.fake_journalctl("exit 0\n")})
        finally:
            os.close(master)
            os.close(slave)
        self.assertIn("sources", json.loads(done.stdout)["input"])

    def test_a_pipe_is_read_as_before(self):
        whole = self.explain(stdin=self.text, status=1)
        self.assertEqual(len(whole["events"]), len(self.expected))
        self.assertNotIn("sources", whole["input"])

    def test_a_file_and_a_host_exclude_each_other(self):
        for words in (["--host", "a.log"], ["--root", "/", "a.log"], ["--host", "--root", "/"]):
            with self.subTest(words):
                self.check(whyoom("explain", *words), 2, err="exclude each other")

    def test_the_ring_buffer_is_read_or_missed_aloud(self):
        whole = self.explain("--host", env=self.fake_journalctl("exit 0\n"))
        ring = [one for one in whole["input"]["sources"]
                if one["name"] in ("/dev/kmsg", "kernel ring buffer")]
        self.assertEqual(len(ring), 1)
        readable = ring[0]["events"] is not None
        self.assertTrue(readable or ring[0]["gap"])
        if not os.path.exists("/dev/kmsg"):
            self.skipTest("no /dev/kmsg here")
        if os.geteuid() == 0 and stat.S_ISCHR(os.stat("/dev/kmsg").st_mode) and readable:
            self.assertGreater(ring[0]["lines"], 0)


if __name__ == "__main__":
    harness.main()
