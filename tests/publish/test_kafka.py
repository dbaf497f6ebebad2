#!/usr/bin/env python3
"""Kafka, against librdkafka's mock cluster: brokers that speak the protocol, fail on command and go away.
It is no proof of what real brokers do with an idempotent producer. common.py has the usage."""
import json
import signal
import subprocess
import time
import unittest

import common
from common import event, lines, wait_until


class Kafka(common.Case):
    def setUp(self):
        super().setUp()
        mock = common.PUBLISH.parent / "kafka_mock"
        if not mock.exists():
            self.skipTest("kafka_mock was not built")
        self.mock = self.start(program=mock, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.brokers = self.mock.stdout.readline().decode().strip()
        self.url = f"kafka://{self.brokers}/oom"

    def tell(self, command):
        self.mock.stdin.write(command.encode() + b"\n")
        self.mock.stdin.flush()
        self.assertEqual(self.mock.stdout.readline(), b"done\n")

    def messages(self):
        self.mock.stdin.write(b"read\n")
        self.mock.stdin.flush()
        found = []
        while (line := self.mock.stdout.readline().decode()) != "end\n":
            partition, key, header, value = line.rstrip("\n").split("\t")
            self.assertEqual(key, header)
            self.assertEqual(json.loads(value)["id"], key)
            found.append((int(partition), json.loads(value)))
        return found

    def assert_once_and_in_order(self, everything):
        """Of each host: its events are in one partition."""
        found = self.messages()
        self.assertEqual(len(found), len(everything))
        for host in {each["host"] for each in everything}:
            of_host = [(partition, value) for partition, value in found if value["host"] == host]
            self.assertEqual(len({partition for partition, _ in of_host}), 1)
            self.assertEqual([value for _, value in of_host], [each for each in everything if each["host"] == host])

    def test_errors_and_a_broker_that_goes_away(self):
        everything = [event(number, host=f"node-{number % 20}") for number in range(5000)]
        process = self.start("--state", self.state, "--rate", "2000", self.url, stdin=subprocess.PIPE)
        watcher = common.Watcher(process)
        began = time.monotonic()
        process.stdin.write(lines(everything[:1500]))
        process.stdin.flush()
        self.tell("errors")
        process.stdin.write(lines(everything[1500:3000]))
        process.stdin.flush()
        self.tell("down 1")
        self.tell("leader 2")
        process.stdin.write(lines(everything[3000:]))
        process.stdin.close()
        self.tell("errors")
        self.assertEqual(process.wait(), 0, self.log())
        took = time.monotonic() - began
        most = watcher.end()
        self.assert_once_and_in_order(everything)
        print(f"{took:.1f} s, most memory {most} kB", end=" ")
        self.assertLess(most, 80_000)

    def test_all_brokers_away(self):
        for broker in (1, 2, 3):
            self.tell(f"down {broker}")
        source = self.file("events", lines(map(event, range(300))))
        process = self.start("--state", self.state, "--rate", "0", self.url, source)
        self.assertTrue(wait_until(lambda: "kafka: " in self.log()), self.log())
        for broker in (1, 2, 3):
            self.tell(f"up {broker}")
        self.assertEqual(process.wait(), 0, self.log())
        self.assert_once_and_in_order(list(map(event, range(300))))

    def test_told_to_end_while_they_are_away(self):
        for broker in (1, 2, 3):
            self.tell(f"down {broker}")
        source = self.file("events", lines(map(event, range(300))))
        process = self.start("--state", self.state, self.url, source)
        self.assertTrue(wait_until(lambda: "kafka: " in self.log()), self.log())
        self.assertEqual(self.end(process, signal.SIGTERM), 2)
        _, err = self.publish("--state", self.state, "--give-up", "2", self.url, source, status=2)
        self.assertIn("0 events sent", err)
        for broker in (1, 2, 3):
            self.tell(f"up {broker}")
        self.publish("--state", self.state, self.url, source)
        self.assert_once_and_in_order(list(map(event, range(300))))

    def test_what_the_brokers_do_not_take(self):
        self.tell("too-large")
        _, err = self.publish(self.url, stdin=lines([event(1)]), status=1)
        self.assertIn("refused event " + event(1)["id"], err)
        self.publish(self.url, stdin=lines([event(2)]))
        self.assertEqual([value["id"] for _, value in self.messages()], [event(2)["id"]])


if __name__ == "__main__":
    common.main()
