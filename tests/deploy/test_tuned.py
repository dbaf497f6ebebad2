#!/usr/bin/env python3
"""The profile of `whyoom fix --output tuned`, loaded and carried out by tuned's own code. Debian's
package is unpacked, never installed: it would start a service."""
import json
import os
import pathlib

import machine
from machine import CONF, KEY, NAME

# Arguments: folders of profiles, with commas; names of profiles, with blanks; "apply" or "load".
# Prints {section: {option: value}} of the merged profile. "apply" gives the sysctl section to the
# plugin as the daemon does.
LOAD = """
import json, sys
from tuned.profiles import Factory, Loader, Locator, Merger
from tuned.profiles.variables import Variables
from tuned.utils.global_config import GlobalConfig
config = GlobalConfig(sys.argv[4])
variables = Variables()
loader = Loader(Locator(sys.argv[1].split(",")), Factory(), Merger(), config, variables)
profile = loader.load(sys.argv[2])
if sys.argv[3] == "apply":
    from tuned.plugins.plugin_sysctl import SysctlPlugin
    class Nothing:
        def __getattr__(self, name): return lambda *more, **named: None
    class Storage:
        def get(self, key, default=None): return default
        def set(self, key, value): pass
        def unset(self, key): pass
    class Instance:
        name, options = "sysctl", profile.units["sysctl"].options
    plugin = SysctlPlugin.__new__(SysctlPlugin)
    from tuned.utils.commands import commands
    plugin._cmd, plugin._storage = commands(), Storage()
    plugin._variables, plugin._global_cfg = variables, config
    plugin._storage_key = lambda name: name
    plugin._instance_init(Instance)
    plugin._instance_apply_static(Instance)
print(json.dumps({name: dict(unit.options) for name, unit in profile.units.items()}))
"""


class Profile(machine.Case):
    def setUp(self):
        super().setUp()
        self.own = self.scratch / "etc-tuned"
        self.tuned = machine.unpacked("tuned")

    def add(self, name, text):
        (self.own / name).mkdir(parents=True, exist_ok=True)
        (self.own / name / "tuned.conf").write_text(text)

    def tool(self, names, action):
        profiles = machine.found(self.tuned, "usr/lib/tuned/profiles", "usr/lib/tuned")
        folders = f"{profiles},{self.own}"
        return machine.run(machine.PYTHON, "-c", LOAD, folders, names, action,
                           self.tuned / "etc/tuned/tuned-main.conf", cwd=self.scratch, env={
                               "HOME": str(self.scratch), **machine.modules_of(self.tuned)})

    def load(self, names=NAME, action="load"):
        done = self.tool(names, action)
        self.assertEqual(done.returncode, 0, done.stdout)
        return json.loads(done.stdout.splitlines()[-1])

    def text(self, active=None, **more):
        """The profile for a host on which `active` is the content of tuned's active_profile."""
        root = self.scratch / "root"
        for folder in ("proc/sys/vm", "proc/sys/kernel", "etc/tuned"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        (root / "proc/meminfo").write_text(pathlib.Path("/proc/meminfo").read_text())
        if active:
            (root / "etc/tuned/active_profile").write_text(active + "\n")
        return machine.text("tuned", root=root, **more)

    def test_it_adds_the_key_to_the_active_profile(self):
        text = self.text("throughput-performance", key="vm.min_free_kbytes", value="45056")
        self.add("whyoom-vm-min-free-kbytes", text)
        got = self.load("whyoom-vm-min-free-kbytes")
        base = self.load("throughput-performance")
        self.assertEqual(got["sysctl"].pop("vm.min_free_kbytes"), "45056")
        self.assertEqual(got, base)
        self.assertIn("vm.swappiness", base["sysctl"])

    def test_the_text_names_the_profile_and_both_places(self):
        text = self.text()
        self.assertIn(f"tuned-adm profile {NAME}\n", text)
        self.assertIn(f"/etc/tuned/{NAME}/tuned.conf\n", text)
        self.assertIn(f"/etc/tuned/profiles/{NAME}/tuned.conf\n", text)

    def test_several_active_profiles_are_all_included(self):
        self.add(NAME, self.text("throughput-performance postgresql"))
        got = self.load()
        self.assertEqual(got["sysctl"].pop(KEY), "after.example")
        self.assertEqual(got, self.load("throughput-performance postgresql"))

    def test_without_an_active_profile_there_is_nothing_else(self):
        self.add(NAME, self.text())
        self.assertEqual(self.load(), {"sysctl": {KEY: "after.example"}})

    def test_a_second_fix_keeps_the_first(self):
        self.add(NAME, self.text("balanced"))
        self.add("whyoom-vm-swappiness", self.text(NAME, key="vm.swappiness", value="7"))
        got = self.load("whyoom-vm-swappiness")["sysctl"]
        self.assertEqual((got[KEY], got["vm.swappiness"]), ("after.example", "7"))

    def test_a_profile_never_includes_itself(self):
        text = self.text(NAME)
        self.assertNotIn("\ninclude=", text)
        self.assertIn("keep here the include= line that it has", text)
        self.add(NAME, text)
        self.assertEqual(self.load()["sysctl"], {KEY: "after.example"})

    def test_a_broken_profile_is_refused(self):
        good = self.text("balanced")
        for old, new in (("include=balanced", "include=no-such-profile"), ("[sysctl]", "[sysctl"),
                         ("[main]", ""), ("include=balanced", "include=balanced postgresql")):
            self.assertIn(old, good)
            self.add(NAME, good.replace(old, new))
            done = self.tool(NAME, "load")
            self.assertNotEqual(done.returncode, 0, (new, done.stdout))
            self.assertRegex(done.stdout, "InvalidProfileException|Cannot")
        for old, new in ((f"\n{KEY}=", "\nkernel.domain="), ("[sysctl]", "[sysctls]")):
            self.add(NAME, good.replace(old, new))
            self.assertNotIn(KEY, self.load().get("sysctl", {}))

    def test_tuned_sets_the_value(self):
        for value in ("after.example", "it's", "a b"):
            self.add(NAME, self.text(value=value))
            self.load(action="apply")
            self.assertEqual(self.running(), value)

    def test_two_settings_in_one_profile(self):
        text = machine.text_of_two("tuned")
        name = f"{NAME}-kernel-hostname"
        self.assertIn(f"tuned-adm profile {name}\n", text)
        self.add(name, text)
        got = self.load(name, action="apply")
        self.assertEqual(got["sysctl"], {KEY: "after.example", "kernel.hostname": "after-too"})
        self.assertEqual((self.running(), machine.SECOND.read_text().strip()),
                         ("after.example", "after-too"))

    def test_a_sysctl_file_wins_as_the_text_says(self):
        CONF.write_text(f"{KEY} = conf.example\n")
        text = self.text()
        self.assertIn("win over it", text)
        self.add(NAME, text)
        self.load(action="apply")
        self.assertEqual(self.running(), "conf.example")


if __name__ == "__main__":
    if not os.access(machine.PYTHON, os.X_OK):
        machine.skip(f"{machine.PYTHON} is not there")
    machine.main("tuned")
