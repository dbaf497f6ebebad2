#!/usr/bin/env python3
"""--since, --until, --at, --last."""
import harness
from harness import whyoom


class Select(harness.Case):
    def lines(self, *args, stdin=b"", expect=1):
        result = whyoom("explain", "--format", "json", *args, *([] if stdin else [self.spree]),
                        stdin=stdin)
        self.check(result, expect)
        self.err = result.err
        return [event["source"]["first_line"] for event in result.json["events"]]

    def times(self):
        events = whyoom("explain", "--format", "json", self.spree).json["events"]
        return [event["time"]["monotonic"] for event in events]

    def test_the_last_ones(self):
        every = self.lines()
        self.assertEqual(self.lines("--last", "2"), every[-2:])
        self.assertEqual(self.lines("--last", "1000"), every)

    def test_seconds_since_boot(self):
        every, times = self.lines(), self.times()
        middle = (times[2] + times[3]) / 2
        self.assertEqual(self.lines("--since", middle), every[3:])
        self.assertEqual(self.lines("--until", f"[{middle}]"), every[:3])
        self.assertEqual(self.lines("--since", times[1], "--until", times[4]), every[1:5])
        self.assertEqual(self.lines("--at", times[4]), every[4:5])
        self.assertEqual(self.lines("--at", "0"), every[:1])

    def test_nothing_in_the_time_asked_for(self):
        self.assertEqual(self.lines("--since", "99999", expect=0), [])
        self.assertIn("none of those asked for", self.err)

    def test_an_event_without_that_clock_is_kept_and_said_so(self):
        every = self.lines()
        self.assertEqual(self.lines("--since", "2026-11-23 07:41"), every)
        self.assertIn("no time that can be compared", self.err)

    def syslog(self):
        out = []
        for line in self.spree.read_text().splitlines():
            second = int(float(line[1:13]))
            out.append(f"Nov 23 07:41:{second:02d} host kernel: {line}\n")
        return "".join(out).encode()

    def test_wall_clocks(self):
        log = self.syslog()
        every = self.lines(stdin=log)
        self.assertEqual(len(every), len(self.times()))
        for text in ("Nov 23 07:41:17", "2026-11-23 07:41", "Nov 22 00:00:00"):
            self.assertEqual(self.lines("--since", text, stdin=log), every)
        self.assertEqual(self.lines("--since", "Nov 23 07:41:59", stdin=log, expect=0), [])
        self.assertEqual(self.lines("--until", "Nov 23 07:41:16", stdin=log, expect=0), [])
        self.assertEqual(len(self.lines("--at", "Nov 23 07:41:17", stdin=log)), 1)


if __name__ == "__main__":
    harness.main()
