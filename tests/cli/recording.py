"""What the tests of `whyoom watch` share: a recorder with a ring of its own, and how to ask it."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

import harness
from harness import whyoom
from small_cgroup import wait_for

SAMPLE, PROCESS = 2, 3


def places(data):
    """Kind, place and size of each record, as docs/formats/ring.md has them."""
    at = 0
    while at < len(data):
        assert data[at:at + 2] == b"\xffW", at
        begin, size, shift = at, 0, 0
        at += 2
        while True:
            size |= (data[at] & 0x7f) << shift
            shift += 7
            at += 1
            if data[at - 1] < 0x80:
                break
        kind = data[at]
        at += size + 4
        yield kind, begin, at - begin


class Recording(unittest.TestCase):
    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("only root may record a machine")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="whyoom-watch-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.store = self.folder / "ring"
        self.running = []
        self.addCleanup(self.end_all)

    def start(self, *args, env=None, store=None, before=()):
        errors = open(self.folder / "errors", "ab")
        self.addCleanup(errors.close)
        said = len(self.errors())
        process = subprocess.Popen([*before, harness.PROGRAM, "watch", "--store", str(store or self.store),
                                    *map(str, args)],
                                   stderr=errors, env={**harness.CLEAN_ENV, **(env or {})})
        self.running.append(process)
        self.assertTrue(wait_for(lambda: "left before requests fail" in
                                 self.errors()[said:] or process.poll() is not None), self.errors())
        return process

    def errors(self):
        return (self.folder / "errors").read_text(encoding="utf-8")

    def end(self, process, how=signal.SIGTERM):
        process.send_signal(how)
        self.running.remove(process)
        return process.wait()

    def end_all(self):
        for process in list(self.running):
            self.end(process, signal.SIGKILL)

    def history(self, *args):
        done = whyoom("history", "--store", self.store, "--format", "json", *args)
        self.assertIn(done.status, (0, 1), done)
        return done.json

    def recorded(self):
        """How many points the curve has; none before there is a record."""
        done = whyoom("history", "--store", self.store, "--format", "json")
        return len(done.json["curve"]) if done.status in (0, 1) else 0

    def segments(self):
        return sorted(self.store.glob("segment-*"))

    def once(self):
        done = whyoom("watch", "--store", self.store, "--once")
        self.assertEqual(done.status, 0, done)
