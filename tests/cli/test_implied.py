#!/usr/bin/env python3
"""`whyoom` without a command: a file that it is given, a log that is piped to it, or this host."""
import os
import pathlib
import pty
import socket
import subprocess
import time

import harness
from harness import whyoom

EMPTY = "whyoom: standard input is empty, so this is about this machine\n"
WAITING = "whyoom: waiting for a log on standard input"


class Files(harness.Case):
    def here(self, *args, folder=None):
        return harness.Result(subprocess.run(
            [pathlib.Path(harness.PROGRAM).resolve(), *args], cwd=folder or self.scratch, check=False,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=60, env=harness.CLEAN_ENV))

    def test_a_file_is_explained(self):
        expected = whyoom("explain", self.spree)
        self.check(expected, 1)
        for args in ([self.spree], ["--", self.spree]):
            self.assertEqual(whyoom(*args).out, expected.out)
        for name in (self.spree.name, "./" + self.spree.name):
            self.check(self.here(name, folder=self.spree.parent), 1, out="min_free_kbytes")

    def test_with_the_options_of_explain(self):
        expected = whyoom("explain", "--last", "1", "--format", "json", self.spree).out
        self.assertEqual(whyoom("--last", "1", "--format", "json", self.spree).out, expected)
        self.assertEqual(whyoom(self.spree, "--last", "1", "--format=json").out, expected)

    def test_a_dash_is_standard_input(self):
        self.check(whyoom("-", stdin=self.spree.read_bytes()), 1, out="min_free_kbytes")
        self.check(whyoom("-"), 0, err="standard input: the file is empty")

    def test_what_has_a_slash_is_a_file_that_may_not_be_there(self):
        self.check(whyoom("/no/such.log"), 2, err="whyoom: /no/such.log: No such file or directory")

    def test_a_word_that_is_neither(self):
        self.check(whyoom("such.log"), 2, err='there is no command and no file "such.log"')

    def test_a_command_goes_before_a_file_of_its_name(self):
        self.file("check", self.spree.read_bytes())
        self.check(self.here("check", "--help"), 0, out="Usage: whyoom check")
        self.check(self.here("./check"), 1, out="min_free_kbytes")
        self.check(self.here("explain", "check"), 1, out="min_free_kbytes")

    def test_a_capture(self):
        done = whyoom("capture", "-o", self.scratch / "host.tar.gz")
        self.check(done, 0)
        self.assertNotIn("looks like a binary", whyoom(self.scratch / "host.tar.gz").err)


class Piped(harness.Case):
    def test_a_log_on_standard_input_is_explained(self):
        expected = whyoom("explain", "-", stdin=self.spree.read_bytes()).out
        self.assertEqual(whyoom(stdin=self.spree.read_bytes()).out, expected)
        with open(self.spree, "rb") as log:
            done = subprocess.run([harness.PROGRAM], stdin=log, capture_output=True, check=False,
                                  env=harness.CLEAN_ENV)
        self.assertEqual((done.returncode, done.stdout.decode()), (1, expected))
        self.check(whyoom("--last", "1", "--format", "markdown", stdin=self.spree.read_bytes()), 1,
                   out="## ")

    def test_a_log_without_events_is_not_a_healthy_host(self):
        result = whyoom(stdin="nothing\n")
        self.check(result, 0, err="no OOM event found in 1 line of standard input")
        self.assertEqual(result.out, "")

    def test_a_socket(self):
        mine, theirs = socket.socketpair()
        mine.sendall(self.spree.read_bytes()[:100_000])
        mine.shutdown(socket.SHUT_WR)
        self.check(whyoom_on(theirs), 1, out="min_free_kbytes")

    def test_cron_and_ssh_close_it_without_a_word(self):
        result = whyoom()
        self.assertIn("What to do", result.out)
        self.assertEqual(result.err, EMPTY)
        mine, theirs = socket.socketpair()
        mine.close()
        self.assertEqual(whyoom_on(theirs).err, EMPTY)
        self.check(whyoom("--last", "1"), 0, err="standard input: the file is empty")

    def test_nothing_there(self):
        for stdin in (subprocess.DEVNULL, open(self.file("empty", ""), "rb"),
                      open("/dev/null", "wb")):
            result = whyoom_on(stdin)
            self.assertIn("What to do", result.out)
            self.assertEqual(result.err, "")
        done = subprocess.run(["sh", "-c", '"$0" <&-', harness.PROGRAM], capture_output=True,
                              check=False, env=harness.CLEAN_ENV)
        self.assertIn(b"What to do", done.stdout)
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        self.assertIn("What to do", whyoom_on(slave).out)

    def test_what_is_about_a_host_stays_so(self):
        data = self.spree.read_bytes()
        for args in (["--format", "json"], ["--format=json"]):
            result = whyoom(*args, stdin=data)
            self.assertIn("check", result.json)
            self.assertIn("standard input is not read; `whyoom explain -`", result.err)
            self.assertEqual(whyoom(*args).err, "")
        root = self.scratch / "root/proc"
        root.mkdir(parents=True)
        (root / "meminfo").write_text("MemTotal: 1000000 kB\nMemFree: 900000 kB\n")
        result = whyoom("--root", root.parent, stdin=data)
        self.assertIn("What to do", result.out)
        self.check(whyoom("--help", stdin=data), 0, out="Usage: whyoom")

    def test_silence_is_told_once_and_waited_out(self):
        for args in ([], ["explain"]):
            mine, theirs = socket.socketpair()
            with subprocess.Popen([harness.PROGRAM, *args], stdin=theirs, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, env=harness.CLEAN_ENV) as process:
                theirs.close()
                begin = time.monotonic()
                first = process.stderr.readline().decode()
                self.assertTrue(first.startswith(WAITING), first)
                self.assertGreater(time.monotonic() - begin, 1.5)
                time.sleep(2.5)
                self.assertIsNone(process.poll())
                mine.sendall(self.spree.read_bytes()[:100_000])
                mine.close()
                out, err = process.communicate(timeout=60)
            self.assertIn(b"min_free_kbytes", out)
            self.assertEqual(err, b"")

    def test_wrong_use_is_told_without_waiting(self):
        mine, theirs = socket.socketpair()
        self.check(whyoom_on(theirs, "--nonsense"), 2, err='there is no option "--nonsense"')
        mine.close()


def whyoom_on(stdin, *args):
    result = harness.Result(subprocess.run(
        [harness.PROGRAM, *args], stdin=stdin, capture_output=True, check=False, timeout=60,
        env=harness.CLEAN_ENV))
    if hasattr(stdin, "close"):
        stdin.close()
    return result


if __name__ == "__main__":
    harness.main()
