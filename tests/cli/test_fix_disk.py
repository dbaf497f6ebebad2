#!/usr/bin/env python3
"""`whyoom fix --root DIR` and its undo on the disk of a system that does not run, as a rescue system
mounts it: below /var/lib/disk, an empty file system of a private mount namespace. This machine's own
/etc and its setting stand there too, and must stay as they are."""
import os
import pathlib
import shutil
import subprocess

import harness
import own_machine
from harness import whyoom

KEY = "kernel.domainname"
HOST = ("hostname", "db1\n")


class DiskCase(own_machine.FixCase):
    def setUp(self):
        super().setUp()
        self.disk = pathlib.Path("/var/lib/disk")
        for name in ("etc/sysctl.d", "proc", "sys", "run", "var/lib"):
            (self.disk / name).mkdir(parents=True)
        self.theirs = self.disk / "etc/sysctl.conf"
        self.theirs.write_bytes(own_machine.OLD)
        os.symlink("/etc/sysctl.conf", self.disk / "etc/sysctl.d/99-sysctl.conf")  # on the disk
        (self.disk / "etc" / HOST[0]).write_text(HOST[1])

    def fix(self, *more):
        return whyoom("fix", f"{KEY}=after.example", "--root", self.disk, *more)

    def undo(self, *more):
        return whyoom("undo", "--root", self.disk, *more)

    def journal(self):
        fixes = self.disk / "var/lib/whyoom/fixes"
        return sorted(name for name in os.listdir(fixes) if name.isdigit()) if fixes.is_dir() else []


