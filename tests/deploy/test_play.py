#!/usr/bin/env python3
"""The play of `whyoom play`, run by ansible-playbook on several hosts, each a root of its own on this
machine (chroot) with the /proc of examples/host as plain files and its own /etc. The program is the
real one: what it finds, the line that it edits and what it says afterwards. Not so the running value,
which belongs to the kernel of this machine: a wrapper leaves it (--files-only) and puts what the files
say then into the host's own sys/vm/min_free_kbytes, as the next boot would."""
import json
import os
import re
import shutil
import subprocess
import sys

import machine

harness = machine.harness
CAUSE = "min-free-too-high"
WRAPPER = """#!/bin/sh
root={root}
echo "$*" >> $root/calls
case $1 in
fix) shift; set -- fix --files-only "$@" ;;
esac
chroot $root /whyoom "$@"
status=$?
value=$(cat $root/etc/sysctl.conf $root/etc/sysctl.d/zz-database.conf 2>/dev/null |
  sed -n 's/^ *vm.min_free_kbytes *= *//p' | tail -n 1)
[ -z "$value" ] || echo "$value" > $root/proc/sys/vm/min_free_kbytes
exit $status
"""


def event(host, number, cause=CAUSE):
    return json.dumps({"id": f"{number:032x}", "kind": "oom-kill", "host": host, "root_cause": cause,
                       "verdict": "proved"}) + "\n"


