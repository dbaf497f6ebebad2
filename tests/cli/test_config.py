#!/usr/bin/env python3
"""The settings of whyoom itself: what `whyoom config` shows of them, what the commands take, and what is refused."""
import os
import shutil
import subprocess
import unittest

import harness
from harness import whyoom

DEFAULTS = {"store": "/var/lib/whyoom/ring", "size": "64", "interval": "-", "hook": "-", "listen": "127.0.0.1:9753"}


def rows(text):
    """key: (value, from)"""
    table = [line.split(None, 1) for line in text.split("\n\n")[0].splitlines()[1:]]
    return {key: tuple(part.strip() for part in rest.rsplit("  ", 1)) for key, rest in table}


class Settings(harness.Case):
    def conf(self, text, name="whyoom.conf", mode=0o644):
        path = self.scratch / "root/etc" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(mode)
        for folder in (self.scratch / "root", self.scratch / "root/etc", path.parent):
            folder.chmod(0o755)
        return path


class Config(Settings):
    def show(self, **more):
        return whyoom("config", "--root", self.scratch / "root", **more)

    def test_without_a_file_all_is_default(self):
        (self.scratch / "root").mkdir()
        done = self.show()
        self.assertEqual(done.status, 0, done)
        self.assertEqual({key: value for key, (value, _) in rows(done.out).items()}, DEFAULTS)
        self.assertEqual({where for _, where in rows(done.out).values()}, {"default"})
        self.assertIn("whyoom.conf(5)", done.out)

    def test_the_last_line_of_a_key_counts(self):
        self.conf("size = 128\nlisten = [::1]:9000\nhook = /bin/a  b\n")
        self.conf("size=512\nlisten =\n", "whyoom.conf.d/20-b.conf")
        self.conf("# a comment\nsize = 256", "whyoom.conf.d/10-a.conf")
        done = self.show()
        self.assertEqual(done.status, 0, done)
        found = rows(done.out)
        self.assertEqual(found["size"], ("512", "/etc/whyoom.conf.d/20-b.conf:1"))
        self.assertEqual(found["listen"], (DEFAULTS["listen"], "default, by /etc/whyoom.conf.d/20-b.conf:2"))
        self.assertIn("/bin/a  b", done.out)

    def test_a_wrong_line_is_named(self):
        for text, said in (
                ("size = 1\nsize 2", '/etc/whyoom.conf:2: "size 2" is no line'),
                ("sise = 2", "/etc/whyoom.conf:1: there is no setting sise; did you mean size?"),
                ("size = many", '/etc/whyoom.conf:1: --size: "many" is no number from 1 to 1048576'),
                ("interval = 9", '/etc/whyoom.conf:1: --interval: "9" is no number from 10 to 3600000'),
                ("store = ring", "/etc/whyoom.conf:1: store: a path begins with /"),
                (b"hook = \x1b[2Jx", "/etc/whyoom.conf:1: the value of hook has a control character in it"),
                (b"\x1b[2J", "/etc/whyoom.conf:1: "),
                (b"\0" * 70000, "/etc/whyoom.conf: ")):
            self.conf(text)
            done = self.show()
            self.assertEqual((done.status, done.out), (2, ""), text)
            self.assertIn(said, done.err)
            self.assertNotIn("\x1b", done.err)
            self.assertLess(len(done.err), 400)

    def test_what_others_can_write_is_refused(self):
        for mode in (0o666, 0o646):
            self.conf("size = 1", mode=mode)
            done = self.show()
            self.assertEqual(done.status, 2)
            self.assertIn("everybody can write /etc/whyoom.conf, so nothing is taken from it", done.err)
        self.conf("size = 1")
        (self.scratch / "root/etc").chmod(0o777)
        self.assertIn("everybody can write /etc,", self.show().err)

    def test_a_link_that_others_planted_is_refused(self):
        self.conf("size = 1", "elsewhere")
        drop_in = self.scratch / "root/etc/whyoom.conf"
        drop_in.symlink_to("elsewhere")
        self.assertEqual(self.show().status, 0)
        (self.scratch / "root/etc/elsewhere").chmod(0o666)
        self.assertIn("everybody can write /etc/elsewhere", self.show().err)
        drop_in.unlink()
        drop_in.symlink_to("/dev/zero")  # nothing leads out of the root
        self.assertEqual(self.show().status, 0)

    def test_what_is_no_file_is_not_waited_for(self):
        (self.scratch / "root/etc/whyoom.conf.d").mkdir(parents=True)
        os.mkfifo(self.scratch / "root/etc/whyoom.conf", 0o644)
        done = self.show()
        self.assertEqual(done.status, 2, done)
        self.assertIn("/etc/whyoom.conf: not a regular file", done.err)


class OfThisMachine(Settings):
    """With an /etc of its own: what is in the scratch folder lies above the machine's."""

    def setUp(self):
        super().setUp()
        if os.getuid() != 0 or not shutil.which("unshare"):
            self.skipTest("needs root")
        self.conf("# nothing yet")
        done = self.in_it("true")
        if done.returncode != 0:
            self.skipTest("no mount here: " + done.stdout)

    def in_it(self, *command):
        etc = self.scratch / "root/etc"
        mount = f'mount -t overlay -o lowerdir="{etc}":/etc overlay /etc && exec "$@"'
        return subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", mount, "sh",
                               *map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=harness.CLEAN_ENV,
                              encoding="utf-8", check=False, timeout=60)

    def run_it(self, *args):
        return self.in_it(harness.PROGRAM, *args)

    def test_the_recorder_and_its_readers_take_the_store(self):
        ring = self.scratch / "ring"
        self.conf(f"store = {ring}\n")
        done = self.run_it("watch", "--once")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertTrue(list(ring.glob("segment-*")))
        self.assertIn("The ring:", self.run_it("history").stdout)  # at the default place there is none
        other = self.scratch / "other"
        self.assertEqual(self.run_it("watch", "--once", "--store", other).returncode, 0)
        self.assertTrue(list(other.glob("segment-*")), "the command line beats the file")

    def test_a_wrong_file_ends_them_and_not_the_explanation(self):
        self.conf("store = /x\nwat\n")
        for command in (["watch", "--once", "--store", self.scratch / "x"], ["history"], ["serve"]):
            done = self.run_it(*command)
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertIn('/etc/whyoom.conf:2: "wat" is no line', done.stdout)
        self.assertFalse((self.scratch / "x").exists())
        told = self.run_it("explain", "--host")
        self.assertIn('/etc/whyoom.conf:2: "wat" is no line', told.stdout)
        log = harness.EXAMPLES / "min-free-killed.log"
        self.assertEqual(self.run_it("explain", log.resolve()).returncode, 1)


if __name__ == "__main__":
    harness.main()
