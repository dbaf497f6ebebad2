"""What the tests of the adapters of deploy/ share: an archive, its parts, and a place for the events."""
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import archive  # noqa: E402
import tools  # noqa: E402

PROGRAM = SOURCE = TOOLS = None
EVENTS, MIB = 300, 12


class Case(unittest.TestCase):
    part_mib = 1
    least_parts = 8

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="whyoom-fleet-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.addCleanup(tools.end_all)
        self.archive, self.out = self.folder / "archive", self.folder / "out"
        self.out.mkdir()
        self.truth = archive.make(PROGRAM, SOURCE, self.archive, EVENTS, MIB)
        # A part takes a while, so that something can happen to it.
        self.program = self.folder / "slow-whyoom"
        self.program.write_text(f'#!/bin/sh\nsleep 0.4\nexec "{pathlib.Path(PROGRAM).resolve()}" "$@"\n')
        self.program.chmod(0o755)
        self.parts = self.folder / "parts"
        done = tools.run(SOURCE / "deploy/parts.sh", "-s", self.part_mib, self.archive)
        self.assertEqual(done.returncode, 0, done)
        self.parts.write_text(done.stdout)
        self.count = len(done.stdout.splitlines())
        self.assertGreaterEqual(self.count, self.least_parts)

    def small_disk(self):
        """OUT is a file system of 8 MiB, if that can be had."""
        if os.geteuid() == 0:
            done = tools.run("mount", "-t", "tmpfs", "-o", "size=8m", "none", self.out)
            if done.returncode == 0:
                self.addCleanup(tools.run, "umount", "-l", self.out)
                return True
        return False

    def done(self):
        return len(list(self.out.glob("*.ndjson")))

    def reached(self, count, why=lambda: ""):
        if not tools.wait_for(lambda: self.done() >= count):
            self.fail(why())

    def fill(self):
        """Until the file system of OUT takes no more; free() gives it back."""
        with open(self.out / "others", "wb", buffering=0) as others:
            try:
                while others.write(bytes(65536)):
                    pass
            except OSError:
                pass

    def free(self):
        (self.out / "others").unlink(missing_ok=True)

    def check_stored(self, why=""):
        """Every event once. Returns how many."""
        found, again = archive.stored(self.out)
        self.assertIsNone(archive.difference(self.truth, found), why)
        self.assertEqual(again, 0)
        self.assertEqual(self.done(), self.count)
        return len(found)


def main():
    global PROGRAM, SOURCE, TOOLS
    PROGRAM, SOURCE, TOOLS = sys.argv[1], pathlib.Path(sys.argv[2]).resolve(), pathlib.Path(sys.argv[3])
    unittest.main(module="__main__", argv=[sys.argv[0], *sys.argv[4:]], verbosity=2)

