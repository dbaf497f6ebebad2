#!/usr/bin/env python3
"""`whyoom` alone on a terminal of 80x24, for other users, and in a container."""
import os
import re
import shutil
import subprocess
import unittest

import harness
from harness import whyoom
from test_check import host_of_case

CASES = "src/diagnose/causes"
PANIC = "min-free-panic.log"


def host_cases():
    """The case files that have a host."""
    for path in sorted((harness.SOURCE / CASES).glob("*/*.case")):
        if "\n== /proc" in path.read_text(encoding="utf-8"):
            yield str(path.relative_to(harness.SOURCE / CASES))


def rows(text):
    return sum(max(1, -(-len(line) // 80)) for line in text.splitlines())


class OneScreen(harness.Case):
    def fits(self, root, **more):
        result = whyoom("--root", root, "--width", "80", **more)
        self.assertEqual(result.status, 1, result)
        self.assertLessEqual(rows(result.out), 23, result.out)
        self.assertIn("\nWhat to do\n", result.out)
        return result.out

    def put_log(self, root, *names):
        folder = root / "var" / "log"
        folder.mkdir(parents=True, exist_ok=True)
        for name in names or (self.spree.name,):
            shutil.copy(harness.EXAMPLES / name, folder / f"messages-{name}")

    def test_every_host_case(self):
        cases = list(host_cases())
        self.assertGreater(len(cases), 40)
        for case in cases:
            with self.subTest(case):
                root = self.scratch / case.replace("/", "-")
                host_of_case(case, root)
                self.put_log(root)
                self.fits(root)

    def test_many_risks_and_many_events(self):
        root = self.scratch / "root"
        for case in host_cases():
            if "/positive" in case:
                host_of_case(case, root, over=True)
        host_of_case("min-free-too-high/positive-host.case", root, over=True)
        self.put_log(root, self.spree.name, PANIC)
        os.mkfifo(root / "var" / "log" / "kern.log")
        checked = whyoom("check", "--root", root, "--format", "json").json
        risks = [one for one in checked["findings"] if one["role"] != "ruled-out"]
        self.assertGreater(len(risks), 5)
        text = self.fits(root)
        self.assertRegex(text, r"\n\d+ more risks: `whyoom check --root")
        self.assertRegex(text, r"\n  \d+ more steps: `whyoom check --root")
        self.assertIn("sudo whyoom fix vm.min_free_kbytes=45056", text)
        self.assertRegex(text, r"not all read: .*/var/log/kern.log")

    def test_an_event_without_a_cause_does_not_hide_the_one_before(self):
        root = self.scratch / "root"
        host_of_case("min-free-too-high/positive-host.case", root)
        self.put_log(root)
        os.utime(root / "var/log" / f"messages-{self.spree.name}", (1e9, 1e9))  # the older one
        (root / "var/log/kern.log").write_text(
            "Nov 23 09:00:00 vm1 earlyoom[5]: sending SIGTERM to process 7 uid 1000 \"hog\": "
            "badness 900, VmRSS 100 MiB\n", encoding="utf-8")
        text = self.fits(root)
        self.assertIn("earlyoom killed hog", text)
        self.assertIn("Why, the last with a known cause: vm.min_free_kbytes is", text)
        self.assertIn("Is it still so? Yes: vm.min_free_kbytes is", text)

    def disk(self, setting, *logs):
        root = self.scratch / "disk"
        (root / "proc").mkdir(parents=True)
        (root / "etc").mkdir()
        (root / "etc" / "sysctl.conf").write_text(setting)
        if logs:
            self.put_log(root, *logs)
        return root

    def test_the_disk_of_a_machine_that_does_not_start(self):
        root = self.disk("vm.min_free_kbytes = 1048572\n", PANIC)
        said = " ".join(self.fits(root).split())
        self.assertIn("Is it still so? The next boot sets vm.min_free_kbytes=1048572 (/etc/sysctl.conf:1).", said)
        self.assertNotIn("This host now", said)
        self.assertIn(f"sudo whyoom fix --root {root} vm.min_free_kbytes=45056", said)
        for hurts_this_machine in ("sysctl -w", "sysctl --system", "whyoom fix vm."):
            self.assertNotIn(hurts_this_machine, said)
            self.assertNotIn(hurts_this_machine, whyoom("explain", "-v", "--root", root).out)

    def test_a_disk_whose_logs_are_lost_is_not_judged(self):
        root = self.disk("vm.min_free_kbytes = 15000000\n")
        said = " ".join(whyoom("--root", root, "--width", "80").out.split())
        self.assertNotIn("nothing wrong", said)
        self.assertIn(f"whyoom lint {root}/etc/sysctl.conf --ram", said)
        fixed = whyoom("fix", "--root", root)
        self.check(fixed, 2)
        self.assertIn("the disk sets vm.min_free_kbytes=15000000 (/etc/sysctl.conf:1); how much RAM", fixed.err)
        (root / "etc" / "sysctl.conf").write_text("")
        self.assertNotIn("nothing is wrong", whyoom("fix", "--root", root).err)

    def test_colour_changes_no_line(self):
        root = self.scratch / "root"
        host_of_case("min-free-too-high/positive-host.case", root)
        self.put_log(root)
        plain = self.fits(root)
        painted = whyoom("--root", root, "--width", "80", "--color", "always").out
        self.assertNotEqual(painted, plain)
        self.assertEqual(re.sub(r"\x1b\[[0-9;]*m", "", painted), plain)


@unittest.skipUnless(os.geteuid() == 0, "needs root, to become somebody else")
class SomebodyElse(harness.Case):
    def run_as(self, *command):
        program = self.scratch / "whyoom"
        shutil.copy(harness.PROGRAM, program)
        os.chmod(self.scratch, 0o755)
        done = subprocess.run([*command, program, "--width", "80"], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL,
                              check=False, timeout=60, env=harness.CLEAN_ENV)
        unread = "no kernel log could be read" in done.stdout
        self.assertIn(done.returncode, (2,) if unread else (0, 1), done)
        self.assertLessEqual(rows(done.stdout), 23, done.stdout)
        return done.stdout

    @unittest.skipIf(harness.nobody(), harness.nobody())
    def test_nobody_is_sent_to_root(self):
        text = self.run_as(*harness.AS_NOBODY)
        self.assertTrue(text.endswith("\n    sudo whyoom\n"), text)
        self.assertRegex(text, r"not (all )?read:")
        self.assertNotIn("Nothing", text.split("What to do")[1])

    @unittest.skipUnless(shutil.which("unshare"), "needs unshare")
    def test_a_container(self):
        script = ("mount --bind /sys /sys && mount -o remount,ro,bind /sys || exit 77; "
                  "mount --bind /dev/null /dev/kmsg; exec \"$@\"")
        probe = subprocess.run(["unshare", "-mpf", "--mount-proc", "sh", "-c", script, "sh", "true"],
                               check=False, capture_output=True)
        if probe.returncode != 0:
            self.skipTest("no namespaces here")
        text = self.run_as("unshare", "-mpf", "--mount-proc", "sh", "-c", script, "sh")
        self.assertIn("can be seen from here", text)
        self.assertNotIn("sudo whyoom", text)  # it is root already
        self.assertNotIn("  Nothing. ", text)  # not all was seen


if __name__ == "__main__":
    harness.main()
