#!/usr/bin/env python3
"""`whyoom whatif`: settings tried at an event of a log."""
import json
import shutil

import harness
from harness import whyoom


class WhatIf(harness.Case):
    def what_if(self, *settings, event=None):
        result = whyoom("whatif", *settings, "--event", event or self.spree, "--format", "json")
        self.assertEqual(result.status, 0, result)
        return json.loads(result.out)

    def test_a_gap_names_its_path_once(self):
        (self.scratch / "proc").mkdir()
        (self.scratch / "proc/meminfo").write_text("MemTotal: 1000000 kB\nMemFree: 900000 kB\n")
        result = whyoom("whatif", "vm.min_free_kbytes=45056", "--root", self.scratch, "--width", "200")
        self.assertIn("not read: /proc/zoneinfo is not there: the zones", result.out)

    def test_the_default_lets_the_request_pass(self):
        answer = self.what_if("vm.min_free_kbytes=default")
        self.assertEqual(answer["request"], {"passes_before": False, "passes_after": True})
        self.assertLess(answer["out_of_reach"]["after"], answer["out_of_reach"]["before"] / 10)
        setting = answer["settings"]["vm.min_free_kbytes"]
        self.assertEqual(setting["after"], 45056)
        # As recovered: the kernel rounds down in each zone.
        self.assertAlmostEqual(setting["before"], 1048576, delta=16)
        zone = answer["zones"][-1]
        self.assertLess(zone["after"]["min"], zone["before"]["min"] / 10)
        self.assertEqual(zone["after"]["high"] - zone["after"]["low"],
                         zone["after"]["low"] - zone["after"]["min"])

    def test_in_text(self):
        result = whyoom("whatif", "vm.min_free_kbytes=64M", "--event", self.spree)
        self.check(result, 0, out="This request would have passed.")
        self.assertIn("vm.min_free_kbytes were 65536", result.out)
        self.assertIn("the first of 6 events", result.err)

    def test_the_numbered_event(self):
        for number in (1, 2, 6):
            answer = self.what_if("vm.min_free_kbytes=default", event=f"{self.spree}#{number}")
            events = json.loads(whyoom("explain", self.spree, "--format", "json").out)["events"]
            self.assertEqual(answer["event"]["first_line"],
                             events[number - 1]["source"]["first_line"])
        self.check(whyoom("whatif", "ram=+1G", "--event", f"{self.spree}#7"), 2,
                   err="it has 6 events, so there is no #7")

    def test_a_file_whose_own_name_has_a_number_sign(self):
        log = self.file("log#2", self.spree.read_bytes())
        answer = self.what_if("vm.min_free_kbytes=default", event=log)
        self.assertEqual(answer["event"]["file"], str(log))

    def test_several_settings(self):
        answer = self.what_if("vm.min_free_kbytes=default", "vm.watermark_scale_factor=1000")
        zone = answer["zones"][-1]["after"]
        self.assertGreater(zone["low"] - zone["min"], zone["min"])

    def test_vendors(self):
        result = whyoom("whatif", "--vendors", "--event", self.spree, "--format", "json")
        answer = json.loads(result.out)
        who = {each["who"]: each for each in answer["vendors"]}
        self.assertGreater(answer["value"], who["Tencent Cloud"]["most"])
        self.assertFalse(who["Tencent Cloud"]["kept"])
        self.assertGreater(who["Broadcom (Greenplum)"]["at_most"]["out_of_reach"]["after"],
                           who["Tencent Cloud"]["at_most"]["out_of_reach"]["after"])
        self.check(whyoom("whatif", "--vendors", "--event", self.spree), 0, out="allows here")
        self.check(whyoom("whatif", "--vendors", "ram=+1G", "--event", self.spree), 2,
                   err="takes no KEY=VALUE")

    def test_wrong_use(self):
        for settings, message in ((["vm.min_free_kbytes=lots"], "this is no size"),
                                  (["vm.min_free_kbytes=-1"], "this is no size"),
                                  (["vm.min_free_kbytes=9999999999"], "allowed are 0 to"),
                                  (["vm.swappiness=1"], "cannot compute this key"),
                                  (["vm.min_free_kbytes"], "write KEY=VALUE")):
            self.check(whyoom("whatif", *settings, "--event", self.spree), 2, err=message)
        self.check(whyoom("whatif", "--event", self.spree), 2, err="KEY=VALUE is required")

    def test_input_without_what_it_needs(self):
        empty = self.file("empty.log", "nothing happened\n")
        self.check(whyoom("whatif", "ram=+1G", "--event", empty), 2, err="no OOM event found")
        pids = self.file("pids.log", "[    9.1] cgroup: fork rejected by pids controller in /a\n")
        self.check(whyoom("whatif", "ram=+1G", "--event", pids), 2, err="prints no zones")
        self.check(whyoom("whatif", "ram=+1G", "--event", self.scratch / "none"), 2,
                   err="No such file")


class Whose(harness.Case):
    """Host and kernel stand above the answer about a copy of a machine."""

    def test_name_and_kernel(self):
        root = self.scratch / "host"
        shutil.copytree(harness.EXAMPLES / "host", root)
        for name, text in (("hostname", "db1"), ("osrelease", "6.1.0-18-amd64")):
            path = root / "proc/sys/kernel" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")
        told = whyoom("whatif", "vm.min_free_kbytes=default", "--root", root).out
        self.assertTrue(told.startswith("whyoom whatif on db1, kernel 6.1.0-18-amd64\n\nWhat if"), told)
        log = root / "var/crash/1/dmesg.txt"
        log.parent.mkdir(parents=True)
        shutil.copy(self.spree, log)
        self.assertIn("host db1", whyoom("explain", "--width", "120", "--root", root).out)
        events = whyoom("explain", "--root", root, "--format", "json").json["events"]
        self.assertEqual({event["host"] for event in events}, {"db1"})


if __name__ == "__main__":
    harness.main()
