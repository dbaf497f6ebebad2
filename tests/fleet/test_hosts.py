"""A stream of 200 hosts that print at the same time: events by host and boot, nothing mixed, nothing
taken for a copy.

Run it with: test_hosts.py PROGRAM SOURCE_DIR
"""
import collections
import json
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import harness  # noqa: E402
from harness import whyoom  # noqa: E402

HOSTS = 200


class Hosts(harness.Case):
    @classmethod
    def setUpClass(cls):
        log = harness.EXAMPLES / "min-free-killed.log"
        cls.lines = [line for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("[")]
        cls.alone = cls.events_of(whyoom("explain", "--format", "ndjson", log))
        assert len(cls.alone) > 2

    @staticmethod
    def events_of(done):
        assert done.status == 1, done
        return [json.loads(line) for line in done.out.splitlines()]

    def interleaved(self, record):
        """Lines of all hosts; of each in its order, else by chance."""
        chance = random.Random(1)
        at = [0] * HOSTS
        left = list(range(HOSTS))
        out = []
        while left:
            place = chance.randrange(len(left))
            host = left[place]
            out.append(record(host, self.lines[at[host]]))
            at[host] += 1
            if at[host] == len(self.lines):
                left[place] = left[-1]
                left.pop()
        return self.file("log", "\n".join(out) + "\n")

    def check_events(self, log, host_of):
        events = self.events_of(whyoom("explain", "--format", "ndjson", log))
        self.assertEqual(len(events), HOSTS * len(self.alone))
        self.assertEqual([event for event in events if event["mixed"] or not event["complete"]], [])
        by_host = collections.defaultdict(list)
        for event in events:
            by_host[host_of(event)].append(event)
        self.assertEqual(len(by_host), HOSTS)
        wanted = [self.plain(event) for event in self.alone]
        for host, found in by_host.items():
            self.assertEqual([self.plain(event) for event in found], wanted, host)
            self.assertEqual(len({event["story"] for event in found}), 1, host)

    @staticmethod
    def plain(event):
        """The numbers; lines of the log have another number there."""
        return [event["kind"], event["root_cause"], event["verdict"], event["victims"], event["zones"],
                event["memory"], event["tasks"], event["in_story"], event["time"]["monotonic"]]

    def test_journal(self):
        """As journald writes JSON: the boot is told, and two hosts may share a name."""
        def began(event):
            return int(event["time"]["wall"]) - round(event["time"]["monotonic"] * 1e6)

        def record(host, line):
            at, text = line[1:].split("] ", 1)
            micros = round(float(at) * 1e6)
            return json.dumps({
                "_TRANSPORT": "kernel", "SYSLOG_IDENTIFIER": "kernel", "PRIORITY": "6", "MESSAGE": text,
                "_HOSTNAME": f"node{host // 2}", "_BOOT_ID": f"{host:032x}",
                "__REALTIME_TIMESTAMP": str(1_795_876_000_000_000 + micros + host),
                "__MONOTONIC_TIMESTAMP": str(micros)})

        self.check_events(self.interleaved(record), lambda event: (event["host"], began(event)))

    def test_syslog(self):
        """As rsyslog gathers them: only the name tells."""
        self.check_events(self.interleaved(lambda host, line: f"Nov 23 07:41:32 node{host} kernel: {line}"),
                          lambda event: event["host"])


if __name__ == "__main__":
    harness.main()
