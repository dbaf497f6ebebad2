#!/usr/bin/env python3
"""Kafka, against librdkafka's mock cluster: brokers that speak the protocol, fail on command and go away.
It is no proof of what real brokers do with an idempotent producer. common.py has the usage."""
import ctypes
import json
import signal
import ssl
import subprocess
import time
import unittest

import common
from common import event, lines, wait_until
from kafka_gate import Gate


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
        self.check_memory(most, 80_000)

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

    def gate(self, users=None, certificate=False, strict=False):
        """The brokers behind TLS: the URL, and the gate."""
        self.certificates()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.scratch / "server.pem", self.scratch / "server.key")
        if certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.scratch / "ca.pem")
        gate = Gate(self.brokers, context, users, strict)
        self.addCleanup(gate.close)
        return f"kafka+tls://{gate.brokers}/oom", gate

    def credentials(self, name, **values):
        values = {"ca": self.scratch / "ca.pem", **values}
        return self.file(name, "".join(f"{key} = {value}\n" for key, value in values.items()))

    def test_sasl_over_tls(self):
        url, gate = self.gate(users={"node": "n0de-pass"})
        everything = list(map(event, range(200)))
        for mechanism in ("SCRAM-SHA-512", "PLAIN"):
            who = self.credentials(mechanism, user="node", password="n0de-pass", mechanism=mechanism)
            half = everything[:100] if mechanism == "PLAIN" else everything[100:]
            _, err = self.publish("--credentials", who, url, stdin=lines(half))
            self.assertNotIn("n0de-pass", err)
            self.assertIn(mechanism, gate.let_in)
        self.assertEqual(gate.refused, [])
        self.assertEqual(sorted(value["id"] for _, value in self.messages()), sorted(each["id"] for each in everything))

    def test_nobody_without_the_password(self):
        url, gate = self.gate(users={"node": "n0de-pass"})
        one = lines([event(1)])
        for name, who in (("wrong", {"user": "node", "password": "0ther"}), ("other", {"user": "x", "password": "y"}),
                          ("plain", {"user": "node", "password": "0ther", "mechanism": "PLAIN"}), ("none", {})):
            _, err = self.publish("--give-up", "3", "--credentials", self.credentials(name, **who), url, stdin=one,
                                  status=2)
            self.assertNotIn("0ther", err)
            self.assertTrue(gate.refused, name)
            gate.refused.clear()
            if who:
                self.assertIn("wrong password", err)
        self.assertEqual(gate.let_in, [])
        self.assertEqual(self.messages(), [])

    def test_scram_at_a_broker_that_compares_the_nonce(self):
        """By a librdkafka before 2.6.1 it is refused, and why is said; what else there is works."""
        url, gate = self.gate(users={"node": "n0de-pass"}, strict=True)
        who = {"user": "node", "password": "n0de-pass"}
        one = lines([event(1)])
        if ctypes.CDLL("librdkafka.so.1").rd_kafka_version() < 0x020601ff:
            _, err = self.publish("--give-up", "3", "--credentials", self.credentials("scram", **who), url, stdin=one,
                                  status=2)
            self.assertIn("Kafka 4 refuses", err)
            self.assertEqual(gate.let_in, [])
        else:
            self.publish("--credentials", self.credentials("scram", **who), url, stdin=one)
        self.publish("--credentials", self.credentials("plain", mechanism="PLAIN", **who), url, stdin=one)
        self.assertIn("PLAIN", gate.let_in)

    def test_a_certificate_of_the_client(self):
        url, gate = self.gate(certificate=True)
        one = lines([event(1)])
        self.publish("--give-up", "3", "--credentials", self.credentials("none"), url, stdin=one, status=2)
        self.assertEqual(gate.let_in, [])
        cert, key = self.client_certificate("node")
        stranger, its_key = self.client_certificate("stranger", signed=False)
        self.publish("--give-up", "3", "--credentials", self.credentials("other", cert=stranger, key=its_key), url,
                     stdin=one, status=2)
        self.assertEqual(gate.let_in, [])
        self.publish("--credentials", self.credentials("own", cert=cert, key=key), url, stdin=one)
        self.assertIn(((("commonName", "node"),),), [each["subject"] for each in gate.let_in])
        self.assertEqual([value["id"] for _, value in self.messages()], [event(1)["id"]])

    def test_the_brokers_are_verified(self):
        url, gate = self.gate()
        one = lines([event(1)])
        _, err = self.publish("--give-up", "3", url, stdin=one, status=2)
        self.assertRegex(err, "(?i)certificate|ssl")
        wrong_name = url.replace("localhost", "127.0.0.2")
        self.publish("--give-up", "3", "--ca", self.scratch / "ca.pem", wrong_name, stdin=one, status=2)
        self.assertEqual(gate.let_in, [])
        self.publish("--ca", self.scratch / "ca.pem", url, stdin=one)

    def test_what_the_brokers_do_not_take(self):
        self.tell("too-large")
        _, err = self.publish(self.url, stdin=lines([event(1)]), status=1)
        self.assertIn("refused event " + event(1)["id"], err)
        self.publish(self.url, stdin=lines([event(2)]))
        self.assertEqual([value["id"] for _, value in self.messages()], [event(2)["id"]])


if __name__ == "__main__":
    common.main()
