"""deploy/slurm: an array job on two nodes; a node is drained, one dies, the controller is killed, the disk is
full. Every event is stored once.

Run it with: test_slurm.py PROGRAM SOURCE_DIR TOOLS_DIR
"""
import time

import adapter
import slurm
import tools


class Array(adapter.Case):
    def test_what_can_happen(self):
        small = self.small_disk()  # before the nodes: they have mount namespaces of their own
        began = time.monotonic()
        cluster = slurm.Cluster(self.folder)
        print(f"a controller and two nodes after {time.monotonic() - began:.1f} s")
        began = time.monotonic()
        cluster.submit(adapter.SOURCE / "deploy", self.parts, self.out, self.program, tasks=4)

        def logs():
            return "".join(cluster.said(f"task.{n}.log") for n in range(4))

        self.reached(1, lambda: f"{cluster.left()} {logs()} {cluster.said('slurmctld.log')} {cluster.said('w1.log')}")
        cluster.kill("w1")
        cluster.set("w1", "down")  # else it is found after SlurmdTimeout
        happened = ["a node killed"]
        self.reached(3)
        cluster.set("w2", "drain")
        cluster.kill_controller()
        cluster.start_controller()
        happened.append("the other one drained, the controller killed")
        cluster.up("w1")
        self.assertTrue(tools.wait_for(lambda: cluster.left() and cluster.states().get("w1") in ("idle", "down")))
        cluster.set("w1", "resume")
        if small:
            self.fill()
            self.assertTrue(tools.wait_for(lambda: cluster.left() and "queued again" in logs()), logs())
            self.free()
            happened.append("the disk full")
        cluster.set("w2", "resume")
        self.assertTrue(tools.wait_for(lambda: not cluster.left(), 120),
                        f"{cluster.left()} {logs()} {cluster.said('slurmctld.log')}")
        found = self.check_stored(logs())
        print(f"{found} events of {self.count} parts, each once, in {time.monotonic() - began:.1f} s: "
              + ", ".join(happened))


if __name__ == "__main__":
    tools.only_in_long_runs("a minute")
    tools.enter(slurm.PACKAGES, slurm.COMMANDS, net=True)
    adapter.main()
