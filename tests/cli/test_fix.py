#!/usr/bin/env python3
"""`whyoom fix` and `whyoom undo` on a machine of their own."""
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess

import harness
import own_machine
from harness import whyoom
from own_machine import NEW, OLD, RUNNING, FixCase, mount_empty

END = b"(end)"
SYSTEMD = next((path for path in ("/usr/lib/systemd/systemd-sysctl", "/lib/systemd/systemd-sysctl")
                if os.path.exists(path)), None)


class Fixes(FixCase):
    def test_the_line_that_decides_is_changed_and_nothing_else(self):
        result = self.fix("--yes")
        self.check(result, 0, "-\tkernel.domainname = before.example")
        self.assertIn("+\tkernel.domainname = after.example", result.out)
        self.assertEqual(self.conf.read_bytes(), NEW)
        self.assertEqual(self.running(), "after.example")

    def test_the_tools_change_nothing_afterwards(self):
        self.check(self.fix("--yes"), 0)
        tools = [["sysctl", "-p"], ["sysctl", "--system"]] + ([[SYSTEMD]] if SYSTEMD else [])
        for tool in tools:
            if shutil.which(tool[0], path="/usr/sbin:/sbin:/usr/bin:/bin"):
                subprocess.run(tool, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env={"PATH": "/usr/sbin:/sbin:/usr/bin:/bin"}, check=False)
                self.assertEqual(self.running(), "after.example", tool)

    def test_undo_gives_back_every_byte(self):
        os.chmod(self.conf, 0o640)
        os.chown(self.conf, 12, 34)
        self.check(self.fix("--yes"), 0)
        fixed = os.stat(self.conf)
        self.assertEqual((fixed.st_mode & 0o7777, fixed.st_uid, fixed.st_gid), (0o640, 12, 34))
        self.check(whyoom("undo", "--yes"), 0, "Undone")
        self.expect_untouched()
        undone = os.stat(self.conf)
        self.assertEqual((undone.st_mode & 0o7777, undone.st_uid, undone.st_gid), (0o640, 12, 34))
        self.check(whyoom("undo", "--yes"), 0, "Nothing to undo")

    def test_a_second_fix_has_nothing_to_do(self):
        self.check(self.fix("--yes"), 0)
        self.check(self.fix("--yes"), 0, "Nothing to do")

    def test_a_missing_key_is_added_and_undo_takes_it_out(self):
        self.conf.write_bytes(b"# nothing")
        self.check(self.fix("--yes"), 0)
        self.assertEqual(self.conf.read_bytes(), b"# nothing\nkernel.domainname = after.example\n")
        self.check(whyoom("undo", "--yes"), 0)
        self.assertEqual(self.conf.read_bytes(), b"# nothing")

    def test_without_sysctl_conf_there_is_a_drop_in(self):
        self.conf.unlink()
        os.unlink("/etc/sysctl.d/99-sysctl.conf")
        os.rmdir("/etc/sysctl.d")
        self.check(self.fix("--yes"), 0)
        drop_in = pathlib.Path("/etc/sysctl.d/90-whyoom.conf")
        self.assertIn("kernel.domainname = after.example\n", drop_in.read_text())
        self.check(whyoom("undo", "--yes"), 0)
        self.assertEqual(os.listdir("/etc"), [])

    def test_a_later_line_becomes_a_comment(self):
        last = pathlib.Path("/etc/sysctl.d/zz.conf")
        last.write_text("kernel.domainname=late.example\n")
        result = self.fix("--yes")
        self.check(result, 0, "becomes a comment")
        self.assertEqual(last.read_text(), "kernel.domainname=after.example\n")
        self.assertIn(b"# \tkernel.domainname", self.conf.read_bytes().replace(b"#\t", b"# \t"))
        self.check(whyoom("undo", "--yes"), 0)
        self.assertEqual(last.read_text(), "kernel.domainname=late.example\n")
        self.assertEqual(self.conf.read_bytes(), OLD)

    def test_the_older_of_two_fixes_waits_for_the_younger(self):
        self.check(self.fix("--yes"), 0)
        self.check(whyoom("fix", "--yes", "kernel.domainname=third.example"), 0)
        self.check(whyoom("undo", "--yes", "1"), 2, err="undo it first: `whyoom undo 2`")
        self.check(whyoom("undo", "--yes"), 0)
        self.check(whyoom("undo", "--yes"), 0)
        self.expect_untouched_files()

    def test_undo_shows_a_running_value_that_someone_changed(self):
        self.check(self.fix("--yes"), 0)
        RUNNING.write_text("other.example\n")
        self.check(whyoom("undo", "--dry-run"), 0, "other.example: changed by someone else")
        self.check(whyoom("undo", "--yes"), 0)
        self.expect_untouched_files()

    def test_files_only_leaves_the_running_value(self):
        result = self.fix("--yes", "--files-only")
        self.check(result, 0, "kernel.domainname stays before.example now; from the next boot on")
        self.assertIn("Done. kernel.domainname is after.example in the files; the next boot may differ", result.out)
        self.assertEqual(self.running(), "before.example")
        self.check(self.fix("--yes", "--files-only"), 0, "in the files already")
        self.assertEqual(self.conf.read_bytes(), NEW)

    def test_json(self):
        planned = self.fix("--dry-run", "--format", "json").json["fix"]
        self.assertEqual(planned["state"], "planned")
        self.assertEqual(planned["then"]["boot"], "after.example")
        self.assertEqual(planned["edits"][0]["line"], 2)
        asked = self.fix("--format", "json")
        self.assertEqual((asked.status, asked.json["fix"]["state"]), (2, "refused"))
        self.expect_untouched()
        applied = self.fix("--yes", "--format", "json").json["fix"]
        self.assertEqual((applied["state"], applied["number"]), ("applied", 1))
        listed = whyoom("fix", "--list", "--format", "json").json["fixes"]
        self.assertEqual([(each["number"], each["state"]) for each in listed], [(1, "applied")])


