#!/usr/bin/env python3
"""The text of `whyoom fix --output cloud-init`, held against cloud-init's own schema, then carried out
by cloud-init's own code on this machine's copy. Debian's package is unpacked, never installed: it
would run at the next boot."""

import machine
from machine import CONF, DROP_IN

# Runs the modules of a cloud-config as cloud-init does: write_files, then runcmd, which leaves a
# script that is run at the end of the boot.
CARRY_OUT = """
import inspect, logging, sys
from cloudinit import util
from cloudinit.config import cc_runcmd, cc_write_files
config = util.load_yaml(open(sys.argv[1]).read())
class Distro:
    default_owner = "root:root"
class Cloud:
    distro = Distro()
    paths = None  # newer ones look for certificates below it
    def get_ipath(self, name): return sys.argv[2]
def carry_out(name, module):  # older ones also take a logger
    given = {"name": name, "cfg": config, "cloud": Cloud(), "log": logging.getLogger(), "args": []}
    takes = inspect.signature(module.handle).parameters
    module.handle(**{key: value for key, value in given.items() if key in takes})
carry_out("write_files", cc_write_files)
carry_out("runcmd", cc_runcmd)
"""


class CloudConfig(machine.Case):
    def python(self, *arguments):
        return machine.run(machine.PYTHON, *arguments, cwd=self.scratch, env={
            "HOME": str(self.scratch), **machine.modules_of(machine.unpacked("cloud-init"))})

    def schema(self, text):
        return self.python("-m", "cloudinit.cmd.main", "schema", "--config-file",
                           self.file("user-data", text))

    def carry_out(self, text):
        scripts = self.scratch / "scripts"
        scripts.mkdir(exist_ok=True)
        done = self.python("-c", CARRY_OUT, self.file("user-data", text), scripts)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.succeed("/bin/sh", scripts / "runcmd")

    def test_the_schema_takes_it(self):
        for key, value in ((machine.KEY, "after.example"), ("vm.min_free_kbytes", "45056"),
                           ("kernel.core_pattern", "|/usr/bin/x 'it' %p: # {{ y }}")):
            done = self.schema(machine.text("cloud-init", key=key, value=value))
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertRegex(done.stdout, "Valid (cloud-config|schema)")

    def test_the_schema_refuses_what_is_wrong(self):
        good = machine.text("cloud-init")
        for old, new in (("#cloud-config", "# config"), ("permissions:", "permission:"),
                         ("runcmd:\n  - [", "runcmd:\n  - {a: ["), ("    content: |\n", ""),
                         ("permissions: '0644'", "permissions: 0644")):
            self.assertIn(old, good)
            done = self.schema(good.replace(old, new))
            self.assertNotEqual(done.returncode, 0, (new, done.stdout))

    def test_it_sets_the_value_and_keeps_it(self):
        CONF.write_text("vm.swappiness = 60\n")
        self.carry_out(machine.text("cloud-init"))
        self.assertEqual(DROP_IN.read_text(), "kernel.domainname = after.example\n")
        self.expect_fixed()

    def test_two_settings_in_one_config(self):
        text = machine.text_of_two("cloud-init")
        self.assertEqual(self.schema(text).returncode, 0)
        self.carry_out(text)
        self.expect_both_fixed()

    def test_values_that_yaml_would_like_to_read(self):
        for value in ("it's", "no", "a: b # c", "{{ 7 * 6 }}", "|x", "- y"):
            self.carry_out(machine.text("cloud-init", value=value))
            self.assertEqual(DROP_IN.read_text(), f"kernel.domainname = {value}\n")
            self.assertEqual(self.running(), value)

    def test_a_text_that_is_wrong_is_found(self):
        good = machine.text("cloud-init")
        for old, new in (("[sysctl", "['true'"), (" = ", " "), ("after", "later")):
            self.setUp()
            self.carry_out(good.replace(old, new))
            with self.assertRaises(AssertionError, msg=new):
                self.expect_fixed()


if __name__ == "__main__":
    machine.main("cloud-init")
