#!/usr/bin/env python3
"""The file of `whyoom fix --output sysctl.d`, read by sysctl and systemd-sysctl."""
import machine
from machine import CONF, DROP_IN, RUNNING


class DropIn(machine.Case):
    def test_each_program_sets_the_value_from_it(self):
        text = machine.text("sysctl.d")
        self.assertTrue(text.startswith(f"# {DROP_IN}\n"), text)
        DROP_IN.write_text(text)
        for tool in (["sysctl", "--system"], ["sysctl", "-p", DROP_IN], [machine.systemd_sysctl()],
                     [machine.systemd_sysctl(), DROP_IN]):
            RUNNING.write_text("before.example\n")
            self.succeed(*tool)
            self.assertEqual(self.running(), "after.example", tool)

    def test_it_comes_after_sysctl_conf_at_boot(self):
        CONF.write_text("kernel.domainname = before.example\n")
        DROP_IN.write_text(machine.text("sysctl.d"))
        self.succeed(machine.systemd_sysctl())
        self.assertEqual(self.running(), "after.example")

    def test_only_system_prefers_sysctl_conf_as_the_text_says(self):
        CONF.write_text("kernel.domainname = before.example\n")
        text = machine.text("sysctl.d")
        self.assertIn("sysctl --system reads /etc/sysctl.conf last", text)
        DROP_IN.write_text(text)
        command = text.splitlines()[1].partition("Set it now: ")[2]
        self.succeed(*command.split())
        self.assertEqual(self.running(), "after.example")
        self.succeed("sysctl", "--system")
        self.assertEqual(self.running(), "before.example")

    def test_every_kind_of_value_arrives_whole(self):
        for value in ("it's", "a b", "a # b", "x=y", '"q"', "$HOME", "\\n"):
            DROP_IN.write_text(machine.text("sysctl.d", value=value))
            for tool in (["sysctl", "-p", DROP_IN], [machine.systemd_sysctl(), DROP_IN]):
                RUNNING.write_text("before.example\n")
                self.succeed(*tool)
                self.assertEqual(self.running(), value, tool)

    def test_two_settings_are_two_files_or_one(self):
        text = machine.text_of_two("sysctl.d")
        first, empty, second = text.partition("\n\n")
        self.assertTrue(empty)
        DROP_IN.write_text(first + "\n")
        machine.SECOND_DROP_IN.write_text(second)
        self.succeed("sysctl", "--system")
        self.expect_both_fixed()
        self.setUp()
        DROP_IN.write_text(text)
        self.succeed("sysctl", "-p", DROP_IN)
        self.expect_both_fixed()

    def test_a_text_that_is_wrong_is_found(self):
        good = machine.text("sysctl.d")
        for old, new in (("kernel.domainname", "kernel.domainnam"), (" = ", " "),
                         ("kernel.domainname", "# kernel.domainname"), ("after", "\"after\"")):
            DROP_IN.write_text(good.replace(old, new))
            machine.run(machine.systemd_sysctl())
            with self.assertRaises(AssertionError, msg=new):
                self.assertEqual(self.running(), "after.example")
            RUNNING.write_text("before.example\n")


if __name__ == "__main__":
    machine.main()
