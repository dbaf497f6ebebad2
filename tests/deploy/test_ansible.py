#!/usr/bin/env python3
"""The playbook of `whyoom fix --output ansible`, run by ansible-playbook on this machine's own copy."""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import types

import machine
from machine import CONF, DROP_IN, SECOND, SECOND_DROP_IN

FOR_YAML = "no"
FOR_JINJA_AND_THE_SHELL = 'it\'s {{ 7 * 6 }}: "b" # c'


def recap(out):
    """{"ok": 7, "changed": 3, ...} of the one host."""
    line = re.search(r"(?m)^localhost\s*:(.*)$", out)
    return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", line[1])} if line else {}


class Playbook(machine.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        home = tempfile.TemporaryDirectory()
        cls.addClassCleanup(home.cleanup)
        first = pathlib.Path(shutil.which("ansible-playbook")).read_text(encoding="utf-8").splitlines()[0]
        cls.ansible = subprocess.Popen(
            [*first.removeprefix("#!").split(), pathlib.Path(__file__).with_name("playbooks.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
            env={**machine.CLEAN_ENV, "HOME": home.name, "ANSIBLE_NOCOLOR": "1",
                 "ANSIBLE_PYTHON_INTERPRETER": machine.PYTHON, "ANSIBLE_LOCALHOST_WARNING": "0",
                 "ANSIBLE_PIPELINING": "1"})
        cls.addClassCleanup(cls.ansible.__exit__, None, None, None)

    def play(self, *more, text=None):
        book = self.file("whyoom-fix.yml", machine.text("ansible") if text is None else text)
        # Root stays root, so that the host needs no sudo.
        order = [self.scratch, "-i", "localhost,", "-c", "local", "-u", "root", book, *more]
        self.ansible.stdin.write(json.dumps([str(part) for part in order]) + "\n")
        self.ansible.stdin.flush()
        status = int(self.ansible.stdout.readline())
        return types.SimpleNamespace(returncode=status, stdout=(self.scratch / "out").read_text())

    def played(self, *more, text=None):
        done = self.play(*more, text=text)
        self.assertEqual(done.returncode, 0, done.stdout)
        return recap(done.stdout)

    def expect_idempotent(self, text=None):
        count = self.played(text=text)
        self.assertEqual((count["changed"], count["failed"]), (0, 0), count)

    def test_it_sets_the_value_and_keeps_it(self):
        CONF.write_bytes(b"# ours\n\n\n \tkernel/domainname = before.example\r\nvm.swappiness=60\n"
                         b"-kernel.domainname=too\nkernel.domainname2=stays")
        later = CONF.parent / "sysctl.d" / "local.conf"
        later.write_text("\nkernel.domainname = late.example\nvm.swappiness = 60\n")
        earlier = CONF.parent / "sysctl.d" / "10-vendor.conf"
        earlier.write_text("kernel.domainname = early.example\n")
        count = self.played()
        self.assertEqual((count["changed"], count["failed"]), (3, 0), count)
        self.assertEqual(CONF.read_bytes(),
                         b"# ours\n\n\n#  \tkernel/domainname = before.example\r\nvm.swappiness=60\n"
                         b"# -kernel.domainname=too\nkernel.domainname2=stays")
        self.assertEqual(later.read_text(), "\n# kernel.domainname = late.example\nvm.swappiness = 60\n")
        self.assertEqual(earlier.read_text(), "kernel.domainname = early.example\n")
        self.assertEqual(DROP_IN.read_text(encoding="ascii"), "kernel.domainname = after.example\n")
        self.expect_fixed()
        self.expect_idempotent()
        # Another key does not take its place; its value is one that Jinja and the shell would like to read.
        other = machine.text("ansible", key="kernel.hostname", value=FOR_JINJA_AND_THE_SHELL)
        self.assertEqual(self.played(text=other)["failed"], 0)
        self.assertEqual(SECOND.read_text().strip(), FOR_JINJA_AND_THE_SHELL)
        self.assertEqual(SECOND_DROP_IN.read_text(), f"kernel.hostname = {FOR_JINJA_AND_THE_SHELL}\n")
        self.expect_fixed()

    def test_a_host_without_any_sysctl_file_and_a_value_that_yaml_would_like_to_read(self):
        CONF.unlink()
        shutil.rmtree("/etc/sysctl.d")
        text = machine.text("ansible", value=FOR_YAML)
        count = self.played(text=text)
        self.assertEqual((count["changed"], count["failed"]), (3, 0), count)
        self.assertFalse(CONF.exists())
        self.assertEqual(DROP_IN.read_text(), f"kernel.domainname = {FOR_YAML}\n")
        self.expect_fixed(FOR_YAML)
        self.expect_idempotent(text)

    def test_check_mode_changes_nothing_and_says_what_would_change(self):
        CONF.write_text("kernel.domainname = before.example\n")
        count = self.played("--check")
        self.assertEqual(count["failed"], 0)
        self.assertGreaterEqual(count["changed"], 2)
        self.assertEqual(CONF.read_text(), "kernel.domainname = before.example\n")
        self.assertFalse(DROP_IN.exists())
        self.assertEqual(self.running(), "before.example")

    def test_two_settings_in_one_book(self):
        CONF.write_text("kernel.domainname = before.example\nkernel/hostname=before\n")
        text = machine.text_of_two("ansible")
        count = self.played(text=text)
        self.assertEqual((count["changed"], count["failed"]), (6, 0), count)
        self.assertEqual(CONF.read_text(),
                         "# kernel.domainname = before.example\n# kernel/hostname=before\n")
        self.expect_both_fixed()
        self.assertEqual(self.played(text=text)["changed"], 0)

    def test_the_syntax_for_min_free_kbytes(self):
        text = machine.text("ansible", key="vm.min_free_kbytes", value="45056")
        self.assertEqual(self.play("--syntax-check", text=text).returncode, 0)
        for broken in (text.replace("  tasks:", "  task:"),
                       text.replace("builtin.copy", "builtin.copi")):
            self.assertNotEqual(self.play("--syntax-check", text=broken).returncode, 0)

    def test_a_text_that_is_wrong_is_found(self):
        good = machine.text("ansible")
        for old, new in (("sysctl -w", "true -w"), ("kernel[./]domainname", "kernel[./]hostname"),
                         ("dest: /etc/sysctl.d/", "dest: /etc/")):
            with self.subTest(new):
                self.setUp()
                CONF.write_text("kernel.domainname = before.example\n")
                self.assertIn(old, good)
                done = self.play(text=good.replace(old, new))
                with self.assertRaises(AssertionError):
                    self.assertEqual(done.returncode, 0)
                    self.assertEqual(recap(done.stdout)["changed"], 3)
                    self.expect_fixed()


if __name__ == "__main__":
    if not shutil.which("ansible-playbook"):
        machine.skip("ansible-core is not installed")
    machine.main()
