#!/usr/bin/env python3
"""Logs that say little, and what is known of their host: the host itself, or what was posted."""
import collections
import csv
import re

import harness
from harness import whyoom
from test_check import host_of_case

KILL = ("[  620.000001] Out of memory: Killed process 812 (mysqld) total-vm:910200kB, "
        "anon-rss:30000kB, file-rss:904kB, shmem-rss:0kB, UID:27 pgtables:90kB oom_score_adj:0\n")
FREE = ("$ free -m\n"
        "              total        used        free      shared  buff/cache   available\n"
        "Mem:           3936         611        2874           8         450           0\n")


def events(*args, **more):
    return whyoom("explain", *args, "--format", "json", **more).json["events"]


class TheHostItself(harness.Case):
    def of_host(self, case):
        root = self.scratch / "root"
        host_of_case(case, root)
        log = root / "var" / "log" / "kern.log"
        log.parent.mkdir(parents=True)
        log.write_text("Nov 30 10:00:00 box kernel: " + KILL)
        return root

    def test_a_setting_that_keeps_much_is_likely_the_cause(self):
        root = self.of_host("min-free-too-high/positive-host.case")
        event, = events("--root", root)
        self.assertEqual((event["root_cause"], event["verdict"]), ("min-free-too-high", "likely"))
        self.assertEqual(event["overturned_by"][0],
                         {"what": "vm.min_free_kbytes",
                          "if": "it was another one then; this is by the copy of the host"})
        self.assertEqual(event["recorded"]["source"], "the copy of the host")
        self.assertIsNone(event["recorded"]["sample_age"])
        text = whyoom("explain", "--root", root).out
        self.assertIn("vm.min_free_kbytes was most likely too high", text)
        self.assertIn("unless: vm.min_free_kbytes: if it was another one then; this is by", text)

    def test_a_setting_that_may_have_been_mended_rules_nothing_out(self):
        root = self.of_host("min-free-too-high/positive-host.case")
        (root / "proc/sys/vm/min_free_kbytes").write_text("67584\n")
        event, = events("--root", root)
        self.assertEqual(event["root_cause"], "undetermined")
        self.assertIn("min-free-too-high", [each["cause"] for each in event["candidates"]])
        self.assertIsNone(event["recorded"])

    def test_a_log_of_another_host_is_not_judged_by_this_one(self):
        root = self.of_host("min-free-too-high/positive-host.case")
        (root / "proc/sys/kernel/hostname").write_text("other\n")
        event, = events("--root", root)
        self.assertEqual(event["root_cause"], "undetermined")


class APost(harness.Case):
    def test_a_host_before_or_behind_the_log(self):
        setting = "vm.min_free_kbytes = 2097152\n"
        for text in (FREE + setting + KILL, KILL + setting + FREE, setting + KILL + FREE):
            for given in ({"stdin": text.encode()}, {}):
                args = [] if given else [self.file("post.txt", text)]
                event, = events(*(args or ["-"]), **given)
                self.assertEqual(event["root_cause"], "min-free-too-high", text)
                self.assertEqual(event["recorded"]["source"], "the same text")

    def test_what_no_kernel_takes_or_several_hosts_have_is_not_used(self):
        for setting in ("99999999999", "4030464", "-5"):  # more than an int, than RAM, or none
            event, = events(self.file("post.txt", f"{FREE}vm.min_free_kbytes = {setting}\n{KILL}"))
            self.assertEqual(event["root_cause"], "undetermined", setting)
        setting = "vm.min_free_kbytes = 2097152\n"
        of_two = "".join(f"Dec  1 00:0{i}:00 {name} kernel: {KILL}" for i, name in enumerate(("alpha", "beta")))
        for event in events(self.file("post.txt", FREE + setting + of_two)):
            self.assertEqual(event["root_cause"], "undetermined")

    def test_the_prompt_of_another_host(self):
        log = f"Dec  1 00:00:00 db1 kernel: {KILL}"
        for host, cause in (("db1", "min-free-too-high"), ("web9", "undetermined")):
            shown = f"root@{host}:~{FREE.replace('$', '#')}root@{host}:~# sysctl vm.min_free_kbytes\n"
            event, = events(self.file("post.txt", f"{log}{shown}vm.min_free_kbytes = 2097152\n"))
            self.assertEqual(event["root_cause"], cause, host)

    def test_the_kernels_own_choice_is_ruled_out(self):
        event, = events(self.file("post.txt", FREE + "vm.min_free_kbytes = 67584\n" + KILL))
        self.assertNotIn("min-free-too-high", [each["cause"] for each in event["candidates"]])
        alone, = events(self.file("kill.txt", KILL))
        self.assertIn("min-free-too-high", [each["cause"] for each in alone["candidates"]])
        self.assertIsNone(alone["recorded"])


class TheLab(harness.Case):
    """Logs cut to what people quote, beside the files of their host: right or open, never another."""

    FORMS = {"the kill": ("killed",), "its head": ("head", "killed"),
             "its constraint": ("head", "constraint", "killed")}
    LINES = {"head": "invoked oom-killer", "constraint": "oom-kill:constraint=",
             "killed": r"Out of memory: Killed process|Kernel panic.*Out of memory|no killable"}

    def logs(self):
        folder = harness.shared() / "lab"
        if not folder.is_dir():
            self.skipTest("the sample logs are not here (set WHYOOM_SHARED to use them)")
        with open(folder / "expected.tsv", newline="") as table:
            for row in csv.DictReader(table, delimiter="\t"):
                log = folder / row["case"] / "console.log"
                if row["event"] == "0" and row["root_causes"] and row["kind"].startswith("oom-"):
                    yield log, row["root_causes"].split("|")

    def host_of(self, log):
        """Its RAM, and the setting that its zones show: scenarios set it after these files were copied."""
        before = log.parent / "before" / "proc"
        shown = [number["value"] // 1024 for finding in events(log)[0]["findings"] for number in finding["evidence"]
                 if number["what"].startswith("vm.min_free_kbytes, from")]
        setting = shown[0] if shown else (before / "sys/vm/min_free_kbytes").read_text().strip()
        return f"{(before / 'meminfo').read_text()}vm.min_free_kbytes = {setting}\n"

    def test_every_cut_beside_its_host(self):
        right = collections.Counter()
        for log, causes in self.logs():
            host = self.host_of(log)
            lines = log.read_text(errors="replace").splitlines()
            first = {kind: next((line for line in lines if re.search(mark, line)), "")
                     for kind, mark in self.LINES.items()}
            for form, kinds in self.FORMS.items():
                post = "\n".join([first[kind] for kind in kinds] + [host])
                for event in events("-", stdin=post.encode())[:1]:
                    self.assertIn(event["root_cause"], [*causes, "undetermined"], (log.parent.name, form))
                    right[form] += event["root_cause"] in causes
        for form in self.FORMS:
            self.assertGreater(right[form], 20, right)


if __name__ == "__main__":
    harness.main()