class Several(FixCase):
    BOTH = ("kernel.domainname=after.example", "kernel.hostname=other")
    HOSTNAME = pathlib.Path("/proc/sys/kernel/hostname")

    def setUp(self):
        super().setUp()
        self.HOSTNAME.write_text("this\n")

    def test_one_plan_one_entry_one_undo(self):
        shown = whyoom("fix", *self.BOTH, "--yes")
        self.check(shown, 0, "Done. kernel.domainname is after.example and kernel.hostname is other in the files")
        self.assertIn("kernel.hostname: this -> other", shown.out)
        self.assertEqual(self.conf.read_bytes(), NEW + b"\r\nkernel.hostname = other\r\n")
        self.assertEqual((self.running(), self.HOSTNAME.read_text()), ("after.example", "other\n"))
        listed = whyoom("fix", "--list", "--format", "json").json["fixes"]
        self.assertEqual([(each["number"], each["key"]) for each in listed], [(1, "kernel.domainname")])
        self.assertEqual([each["value"] for each in listed[0]["settings"]], ["after.example", "other"])
        self.assertRegex(whyoom("fix", "--list").out,
                         "fix 1: kernel.domainname before.example -> after.example, "
                         "kernel.hostname this -> other, ")
        self.check(whyoom("fix", *self.BOTH, "--yes"), 0, "in the files already. Nothing to do")
        self.check(whyoom("undo", "--yes"), 0, "Undone")
        self.assertEqual(self.HOSTNAME.read_text(), "this\n")
        self.expect_untouched()

    def test_what_one_of_them_cannot_have_none_has(self):
        for second in ("kernel.no_such_key=1", "vm.panic_on_oom=7", "nonsense", self.BOTH[0]):
            self.check(whyoom("fix", "--yes", self.BOTH[0], second), 2)
            self.expect_untouched()

    def test_a_fix_of_one_of_its_keys_waits(self):
        self.check(whyoom("fix", "--yes", *self.BOTH), 0)
        self.check(whyoom("fix", "--yes", "kernel.hostname=third"), 0)
        self.check(whyoom("undo", "--yes", "1"), 2, err="undo it first: `whyoom undo 2`")

    def test_the_plan_as_json(self):
        plan = whyoom("fix", *self.BOTH, "--dry-run", "--format", "json").json["fix"]
        self.assertEqual((plan["key"], plan["value"]), ("kernel.domainname", "after.example"))
        self.assertEqual([each["key"] for each in plan["settings"]], ["kernel.domainname", "kernel.hostname"])
        self.assertEqual(plan["settings"][1]["running"], {"before": "this", "after": "other"})
        self.assertEqual([len(each["edits"]) for each in plan["settings"]], [1, 1])
        self.assertEqual(len(plan["edits"]), 2)
        self.assertNotIn("settings", self.fix("--dry-run", "--format", "json").json["fix"])

    def test_for_other_tools_they_are_one_text(self):
        for tool in ("ansible", "cloud-init", "kubernetes", "tuned", "sysctl.d"):
            result = whyoom("fix", *self.BOTH, "--output", tool)
            self.check(result, 0, "after.example")
            for words in ("kernel.domainname", "kernel.hostname", "other"):
                self.assertIn(words, result.out)


