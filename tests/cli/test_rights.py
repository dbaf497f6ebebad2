#!/usr/bin/env python3
"""What reads files of others has no rights while it does; files, pipes and messages are as without."""
import fcntl
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
import unittest

import harness
from harness import whyoom
from test_check import host_of_case

NOBODY = "65534"
USER = 1000
NO_CAPABILITIES = "0000000000000000"
IS_ROOT = os.geteuid() == 0


def fill(pipe):
    """Fills it, so that whoever writes to it next has to wait."""
    os.set_blocking(pipe, False)
    try:
        while True:
            os.write(pipe, b" " * 4096)
    except BlockingIOError:
        os.set_blocking(pipe, True)


class Rights(harness.Case):
    def setUp(self):
        super().setUp()
        os.chmod(self.scratch, 0o755)
        self.program = self.scratch / "whyoom"
        shutil.copy(harness.PROGRAM, self.program)
        self.program.chmod(0o755)
        self.required = whyoom("explain", "--sandbox", "require", self.spree)
        if "this build" in self.required.err:
            self.skipTest("SKIPPED: this build has no sandbox")

    def filtered(self):
        """Whether system calls can be filtered on this machine."""
        return "cannot be filtered" not in self.required.err

    def start(self, *args, stdin=subprocess.DEVNULL, as_user=False, stdout=subprocess.PIPE, **more):
        if as_user and IS_ROOT:
            more.update(user=USER, group=USER, extra_groups=[])
        process = subprocess.Popen([self.program, *map(str, args)], stdin=stdin, stdout=stdout,
                                   stderr=subprocess.PIPE, env=harness.CLEAN_ENV, **more)

        def stop():
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe:
                    pipe.close()
        self.addCleanup(stop)
        return process

    def status(self, process, ready):
        """/proc/PID/status as fields, once it is `ready`."""
        fields = {}
        for _ in range(500):
            with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                fields = {name: value.split() for name, _, value in
                          (line.partition(":") for line in status)}
            if ready(fields):
                break
            time.sleep(0.02)
        return fields

    @staticmethod
    def user_map():
        with open("/proc/self/uid_map", "rb") as opened:
            return opened.read()

    def open_files(self, process):
        return sorted(int(name) for name in os.listdir(f"/proc/{process.pid}/fd"))

    def assert_no_rights(self, fields, was_root):
        self.assertEqual(fields["NoNewPrivs"], ["1"], fields)
        if self.filtered():
            self.assertEqual(fields["Seccomp"], ["2"], fields)
        for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            self.assertEqual(fields[name], [NO_CAPABILITIES], fields)
        if was_root:
            self.assertEqual(fields["CapBnd"], [NO_CAPABILITIES], fields)
            self.assertEqual(fields["Uid"], [NOBODY] * 4, fields)
            self.assertEqual(fields["Gid"], [NOBODY] * 4, fields)
            self.assertEqual(fields["Groups"], [], fields)

    def on_slow_pipe(self, as_user):
        left_open = os.open("/dev/null", os.O_RDONLY)
        self.addCleanup(os.close, left_open)
        process = self.start("explain", "-", stdin=subprocess.PIPE, as_user=as_user,
                             pass_fds=[left_open])
        process.stdin.write(b"[    1.0] a first line\n")
        process.stdin.flush()
        fields = self.status(process, lambda now: now["NoNewPrivs"] == ["1"] and
                             now["State"][0] == "S" and now["CapEff"] == [NO_CAPABILITIES])
        files = None if as_user and not IS_ROOT else self.open_files(process)
        process.stdin.write(self.spree.read_bytes())
        out, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 1, err)
        self.assertIn(b"min-free-too-high", out)
        self.assertEqual(err, b"")
        return fields, files

    @unittest.skipUnless(IS_ROOT, "SKIPPED: only root has so much to lose")
    def test_root_on_a_slow_pipe_is_nobody(self):
        fields, files = self.on_slow_pipe(as_user=False)
        if fields["Uid"][0] == "0" and self.user_map().split()[2:] == [b"1"]:
            self.skipTest("SKIPPED: a user namespace of one user")
        self.assert_no_rights(fields, was_root=True)
        self.assertEqual(files, [0, 1, 2])

    def test_a_user_on_a_slow_pipe_has_no_rights(self):
        fields, files = self.on_slow_pipe(as_user=True)
        self.assert_no_rights(fields, was_root=False)
        self.assertIn(files, ([0, 1, 2], None))

    def capture(self):
        root = self.scratch / "host"
        host_of_case("min-free-too-high/positive-host.case", root)
        log = root / "var/log/kern.log"
        log.parent.mkdir(parents=True)
        log.write_bytes(self.spree.read_bytes())
        path = self.scratch / "host.tar.gz"
        self.check(whyoom("capture", "--root", root, "-o", path), 0)
        path.chmod(0o644)
        return path

    def test_each_command_on_a_file(self):
        capture = self.capture()
        setting = "vm.min_free_kbytes=45056"
        for args in (["explain", self.spree], ["explain", capture], ["explain", "--root", capture],
                     ["--root", capture], ["check", "--root", capture],
                     ["whatif", setting, "--root", capture],
                     ["whatif", setting, "--event", self.spree],
                     ["fix", "--dry-run", setting, "--root", capture],
                     ["fix", "--output", "ansible", setting, "--root", capture]):
            with self.subTest(args=args):
                reads, writes = os.pipe()
                fill(writes)  # it waits at its first word
                process = self.start(*args, stdout=writes)
                os.close(writes)
                fields = self.status(process, lambda now: now["NoNewPrivs"] == ["1"] and
                                     now["State"][0] == "S")
                files = self.open_files(process) if IS_ROOT else []
                self.assert_no_rights(fields, was_root=IS_ROOT and fields["Uid"][0] != "0")
                self.assertNotIn(0, files)  # standard input is nothing that it was asked to read
                self.assertLessEqual(len(files), 3)  # its output, and the file
                with open(reads, "rb") as rest:
                    self.assertGreater(len(rest.read().strip()), 0)
                self.assertIn(process.wait(30), (0, 1), process.stderr.read())

    def test_each_thread_has_no_rights(self):
        large = self.file("large.log", "[    1.0] another line\n" * 50000)
        process = self.start("explain", large, large, "-", stdin=subprocess.PIPE)
        process.stdin.write(b"[    1.0] a first line\n")
        process.stdin.flush()
        self.status(process, lambda now: now["State"][0] == "S" and now["NoNewPrivs"] == ["1"] and
                    (now["Seccomp"] == ["2"] or not self.filtered()))
        tasks = os.listdir(f"/proc/{process.pid}/task")
        self.assertGreater(len(tasks), 1)
        for task in tasks:
            with open(f"/proc/{process.pid}/task/{task}/status", encoding="ascii") as status:
                fields = {name: value.split() for name, _, value in
                          (line.partition(":") for line in status)}
            self.assert_no_rights(fields, was_root=IS_ROOT and fields["Uid"][0] != "0")
        process.stdin.write(self.spree.read_bytes())
        out, err = process.communicate(timeout=30)
        self.assertEqual((process.returncode, err), (1, b""))
        self.assertIn(b"min-free-too-high", out)

    def test_the_answers_are_those_without_a_sandbox(self):
        capture = self.capture()
        missing = self.scratch / "missing.log"
        for args in ([self.spree], [capture], [self.spree, missing, self.scratch, self.spree],
                     ["--format", "json", self.spree], [capture, self.spree], [missing],
                     ["--since", "Nov 23 07:41:32", self.spree], ["--root", missing]):
            with self.subTest(args=args):
                with_it = whyoom("explain", *args)
                without = whyoom("explain", "--sandbox", "off", *args)
                self.assertEqual((with_it.status, with_it.out, with_it.err),
                                 (without.status, without.out, without.err))

    def test_local_time_is_local(self):
        for zone, hours in (("XYZ-9", 9), ("XYZ5", -5), ("", 0)):
            for age, status in ((0, 1), (2, 0)):
                stamp = time.strftime("%b %d %H:%M:%S", time.gmtime(time.time() + (hours - age) * 3600))
                log = self.file("syslog", "".join(
                    f"{stamp} host kernel: {line}" for line in
                    self.spree.read_text(encoding="utf-8").splitlines(keepends=True)))
                with self.subTest(zone=zone, age=age):
                    self.assertEqual(whyoom("explain", "--since", "-1h", log,
                                            env={"TZ": zone}).status, status)

    def test_an_off_sandbox_is_off(self):
        process = self.start("explain", "--sandbox", "off", "-", stdin=subprocess.PIPE)
        process.stdin.write(b"[    1.0] a first line\n")
        process.stdin.flush()
        fields = self.status(process, lambda now: now["State"][0] == "S")
        self.assertEqual((fields["NoNewPrivs"], fields["Seccomp"]), (["0"], ["0"]))
        self.check(whyoom("explain", "--sandbox", "maybe", self.spree), 2,
                   err="is not one of auto, off, require")

    def test_a_machine_cannot_be_read_without_rights(self):
        for args in (["check", "--root", self.scratch], ["explain", "--host"],
                     ["explain", "--root", self.scratch]):
            self.check(whyoom(*args, "--sandbox", "require"), 2, out="", err="--sandbox require: ")

    @unittest.skipUnless(IS_ROOT, "SKIPPED: only root can read more than others")
    def test_a_file_that_only_root_may_read(self):
        log = self.file("secret.log", self.spree.read_bytes())
        log.chmod(0o600)
        self.check(whyoom("explain", log), 1, out="min-free-too-high")
        process = self.start("explain", log, as_user=True)
        _, err = process.communicate(timeout=30)
        self.assertEqual((process.returncode, err),
                         (2, f"whyoom: {log}: Permission denied\n".encode()))

    def test_names_of_what_is_open(self):
        data = self.spree.read_bytes()
        expected = len(whyoom("explain", "--format", "json", self.spree).json["events"])
        self.assertEqual(len(whyoom("explain", "--format", "json", "/dev/stdin",
                                    stdin=data).json["events"]), expected)
        done = subprocess.run(["bash", "-c", '"$0" explain --format json <(cat "$1") | grep -c \'"root_cause"\'',
                               self.program, self.spree], capture_output=True, timeout=30, check=True)
        self.assertEqual(int(done.stdout), expected, done)

    def test_pipes_that_are_written_one_after_the_other(self):
        pipes = [self.scratch / name for name in ("first", "second")]
        for pipe in pipes:
            os.mkfifo(pipe)

        def write():
            for pipe in pipes:
                with open(pipe, "wb") as out:
                    out.write(b"x\n" * 200000 + self.spree.read_bytes())
        writer = threading.Thread(target=write)
        writer.start()
        result = whyoom("explain", "--format", "json", *pipes)
        writer.join()
        self.check(result, 1)
        self.assertEqual(result.json["input"]["lines"],
                         2 * (200000 + self.spree.read_bytes().count(b"\n")))

    def test_more_files_than_a_process_usually_opens(self):
        logs = [self.file(f"kern.log.{i}", f"[    {i}.0] line\n") for i in range(300)]

        def limit(most):
            return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, most))
        done = whyoom("explain", "--format", "json", *logs, preexec_fn=limit(1000))
        self.check(done, 0)
        self.assertEqual(done.json["input"]["lines"], 300)
        done = whyoom("explain", "--format", "json", *logs, preexec_fn=limit(64))
        self.check(done, 2, err="kern.log.299: more files than may be open at once here")
        self.assertGreater(done.json["input"]["lines"], 40)

    def test_standard_descriptors_that_are_closed(self):
        for closed, status in (("<&-", 1), (">&-", 2), ("2>&-", 1), ("<&- 2>&-", 1)):
            with self.subTest(closed=closed):
                done = subprocess.run(["bash", "-c", f'"$0" explain "$1" {closed}', self.program,
                                       self.spree], capture_output=True, timeout=30, check=False)
                self.assertEqual(done.returncode, status, done)

    def test_on_a_terminal(self):
        ours, theirs = os.openpty()
        fcntl.ioctl(theirs, 0x5414, b"\x18\0\x78\0\0\0\0\0")  # TIOCSWINSZ: 24 lines of 120 columns
        process = self.start("explain", self.spree, stdin=theirs, stdout=theirs)
        os.close(theirs)
        text = harness.shown_on(ours)
        self.assertEqual(process.wait(30), 1, process.stderr.read())
        self.assertIn(b"\x1b[", text)  # colours
        self.assertGreater(max(map(len, text.splitlines())), 100)

    def test_without_privileges_in_a_namespace(self):
        probe = subprocess.run(["unshare", "--user", "--map-root-user", "true"],
                               capture_output=True, check=False)
        if probe.returncode != 0:
            self.skipTest("SKIPPED: no user namespaces here")
        done = subprocess.run(["unshare", "--user", "--map-root-user", self.program, "explain",
                               self.spree], capture_output=True, timeout=30, check=False)
        self.assertEqual((done.returncode, done.stderr), (1, b""))
        self.assertIn(b"min-free-too-high", done.stdout)

    @unittest.skipIf(harness.nobody(), harness.nobody())
    def test_root_that_cannot_be_anybody_else_says_so(self):
        cap = "--bounding-set=-all", "--inh-caps=-all"
        program = ["setpriv", *cap, self.program, "explain"]
        done = subprocess.run([*program, self.spree], capture_output=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 1, done)
        self.assertIn(b"root cannot become another user here", done.stderr)
        done = subprocess.run([*program, "--sandbox", "require", self.spree], capture_output=True,
                              timeout=30, check=False)
        self.assertEqual((done.returncode, done.stdout), (2, b""))


if __name__ == "__main__":
    sys.stdout.flush()
    harness.main()
