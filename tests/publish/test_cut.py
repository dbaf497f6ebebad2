#!/usr/bin/env python3
"""A host that is cut off from its NATS server, which takes what comes and gives no answer: 5,000 events of a ring that
is written meanwhile, and a recorder with kills of its own. All arrive afterwards, in order, and nobody's memory grows.
WHYOOM_CUT_SECONDS is for how long (60); nothing here waits longer for being cut off longer, see docs/publish.md.
common.py has the usage."""
import json
import os
import pathlib
import sys
import time

import common
from common import wait_until
from nats_client import Nats
from ring import Ring, kill
from test_nats import ADMIN, USERS

for folder in ("fleet", "cli"):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / folder))
import tools  # noqa: E402
from small_cgroup import SmallCgroup, kmsg_readable  # noqa: E402

CUT = float(os.environ.get("WHYOOM_CUT_SECONDS", "60"))
EVENTS, OWN_KILLS = 5000, 20


OWN = "RssAnon:"  # of the recorder; pages of its program come and go with what is run of it


def own_memory(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(OWN):
            return int(line.split()[1])
    return 0


class Cut(common.Case):
    def setUp(self):
        super().setUp()
        self.port = common.free_port()
        self.file("n.conf", f"""listen: 127.0.0.1:{self.port}
jetstream {{ store_dir: "{self.scratch}/js", max_memory_store: 64MB, max_file_store: 1GB }}
{USERS}
""")
        self.start("-c", self.scratch / "n.conf", program="nats-server", log="nats.log")
        self.assertTrue(wait_until(lambda: "Server is ready" in self.log("nats.log")), self.log("nats.log"))
        nats = Nats(self.port, **ADMIN)
        nats.make_stream("OOM", ["oom.>"], 1)
        nats.close()
        self.url = f"nats://127.0.0.1:{self.port}/oom."
        self.credentials = self.file("credentials", "user = node\npassword = n0de\n")

    def link(self, state):
        self.assertEqual(tools.run("ip", "link", "set", "lo", state).returncode, 0)

    def stored(self):
        nats = Nats(self.port, **ADMIN)
        try:
            return [json.loads(data) for _, data in nats.messages("OOM")]
        finally:
            nats.close()

    def count(self):
        nats = Nats(self.port, **ADMIN)
        try:
            return nats.stream("OOM")["state"]["messages"]
        finally:
            nats.close()

    def recorder(self):
        """A real one with kills of its own, where that can be."""
        if os.geteuid() != 0 or not kmsg_readable():
            return None, None
        group = SmallCgroup()
        self.addCleanup(group.close)
        watch = self.start("watch", "--store", self.scratch / "own", "--credentials", self.credentials, "--publish",
                           self.url + "own", program=common.WHYOOM, log="watch.log")
        return watch, group

    def test_cut_off(self):
        ring = Ring(self.scratch / "ring")
        say = lambda number: (ring.wait(), ring.say(kill(1000 + number)))
        say(0)
        publisher = self.start("--state", self.state, "--every", "5", "--credentials", self.credentials,
                               f"--from-ring={ring.folder}", self.url + "ring")
        self.assertTrue(wait_until(lambda: self.count() == 1), self.log())
        watch, group = self.recorder()
        kills = before = 0
        if watch:
            group.kill()
            self.assertTrue(wait_until(lambda: self.count() > 1), self.log("watch.log"))
            kills, before = 1, own_memory(watch.pid)
        watchers = [common.Watcher(publisher), *([common.Watcher(watch, OWN)] if watch else [])]
        began, told = time.monotonic(), 1
        self.link("down")
        while (passed := time.monotonic() - began) < CUT or told < EVENTS:
            for _ in range(told, min(EVENTS, int(EVENTS * passed / CUT * 1.1) + 1)):
                say(told)
                told += 1
            if group and kills < min(OWN_KILLS, OWN_KILLS * passed / CUT * 1.1):
                group.kill()
                kills += 1
            time.sleep(0.2)
        self.assertIn("not now", self.log())
        self.link("up")
        restored = time.monotonic()
        of_ring = lambda: [each for each in self.stored() if each["boot"] == ring.boot]
        own = lambda: [each for each in self.stored() if each["boot"] != ring.boot]
        self.assertTrue(wait_until(lambda: self.count() >= EVENTS + kills and len(own()) >= kills
                                   and len(of_ring()) >= EVENTS, 600), self.log())
        took = time.monotonic() - restored
        self.assertEqual([each["victims"][0]["pid"] for each in of_ring()], list(range(1000, 1000 + EVENTS)))
        most = [watcher.end() for watcher in watchers]
        self.check_memory(most[0], 60_000)
        print(f"cut off for {CUT:.0f} s: {EVENTS} events once and in order {took:.0f} s after it; the publisher had "
              f"{most[0]} kB at most", end="")
        if watch:
            stamps = [each["time"]["monotonic"] for each in own()]
            self.assertEqual(stamps, sorted(set(stamps)))
            print(f", the recorder {before} kB before and {most[1]} kB at most ({kills} kills of its own)", end="")
            self.assertLess(most[1], before + 64)
            self.assertIsNone(watch.poll())
        print(end=" ")


if __name__ == "__main__":
    common.machine.only_in_long_runs("two minutes", "publish")
    tools.enter(["nats-server", "iproute2"], ["nats-server", "ip"], base=sys.argv[4], net=True)
    if not tools.own_network():
        tools.skip("only root can cut a network of its own")
    common.main()
