#!/usr/bin/env python3
"""NATS JetStream: three of Debian's real nats-servers. common.py has the usage."""
import json
import os
import shutil
import signal
import subprocess
import time
import unittest
import urllib.request

import common
from common import event, lines, machine, wait_until
from nats_client import Nats

USERS = """authorization { users: [
  { user: node, password: "n0de", permissions: { publish: ["oom.>"], subscribe: ["_INBOX.>"] } }
  { user: other, password: "0ther", permissions: { publish: ["other.>"], subscribe: ["_INBOX.>"] } }
  { user: admin, password: "adm1n" } ] }"""
ADMIN = {"user": "admin", "pass": "adm1n"}


def server():
    found = shutil.which("nats-server")
    return found or str(machine.unpacked("nats-server") / "usr/sbin/nats-server")


class Cluster(common.Case):
    """`count` servers with users; those of a subclass have TLS."""
    count, tls, users = 3, False, USERS

    def setUp(self):
        super().setUp()
        self.program = server()
        if not os.path.exists(self.program):
            self.program = self.program.replace("/usr/sbin/", "/usr/bin/")
        self.running = {}
        if self.tls:
            self.certificates()
        for _ in range(3):  # another program can take a port that was free
            self.ports = [(common.free_port(), common.free_port(), common.free_port()) for _ in range(self.count)]
            for number in range(self.count):
                self.configure(number)
            for number in range(self.count):
                self.run_server(number)
            healthy = lambda: all(map(self.is_healthy, range(self.count)))
            gone = lambda: any(each.poll() is not None for each in self.running.values())
            wait_until(lambda: healthy() or gone())
            if not gone():
                break
            for each in self.running.values():
                self.end(each)
        self.assertTrue(healthy(), self.log("n0.log"))
        self.credentials = self.file("credentials", "user = node\npassword = n0de\n")
        self.url = ("nats+tls" if self.tls else "nats") + "://" + ",".join(
            f"{'localhost' if self.tls else '127.0.0.1'}:{client}" for client, _, _ in self.ports) + "/oom.events"

    def configure(self, number):
        client, http, route = self.ports[number]
        routes = ", ".join(f"nats-route://127.0.0.1:{each[2]}" for each in self.ports)
        cluster = f"cluster {{ name: test, listen: 127.0.0.1:{route}, routes: [{routes}] }}" if self.count > 1 else ""
        verify = f', ca_file: "{self.scratch}/ca.pem", verify: true' if self.tls == "both ways" else ""
        tls = (f'tls {{ cert_file: "{self.scratch}/server.pem", key_file: "{self.scratch}/server.key"{verify} }}'
               if self.tls else "")
        self.file(f"n{number}.conf", f"""server_name: n{number}
listen: 127.0.0.1:{client}
http: 127.0.0.1:{http}
jetstream {{ store_dir: "{self.scratch}/js{number}", max_memory_store: 64MB, max_file_store: 1GB }}
{tls}
{self.users}
{cluster}
""")

    def run_server(self, number):
        self.running[number] = self.start("-c", self.scratch / f"n{number}.conf", program=self.program,
                                          log=f"n{number}.log")

    def is_healthy(self, number):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[number][1]}/healthz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def client(self, number=0, **who):
        nats = Nats(self.ports[number][0], **(who or ADMIN))
        self.addCleanup(nats.close)
        return nats

    def make_stream(self, **more):
        nats = self.client()
        def made():
            try:
                nats.make_stream("OOM", ["oom.>"], self.count, **more)
                return True
            except ConnectionError:
                return False
        self.assertTrue(wait_until(made))
        self.assertTrue(wait_until(lambda: self.leader(nats) is not None))
        return nats

    def leader(self, nats):
        name = (nats.stream("OOM").get("cluster") or {}).get("leader")
        return int(name[1:]) if name else None


