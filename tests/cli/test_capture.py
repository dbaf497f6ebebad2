#!/usr/bin/env python3
"""`whyoom capture`: what goes in, what stays out, and that a replay answers as the machine did."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

import harness
from harness import whyoom
from test_check import host_of_case
from test_sources import BOOTED, journal_lines, syslog_lines

SECRET = "hunter2"


class Capture(harness.Case):
    def setUp(self):
        super().setUp()
        self.root = self.scratch / "root"
        host_of_case("min-free-too-high/positive-host.case", self.root)
        self.text = self.spree.read_text(encoding="utf-8")
        self.number = 0

    def put(self, path, content):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(target, (BOOTED / 1e6 + 3600,) * 2)

    def put_logs(self):
        noise = "".join(f"Nov 23 07:00:00 vm1 sshd[{i}]: password {SECRET}\n" for i in range(900))
        self.put("var/log/kern.log", noise + syslog_lines(self.text) + noise)
        self.put("var/log/syslog", noise)
        self.put("var/crash/202611230751/vmcore-dmesg.txt", self.text)
        self.put("sys/fs/pstore/dmesg-erst-1", "Oops#1 Part1\n" + self.text)
        self.put("var/log/messages", "Nov 23 09:00:00 vm1 earlyoom[5]: sending SIGTERM to process "
                                     "7 uid 1000 \"hog\": badness 900, VmRSS 100 MiB\n")

    def capture(self, *args, root=None, status=0, **more):
        self.number += 1
        path = self.scratch / f"{self.number}.tar.gz"
        result = whyoom("capture", "-o", path, *(() if root == "/" else ("--root", root or self.root)),
                        *args, **more)
        self.check(result, status)
        return path, result

    def unpack(self, capture):
        out = self.scratch / f"unpacked-{self.number}"
        out.mkdir()
        subprocess.run(f"tar -xzf {capture} -C {out}", shell=True, check=True)
        return out

    def everything(self, unpacked):
        """All that a reader of the archive can see, names included."""
        return "\n".join([str(p.relative_to(unpacked)) + "\n" + (
            os.readlink(p) if p.is_symlink() else p.read_text(errors="replace"))
            for p in sorted(unpacked.rglob("*")) if not p.is_dir()])

    def answers(self, root):
        """What whyoom and explain say of it; the order of lines in sources is part of that."""
        alone = json.loads(whyoom("--root", root, "--format", "json").out)
        explained = whyoom("explain", "--root", root, "--format", "json").json
        return alone["events"], alone["check"], alone["input"], explained

    def test_events_and_verdicts_are_those_of_the_machine(self):
        self.put_logs()
        live = self.answers(self.root)
        self.assertEqual(len(live[0]), 7)
        self.assertEqual(live[0][0]["root_cause"], "min-free-too-high")
        capture, _ = self.capture()
        self.assertEqual(self.answers(capture), live)
        self.assertEqual(self.answers(self.unpack(capture)), live)
        self.assertEqual(whyoom("explain", "--format", "json", capture).json, live[3])
        self.check(whyoom("explain", capture, self.spree), 2, err="give it alone")
        again, _ = self.capture(root=capture)
        self.assertEqual(self.answers(again), live)

    def test_other_programs_lines_stay_out(self):
        self.put_logs()
        unpacked = self.unpack(self.capture()[0])
        self.assertNotIn(SECRET, self.everything(unpacked))
        logs = [p.read_text() for p in sorted((unpacked / "whyoom" / "log").iterdir())]
        self.assertEqual(len(logs), 5)
        self.assertTrue(any("invoked oom-killer" in log for log in logs))

    def test_what_somebody_planted_is_not_in_it(self):
        self.put("root/secret", f"kernel: [    1.000000] Out of memory: {SECRET}\n" * 3)
        (self.root / "root/secret").chmod(0o600)
        self.put("var/crash/1/vmcore-dmesg.txt", self.text)
        self.put("etc/sysctl.d/50-a.conf", "vm.swappiness = 10\n")
        self.put("var/spool/cron/crontabs/root", "# vm.min_free_kbytes\n")
        self.put("var/log/messages", "Nov 23 09:00:00 vm1 kernel: all is well\n")
        for folder in ("var/crash/1", "etc/sysctl.d", "var/spool/cron/crontabs", "var/log"):
            (self.root / folder).chmod(0o777)
            (self.root / folder / "dmesg.1").symlink_to("/root/secret")
            (self.root / folder / "dmesg.conf").symlink_to("../../root/secret")
            os.link(self.root / "root/secret", self.root / folder / "dmesg.2.conf")
        (self.root / "var/crash/2").symlink_to("/root")
        live = self.answers(self.root)
        capture, result = self.capture()
        everything = self.everything(self.unpack(capture))
        self.assertFalse(SECRET in everything)  # too long to be shown
        self.assertIn("not in it: /var/crash/1/dmesg.1: not read, because", result.err)
        self.assertEqual(self.answers(capture), live)

    def test_doubts_and_who_may_write_are_kept(self):
        self.put("var/log/kern.log", syslog_lines(self.text))
        (self.root / "var/log/kern.log").chmod(0o666)
        (self.root / "etc/sysctl.conf").chmod(0o666)
        live = self.answers(self.root)
        self.assertEqual({one["unverified_why"] for one in live[0]},
                         {"/var/log/kern.log: everybody can write it"})
        self.assertIn("sysctl-file-writable", [one["cause"] for one in live[1]["findings"]])
        capture, _ = self.capture()
        self.assertEqual(self.answers(capture), live)
        again, _ = self.capture(root=capture)
        self.assertEqual(self.answers(again), live)

    def test_a_machines_journal(self):
        folder = self.scratch / "bin"
        folder.mkdir()
        log = self.file("journal.json", journal_lines(self.text) + json.dumps(
            {"_TRANSPORT": "stdout", "SYSLOG_IDENTIFIER": "kubelet", "_HOSTNAME": "vm1",
             "MESSAGE": f"token {SECRET}"}) + "\n")
        script = folder / "journalctl"
        script.write_text(f"#!/bin/sh\ncat {log}\n", encoding="utf-8")
        script.chmod(0o755)
        env = {"PATH": f"{folder}:{os.environ['PATH']}"}
        live = whyoom("explain", "--host", "--format", "json", env=env).json
        capture, _ = self.capture("--replace-host-names", root="/", env=env)
        kept = whyoom("explain", "--root", capture, "--format", "json").json
        journal = [[one for one in each["events"] if one["source"]["file"] == "journal"]
                   for each in (live, kept)]
        self.assertEqual(len(journal[0]), 6)
        for one in journal[0]:
            self.assertEqual(one["host"], "vm1")
            one["host"] = "host-2"  # host-1 is this machine
        self.assertEqual(journal[0], journal[1])
        first = self.unpack(capture) / "whyoom" / "log" / "1"
        self.assertNotIn(SECRET, first.read_text(encoding="utf-8"))

    def test_host_names_are_replaced_everywhere(self):
        self.put_logs()
        self.put("proc/sys/kernel/hostname", "vm1\n")
        self.put("etc/hostname", "vm1\n")
        self.put("etc/hosts", "127.0.1.1 vm1.corp.example vm1\n")
        self.put("etc/sysctl.d/40-vm1.conf", "# of vm1.corp.example\nvm.swappiness=10\n")
        self.put("var/crash/vm1-2026/dmesg.1", self.text)
        live = self.answers(self.root)
        capture, _ = self.capture("--replace-host-names")
        everything = self.everything(self.unpack(capture))
        for word in ("vm1", "corp.example"):
            self.assertNotIn(word, everything)
        self.assertIn("40-host-1.conf", everything)
        self.assertIn("# of host-1", everything)
        # The id of an event is made of the host's name where the log has no id of the boot.
        renamed, replaced = (json.loads(re.sub(r'"id": "[0-9a-f]{32}"', '"id": ""', text)) for text in (
            json.dumps(live).replace("vm1", "host-1"), json.dumps(self.answers(capture))))
        self.assertEqual(replaced, renamed)

    def test_a_name_that_is_a_common_word(self):
        self.put("proc/sys/kernel/hostname", "node\n")
        self.put("var/log/kern.log", syslog_lines(self.text).replace(" vm1 ", " node "))
        capture, result = self.capture("--replace-host-names")
        self.assertIn('the name "node" is also a common word', result.err)
        events = whyoom("explain", "--root", capture, "--format", "json").json["events"]
        self.assertEqual({one["host"] for one in events}, {"host-1"})
        self.assertEqual(events[0]["root_cause"], "min-free-too-high")

    def test_arguments_only_when_asked_for_and_the_environment_never(self):
        child = subprocess.Popen(["sleep", "100.25"], env={"PASSWORD": SECRET})
        try:
            for args, there in (((), False), (("--cmdline",), True)):
                with self.subTest(args):
                    unpacked = self.unpack(self.capture(*args, root="/")[0])
                    arguments = unpacked / "proc" / str(child.pid) / "cmdline"
                    self.assertEqual(arguments.exists(), there)
                    if there:
                        self.assertEqual(arguments.read_bytes(), b"sleep\x00100.25\x00")
                    self.assertEqual(list(unpacked.glob("proc/*/environ")), [])
                    self.assertNotIn(SECRET, self.everything(unpacked))
        finally:
            child.kill()
            child.wait()

    def test_what_could_not_be_read_is_said_and_kept(self):
        self.put_logs()
        os.mkfifo(self.root / "var/log/kern.log.1")
        capture, result = self.capture()
        self.assertIn("not in it: /var/log/kern.log.1: not a regular file", result.err)
        sources = whyoom("explain", "--root", capture, "--format", "json").json["input"]["sources"]
        self.assertTrue(any("not a regular file" in (one["gap"] or "") for one in sources))

    def test_a_log_with_too_many_events_keeps_the_newest(self):
        boots = [journal_lines(self.text, f"{i:032x}", BOOTED + i * 600_000_000)
                 for i in range(100)]
        self.put("var/log/messages", "".join(boots))
        live = whyoom("explain", "--root", self.root, "--format", "json", "--last", "50").json
        capture, result = self.capture()
        self.assertRegex(result.err, r"not in it: /var/log/messages: its oldest [\d,]+ lines of the "
                                     "kernel had no room")
        kept = whyoom("explain", "--root", capture, "--format", "json", "--last", "50").json
        self.assertEqual([one["source"] for one in kept["events"]],
                         [one["source"] for one in live["events"]])
        self.assertIn("had no room", kept["input"]["sources"][0]["gap"])
        self.assertEqual(kept["input"]["lines"], live["input"]["lines"])

    def test_a_capture_of_before_logs_were_in_it(self):
        self.put_logs()
        unpacked = self.unpack(self.capture()[0])
        old = self.scratch / "old.tar.zst"
        shutil.rmtree(unpacked / "whyoom" / "log")
        (unpacked / "whyoom" / "logs").unlink()
        subprocess.run(f"tar -c -C {unpacked} . --transform 's,^[.]/,,' | zstd -q > {old}",
                       shell=True, check=True)
        self.check(whyoom("explain", "--root", old), 2, err="holds no logs")
        self.check(whyoom("--root", old), 1, out="no kernel log could be read",
                   err="holds no logs")

    def test_a_full_disk_leaves_no_half_file(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([harness.PROGRAM, "capture", "--root", self.root, "-o", "-"],
                                  stdout=full, stderr=subprocess.PIPE, check=False, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"No space left on device; nothing was kept", done.stderr)

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("unshare"), "needs root and unshare")
    def test_a_full_file_system(self):
        self.put_logs()
        small = self.scratch / "small"
        small.mkdir()
        script = ('mount -t tmpfs -o size=8k none "$2" || exit 77\n'
                  '"$0" capture --root "$1" -o "$2/c.tar.gz"\n'
                  'echo status $?; ls -A "$2"\n')
        if subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL,
                          check=False).returncode != 0:
            self.skipTest("no mount namespace here: that takes CAP_SYS_ADMIN")
        done = subprocess.run(["unshare", "--mount", "sh", "-c", script, harness.PROGRAM, self.root,
                               small], capture_output=True, check=False, timeout=60)
        if done.returncode == 77:
            self.skipTest("no mount in a namespace here")
        self.assertEqual(done.stdout, b"status 2\n", done)
        self.assertIn(b"nothing was kept", done.stderr)

    def test_ended_half_way_it_leaves_nothing(self):
        target = self.scratch / "killed.tar.gz"
        fifo_reader = ("import os,sys,time\n"
                       "sys.stdout.write('{}\\n' * 100); sys.stdout.flush(); time.sleep(60)\n")
        folder = self.scratch / "bin"
        folder.mkdir()
        script = folder / "journalctl"
        script.write_text(f"#!/usr/bin/env python3\n{fifo_reader}", encoding="utf-8")
        script.chmod(0o755)
        process = subprocess.Popen(
            [harness.PROGRAM, "capture", "-o", target], stderr=subprocess.DEVNULL,
            env={**harness.CLEAN_ENV, "PATH": f"{folder}:{os.environ['PATH']}"})
        try:
            with self.assertRaises(subprocess.TimeoutExpired):
                process.wait(1)
        finally:
            process.kill()
            process.wait()
        self.assertFalse(target.exists())

    def test_an_existing_file_is_not_overwritten(self):
        path = self.file("there", "precious")
        self.check(whyoom("capture", "--root", self.root, "-o", path), 2, err="File exists")
        self.assertEqual(path.read_text(), "precious")
        dangling = self.scratch / "link"
        dangling.symlink_to(self.scratch / "nowhere")
        self.check(whyoom("capture", "--root", self.root, "-o", dangling), 2, err="File exists")
        self.check(whyoom("capture", "--root", self.root, "-o", self.scratch / "no" / "c"), 2,
                   err="No such file or directory")


if __name__ == "__main__":
    harness.main()