class Output(FixCase):
    """Whoever can read of it: the exit status tells what became of the machine."""

    def with_output(self, *args, out, err="PIPE"):
        """The status and standard error of a run whose descriptors are files, or closed (None)."""
        closes = f"{'' if out else '1>&- '}{'' if err else '2>&- '}"
        with open(out or os.devnull, "wb") as to, open(err if err and err != "PIPE" else os.devnull,
                                                       "wb") as errors_to:
            done = subprocess.run(["sh", "-c", f'exec "$0" "$@" {closes}', harness.PROGRAM, *args],
                                  stdin=subprocess.DEVNULL, env=harness.CLEAN_ENV, check=False,
                                  timeout=60, stdout=to,
                                  stderr=subprocess.PIPE if err == "PIPE" else errors_to)
        return done.returncode, (done.stderr or b"").decode()

    def test_a_fix_that_nobody_can_read_of_is_done(self):
        for out, err in (("/dev/full", "PIPE"), (None, "PIPE"), (None, None), ("/dev/full", "/dev/full")):
            status, said = self.with_output("fix", "--yes", "kernel.domainname=after.example",
                                            out=out, err=err)
            self.assertEqual(status, 0, said)
            if err == "PIPE":
                self.assertIn("cannot write the output", said)
                self.assertIn("whyoom fix --list", said)
            self.assertEqual(self.conf.read_bytes(), NEW)
            self.assertEqual(self.running(), "after.example")
            status, said = self.with_output("undo", "--yes", out=out, err=err)
            self.assertEqual(status, 0, said)
            self.expect_untouched_files()

    def test_what_only_reads_has_failed_when_its_output_has(self):
        status, said = self.with_output("fix", "--dry-run", "kernel.domainname=b.example",
                                        out="/dev/full")
        self.assertEqual(status, 2, said)
        status, _ = self.with_output("fix", "--list", out="/dev/full")
        self.assertEqual(status, 2)

    def test_closed_descriptors_are_no_files(self):
        for closed in ("0<&- 1>&-", "1>&- 2>&-", "0<&- 1>&- 2>&-"):
            done = subprocess.run(["sh", "-c", f'exec "$0" "$@" {closed}', harness.PROGRAM, "fix", "--yes",
                                   "kernel.domainname=after.example"], env=harness.CLEAN_ENV, check=False,
                                  timeout=60, capture_output=True)
            self.assertEqual(done.returncode, 0, closed)
            self.assertEqual(self.conf.read_bytes(), NEW)
            lock = pathlib.Path("/var/lib/whyoom/fixes/lock").read_bytes()
            self.assertRegex(lock, rb"^[0-9]*\n?$", closed)
            self.check(whyoom("undo", "--yes"), 0)

    def test_a_question_that_cannot_be_shown_is_not_asked(self):
        terminal, inside = pty.openpty()
        self.addCleanup(os.close, terminal)
        self.addCleanup(os.close, inside)
        os.write(terminal, b"y\n")
        with open("/dev/full", "wb") as full:
            done = subprocess.run([harness.PROGRAM, "fix", "kernel.domainname=after.example"], check=False,
                                  stdin=inside, stdout=full, stderr=inside, timeout=60,
                                  env=harness.CLEAN_ENV, start_new_session=True)
        self.assertEqual(done.returncode, 2)
        self.expect_untouched()


