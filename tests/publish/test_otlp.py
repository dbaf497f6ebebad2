#!/usr/bin/env python3
"""OpenTelemetry logs, against a receiver that checks every byte. common.py has the usage."""
import json
import subprocess
import time
import unittest

import common
from common import event, lines, wait_until

PACKAGE = "@opentelemetry/otlp-transformer@0.57.2"


class Otlp(common.Case):
    def setUp(self):
        super().setUp()
        self.modules = common.npm(PACKAGE) / "node_modules"
        self.port = common.free_port()
        self.url = f"otlp+http://127.0.0.1:{self.port}"
        self.mode()

    def mode(self, **mode):
        path = self.file("mode.new", json.dumps(mode))
        path.rename(self.scratch / "mode")

    def receiver(self, *tls):
        log = f"receiver{time.monotonic()}.log"
        process = self.start(common.SOURCE / "tests/publish/otlp_receiver.cjs", self.port, self.scratch, *tls,
                             program="node", log=log, env={"NODE_PATH": str(self.modules)})
        self.assertTrue(wait_until(lambda: "listening" in self.log(log) or process.poll() is not None))
        self.assertIsNone(process.poll(), self.log(log))
        return process

    def records(self):
        self.assertEqual(self.log("wrong"), "")
        return [json.loads(line) for line in self.log("records").splitlines()]

    def assert_all(self, count):
        self.assertEqual([each["id"] for each in self.records()], [event(number)["id"] for number in range(count)])

    def test_what_it_gets(self):
        self.receiver()
        group = event(1)["victims"] + [{"comm": "sh", "pid": 7}] + event(1)["victims"]  # the first comes again
        two = [event(1), event(2, host="node-2", victims=group, kind="oom-panic", outcome="panic", time={"wall": "Nov 23 07:41:32",
                                                                                     "monotonic": 1.5})]
        self.publish(self.url, stdin=lines(two))
        first, second = self.records()
        self.assertEqual(first["host"], "node-1")
        self.assertEqual(first["severity"], "ERROR")
        self.assertEqual(first["time"], "1795000001000000000")
        self.assertEqual(first["body"], "The limit of the pod was reached, event 1.")
        self.assertEqual(first["attributes"], {
            "log.record.uid": event(1)["id"], "event.name": "whyoom.event", "whyoom.kind": "memcg-oom-kill",
            "whyoom.cause": "cgroup-limit", "whyoom.verdict": "proved", "whyoom.outcome": "killed",
            "whyoom.kernel.release": "6.1.0-56-amd64", "whyoom.event.time": "2026-11-18T11:06:41.000Z",
            "whyoom.event.uptime": 18.5, "process.executable.name": "java", "process.pid": "101",
            "whyoom.victims": "1", "whyoom.trigger.name": "java",
            "process.linux.cgroup": f"/kubepods.slice/pod{common.POD}", "whyoom.memory.limit": "67108864",
            "container.id": "0123456789ab", "k8s.pod.uid": common.POD, "whyoom.fix": "kubectl edit",
            "log.file.path": "kern.log", "whyoom.log.line": "2"})
        self.assertEqual((second["host"], second["severity"]), ("node-2", "FATAL"))
        self.assertEqual(second["attributes"]["whyoom.victims"], "2")
        self.assertNotIn("time", second)  # a date without a zone is none

    def test_the_receiver_is_strict(self):
        """What it would say if something were wrong."""
        self.receiver()
        for data in (b"\x0a\x00", b"\x7a\x01A", b"{}", b"\x0a\xff\xff"):
            done = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--data-binary", "@-",
                                   "-H", "Content-Type: application/x-protobuf", "-H", "Expect:",
                                   f"http://127.0.0.1:{self.port}/v1/logs"], input=data, capture_output=True,
                                  check=False)
            self.assertEqual(done.stdout, b"400", data)

    def test_away_for_a_while(self):
        """5,000 events and nobody there: all arrive afterwards, in order, each once, in bounded memory."""
        source = self.file("events", lines([event(number, pad="x" * 5000) for number in range(5000)]))
        process = self.start("--state", self.state, "--rate", "0", self.url, source)
        watcher = common.Watcher(process)
        self.assertTrue(wait_until(lambda: "not now" in self.log()))
        receiver = self.receiver()
        self.assertTrue(wait_until(lambda: len(self.log("records").splitlines()) > 1000))
        self.end(receiver, 9)
        time.sleep(1)
        began = time.monotonic()
        self.receiver()
        process.wait()
        most = watcher.end()
        self.assertEqual(process.returncode, 0, self.log())
        self.assertIn("5000 events sent", self.log())
        got = [each["id"] for each in self.records()]
        # A batch whose answer was lost with the receiver came twice, with the same ids.
        self.assertEqual(list(dict.fromkeys(got)), [event(number)["id"] for number in range(5000)])
        self.assertLessEqual(len(got), 5100)
        print(f"most memory {most} kB, {time.monotonic() - began:.1f} s after it came back, "
              f"{len(got) - 5000} twice", end=" ")
        self.check_memory(most, 60_000)

    def test_wait_when_told_to(self):
        self.receiver()
        self.mode(status=429, retry=3)
        process = self.start(self.url, stdin=subprocess.PIPE)
        process.stdin.write(lines(map(event, range(3))))
        process.stdin.close()
        self.assertTrue(wait_until(lambda: "429" in self.log()))
        began = time.monotonic()
        self.mode()
        self.assertEqual(process.wait(), 0)
        self.assertGreater(time.monotonic() - began, 2)
        self.assert_all(3)

    def test_status_by_status(self):
        self.receiver()
        for status, ending, word in ((503, 2, "not all"), (401, 2, "not all"), (404, 2, "not all"),
                                     (301, 2, "not all"), (400, 1, "2 refused")):
            with self.subTest(status):
                self.mode(status=status)
                _, err = self.publish("--give-up", "1", self.url, stdin=lines(map(event, range(2))), status=ending)
                self.assertIn(str(status), err)
                self.assertIn(word, err)
        self.assertEqual(self.records(), [])

    def test_one_bad_event_does_not_hold_the_others(self):
        self.receiver()
        bad = event(7)["id"]
        self.mode(refuse=bad)
        _, err = self.publish(self.url, stdin=lines(map(event, range(20))), status=1)
        self.assertIn(f"refused event {bad}", err)
        self.assertIn("19 events sent, 1 refused", err)
        self.assertEqual([each["id"] for each in self.records()],
                         [event(number)["id"] for number in range(20) if number != 7])

    def test_a_part_is_rejected(self):
        self.receiver()
        self.mode(partial=2)
        _, err = self.publish(self.url, stdin=lines(map(event, range(5))), status=1)
        self.assertIn("3 events sent, 2 refused", err)
        self.assertIn("it took 3 of 5", err)
        self.assertEqual(len(self.records()), 5)  # it came once

    def test_tls_and_a_token(self):
        ca = self.certificates()
        self.receiver(self.scratch / "server.key", self.scratch / "server.pem")
        self.mode(token="s3cret")
        credentials = self.file("credentials", "token = s3cret\n")
        wrong = self.file("wrong-credentials", "token = x\n")
        url = f"otlp+https://localhost:{self.port}"
        one = lines([event(0)])
        _, err = self.publish("--give-up", "1", "--credentials", credentials, url, stdin=one, status=2)
        self.assertIn("certificate", err)  # of nobody that the system trusts
        other = f"otlp+https://127.0.0.2:{self.port}"
        self.publish("--give-up", "1", "--ca", ca, "--credentials", credentials, other, stdin=one, status=2)
        _, err = self.publish("--give-up", "1", "--ca", ca, "--credentials", wrong, url, stdin=one, status=2)
        self.assertIn("401", err)
        self.assertEqual(self.records(), [])
        _, err = self.publish("--ca", ca, "--credentials", credentials, url, stdin=one)
        self.assertNotIn("s3cret", err)
        self.assert_all(1)

    def test_a_certificate_of_the_client(self):
        ca = self.certificates()
        self.receiver(self.scratch / "server.key", self.scratch / "server.pem", ca)
        url = f"otlp+https://localhost:{self.port}"
        one = lines([event(0)])
        self.publish("--give-up", "1", "--ca", ca, url, stdin=one, status=2)
        for name, signed, status in (("stranger", False, 2), ("node", True, 0)):
            cert, key = self.client_certificate(name, signed)
            who = self.file(f"{name}.credentials", f"ca = {ca}\ncert = {cert}\nkey = {key}\n")
            self.publish(*(["--give-up", "1"] if status else []), "--credentials", who, url, stdin=one, status=status)
            self.assertEqual(len(self.records()), 0 if status else 1)


if __name__ == "__main__":
    common.main()
