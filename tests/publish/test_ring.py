#!/usr/bin/env python3
"""whyoom-publish --from-ring: the events of a recorder's ring, sent while and after it is written.
common.py has the usage."""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time
import unittest

import common
from common import wait_until
from ring import Ring, kill

NO_RIGHTS = "0" * 16


class FromRing(common.Case):
    def setUp(self):
        super().setUp()
        self.ring = Ring(self.scratch / "ring")
        self.from_ring = f"--from-ring={self.ring.folder}"

    def history_text(self, form):
        return subprocess.run([common.WHYOOM, "history", "--store", self.ring.folder, "--format", form],
                              capture_output=True, check=False, env=common.ENV).stdout

    def history(self):
        return [json.loads(line) for line in self.history_text("ndjson").splitlines()]

    def kills(self, first, count):
        for pid in range(first, first + count):
            self.ring.wait()
            self.ring.say(kill(pid))

    def sent(self, text):
        return [json.loads(line) for line in text.splitlines()]

    def follow(self, *args, out):
        with open(self.scratch / out, "ab") as stdout:
            return self.start("--state", self.state, "--every", "1", self.from_ring, *args, "stdout:", stdout=stdout)

    def test_all_of_it_once(self):
        self.kills(100, 30)
        known = self.history()
        self.assertEqual(len(known), 30)
        whole = json.loads(self.history_text("json"))
        self.assertEqual([each["id"] for each in whole["reports"]], [each["id"] for each in known])
        out, _ = self.publish("--state", self.state, self.from_ring, "--once", "stdout:")
        sent = self.sent(out)
        self.assertEqual([each["id"] for each in sent], [each["id"] for each in known])
        self.assertEqual([each["victim_pid"] for each in sent], list(range(100, 130)))
        self.assertEqual({each["host"] for each in sent}, {os.uname().nodename})
        self.assertEqual({each["boot"] for each in sent}, {self.ring.boot})
        self.assertEqual({each["timestamp_is"] for each in sent}, {"event"})
        out, err = self.publish("--state", self.state, self.from_ring, "--once", "stdout:")
        self.assertEqual(out, "")

    def test_as_they_come(self):
        self.kills(100, 3)
        self.follow(out="sent")
        self.assertTrue(wait_until(lambda: len(self.sent(self.log("sent"))) == 3), self.log())
        for more in range(3):
            self.kills(200 + more, 1)
            self.assertTrue(wait_until(lambda: len(self.sent(self.log("sent"))) == 4 + more), self.log())
        self.assertEqual([each["victim_pid"] for each in self.sent(self.log("sent"))], [100, 101, 102, 200, 201, 202])

    def test_a_report_that_is_still_being_written(self):
        """It is sent when it is whole, and once."""
        log = (common.SOURCE / "examples/min-free-killed.log").read_text().splitlines()
        text = [re.sub(r"^\[[^]]*\] ", "", line) for line in log]
        begin = next(i for i, line in enumerate(text) if "invoked oom-killer" in line)
        end = next(i for i, line in enumerate(text) if i > begin and "Killed process" in line) + 1
        self.follow(out="sent")
        # A second of a kernel that prints to a serial console.
        for at in range(begin, end, 8):
            self.ring.say(*text[at:min(at + 8, end)])
            time.sleep(0.15)
        self.assertTrue(wait_until(lambda: self.sent(self.log("sent"))), self.log())
        time.sleep(3)
        (sent,) = self.sent(self.log("sent"))
        self.assertEqual(sent["id"], self.history()[0]["id"])
        self.assertEqual(sent["cause"], "min-free-too-high")

    def test_an_hour_without_the_receiver(self):
        """5,000 events are in the ring before anybody takes them: all arrive, in order, and the memory of the
        publisher stays as it was."""
        path = self.scratch / "journal"
        process = self.start("--state", self.state, "--rate", "0", "--every", "1", self.from_ring, f"journald:{path}")
        watcher = common.Watcher(process)
        self.kills(1000, 5000)
        self.assertTrue(wait_until(lambda: "not now" in self.log()), self.log())
        journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(journal.close)
        journal.bind(str(path))
        journal.settimeout(60)
        began, pids = time.monotonic(), []
        while len(pids) < 5000:
            data = journal.recv(1 << 20)
            pids.append(int(re.search(rb"WHYOOM_VICTIM_PID\n.{8}(\d+)\n", data, re.S)[1]))
        took = time.monotonic() - began
        self.assertEqual(pids, list(range(1000, 6000)))
        most = watcher.end()
        print(f"most memory {most} kB, {took:.1f} s", end=" ")
        self.check_memory(most, 60_000)
        self.assertEqual(self.end(process), 0)

    def test_what_reading_takes(self):
        """However many events a ring has, none of them is kept."""
        most = []
        for count in (500, 5000):
            self.kills(1000, count)
            with open(self.scratch / "read", "wb") as out:
                process = subprocess.Popen([common.WHYOOM, "history", "--store", self.ring.folder, "--format", "ndjson"],
                                           stdout=out, env=common.ENV)
                watcher = common.Watcher(process)
                self.assertEqual(process.wait(), 1)
                most.append(watcher.end())
        with open(self.scratch / "read", "rb") as read:
            self.assertEqual(len(read.readlines()), 5500)
        print(f"{most} kB", end=" ")
        self.assertLess(most[1], 30_000)

    def test_what_the_state_forgot(self):
        """Up to the last event that was sent all were."""
        self.kills(100, 20)
        self.publish("--state", self.state, self.from_ring, "--once", "stdout:")
        head = self.state.read_text().splitlines()[:3]
        self.state.write_text("\n".join(head) + "\n")  # no ids
        self.kills(200, 2)
        out, _ = self.publish("--state", self.state, self.from_ring, "--once", "stdout:")
        self.assertEqual([each["victim_pid"] for each in self.sent(out)], [200, 201])

    def test_no_ring(self):
        process = self.start("--every", "1", "--from-ring=/nowhere/at/all", "stdout:")
        self.assertTrue(wait_until(lambda: "could not be read" in self.log()), self.log())
        time.sleep(3)
        self.assertEqual(self.log().count("could not be read"), 1)  # it is tried again, and said once
        self.assertIsNone(process.poll())
        self.assertEqual(self.end(process), 0)

    def test_rights(self):
        """A user with no other right than to read all files: the process with the network gives it up."""
        if os.geteuid() != 0:
            self.skipTest("only root can give rights away")
        self.kills(100, 2)
        folder = pathlib.Path("/tmp") / self.scratch.name
        programs = self.scratch / "bin"
        programs.mkdir()
        self.scratch.chmod(0o755)
        for program in (common.PUBLISH, common.WHYOOM):
            (programs / program.name).write_bytes(program.read_bytes())
            (programs / program.name).chmod(0o755)
        self.assertEqual(folder, self.scratch)
        user = ["--reuid=65534", "--regid=65534", "--clear-groups"]
        rights = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]
        command = [programs / "whyoom-publish", "--every", "1", self.from_ring, "stdout:"]
        probe = subprocess.run(["setpriv", *user, *rights, "true"], capture_output=True, check=False)
        if probe.returncode != 0:
            self.skipTest("rights cannot be given away here")
        with open(self.scratch / "sent", "ab") as out:
            process = self.start(*user, *rights, *command, program="setpriv", stdout=out)
        self.assertTrue(wait_until(lambda: len(self.sent(self.log("sent"))) == 2), self.log())
        status = lambda pid: pathlib.Path(f"/proc/{pid}/status").read_text()
        caps = lambda pid: re.search(r"CapEff:\s(\w+)", status(pid))[1]
        reader = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0]
        self.assertEqual(caps(process.pid), NO_RIGHTS)
        self.assertRegex(status(process.pid), r"CapPrm:\s0{16}")
        self.assertRegex(status(process.pid), r"NoNewPrivs:\s1")
        self.assertNotEqual(caps(reader), NO_RIGHTS)
        self.end(process)
        self.start(*user, *command, program="setpriv", log="none.log")
        self.assertTrue(wait_until(lambda: "could not be read" in self.log("none.log")), self.log("none.log"))


if __name__ == "__main__":
    common.machine.only_in_long_runs("half a minute", "publish")
    common.main()