class Risks(FixCase):
    MIN_FREE = "vm.min_free_kbytes"

    def plan(self, value, root):
        return whyoom("fix", f"{self.MIN_FREE}={value}", "--root", root, "--dry-run",
                      "--format", "json").json["fix"]

    def test_what_the_check_would_call_a_risk_is_in_the_plan(self):
        host = harness.EXAMPLES / "host"
        high = self.plan("60%", host)
        self.assertTrue(any("min-free-too-high" in risk for risk in high["risks"]), high["risks"])
        self.assertEqual(self.plan("default", host)["risks"], [])
        shown = whyoom("fix", f"{self.MIN_FREE}=60%", "--root", host, "--dry-run")
        self.check(shown, 0, "risk: with it `whyoom check` would say (min-free-too-high)")

    def test_a_value_that_kills_at_once_needs_force(self):
        host = harness.EXAMPLES / "host"
        refused = self.plan("97%", host)
        self.assertEqual(refused["state"], "refused")
        self.assertIn("it kills from 949420 kB", refused["why"])
        self.assertIn("--force", refused["why"])
        self.assertTrue(any("min-free-too-high" in risk for risk in refused["risks"]), refused["risks"])
        forced = whyoom("fix", f"{self.MIN_FREE}=97%", "--root", host, "--dry-run", "--force")
        self.check(forced, 0, "risk: vm.min_free_kbytes=960641 would make the kernel kill", "nothing was changed")

    def test_a_text_for_other_tools_warns_of_it(self):
        host = harness.EXAMPLES / "host"
        for value, warned in (("97%", True), ("default", False)):
            result = whyoom("fix", f"{self.MIN_FREE}={value}", "--root", host, "--output", "ansible")
            self.check(result, 0, "ansible-playbook")
            self.assertEqual("make the kernel kill processes at once" in result.err, warned, result)
        for_the_boot = whyoom("fix", f"{self.MIN_FREE}=97%", "--root", host, "--dry-run", "--files-only")
        self.check(for_the_boot, 2, err="--force")

    def test_a_file_that_could_decide_and_is_not_read_refuses(self):
        subprocess.run(["mount", "-o", "remount,size=32m", "/etc"], check=True)
        self.conf.write_bytes(OLD + b"\n#" + b"x" * (5 << 20) + b"\nkernel.domainname=late\n")
        before = self.conf.read_bytes()
        self.check(self.fix("--yes"), 2, err="could not be read")
        self.assertEqual(self.conf.read_bytes(), before)
        self.conf.write_bytes(OLD)
        os.mkfifo("/etc/sysctl.d/99-z.conf")
        self.check(self.fix("--yes"), 2, err="/etc/sysctl.d/99-z.conf could not be read")
        self.expect_untouched_files()
        os.unlink("/etc/sysctl.d/99-z.conf")
        self.check(self.fix("--yes"), 0)

    def test_undo_says_it_too(self):
        later = pathlib.Path("/etc/sysctl.d/99-zz.conf")
        later.write_text("vm.panic_on_oom = 2\n")
        self.check(whyoom("fix", "--yes", "--files-only", "vm.panic_on_oom=0"), 0)
        self.check(whyoom("undo", "--dry-run"), 0, "risk: with it `whyoom check` would say (panic-on-oom)")