class ThreeServers(Cluster):
    def test_killed_in_between(self):
        """5,000 events while the stream's leader is killed and the publisher as well: each is stored once."""
        nats = self.make_stream()
        everything = [event(number) for number in range(5000)]
        source = self.file("events", lines(everything))
        args = ("--credentials", self.credentials, "--state", self.state, "--rate", "0", self.url, source)
        began = time.monotonic()
        publisher = self.start(*args)
        watcher = common.Watcher(publisher)
        count = lambda client: client.stream("OOM").get("state", {}).get("messages", 0)
        self.assertTrue(wait_until(lambda: count(nats) >= 1000))
        leader = self.leader(nats)
        self.end(self.running[leader], signal.SIGKILL)
        self.end(publisher, signal.SIGKILL)  # with a batch on its way
        most = watcher.end()
        left = (leader + 1) % 3
        publisher = self.start(*args)
        def goes_on():
            nats = Nats(self.ports[left][0], timeout=3, **ADMIN)
            try:
                return count(nats) >= 2500
            except OSError:  # nobody leads just now
                return False
            finally:
                nats.close()
        self.assertTrue(wait_until(goes_on, 120), self.log())
        self.end(publisher, signal.SIGKILL)
        self.run_server(leader)
        publisher = self.start(*args)
        self.assertEqual(publisher.wait(), 0, self.log())
        took = time.monotonic() - began
        self.assertTrue(wait_until(lambda: self.is_healthy(leader)))
        stored = list(self.client(left).messages("OOM"))
        ids = [json.loads(data)["id"] for _, data in stored]
        self.assertEqual(ids, [each["id"] for each in everything])  # once, and in order
        for (headers, data), each in zip(stored, everything):
            self.assertIn(f"Nats-Msg-Id: {each['id']}\r\n", headers)
            self.assertEqual(json.loads(data), each)
        print(f"{took:.1f} s with two kills of the publisher and one of the leader, {most} kB;",
              self.log().splitlines()[-1], end=" ")

    def test_who_may_publish(self):
        nats = self.make_stream()
        one = lines([event(1)])
        none = self.publish("--give-up", "2", self.url, stdin=one, status=2)[1]
        self.assertIn("uthorization", none)
        wrong = self.file("wrong", "user = node\npassword = x\n")
        self.publish("--give-up", "2", "--credentials", wrong, self.url, stdin=one, status=2)
        other = self.file("other", "user = other\npassword = 0ther\n")
        denied = self.publish("--give-up", "2", "--credentials", other, self.url, stdin=one, status=2)[1]
        self.assertIn('Permissions Violation', denied)
        self.assertNotIn("0ther\n", denied)
        with self.assertRaises(PermissionError):
            self.client(user="node", **{"pass": "n0de"}).stream("OOM")  # who publishes cannot read
        self.assertEqual(nats.stream("OOM")["state"]["messages"], 0)
        self.publish("--credentials", self.credentials, self.url, stdin=one)
        self.assertEqual(nats.stream("OOM")["state"]["messages"], 1)

    def test_sent_again_without_a_state(self):
        nats = self.make_stream()
        for round_number in range(2):
            _, err = self.publish("--credentials", self.credentials, "--rate", "0", self.url,
                                  stdin=lines(map(event, range(100))))
        self.assertIn("100 of them were there already", err)
        self.assertEqual(nats.stream("OOM")["state"]["messages"], 100)


class OneServer(Cluster):
    count, tls = 1, True

    def client(self, number=0, **who):
        self.skipTest("only Nats without TLS is spoken here")

    def test_tls_is_verified(self):
        _, err = self.publish("--give-up", "1", "--credentials", self.credentials, self.url,
                              stdin=lines([event(1)]), status=2)
        self.assertRegex(err, "(?i)certificate|ssl")
        wrong_name = self.url.replace("localhost", "127.0.0.2")
        self.publish("--give-up", "1", "--ca", self.scratch / "ca.pem", "--credentials", self.credentials, wrong_name,
                     stdin=lines([event(1)]), status=2)
        # Also where there are several, none of them named as its certificate.
        several = self.url.replace("localhost", "127.0.0.2").replace("/oom", f",127.0.0.3:{self.ports[0][0]}/oom")
        _, err = self.publish("--give-up", "1", "--ca", self.scratch / "ca.pem", "--credentials", self.credentials,
                              several, stdin=lines([event(1)]), status=2)
        self.assertNotIn("no stream takes", err)
        # Nobody made a stream: the server was reached, and said so.
        _, err = self.publish("--give-up", "1", "--ca", self.scratch / "ca.pem", "--credentials", self.credentials,
                              self.url, stdin=lines([event(1)]), status=2)
        self.assertIn("no stream takes the subject oom.events", err)


class BothWays(Cluster):
    count, tls = 1, "both ways"

    def client(self, number=0, **who):
        self.skipTest("only Nats without TLS is spoken here")

    def test_a_certificate_of_the_client(self):
        for name, signed in ((None, None), ("stranger", False), ("node", True)):
            own = ""
            if name:
                cert, key = self.client_certificate(name, signed)
                own = f"cert = {cert}\nkey = {key}\n"
            who = self.file("who", f"user = node\npassword = n0de\nca = {self.scratch}/ca.pem\n{own}")
            _, err = self.publish("--give-up", "5", "--credentials", who, self.url, stdin=lines([event(1)]), status=2)
            # Nobody made a stream: who is let in is told so.
            self.assertEqual("no stream takes the subject" in err, signed is True, err)


class Operator(Cluster):
    """Who may do what stands in signed tokens."""
    count = 1

    def setUp(self):
        self.modules = common.npm("nats@2.29.3") / "node_modules"
        super().setUp()

    def configure(self, number):
        self.script("make")
        self.users = (self.scratch / "operator.conf").read_text()
        super().configure(number)

    def script(self, what, *more):
        done = subprocess.run(["node", common.SOURCE / "tests/publish/nats_operator.cjs", what, self.scratch, *more],
                              capture_output=True, text=True, check=False, timeout=300,
                              env={**common.ENV, "NODE_PATH": str(self.modules)})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def test_credentials_files(self):
        server_url = f"nats://127.0.0.1:{self.ports[0][0]}"
        self.assertEqual(self.script("stream", server_url), "0")
        one = lines([event(1)])
        for name, said in (("stranger", "uthorization"), ("other", "Permissions Violation")):
            who = self.file(f"{name}.credentials", f"creds = {self.scratch}/{name}.creds\n")
            _, err = self.publish("--give-up", "2", "--credentials", who, self.url, stdin=one, status=2)
            self.assertIn(said, err)
        self.publish("--give-up", "2", self.url, stdin=one, status=2)
        who = self.file("node.credentials", f"creds = {self.scratch}/node.creds\n")
        _, err = self.publish("--credentials", who, self.url, stdin=one)
        self.assertNotIn("there already", err)  # nobody else's got in
        self.assertEqual(self.script("count", server_url), "1")


if __name__ == "__main__":
    machine.only_in_long_runs("half a minute", "publish")
    common.main()
