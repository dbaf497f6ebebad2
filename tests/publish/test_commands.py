#!/usr/bin/env python3
"""`whyoom explain --publish` and `whyoom watch --publish`, the unit and the manual. common.py has the usage."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest

import common
from common import wait_until
from ring import Ring, kill

LOG = "examples/min-free-killed.log"


def run(*command, **more):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False,
                          **{"env": common.ENV, **more})


class Explain(common.Case):
    def test_what_is_found_is_sent(self):
        log = common.SOURCE / LOG
        told = [json.loads(line) for line in run(common.WHYOOM, "explain", "--format", "ndjson", log).stdout.splitlines()]
        done = run(common.WHYOOM, "explain", "--publish", "stdout:", log)
        self.assertEqual(done.returncode, 1, done.stderr)
        sent = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([each["id"] for each in sent], [each["id"] for each in told])
        self.assertIn(f"{len(told)} events sent", done.stderr)
        with open(log, encoding="utf-8") as text:
            self.assertEqual(run(common.WHYOOM, "explain", "--publish", "stdout:", "-", stdin=text).stdout.count("\n"),
                             len(told))
        self.assertEqual(run(common.WHYOOM, "explain", "--exit-zero", "--publish", "stdout:", log).returncode, 0)

    def test_what_was_not_sent_is_trouble(self):
        log = common.SOURCE / LOG
        for url in ("nowhere:", "nats://user:secret@host/x"):
            done = run(common.WHYOOM, "explain", "--publish", url, log)
            self.assertEqual(done.returncode, 2, done)
            self.assertNotIn("secret", done.stderr)
        self.assertEqual(run(common.WHYOOM, "explain", "--publish", "stdout:", "--format", "json", log).returncode, 2)
        secrets = self.file("credentials", "token = x\n", 0o644)
        done = run(common.WHYOOM, "explain", "--publish", "otlp+https://localhost", "--credentials", secrets, log)
        self.assertEqual(done.returncode, 2)
        self.assertIn("chmod 600", done.stderr)

    def test_without_the_program(self):
        alone = shutil.copy(common.WHYOOM, self.scratch)
        done = run(alone, "explain", "--publish", "stdout:", common.SOURCE / LOG, env={"PATH": "/nowhere"})
        self.assertEqual(done.returncode, 2)
        self.assertIn("needs the program whyoom-publish", done.stderr)


class Watch(common.Case):
    def children(self, pid):
        path = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
        return [int(each) for each in path.read_text().split()] if path.exists() else []

    def publisher_of(self, watch):
        """Of the supervisor among the recorder's children."""
        for child in self.children(watch.pid):
            for grandchild in self.children(child):
                if "whyoom-publish" in pathlib.Path(f"/proc/{grandchild}/cmdline").read_text():
                    return child, grandchild
        return None

    def test_beside_the_recorder(self):
        if os.geteuid() != 0:
            self.skipTest("only root may record a machine")
        ring = Ring(self.scratch / "ring")
        for pid in range(100, 105):
            ring.wait()
            ring.say(kill(pid))
        path = self.scratch / "journal"
        watch = self.start("watch", "--store", ring.folder, "--publish", f"journald:{path}", program=common.WHYOOM)
        self.assertTrue(wait_until(lambda: self.publisher_of(watch) and "not now" in self.log()), self.log())
        # Whatever happens to it, the recorder goes on and starts it again.
        supervisor, publisher = self.publisher_of(watch)
        os.kill(publisher, signal.SIGKILL)
        self.assertTrue(wait_until(lambda: (self.publisher_of(watch) or (0, publisher))[1] != publisher), self.log())
        journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(journal.close)
        journal.bind(str(path))
        journal.settimeout(120)
        pids = [int(re.search(rb"WHYOOM_VICTIM_PID\n.{8}(\d+)\n", journal.recv(1 << 20), re.S)[1]) for _ in range(5)]
        self.assertEqual(pids, [100, 101, 102, 103, 104])
        self.assertTrue(wait_until(pathlib.Path(f"{ring.folder}.publish").exists))
        self.assertIsNone(watch.poll())
        _, publisher = self.publisher_of(watch)
        self.assertEqual(self.end(watch), 0)
        self.assertTrue(wait_until(lambda: not any(pathlib.Path(f"/proc/{pid}").exists()
                                                   for pid in (supervisor, publisher))))

    def test_without_the_program(self):
        alone = shutil.copy(common.WHYOOM, self.scratch)
        done = run(alone, "watch", "--publish", "stdout:", "--store", self.scratch / "ring", env={"PATH": "/nowhere"})
        self.assertEqual(done.returncode, 2)
        self.assertIn("needs the program whyoom-publish", done.stderr)


class Files(common.Case):
    def test_unit(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("no systemd-analyze here")
        unit = (common.SOURCE / "packaging/systemd/whyoom-publish.service").read_text()
        self.assertIn("ExecStart=/usr/bin/whyoom-publish ", unit)
        # In quotes: the folder may have a space in its name.
        here = unit.replace("/usr/bin/whyoom-publish", f'"{common.PUBLISH}"')
        copy = self.file("whyoom-publish.service", here, 0o644)
        done = run("systemd-analyze", "verify", "--man=no", copy)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_manual(self):
        """It has all options and URLs of the help."""
        out, _ = self.publish("--help")
        page = (common.SOURCE / "docs/man/whyoom-publish.1").read_text().replace("\\", "")
        document = (common.SOURCE / "docs/publish.md").read_text()
        options = set(re.findall(r"^  (--[a-z-]+)", out, re.M))
        self.assertGreater(len(options), 8)
        for option in options:
            self.assertIn(f"fB{option}fR", page)
        for scheme in re.findall(r"^  ([a-z0-9+]+):", out, re.M):
            self.assertIn(f"{scheme}:", page)
            self.assertIn(f"`{scheme}:", document)
        if shutil.which("man"):
            done = run("man", "--warnings", "-l", "-Tutf8", "-Z", common.SOURCE / "docs/man/whyoom-publish.1")
            self.assertEqual(done.stderr, "")

    def test_fields_are_documented(self):
        document = (common.SOURCE / "docs/publish.md").read_text()
        source = (common.SOURCE / "src/publish/event.cc").read_text()
        names = re.findall(r'to\.(?:text|number|add)\("(\w+)", "([\w.]+)"', source)
        self.assertGreater(len(names), 15)
        for name, attribute in names:
            self.assertIn(f"`{name}`", document)
            if name not in ("cause", "verdict", "outcome"):
                self.assertIn(f"`{attribute}`", document)


if __name__ == "__main__":
    common.main()