class Refusals(FixCase):
    def test_a_dry_run_touches_nothing(self):
        self.check(self.fix("--dry-run"), 0, "+\tkernel.domainname", "nothing was changed")
        self.expect_untouched()
        self.assertEqual(os.listdir("/var/lib"), [])

    def test_without_a_terminal_and_yes_nothing_is_changed(self):
        self.check(self.fix(), 2, err="add --yes")
        self.expect_untouched()

    def test_wrong_values_name_the_limits(self):
        for value in ("text", "-1", "0", "64Q", "1.5", "300%", "9" * 30):
            self.check(whyoom("fix", "--yes", f"vm.min_free_kbytes={value}"), 2,
                       err="vm.min_free_kbytes=")
        self.check(whyoom("fix", "--yes", "vm.panic_on_oom=7"), 2, err="0 to 2")
        self.check(whyoom("fix", "--yes", "vm.no_such_key=7"), 2, err="no such sysctl")
        self.check(whyoom("fix", "--yes", "nonsense"), 2, err="KEY=VALUE")
        self.check(whyoom("fix", "--cause", "nonsense"), 2, err="there is no cause")
        self.expect_untouched()

    def test_a_key_cannot_leave_proc_sys(self):
        victim = pathlib.Path("/etc/victim")
        victim.write_text("root's\n")
        for key in ("kernel/../../../etc/victim", "kernel.//.//.//.etc.victim", "../../etc/victim", "kernel/./../../../etc/victim", "vm/../../../etc/victim"):
            for more in (["--yes"], ["--yes", "--files-only"], ["--dry-run"], ["--output", "ansible"]):
                result = whyoom("fix", f"{key}=x", *more)
                self.check(result, 2)
                self.assertRegex(result.err, "no (such )?sysctl")
        self.assertEqual(victim.read_text(), "root's\n")
        victim.unlink()
        self.check(whyoom("undo", "--yes"), 0, "Nothing to undo")
        self.expect_untouched()

    def test_a_key_below_another_mount(self):
        subprocess.run(["mount", "--bind", "/proc/sys/kernel", "/proc/sys/kernel"], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", "/proc/sys/kernel"], check=True)
        self.check(self.fix("--yes"), 2, err="as in a container. Do this on the host")
        self.expect_untouched()

    def test_a_key_below_what_is_no_proc(self):
        mount_empty("/proc/sys")
        self.addCleanup(subprocess.run, ["umount", "-l", "/proc/sys"], check=True)
        os.mkdir("/proc/sys/kernel")
        RUNNING.write_text("before.example\n")
        self.check(self.fix("--yes"), 2, err="something else is mounted there")
        self.expect_untouched()

    def test_a_file_in_a_directory_of_somebody_else(self):
        home = pathlib.Path("/var/lib/home")
        home.mkdir()
        os.chown(home, 1234, 1234)
        theirs = home / "sysctl.conf"
        theirs.write_bytes(OLD)
        self.conf.unlink()
        self.conf.symlink_to(theirs)
        self.check(self.fix("--yes"), 2, err="others than root own a directory on its path")
        self.assertEqual(theirs.read_bytes(), OLD)
        self.assertEqual(self.running(), "before.example")
        self.assertEqual(os.listdir(home), ["sysctl.conf"])

    def test_read_only_proc_sys_of_a_container(self):
        subprocess.run(["mount", "--bind", "/proc/sys", "/proc/sys"], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", "/proc/sys"], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", "/proc/sys"], check=True)
        result = self.fix("--yes")
        self.check(result, 2, err="read-only")
        self.expect_untouched()

    def test_a_full_disk(self):
        subprocess.run(["umount", "-l", "/etc"], check=True)
        mount_empty("/etc", "256k")
        os.mkdir("/etc/sysctl.d")
        os.symlink("../sysctl.conf", "/etc/sysctl.d/99-sysctl.conf")
        self.conf.write_bytes(OLD)
        with open("/etc/filler", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"x" * 4096)
            except OSError:
                pass
        self.check(self.fix("--yes"), 2, err="no space")
        self.assertEqual(self.conf.read_bytes(), OLD)
        self.assertEqual(self.running(), "before.example")
        self.assertEqual(sorted(os.listdir("/etc")), ["filler", "sysctl.conf", "sysctl.d"])

    @harness.limits_files
    def test_a_limit_of_file_sizes(self):
        """The kernel's SIGXFSZ would end the program in the midst of it, without a word."""
        result = subprocess.run(["sh", "-c", 'ulimit -f 0; exec "$0" "$@"', harness.PROGRAM, "fix",
                                 "kernel.domainname=after.example", "--yes"],
                                capture_output=True, text=True, check=False)
        self.assertIn(result.returncode, (2, 3), result)
        self.assertIn("ulimit -f", result.stderr)
        self.expect_untouched()

    def test_a_read_only_disk(self):
        subprocess.run(["mount", "-o", "remount,ro", "/etc"], check=True)
        self.check(self.fix("--yes"), 2, err="read-only")
        self.expect_untouched()

    def test_a_file_that_someone_changed_is_left_alone_and_shown(self):
        self.check(self.fix("--yes"), 0)
        self.conf.write_bytes(NEW + b"\nvm.dirty_ratio=5\n")
        result = whyoom("undo", "--yes")
        self.check(result, 2, err="+vm.dirty_ratio=5")
        self.assertEqual(self.running(), "after.example")

    def test_without_root(self):
        result = whyoom("fix", "--yes", "kernel.domainname=x", user=65534, group=65534)
        self.check(result, 2, err="needs root: sudo whyoom fix kernel.domainname=x")
        self.check(whyoom("undo", user=65534, group=65534), 2, err="needs root: sudo whyoom undo")
        self.expect_untouched()

    def test_the_last_event_is_told_from_the_fix(self):
        tree = pathlib.Path("/var/lib/tree")
        shutil.copytree(harness.EXAMPLES / "host", tree)
        log = tree / "var/log/kern.log"
        log.parent.mkdir(parents=True)
        for example, other in (("memory-exhausted.log", True), ("min-free-killed.log", False)):
            shutil.copy(harness.EXAMPLES / example, log)
            result = whyoom("fix", "--root", str(tree), "--dry-run")
            self.check(result, 0, "min-free-too-high: ")
            told = re.search(r"The last event \(.*kern.log:\d+\) was memory-exhausted, which no setting",
                             result.out.replace("\n", " "))
            self.assertEqual(bool(told), other, result.out)
        # What everybody could have written says nothing.
        shutil.copy(harness.EXAMPLES / "memory-exhausted.log", log)
        log.chmod(0o666)
        self.assertNotIn("The last event",
                         whyoom("fix", "--root", str(tree), "--dry-run").out.replace("\n", " "))

    def test_a_file_that_others_can_write_is_a_risk_of_the_plan(self):
        self.conf.chmod(0o666)
        plan = self.fix("--dry-run", "--format", "json").json["fix"]
        self.assertTrue(any(risk.startswith("everybody can write ") for risk in plan["risks"]),
                        plan["risks"])
        self.conf.chmod(0o644)
        risks = self.fix("--dry-run", "--format", "json").json["fix"]["risks"]  # of this test's own /etc
        self.assertEqual(risks, ["/etc/sysctl.conf lies in memory: the next boot does not have what is written there"])
        self.check(self.fix("--yes"), 0, "is after.example in the files; the next boot may differ: see the risk.")

    def test_a_copy_of_a_host_is_only_looked_at(self):
        self.check(self.fix("--root", "/", "--yes"), 2, err="--dry-run")
        self.check(self.fix("--root", "/", "--dry-run"), 0)
        self.expect_untouched()