class Disk(DiskCase):
    def test_its_files_are_changed_and_nothing_that_runs(self):
        result = self.fix("--yes")
        self.check(result, 0, "Host db1, /var/lib/disk: a disk.\nNothing that runs is touched")
        self.assertIn(f"{KEY} from the next boot on: before.example -> after.example", result.out)
        self.assertNotIn("/proc/sys", result.out)
        self.assertIn("`sudo whyoom undo --root /var/lib/disk` takes it back", result.out)
        self.assertEqual(self.theirs.read_bytes(), own_machine.NEW)
        self.expect_untouched()
        self.assertEqual(self.journal(), ["1"])
        self.assertFalse(os.path.exists("/var/lib/whyoom"))

    def test_undo_gives_back_every_byte(self):
        self.check(self.fix("--yes"), 0)
        self.check(self.undo("--yes"), 0, "nothing that runs is touched")
        self.assertEqual(self.theirs.read_bytes(), own_machine.OLD)
        self.check(self.undo("--yes"), 0, "no fix is in force on this disk")
        self.check(whyoom("undo", "--yes"), 0, "no fix is in force on this machine")
        self.expect_untouched()

    def test_undo_says_that_a_mode_was_changed_since(self):
        self.check(self.fix("--yes"), 0)
        self.theirs.chmod(0o600)
        result = self.undo("--yes")
        self.check(result, 0, "note: owner, mode or attributes of /etc/sysctl.conf were changed")
        self.assertIn("Undone: the content of the files and the values are as before", result.out)
        self.assertEqual(self.theirs.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.theirs.read_bytes(), own_machine.OLD)

    def test_what_the_next_boot_may_not_read_is_no_promise(self):
        (self.disk / "usr/lib/systemd").mkdir(parents=True)
        (self.disk / "usr/lib/systemd/systemd-sysctl").touch()
        unit = self.disk / "usr/local/lib/systemd/system/systemd-sysctl.service"
        unit.parent.mkdir(parents=True)
        unit.symlink_to("/dev/null")
        result = self.fix("--yes")
        self.check(result, 0, "risk: systemd-sysctl.service is masked on this host")
        self.assertIn("the next boot may differ: see the risk", result.out)

    def test_the_journal_of_the_disk_is_listed(self):
        self.check(whyoom("fix", "--list", "--root", self.disk), 0, "No fix was made on this disk")
        self.check(self.fix("--yes"), 0)
        self.check(whyoom("fix", "--list", "--root", self.disk), 0, "fix 1: kernel.domainname after.example")
        self.check(whyoom("fix", "--list"), 0, "No fix was made on this machine")

    def test_the_machine_takes_back_on_the_disk_what_it_did_while_it_ran(self):
        self.check(whyoom("fix", f"{KEY}=after.example", "--yes"), 0)
        for name in ("etc", "var/lib/whyoom"):  # it stops, and its disk is mounted elsewhere
            shutil.rmtree(self.disk / name, ignore_errors=True)
            shutil.copytree("/" + name, self.disk / name, symlinks=True)
        for path in self.disk.rglob("*"):
            os.chown(path, 0, 0, follow_symlinks=False)
        self.check(self.undo("--yes"), 0, "Undone")
        self.assertEqual(self.theirs.read_bytes(), own_machine.OLD)
        self.assertEqual(self.running(), "after.example")

    def test_a_dry_run_says_what_the_run_would_do(self):
        shown = self.fix("--dry-run")
        self.check(shown, 0, "Nothing that runs is touched")
        self.assertNotIn("/proc/sys", shown.out)
        self.assertEqual(self.theirs.read_bytes(), own_machine.OLD)
        plan = self.fix("--dry-run", "--format", "json").json["fix"]
        self.assertEqual(plan["running"]["before"], None)
        self.assertEqual(self.journal(), [])

    def test_what_the_rescue_system_mounts_there_is_not_the_hosts(self):
        run = pathlib.Path("/run/sysctl.d")
        made = not run.exists()
        run.mkdir(parents=True, exist_ok=True)
        if made:
            self.addCleanup(run.rmdir)
        # Of this mount namespace alone: other tests look at what the machine has there.
        subprocess.run(["mount", "-t", "tmpfs", "none", run], check=True)
        self.addCleanup(subprocess.run, ["umount", run], check=True)
        late = run / "zz-whyoom-test.conf"
        late.write_text(f"{KEY} = rescue.example\n")
        self.addCleanup(late.unlink)
        for name in ("sys", "run"):
            subprocess.run(["mount", "--rbind", f"/{name}", self.disk / name], check=True)
            self.addCleanup(subprocess.run, ["umount", "-l", self.disk / name], check=True)

        def rescue(*args):
            """With a /proc whose first process can be looked at, which a container may not allow."""
            done = subprocess.run(["unshare", "--pid", "--fork", "--mount", "sh", "-c",
                                   f'mount -t proc proc {self.disk}/proc || exit 77; "$@"; exit $?', "sh",
                                   harness.PROGRAM, *args, "--root", self.disk],
                                  env=harness.CLEAN_ENV, capture_output=True, check=False, timeout=60)
            if done.returncode == 77:
                self.skipTest("no /proc of a pid namespace")
            return harness.Result(done)

        shown = rescue("fix", f"{KEY}=after.example", "--yes")
        self.check(shown, 0, "a disk")
        self.assertNotIn("/proc/sys", shown.out)
        self.assertEqual(self.theirs.read_bytes(), own_machine.NEW)
        self.assertEqual(self.running(), "before.example")
        self.check(rescue("check"), 2, err="no /proc of a host in it")
        self.check(rescue("undo", "--yes"), 0)
        self.assertEqual(self.theirs.read_bytes(), own_machine.OLD)

    def test_what_its_logs_tell_is_mended(self):
        log = self.disk / "var/log/kern.log"
        log.parent.mkdir(parents=True)
        shutil.copy(harness.EXAMPLES / "min-free-killed.log", log)
        self.theirs.write_text("vm.min_free_kbytes = 495176\n")
        result = whyoom("fix", "--root", self.disk, "--yes")
        self.check(result, 0, "min-free-too-high: ")
        self.assertRegex(result.out, r"vm.min_free_kbytes from the next boot on: 495176 -> \d+ ")
        self.assertRegex(self.theirs.read_text(), r"^vm.min_free_kbytes = [0-9]{4,5}\n$")
        self.check(whyoom("fix", "--root", self.disk, "--yes"), 0, "from the next boot on already")


    def test_what_needs_its_ram_is_said(self):
        plan = whyoom("fix", "vm.min_free_kbytes=900000", "--root", self.disk, "--dry-run", "--format", "json")
        self.assertIn("how much RAM", plan.json["fix"]["risks"][0])
        for value in ("default", "1%"):
            self.check(whyoom("fix", f"vm.min_free_kbytes={value}", "--root", self.disk, "--yes"), 2,
                       err="vm.min_free_kbytes")


