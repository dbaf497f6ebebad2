"""deploy/jetstream: three nats-servers and four workers; a server and a worker are killed, the network is
cut, the disk is full. Every event is stored once.

Run it with: test_jetstream.py PROGRAM SOURCE_DIR TOOLS_DIR
"""
import signal
import time

import adapter
import tools
from jetstream import CLIENT, Cluster

FORGED = "0" * 32


class Queue(adapter.Case):
    def log(self, name):
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def test_what_can_happen(self):
        cluster = Cluster(adapter.SOURCE, self.folder, adapter.TOOLS)
        began = time.monotonic()
        cluster.setup(ack_wait_ms=2000)
        print(f"three servers and the streams after {time.monotonic() - began:.1f} s")
        self.nobody_without_rights(cluster)
        for _ in range(2):  # the second time nothing is added
            done = cluster.feed(self.parts)
            self.assertEqual(done.returncode, 0, done)
            self.assertEqual(cluster.streams()["WHYOOM_PARTS"], self.count)
        small = self.small_disk()
        began = time.monotonic()
        workers = [cluster.worker(f"w{n}", self.out, self.archive, self.program, "--until-empty")
                   for n in range(4)]
        self.reached(1)
        workers[0].send_signal(signal.SIGKILL)
        leader = cluster.leader()
        cluster.kill(leader)
        happened = ["a worker killed", "the leading server killed"]
        self.reached(3)
        if tools.own_network():
            tools.run("ip", "link", "set", "lo", "down")
            time.sleep(2)
            tools.run("ip", "link", "set", "lo", "up")
            happened.append("the network cut for 2 s")
        cluster.up(leader)
        if small:
            self.fill()
            full = tools.wait_for(lambda: any("No space left" in self.log(f"w{n}") for n in (1, 2, 3))
                                  or all(worker.poll() is not None for worker in workers))
            self.assertTrue(full)
            self.free()
            happened.append("the disk full")
        self.forged(cluster)
        for n, worker in enumerate(workers[1:], 1):
            self.assertEqual(worker.wait(timeout=300), 0, self.log(f"w{n}"))
        found = self.check_stored("".join(self.log(f"w{n}") for n in range(4)))
        # By the consumer: when the leading server dies, nats-server 2.9 can keep a message in the stream that
        # was acknowledged; nobody gets it again.
        self.assertTrue(tools.wait_for(lambda: cluster.left() == 0))
        self.assertEqual(cluster.streams()["WHYOOM_REFUSED"], 2)
        print(f"{found} events of {self.count} parts, each once, in {time.monotonic() - began:.1f} s: "
              + ", ".join(happened))

    def nobody_without_rights(self, cluster):
        publish = "await nc.jetstream().publish(PARTS.subject, 'x', { timeout: 1000 });"
        self.assertNotEqual(cluster.script(None, publish).returncode, 0)
        self.assertNotEqual(cluster.script("worker", publish).returncode, 0)
        read = "await nc.jetstream().consumers.get(PARTS.stream, PARTS.consumer);"
        self.assertNotEqual(cluster.script("feed", read).returncode, 0)
        self.assertEqual(cluster.streams()["WHYOOM_PARTS"], 0)

    def forged(self, cluster):
        """A part that names a file of the machine, and one that is none."""
        parts = self.folder / "forged"
        parts.write_text(f"{FORGED}\t-\t/etc/passwd\n" + "../../x\t-\t/etc/passwd\n")
        done = cluster.feed(parts)
        self.assertEqual(done.returncode, 0, done)


if __name__ == "__main__":
    tools.only_in_long_runs("a minute")
    tools.enter(["nats-server", "iproute2"], ["nats-server", "ip"], net=True, npm=[CLIENT])
    adapter.main()