class Play(machine.harness.Case):
    def setUp(self):
        super().setUp()
        self.names = []

    def add_host(self, name, wrapper=WRAPPER):
        root = self.scratch / name
        shutil.copytree(harness.EXAMPLES / "host", root, symlinks=True)
        shutil.copy(harness.PROGRAM, root / "whyoom")
        (root / "var/lib").mkdir(parents=True)
        (root / "tmp").mkdir()
        path = self.scratch / f"whyoom-{name}"
        path.write_text(wrapper.replace("{root}", str(root)))
        path.chmod(0o755)
        self.names.append(name)
        return root

    def inventory(self):
        lines = "".join(f"{name} ansible_connection=local whyoom_program={self.scratch}/whyoom-{name}\n"
                        for name in self.names)
        return self.file("inventory", lines + "[db9]\n" + "\n".join(self.names) + "\n")

    def write(self, events, *args):
        return harness.whyoom("play", *args, stdin=events)

    def run_play(self, text, *more):
        book = self.file("whyoom-play.yml", text)
        return machine.run("ansible-playbook", "-i", self.inventory(), "-u", "root", book, *more,
                           cwd=self.scratch,
                           env={"HOME": str(self.scratch), "ANSIBLE_NOCOLOR": "1",
                                "ANSIBLE_PYTHON_INTERPRETER": machine.PYTHON,
                                "ANSIBLE_LOCALHOST_WARNING": "0", "ANSIBLE_PIPELINING": "1"})

    def recap(self, out):
        found = {}
        for name, rest in re.findall(r"(?m)^(\S+)\s+: (ok=.*)$", out):
            found[name] = {key: int(number) for key, number in re.findall(r"(\w+)=(\d+)", rest)}
        return found

    @staticmethod
    def value(root):
        return (root / "proc/sys/vm/min_free_kbytes").read_text().strip()

    def calls(self, root):
        path = root / "calls"
        return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []

    def events_of_all(self):
        return "".join(event(name, number) for number, name in enumerate(self.names))

    def test_the_hosts_found_are_mended_and_no_others(self):
        roots = [self.add_host(f"db{number}") for number in range(1, 7)]
        before = self.value(roots[0])
        found = "".join(event(f"db{number}", number) for number in (1, 2, 3, 4, 5))
        found += event("db6", 6, "memory-exhausted") + event("elsewhere", 7) + event("db9", 8)
        summary = harness.whyoom("summary", "--format", "json", stdin=found)
        play = self.write(summary.out, "--batch", "1,50%")
        self.check(play, 0, err="7 hosts to fix")
        self.assertEqual(play.out, self.write(found, "--batch", "1,50%").out)
        checked = self.run_play(play.out, "--check")
        self.assertEqual(checked.returncode, 0, checked.stdout)
        self.assertEqual({self.value(root) for root in roots}, {before})
        done = self.run_play(play.out)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("not in the inventory: db9, elsewhere", done.stdout.replace("elsewhere, db9",
                                                                                  "db9, elsewhere"))
        recap = self.recap(done.stdout)
        for number, root in enumerate(roots, 1):
            if number == 6:  # nobody found it, and db9 is a group of all of them
                self.assertEqual((self.value(root), self.calls(root)), (before, []))
                continue
            self.assertEqual((recap[f"db{number}"]["changed"], recap[f"db{number}"]["failed"]), (1, 0))
            self.assertLess(int(self.value(root)), int(before))
            self.assertEqual(self.calls(root), ["fix", "fix", "check"])
        # One at first, then half of them at a time.
        self.assertEqual(done.stdout.count("PLAY [Mend"), 3, done.stdout)
        again = self.run_play(play.out)
        self.assertEqual(again.returncode, 0, again.stdout)
        self.assertEqual({each["changed"] for each in self.recap(again.stdout).values()}, {0})

    def test_it_stops_at_the_first_failure(self):
        for name, what, wrong in (
                ("fix fails", "fix) shift; set -- fix", "fix) exit 3; set -- fix"),
                ("check still finds it", "[ -z \"$value\" ] || echo", "true || echo"),
                ("check cannot look", "chroot $root /whyoom \"$@\"",
                 "[ $1 = check ] && exit 2; chroot $root /whyoom \"$@\"")):
            with self.subTest(name):
                self.setUp()
                self.assertIn(what, WRAPPER)
                roots = [self.add_host("db1"), self.add_host("db2", WRAPPER.replace(what, wrong)),
                         self.add_host("db3")]
                before = self.value(roots[2])
                done = self.run_play(self.write(self.events_of_all(), "--batch", "1").out)
                self.assertNotEqual(done.returncode, 0, done.stdout)
                self.assertNotEqual(self.value(roots[0]), before)
                self.assertEqual((self.value(roots[2]), self.calls(roots[2])), (before, []))

    def test_a_value_that_was_asked_for(self):
        root = self.add_host("db1")
        play = self.write(event("db1", 1), "--set", "vm.min_free_kbytes=45056")
        done = self.run_play(play.out)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.value(root), "45056")

    def test_the_program_is_brought(self):
        root = self.add_host("db1")
        (root / "whyoom").unlink()
        play = self.write(event("db1", 1)).out
        inventory_program = self.scratch / "whyoom-db1"
        inventory_program.unlink()
        done = self.run_play(play, "-e", f"whyoom_binary={harness.PROGRAM}", "--check")
        self.assertNotEqual(done.returncode, 0)  # nothing is brought with --check
        script = self.file("program", WRAPPER.replace("{root}", str(root)))
        shutil.copy(harness.PROGRAM, root / "whyoom")
        done = self.run_play(play, "-e", f"whyoom_binary={script}")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.calls(root), ["fix", "check"])

    def test_none_in_the_inventory(self):
        self.add_host("db1")
        done = self.run_play(self.write(event("db2", 1)).out)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("none of the hosts is in the inventory", done.stdout)

    def test_hostile_names(self):
        names = ["all", "x: y", "a'b", "{{ 7*7 }}", "a\nb", "-rf", "db1:!db2", "*", "../x", "a" * 254,
                 "\u202edb", "a\x1b[31m"]
        result = self.write("".join(event(name, number) for number, name in enumerate(names))
                            + event("db1", 99))
        self.assertEqual(result.status, 2, result)
        self.assertIn("left out", result.err)
        self.assertIn("2 hosts to fix", result.err)  # a host may be called "all"; a group is not taken
        self.assertEqual(re.findall(r"(?m)^      - (.*)$", result.out), ["'all'", "'db1'"])
        self.assertNotIn("\x1b", result.err)
        self.assertNotIn("\u202e", result.err)
        self.add_host("db1")
        self.add_host("db2")
        done = self.run_play(result.out)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("not in the inventory: all", done.stdout)
        self.assertEqual(self.calls(self.scratch / "db2"), [])

    def test_wrong_use(self):
        one = event("db1", 1)
        for args, why in ((["--cause", "min-free-to-high"], "did you mean"),
                          (["--batch", "0"], "a batch is a number of hosts"),
                          (["--set", "vm.min_free_kbytes=x"], "vm.min_free_kbytes=x"),
                          (["--cause", "pid-max"], "no host has an event of pid-max")):
            with self.subTest(args):
                result = self.write(one, *args)
                self.check(result, 2, err=why)
                self.assertEqual(result.out, "")
        self.check(self.write("no json\n"), 2, err="no host has an event")
        self.check(self.write(event(None, 1) + one), 0, err="1 event left out: no host is named")


if __name__ == "__main__":
    machine.only_in_long_runs("a minute", "deploy.play")
    sys.argv[1:3] = map(os.path.abspath, sys.argv[1:3])
    del sys.argv[3:]
    if not shutil.which("ansible-playbook") and os.getuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "-q", "-y", "install", "ansible-core"], check=False, timeout=300,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if not shutil.which("ansible-playbook"):
        machine.skip("ansible-core is not installed")
    if os.getuid() != 0:
        machine.skip("roots of their own need root")
    if "dynamic" in subprocess.run(["file", "-b", sys.argv[1]], capture_output=True, text=True,
                                   check=False).stdout:
        machine.skip("this build of the program is not static")
    harness.main()