class Refusals(DiskCase):
    def test_no_link_leads_out(self):
        """An absolute link is one on the disk, and so is .. at its top."""
        outside = pathlib.Path("/var/lib/outside")
        outside.mkdir()
        (outside / "sysctl.conf").write_bytes(own_machine.OLD)
        for target in ("/var/lib/outside/sysctl.conf", "../../outside/sysctl.conf",
                       "../../../../../var/lib/outside/sysctl.conf"):
            self.theirs.unlink()
            self.theirs.symlink_to(target)
            self.fix("--yes")
            self.assertEqual((outside / "sysctl.conf").read_bytes(), own_machine.OLD, target)
            self.undo("--yes")
        for name in ("var/lib/whyoom", "var/lib"):
            (self.disk / name).rename(self.disk / "away")
            (self.disk / name).symlink_to("/var/lib/outside")
            self.fix("--yes")
            self.assertEqual(os.listdir(outside), ["sysctl.conf"])
            (self.disk / name).unlink()
            (self.disk / "away").rename(self.disk / name)
        self.expect_untouched()

    def test_a_copy_a_capture_and_a_running_system_are_only_looked_at(self):
        self.check(whyoom("fix", "--root", harness.EXAMPLES / "host", "--yes", "vm.panic_on_oom=1"), 2,
                   err="--dry-run")
        capture = self.scratch / "capture"
        self.check(whyoom("capture", "-o", capture, "--root", harness.EXAMPLES / "host"), 0)
        self.check(whyoom("fix", "--root", capture, "--yes", "vm.panic_on_oom=1"), 2, err="--dry-run")
        for made in (("undo", "--yes"), ("undo", "--dry-run"), ("fix", "--list"), ("fix", "--resume")):
            for root in (capture, harness.EXAMPLES / "host"):
                refused = whyoom(*made, "--root", root)
                self.check(refused, 2, err="a copy of a host has no fixes of its own")
                self.assertNotIn("--dry-run", refused.err)
        # This very system, as a pod sees its node.
        node = pathlib.Path("/var/lib/node")
        node.mkdir()
        subprocess.run(["mount", "--rbind", "/", node], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", node], check=True)
        self.check(whyoom("fix", f"{KEY}=after.example", "--root", node, "--yes"), 2,
                   err="is the root of a running system; run whyoom in it, as with `sudo chroot /var/lib/node")
        self.check(whyoom("undo", "--root", node, "--yes"), 2, err="is the root of a running system")
        self.expect_untouched()

    def test_a_directory_without_an_etc_is_no_disk(self):
        empty = self.scratch / "empty"
        empty.mkdir()
        self.check(whyoom("fix", f"{KEY}=x", "--root", empty, "--yes"), 2, err="has an etc/")
        self.assertEqual(os.listdir(empty), [])

    def test_a_disk_that_others_could_exchange(self):
        home = pathlib.Path("/var/lib/home")
        home.mkdir()
        os.chown(home, 1234, 1234)
        moved = home / "disk"
        self.disk.rename(moved)
        self.disk = moved
        self.check(self.fix("--yes"), 2, err="could put another one in its place")
        self.assertEqual((moved / "etc/sysctl.conf").read_bytes(), own_machine.OLD)

    def test_an_interrupted_fix_names_the_disk(self):
        self.check(self.fix("--yes"), 0)
        state = self.disk / "var/lib/whyoom/fixes/1/state"
        state.write_text("planned    \n")
        self.check(whyoom("fix", "--yes", f"{KEY}=third", "--root", self.disk), 2,
                   err="`whyoom fix --resume --root /var/lib/disk`")
        self.check(whyoom("fix", "--resume", "--yes", "--root", self.disk), 0, "Done.")
        self.expect_untouched()


if __name__ == "__main__":
    own_machine.main()