class Asking(FixCase):
    def answer(self, text):
        """Runs the fix on a terminal and types `text`; the status and what was shown."""
        terminal, inside = pty.openpty()
        program = subprocess.Popen([harness.PROGRAM, "fix", "kernel.domainname=after.example"],
                                   env={**harness.CLEAN_ENV, "TERM": "xterm"}, start_new_session=True,
                                   stdin=inside, stdout=inside, stderr=inside)
        shown = self.read_until(terminal, b"[y/N] ")
        os.write(terminal, text)
        status = program.wait(timeout=60)
        # What was written last can be lost when the last descriptor of the inner side is closed, so
        # it stays open here, and a mark behind the program's words tells that all of them came.
        os.write(inside, END)
        shown += self.read_until(terminal, END)
        os.close(inside)
        os.close(terminal)
        return status, shown.decode()

    def read_until(self, terminal, mark):
        shown = b""
        while mark not in shown:
            ready, _, _ = select.select([terminal], [], [], 60)
            self.assertTrue(ready, f"no {mark!r} in {shown!r}")
            shown += os.read(terminal, 65536)
        return shown

    def test_yes(self):
        status, shown = self.answer(b"y\n")
        self.assertEqual(status, 0, shown)
        self.assertIn("\x1b[", shown)
        self.assertEqual(self.running(), "after.example")

    def test_anything_else_is_no(self):
        for text in (b"\n", b"n\n", b"yy\n", b"\x04"):
            status, shown = self.answer(text)
            self.assertEqual(status, 2, shown)
            self.assertIn("nothing was changed", shown)
            self.expect_untouched()


class OtherTools(FixCase):
    def test_each_tool_gets_a_text_and_nothing_is_changed(self):
        for tool in ("ansible", "cloud-init", "kubernetes", "tuned", "sysctl.d"):
            result = self.fix("--output", tool)
            self.check(result, 0, "after.example")
        self.check(self.fix("--output", "puppet"), 2, err="not one of ansible")
        self.expect_untouched()


if __name__ == "__main__":
    own_machine.main()
