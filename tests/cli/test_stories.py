#!/usr/bin/env python3
"""A spree is one story in the text, and each event stays an object of its own in the JSON."""
import sys

import harness
from harness import whyoom

STRAY = ("[  100.000001] Out of memory: Killed process 541 (stray) total-vm:4400kB, anon-rss:892kB, "
         "file-rss:380kB, shmem-rss:0kB, UID:999 pgtables:44kB oom_score_adj:-900\n")
HEADER = ("[  100.500001] proga invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, "
          "oom_score_adj=0\n")
PANIC = ("[  101.000001] Out of memory and no killable processes...\n"
         "[  101.000002] Kernel panic - not syncing: System is deadlocked on memory\n")


def cgroup_kill(at, cgroup="/box", host="a"):
    clock = f"Nov 23 {at // 3600:02}:{at // 60 % 60:02}:{at % 60:02} {host} kernel: "
    return (f"{clock}memory: usage 20480kB, limit 20480kB, failcnt 136\n"
            f"{clock}oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"
            f"oom_memcg={cgroup},task_memcg={cgroup},task=hog,pid={at},uid=0\n"
            f"{clock}Memory cgroup out of memory: Killed process {at} (hog) total-vm:20480kB, "
            "anon-rss:20000kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:44kB oom_score_adj:0\n")


def kill(wall, pid):
    return (f"{wall} a kernel: Out of memory: Killed process {pid} (java) total-vm:9000kB, "
            "anon-rss:6100kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:4kB oom_score_adj:0\n")


class Stories(harness.Case):
    def explain(self, log):
        result = whyoom("explain", "-v", "--width", "200", "-", stdin=log)
        self.check(result, 1)
        return result.out

    def events(self, log):
        result = whyoom("explain", "--format", "json", "-", stdin=log)
        self.check(result, 1)
        return result.json["events"]

    def test_the_report_leads_and_not_the_stray_kill_before_it(self):
        text = self.explain(STRAY + HEADER + PANIC)
        self.assertRegex(text, r"^-:2-4  \[100\.500001\]")
        self.assertIn("kernel panic (deadlocked on memory)\n", text)
        self.assertIn("story: 2 events, 1 killed, first [100.000001], last [100.500001]", text)
        self.assertRegex(text, r"What came before\n +-0\.5 s  oom-kill: killed stray \(pid 541\)")

    def test_the_end_is_in_the_head_of_the_story(self):
        restart = "[  102.000001] Rebooting in 10 seconds..\n"
        text = self.explain(HEADER + STRAY.replace("100.0", "100.6") +
                            PANIC.replace("101.", "140.") + restart.replace("102.", "141."))
        self.assertIn(", killed stray (pid 541), then kernel panic (deadlocked on memory), "
                      "restarts after 10 s\n", text)

    def test_forty_kills_of_one_cgroup_are_one_story(self):
        log = "".join(cgroup_kill(3600 + 300 * i) + cgroup_kill(3601 + 300 * i, "/other")
                      for i in range(40))
        text = self.explain(log)
        self.assertEqual(text.count("story: 40 events, 40 killed, first Nov 23 01:00:00, "
                                    "last Nov 23 04:15:00, one every 5 min on average"), 1)
        self.assertEqual(text.count("story: "), 2)
        events = self.events(log)
        self.assertEqual(len(events), 80)
        self.assertEqual({event["story"] for event in events}, {1, 2})
        self.assertEqual(events[-1]["in_story"], 40)

    def test_the_wall_clock_divides_stories(self):
        log = (kill("Jan  3 02:11:09", 77) + kill("Jan  9 14:40:51", 78) + kill("Feb 17 08:00:02", 79))
        self.assertEqual([event["in_story"] for event in self.events(log)], [1, 1, 1])
        self.assertNotIn("one cause", self.explain(log))

    def test_hosts_have_stories_of_their_own(self):
        log = "".join(cgroup_kill(60 * i, host=host) for i in range(3) for host in "ab")
        events = self.events(log)
        self.assertEqual(sorted((event["host"], event["in_story"]) for event in events),
                         [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("b", 2), ("b", 3)])


if __name__ == "__main__":
    harness.main()
