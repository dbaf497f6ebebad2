#!/usr/bin/env python3
"""What whyoom tells people to do: how much it gives back, and that it can be done."""
import json

import harness
from harness import whyoom


class Remedies(harness.Case):
    def lab_logs(self, pattern="*"):
        if not (harness.shared() / "lab").is_dir():
            self.skipTest("the sample logs are not here (set WHYOOM_SHARED to use them)")
        return sorted((harness.shared() / "lab").glob(pattern + "/console.log"))

    def events(self, log):
        out = whyoom("explain", "--format", "ndjson", log).out
        return [json.loads(line) for line in out.splitlines()]

    def test_how_much_is_said_wherever_it_is_known(self):
        known = 0
        for event in (event for log in self.lab_logs("6.12-*") for event in self.events(log)):
            for finding in event["findings"]:
                for remedy in finding["remedies"]:
                    change = remedy["what_if"] and remedy["what_if"]["within_reach"]
                    if change and change["after"] > change["before"]:
                        self.assertEqual(remedy["gives_back"], change["after"] - change["before"])
                    known += remedy["gives_back"] is not None
        self.assertGreater(known, 40)
        slab = next(log for log in self.lab_logs("6.12-dentries"))
        self.assertRegex(whyoom("explain", slab).out, r"Fix: See what allocates .*: up to \d+ MiB")

    def test_a_machine_that_panicked_has_no_process_of_then(self):
        panics = 0
        for log in self.lab_logs():
            for event in self.events(log):
                if event["outcome"] == "panic":
                    panics += 1
                    commands = [command for finding in event["findings"]
                                for remedy in finding["remedies"] for command in remedy["commands"]]
                    self.assertNotRegex("\n".join(commands), r"/proc/(\d|\[)", log)
        self.assertGreater(panics, 20)

    def test_by_hand_names_no_file_that_may_not_be_there(self):
        told = whyoom("explain", "-v", "--width", "200", self.spree).out
        by_hand = told[told.index("By hand"):]
        self.assertNotRegex(by_hand, r"sysctl -p\b")
        for line in by_hand.splitlines():
            if "sysctl.conf" in line:
                self.assertIn("grep -rnsE", line)  # it looks whether that is there


if __name__ == "__main__":
    harness.main()
