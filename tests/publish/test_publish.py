#!/usr/bin/env python3
"""whyoom-publish itself: what it takes, what it refuses, what it remembers. common.py has the usage."""
import json
import os
import pathlib
import random
import re
import signal
import socket
import stat
import struct
import subprocess
import time
import unittest

import common
from common import event, lines, wait_until


def ids(text):
    return [json.loads(line)["id"] for line in text.splitlines()]


class Stdout(common.Case):
    def test_flat_fields(self):
        out, err = self.publish("stdout:", stdin=lines([event(1)]))
        flat = json.loads(out)
        self.assertEqual(
            {name: value for name, value in flat.items() if name != "timestamp"},
            {"timestamp_is": "event", "level": "error", "service": "whyoom", "id": event(1)["id"],
             "host": "node-1", "message": "The limit of the pod was reached, event 1.",
             "kind": "memcg-oom-kill", "cause": "cgroup-limit", "verdict": "proved", "outcome": "killed",
             "kernel": "6.1.0-56-amd64", "event_time": "2026-11-18T11:06:41.000Z", "uptime_s": 18.5,
             "victim_comm": "java", "victim_pid": 101, "victims": 1, "trigger_comm": "java",
             "cgroup": f"/kubepods.slice/pod{common.POD}", "memory_limit": 67108864,
             "container_id": "0123456789ab", "pod_uid": common.POD, "fix": "kubectl edit",
             "log_file": "kern.log", "log_line": 2})
        self.assertEqual(flat["timestamp"], "2026-11-18T11:06:41.000000Z")
        for value in flat.values():
            self.assertNotIsInstance(value, (dict, list))
        self.assertIn("1 events sent", err)

    def test_what_whyoom_prints(self):
        """A real event, with the id that it carries or that is put in."""
        done = subprocess.run([common.WHYOOM, "explain", "--format", "ndjson",
                               common.SOURCE / "examples/min-free-killed.log"], capture_output=True,
                              check=False, env=common.ENV)
        real = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertTrue(real)
        for number, each in enumerate(real):
            each.setdefault("id", event(number)["id"])
        out, _ = self.publish("--host", "vm", "stdout:", stdin=lines(real))
        flat = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([each["cause"] for each in flat], [each["root_cause"] for each in real])
        self.assertEqual({each["host"] for each in flat}, {"vm"})
        self.assertIn("vm.min_free_kbytes", flat[0]["message"])

    def test_hostile_events_are_refused_and_counted(self):
        good = [event(1), event(2)]
        bad = [
            b"\x00\xff\xfe nothing\n", b"[1,2]\n", b'"text"\n', b"{\n", b"{}\n",
            lines([event(3)])[:-20] + b"\n",
            b'{"id":"\xff\xff","kind":"oom-kill"}\n',
            b"[" * 100_000 + b"\n",
            b'{"a":' * 900 + b"1" + b"}" * 900 + b"\n",
            lines([event(4, id="../../etc/passwd")]), lines([event(4, id="A" * 32)]), lines([event(4, id=7)]),
            lines([event(4, kind="oom\nkill")]), lines([event(4, root_cause=None)]),
            lines([event(4, verdict={"a": 1})]),
            lines([event(4, host="node-1\x1b[2J")]), lines([event(4, host="a b")]), lines([event(4, host="")]),
            lines([event(4, host="x" * 254)]), lines([event(4, host=["node-1"])]),
            lines([event(4, host="node/../../x")]), lines([event(4, host="\u202enode")]),
            lines([event(4, pad="x" * (1 << 20))]),
            b"x" * (3 << 20) + b"\n",
        ]
        random.Random(1).shuffle(bad)
        text = lines(good[:1]) + b"".join(bad) + lines(good[1:])
        out, err = self.publish("stdout:", stdin=text, status=1)
        self.assertEqual(ids(out), [each["id"] for each in good])
        self.assertIn(f"{len(bad)} not sent: no valid events", err)
        self.assertNotIn("\x1b", out + err)

    def test_an_event_of_another_host_is_forged(self):
        mixed = [event(1), event(2, host="other"), event(3, host=None)]
        out, err = self.publish("--host", "node-1", "stdout:", stdin=lines(mixed), status=1)
        self.assertEqual(ids(out), [mixed[0]["id"], mixed[2]["id"]])
        self.assertIn("it is of other, and only those of node-1", err.replace("says that it ", ""))
        self.publish("--host", "a b", "stdout:", status=2)

    def test_texts_are_fit_for_a_terminal(self):
        hostile = event(1)
        hostile["victims"][0]["comm"] = "\x1b[31mjava\r\n{\"id\":1}"
        hostile["findings"][0]["summary"] = "x" * 5000 + "\x1b"
        out, _ = self.publish("stdout:", stdin=lines([hostile]))
        self.assertEqual(len(out.splitlines()), 1)
        flat = json.loads(out)
        self.assertEqual(flat["victim_comm"], '\\x1b[31mjava\\x0d\\x0a{"id":1}')
        self.assertLessEqual(len(flat["message"].encode()), 1000)

    def test_memory_is_bounded(self):
        """256 MiB without a newline, and 100 MB of events."""
        process = self.start("--rate", "0", "stdout:", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        watcher = common.Watcher(process)
        for _ in range(256):
            process.stdin.write(b"x" * (1 << 20))
        process.stdin.write(b"\n")
        for number in range(1000):
            process.stdin.write(lines([event(number, pad="y" * 100_000)]))
        process.stdin.close()
        process.wait()
        most = watcher.end()
        self.assertIn("1000 events sent, 1 not sent", self.log())
        print(f"most memory: {most} kB", end=" ")
        self.check_memory(most, 40_000)

    def test_what_comes_slowly_is_sent_at_once(self):
        process = self.start("stdout:", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for number in range(3):
            process.stdin.write(lines([event(number)]))
            process.stdin.flush()
            self.assertEqual(json.loads(process.stdout.readline())["id"], event(number)["id"])
        process.stdin.close()
        self.assertEqual(process.wait(), 0)

    def test_rate(self):
        began = time.monotonic()
        out, _ = self.publish("--rate", "50", "stdout:", stdin=lines(map(event, range(200))))
        took = time.monotonic() - began
        self.assertEqual(len(out.splitlines()), 200)
        self.assertGreater(took, 2.8)  # the first second's at once, then three seconds

    def test_a_pipe_that_nobody_reads(self):
        reader, writer = os.pipe()
        os.close(reader)
        process = self.start("--state", self.state, "stdout:", stdin=subprocess.PIPE, stdout=writer)
        os.close(writer)
        process.stdin.write(lines(map(event, range(10))))
        process.stdin.close()
        self.assertEqual(process.wait(), 2)
        self.assertIn("Broken pipe", self.log())


class States(common.Case):
    def test_nothing_is_sent_twice(self):
        first, both = list(map(event, range(10))), list(map(event, range(20)))
        out, _ = self.publish("--state", self.state, "stdout:", stdin=lines(first + first))
        self.assertEqual(ids(out), [each["id"] for each in first])
        out, err = self.publish("--state", self.state, "stdout:", stdin=lines(both))
        self.assertEqual(ids(out), [each["id"] for each in both[10:]])
        self.assertIn("10 known from before", err)
        self.assertEqual(stat.S_IMODE(self.state.stat().st_mode), 0o600)

    def test_a_file_goes_on_where_it_ended(self):
        source = self.file("events", lines(map(event, range(1000))))
        self.publish("--state", self.state, "--rate", "0", "stdout:", source)
        with open(source, "ab") as more:
            more.write(lines([event(1000)]))
        out, err = self.publish("--state", self.state, "stdout:", source)
        self.assertEqual(ids(out), [event(1000)["id"]])
        self.assertIn("1 known from before", err)  # the last line is read again, and no other
        source.write_bytes(lines(map(event, range(2000, 2005))))  # another content
        out, _ = self.publish("--state", self.state, "stdout:", source)
        self.assertEqual(ids(out), [event(number)["id"] for number in range(2000, 2005)])

    def test_it_keeps_the_newest(self):
        """100,000 ids, whatever was sent; these differ in their end alone."""
        few = lines([{"id": f"{number:032x}", "kind": "oom-kill", "root_cause": "x", "verdict": "proved",
                      "host": None} for number in range(110_000)])
        process = self.start("--state", self.state, "--rate", "0", "stdout:", stdin=subprocess.PIPE,
                             stdout=subprocess.DEVNULL)
        watcher = common.Watcher(process)
        process.stdin.write(few)
        process.stdin.close()
        self.assertEqual(process.wait(), 0)
        print(f"most memory: {watcher.end()} kB, state {self.state.stat().st_size} bytes", end=" ")
        kept = self.state.read_text().splitlines()[3:]
        self.assertEqual(kept, [f"{number:032x}" for number in range(10_000, 110_000)])

    def test_killed_anywhere(self):
        """kill -9 at a random moment, again and again: with what is sent twice left out by its id, each
        event is there once, in order, and the state can always be read."""
        chance = random.Random(7)
        everything = [event(number) for number in range(3000)]
        source = self.file("events", lines(everything))
        got = self.scratch / "got"
        kills = 0
        for _ in range(40):
            with open(got, "ab") as out:
                process = self.start("--state", self.state, "--rate", "2000", "stdout:", source, stdout=out)
            try:
                process.wait(timeout=chance.uniform(0.02, 0.4))
                break
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                kills += 1
        else:
            got.write_bytes(got.read_bytes() + self.publish("--state", self.state, "--rate", "0", "stdout:",
                                                            source)[0].encode())
        self.assertGreater(kills, 2)
        text = got.read_text()
        # A kill can cut a line; its event comes again.
        seen = dict.fromkeys(re.findall(r'"id":"([0-9a-f]{32})"', text))
        self.assertEqual(list(seen), [each["id"] for each in everything])
        print(f"{kills} kills, {len(text.splitlines()) - 3000} sent again", end=" ")

    def test_what_is_wrong_with_it(self):
        self.publish("--state", self.state, "stdout:", stdin=lines([event(1)]))
        _, err = self.publish("--state", self.state, "journald:", status=2)
        self.assertIn("another receiver", err)
        whole = self.state.read_bytes()
        for damaged in (b"", b"x", whole[:-5], whole.replace(b"at ", b"at x"), whole + b"zz\n"):
            self.state.write_bytes(damaged)
            _, err = self.publish("--state", self.state, "stdout:", status=2)
            self.assertIn("damaged", err)
        self.state.unlink()
        os.symlink("/etc/passwd", self.state)
        self.publish("--state", self.state, "stdout:", status=2)

    def test_one_at_a_time(self):
        process = self.start("--state", self.state, "stdout:", stdin=subprocess.PIPE)
        self.assertTrue(wait_until(lambda: pathlib.Path(f"{self.state}.lock").exists()))
        time.sleep(0.2)
        _, err = self.publish("--state", self.state, "stdout:", status=2)
        self.assertIn("another whyoom-publish", err)
        self.end(process)


class Secrets(common.Case):
    def test_never_on_the_command_line(self):
        for url in ("nats://user:secret@host/x", "otlp+http://token@host", "kafka://a,u:p@b/t"):
            _, err = self.publish(url, status=2)
            self.assertIn("--credentials", err)
            self.assertNotIn("secret", err)

    def test_a_file_for_its_owner_alone(self):
        for mode in (0o644, 0o640, 0o620, 0o604):
            path = self.file("credentials", "user = a\npassword = hidden\n", mode)
            _, err = self.publish("--credentials", path, "nats://127.0.0.1:1/x", status=2)
            self.assertIn("chmod 600", err)
        path = self.file("credentials", "user = a\npasword = hidden\n")
        _, err = self.publish("--credentials", path, "nats://127.0.0.1:1/x", status=2)
        self.assertIn("credentials:2:", err)
        self.assertNotIn("hidden", err)
        self.publish("--credentials", self.scratch, "nats://127.0.0.1:1/x", status=2)

    def test_not_in_clear(self):
        path = self.file("credentials", "user = a\npassword = b\ntoken = c\n")
        for url in ("nats://198.51.100.1:4222/x", "otlp+http://198.51.100.1", "kafka://127.0.0.1:1/t"):
            _, err = self.publish("--credentials", path, url, status=2)
            self.assertIn("without TLS", err)

    def test_urls(self):
        for url in ("", "x", "ftp://host", "nats://", "nats://host", "nats://host/a.*", "nats://host/$JS.x",
                    "kafka://host", "kafka://host/a/b", "otlp+http://a,b", "otlp+http://a b", "k8s://x",
                    "stdout:x", "journald:x", "otlp+http://a?b"):
            with self.subTest(url):
                self.publish(url, status=2)


class Journald(common.Case):
    def test_its_protocol(self):
        path = self.scratch / "journal"
        journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(journal.close)
        journal.bind(str(path))
        hostile = event(1)
        hostile["victims"][0]["comm"] = "java\nPRIORITY=0"
        self.publish(f"journald:{path}", stdin=lines([hostile]))
        data, fields = journal.recv(1 << 20), {}
        while data:
            name, data = data.split(b"\n", 1)
            size = struct.unpack("<Q", data[:8])[0]
            self.assertEqual(data[8 + size:9 + size], b"\n")
            fields[name.decode()] = data[8:8 + size].decode()
            data = data[9 + size:]
        self.assertEqual(fields["MESSAGE"], "The limit of the pod was reached, event 1.")
        self.assertEqual(fields["PRIORITY"], "3")
        self.assertEqual(fields["SYSLOG_IDENTIFIER"], "whyoom")
        self.assertEqual(fields["WHYOOM_ID"], event(1)["id"])
        self.assertEqual(fields["WHYOOM_VICTIM_COMM"], "java\\x0aPRIORITY=0")
        self.assertEqual(fields["WHYOOM_UPTIME_S"], "18.500000")
        for name in fields:
            self.assertRegex(name, r"^[A-Z][A-Z0-9_]*$")

    def test_it_comes_later(self):
        path = self.scratch / "journal"
        process = self.start(f"journald:{path}", stdin=subprocess.PIPE)
        process.stdin.write(lines(map(event, range(3))))
        process.stdin.close()
        self.assertTrue(wait_until(lambda: "not now" in self.log()))
        journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(journal.close)
        journal.bind(str(path))
        self.assertEqual(process.wait(), 0)
        got = [journal.recv(1 << 16) for _ in range(3)]
        for number, data in enumerate(got):
            self.assertIn(event(number)["id"].encode(), data)


if __name__ == "__main__":
    common.main()
