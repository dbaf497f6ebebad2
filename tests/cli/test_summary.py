#!/usr/bin/env python3
"""Parts of a log (explain --range), the ids of events, and `whyoom summary`."""
import gzip
import json
import os
import random
import re

import harness
from harness import whyoom

# So many cuts of the archive; WHYOOM_LONG_TESTS=1 takes the thousand that the documents speak of.
CUTS = 1000 if os.environ.get("WHYOOM_LONG_TESTS") else 60


def later(log, seconds):
    """The same log, printed so many seconds later."""
    return re.sub(r"(?m)^\[ *(\d+)\.", lambda found: f"[{int(found[1]) + seconds:5d}.", log)


class Summary(harness.Case):
    def setUp(self):
        super().setUp()
        self.one = self.spree.read_text()
        parts = []
        for number in range(8):
            parts.append(later(self.one, 100000 * number))
            parts.append("".join(f"[{100000 * number + 50000}.{i:06d}] usb 1-1: new device {i}\n"
                                 for i in range(400 * (number % 3))))
        self.archive = self.scratch / "archive.log"
        self.archive.write_text("".join(parts))
        self.size = self.archive.stat().st_size

    def output(self, result, status=0):
        self.check(result, status)
        return result.out

    def events(self, *args, expect=1):
        out = self.output(whyoom("explain", "--format", "ndjson", self.archive, *args), expect)
        return [json.loads(line) for line in out.splitlines()]

    def ndjson(self, name, *args):
        path = self.scratch / name
        path.write_text(self.output(whyoom("explain", "--format", "ndjson", "--exit-zero",
                                           self.archive, *args)))
        return path

    def summary(self, *files):
        return self.output(whyoom("summary", "--format", "json", *files))

    @staticmethod
    def told(event):
        """What does not depend on where the event stands in what was read."""
        text = json.dumps({key: value for key, value in event.items()
                           if key not in ("source", "story", "in_story")})
        return re.sub(r"(archive\.log|line):?\s?\d+(-\d+)?", "", text)

    def test_a_number_that_cannot_be_is_refused(self):
        """Else the sums would wrap, or -1 would count as none."""
        summary = json.loads(self.summary(self.ndjson("e.ndjson")))
        for killed in (-1, 1e300, 2**64 - 1, 4194305, "1"):
            summary["groups"][0]["members"][0]["killed"] = killed
            result = whyoom("summary", self.file("s.json", json.dumps(summary)))
            self.assertIn('"killed" is missing or not as it can be', result.err)

    def test_a_process_that_is_named_twice_was_killed_once(self):
        kill = "[ 9.{}] {}Killed process {} (node) total-vm:9kB, anon-rss:8kB, file-rss:1kB, shmem-rss:0kB, UID:0\n"
        cgroup = "Memory cgroup out of memory: "
        log = self.file("group.log", kill.format(1, cgroup, 7) +
                        "[ 9.2] Tasks in /a are going to be killed due to memory.oom.group set\n" +
                        kill.format(3, cgroup, 8) + kill.format(4, cgroup, 7))
        events = self.output(whyoom("explain", "--format", "ndjson", log), 1)
        self.assertEqual([each["pid"] for each in json.loads(events)["victims"]], [7, 8, 7], "as it is printed")
        self.assertIn("2 processes killed", self.output(whyoom("summary", self.file("e.ndjson", events))))

    def test_ids_are_one_for_each_event_and_the_same_again(self):
        first, again = self.events(), self.events()
        ids = [event["id"] for event in first]
        self.assertEqual(len(set(ids)), len(ids))
        self.assertEqual(ids, [event["id"] for event in again])
        self.assertEqual(len(ids), 8 * len(json.loads(
            whyoom("explain", "--format", "json", self.spree).out)["events"]))

    def test_parts_of_a_log_have_the_events_of_the_whole(self):
        whole = sorted(self.told(event) for event in self.events())
        rng = random.Random(3)
        for _ in range(10):
            cuts = sorted({0, self.size, *(rng.randrange(self.size) for _ in range(4))})
            found = []
            for begin, end in zip(cuts, cuts[1:]):
                result = whyoom("explain", "--format", "ndjson", "--range", f"{begin}-{end}",
                                self.archive)
                self.assertIn(result.status, (0, 1), result)
                found += [self.told(json.loads(line)) for line in result.out.splitlines()]
            self.assertEqual(sorted(found), whole, cuts)

    def test_the_line_numbers_of_a_part_count_from_the_byte_that_it_names(self):
        half = self.size // 2
        events = self.events("--range", f"{half}-")
        self.assertTrue(events)
        data = self.archive.read_bytes()
        for event in events:
            lines = data[event["source"]["from_byte"]:].split(b"\n")
            self.assertIn(b"invoked oom-killer", lines[event["source"]["first_line"] - 1])

    def test_summaries_of_parts_are_the_summary_of_the_whole(self):
        whole = self.summary(self.ndjson("whole.ndjson"))
        rng = random.Random(5)
        for _ in range(CUTS):
            cut = rng.randrange(1, self.size)
            a = self.ndjson("a.ndjson", "--range", f"0-{cut}")
            b = self.ndjson("b.ndjson", "--range", f"{cut}-")
            self.assertEqual(self.summary(b, a), whole, cut)

    def test_a_summary_of_summaries_and_of_what_came_twice(self):
        events = self.ndjson("whole.ndjson")
        whole = self.summary(events)
        lines = events.read_text().splitlines(keepends=True)
        parts = []
        for number in range(4):
            path = self.scratch / f"{number}.ndjson"
            path.write_text("".join(lines[number::3]))  # the first and the last share events
            part = self.scratch / f"{number}.json"
            part.write_text(self.summary(path))
            parts.append(part)
        self.assertEqual(self.summary(*parts), whole)
        self.assertEqual(self.summary(*reversed(parts), events), whole)
        pretty = self.scratch / "pretty.json"
        pretty.write_text(json.dumps(json.loads(whole), indent=2))
        self.assertEqual(self.summary(pretty), whole)
        self.assertEqual(self.summary(self.file("explained.json", whyoom(
            "explain", "--format", "json", self.archive).out)), whole)
        packed = self.scratch / "whole.ndjson.gz"
        packed.write_bytes(gzip.compress(events.read_bytes()))
        self.assertEqual(self.summary(packed), whole)

    def test_text_is_for_people(self):
        text = self.output(whyoom("summary", self.ndjson("whole.ndjson")))
        self.assertIn("min-free-too-high", text)
        self.assertRegex(text, r"(?m)^\d+ events on hosts that are not named, \d+ processes killed$")

    def test_forged_and_broken_lines_are_left_out_counted_and_told(self):
        good = self.ndjson("whole.ndjson").read_text()
        event = json.loads(good.splitlines()[0])
        bad = ["not json", "[]", "{}", "[" * 100000, '{"type":"summary","groups":5}',
               '{"type":"summary","groups":[{"members":[{}]}]}',
               json.dumps({**event, "id": "f" * 31}), json.dumps({**event, "id": 7}),
               json.dumps({**event, "host": "web1\u001b[31m"}),
               json.dumps({**event, "host": "$(reboot)"}),
               json.dumps({**event, "root_cause": "x" * 10000})]
        result = whyoom("summary", "--format", "json",
                        self.file("mixed.ndjson", good + "\n".join(bad) + "\n"))
        self.assertEqual(result.status, 2)
        self.assertEqual(result.out, self.summary(self.file("good.ndjson", good)))
        self.assertIn(f"mixed.ndjson:{len(good.splitlines()) + 1}: ", result.err)
        self.assertIn("left out: no events, or forged", result.err)
        self.assertNotIn("\x1b", result.err)

    def test_wrong_use(self):
        for text in ("", "5", "-", "a-b", "9-3", "3-3", "-5", "0-99999999999999999999999", "1-2-3"):
            result = whyoom("explain", "--format", "ndjson", "--range", text, self.archive)
            self.assertEqual(result.status, 2, text)
        self.assertEqual(whyoom("explain", "--range", "0-5", self.archive).status, 2)
        self.assertEqual(whyoom("explain", "--format", "ndjson", "--range", "0-5", self.archive,
                                self.spree).status, 2)
        packed = self.scratch / "archive.log.gz"
        packed.write_bytes(gzip.compress(self.archive.read_bytes()))
        result = whyoom("explain", "--format", "ndjson", "--range", "0-5", packed)
        self.assertEqual(result.status, 2)
        self.assertIn("no part can be read", result.err)
        result = whyoom("explain", "--format", "ndjson", "--range", "0-5", "-", stdin="x\n")
        self.assertEqual(result.status, 2)
        self.assertEqual(whyoom("summary", self.scratch / "missing").status, 2)

    def test_a_part_behind_the_end_has_no_event(self):
        self.assertEqual(self.events("--range", f"{self.size + 5}-", expect=0), [])

    def test_exit_zero(self):
        self.check(whyoom("explain", "--exit-zero", self.spree), 0)
        self.assertEqual(whyoom("explain", "--exit-zero", self.scratch / "missing").status, 2)


if __name__ == "__main__":
    harness.main()
