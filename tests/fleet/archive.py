"""Archives of a central syslog: reports of the cases of the causes, of varied hosts, times and numbers,
between what other programs write. And what must come out of them.

As a program: archive.py PROGRAM SOURCE_DIR FOLDER EVENTS MIB
"""
import collections
import datetime
import functools
import json
import pathlib
import random
import re
import subprocess
import sys

KERNEL = re.compile(r"^(?:.*? kernel: )?\[ *(\d+\.\d+)\](\[ *[TC]\d+\])? (.*)$")
BEGIN = datetime.datetime(2026, 11, 1, tzinfo=datetime.timezone.utc)
SHORTEST = 25  # lines of a report
OTHERS = [
    "systemd[1]: Started session {n} of user app.",
    "sshd[{n}]: Accepted publickey for app from 10.0.{a}.{b} port {n} ssh2: ED25519 SHA256:{n}abcdefghijklmnopqrstuv",
    "nginx: 10.1.{a}.{b} - - \"GET /api/v1/orders/{n} HTTP/1.1\" 200 {n} \"-\" \"curl/7.88.1\" rt=0.0{b}",
    "CRON[{n}]: (root) CMD (test -x /usr/sbin/anacron || run-parts --report /etc/cron.hourly)",
    "java[{n}]: INFO  o.e.shop.OrderService - order {n} of customer {a}{b} is stored, {b} ms",
    "kernel: [{n}.{a}1234] eth0: renamed from veth{n}a",
    "dockerd[{n}]: level=info msg=\"ignoring event\" container={n}{n}{n} topic=/tasks/delete",
]

Truth = collections.namedtuple("Truth", "host uptime cause")


class Template:
    """A report, as lines with the time since its first one."""

    def __init__(self, lines):
        first = float(lines[0][0])
        self.lines = [(float(at) - first, caller, text) for at, caller, text in lines]
        self.cause = self.kind = None

    def text(self, host, wall, uptime, chance):
        out = []
        # One number that tells the report apart, as another machine would have it.
        pid = chance.randrange(1000, 32000)
        stamp = wall.strftime("%Y-%m-%dT%H:%M:%S")
        for after, caller, text in self.lines:
            out.append(f"{stamp}.{wall.microsecond:06}+00:00 {host} kernel: [{uptime + after:13.6f}]"
                       f"{caller} {text.replace('PID: 1 ', f'PID: {pid} ')}\n")
        return "".join(out)


@functools.cache
def templates(program, source):
    """Those of the cases that are one event of the kernel's, alone in the log."""
    found = []
    for path in sorted(pathlib.Path(source, "src/diagnose/causes").glob("*/positive.case")):
        body = path.read_text(encoding="utf-8", errors="replace").split("\n---\n", 1)[1]
        lines = [match.groups(default="") for match in map(KERNEL.match, body.splitlines()) if match]
        if len(lines) < SHORTEST or len(lines) < len(body.splitlines()) - 3:
            continue
        template = Template(lines)
        text = template.text("h", BEGIN, 100000.0, random.Random(0))
        done = subprocess.run([program, "explain", "--exit-zero", "--format", "ndjson", "-"],
                              input=text.encode(), capture_output=True, check=True)
        events = [json.loads(line) for line in done.stdout.splitlines()]
        if len(events) == 1 and events[0]["complete"] and not events[0]["unverified"]:
            template.cause = events[0]["root_cause"]
            found.append(template)
    return found


def filler(chance, size):
    """Lines of about so many bytes."""
    out = []
    while size > 0:
        line = chance.choice(OTHERS).format(n=chance.randrange(100, 60000), a=chance.randrange(200),
                                            b=chance.randrange(99))
        out.append(f"2026-11-01T00:00:00.000000+00:00 web{chance.randrange(400)} {line}\n")
        size -= len(out[-1])
    return "".join(out).encode()


def make(program, source, folder, events, mib, hosts=1000, files=None, seed=1):
    """Files in the folder; the events that are in them, as a list of Truth."""
    chance = random.Random(seed)
    reports = templates(program, source)
    assert len(reports) >= 10, "too few cases"
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = files or max(2, events // 2500)
    between = max(0, (mib << 20) // events - 9000)
    fillers = [filler(chance, between) for _ in range(32)]
    names = [f"host{number:05}" for number in range(hosts)]
    boots = [chance.randrange(10_000, 5_000_000) for _ in names]
    truth = []
    number = 0
    for each in range(files):
        with open(folder / f"syslog-{each:04}.log", "wb") as out:
            for _ in range(events * (each + 1) // files - events * each // files):
                report = chance.choice(reports)
                host = chance.randrange(hosts)
                # Never the same second, so that host and uptime are an event's name.
                seconds = 20 * number + chance.randrange(5)
                wall = BEGIN + datetime.timedelta(seconds=seconds, microseconds=chance.randrange(10**6))
                # A report that begins before its header does so in the same second.
                uptime = boots[host] + seconds + 0.9 * chance.random()
                out.write(report.text(names[host], wall, uptime, chance).encode())
                out.write(fillers[number % len(fillers)])
                truth.append(Truth(names[host], int(uptime), report.cause))
                number += 1
    return truth


def stored(out):
    """The events in a folder of NDJSON files, each id once; how often one came again."""
    events, again = {}, 0
    for path in sorted(pathlib.Path(out).glob("*.ndjson")):
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                event = json.loads(line)
                again += event["id"] in events
                events[event["id"]] = Truth(event["host"], int(event["time"]["monotonic"]), event["root_cause"])
    return list(events.values()), again


def difference(truth, found):
    """None, or what is missing and what is too many, in short."""
    missing = list((collections.Counter(truth) - collections.Counter(found)).elements())
    more = list((collections.Counter(found) - collections.Counter(truth)).elements())
    if not missing and not more:
        return None
    return f"of {len(truth)}: {len(missing)} missing {missing[:3]}, {len(more)} too many {more[:3]}"


if __name__ == "__main__":
    told = make(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
    causes = collections.Counter(event.cause for event in told)
    print(len(told), "events,", len(causes), "causes")
