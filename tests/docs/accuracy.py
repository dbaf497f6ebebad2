#!/usr/bin/env python3
"""What whyoom says of logs whose cause is known: docs/accuracy.md.

Usage: accuracy.py PROGRAM            compares, status 1 when the document is out of date
       accuracy.py --write PROGRAM    writes it again
       accuracy.py --self-test

The logs are no part of the project. They are looked for in $WHYOOM_SHARED, else in ../shared; without
them the status is 77 (skipped). Two kinds of logs are there: the lab's, each with a list of the root
causes that are right, and real reports that people posted, with what their thread said of the cause.

accuracy.tsv, beside this file, holds what a thread said as ids of the catalogue, and for each answer
that is not among them the reason. A disagreement without a reason is an error, and so is a reason
that is no longer needed.
"""
import csv
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "accuracy.md"
NOTES = pathlib.Path(__file__).with_suffix(".tsv")
SKIPPED = 77
OPEN = "undetermined"


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def events_of(program, log):
    done = subprocess.run([program, "explain", "--format", "ndjson", str(log)],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
                          env={"PATH": os.environ["PATH"], "TZ": "UTC"})
    events = [json.loads(line) for line in done.stdout.decode().splitlines()]
    return [event for event in events if "root_cause" in event]


class Answer:
    """Events of one log that got the same verdict. A long spree is one of these."""

    def __init__(self, event, wanted):
        self.kind, self.root = event["kind"], event["root_cause"] or OPEN
        self.grade = event["verdict"]  # proved, likely, undetermined
        self.wanted = wanted  # ids that are right; empty: nobody knows
        self.numbers, self.confidence, self.lacks = [], [], []

    def key(self):
        return self.kind, self.root, self.grade, tuple(self.wanted)

    def add(self, number, event):
        self.numbers.append(number)
        self.confidence += [finding["confidence"] for finding in event["findings"]
                            if finding["role"] == "root"]
        self.lacks += [part for part in event.get("missing", []) if part not in self.lacks]

    def agrees(self):
        return self.root in self.wanted


def ranges(numbers):
    """[1, 2, 3, 5] -> "1-3, 5"."""
    parts = []
    for number in numbers:
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


def grouped(events, wanted_of):
    """Answers in the order of their first event; events are counted from 1."""
    answers = {}
    for number, event in enumerate(events, 1):
        answer = Answer(event, wanted_of(number, event))
        answers.setdefault(answer.key(), answer).add(number, event)
    return list(answers.values())


def lab_wanted(rows, events):
    """The list counts from 0 and leaves failed allocations out."""
    accepted = {int(row["event"]): [c for c in (row["root_causes"] or "").split("|") if c]
                for row in rows}
    wanted, place = {}, 0
    for number, event in enumerate(events, 1):
        listed = event["kind"] != "page-allocation-failure"
        wanted[number] = accepted.get(place, []) if listed else []
        place += 1 if listed else 0
    return wanted


def confidence(answer):
    if not answer.confidence:
        return ""
    low, high = (f"{100 * value:.0f} %" for value in (min(answer.confidence),
                                                    max(answer.confidence)))
    return low if low == high else f"{low[:-2]}-{high}"


class Report:
    def __init__(self, program, shared):
        self.program, self.shared = program, shared
        self.notes = {row["file"]: row for row in rows_of(NOTES)}
        self.used, self.complaints = set(), []

    def reason(self, name, answer):
        """The written reason of a disagreement; a complaint when there is none."""
        note = self.notes.get(name, {})
        if answer.agrees() or not answer.wanted:
            return ""
        if not note.get("reason"):
            self.complaints.append(f"{name}: {answer.root} is not {'|'.join(answer.wanted)}; "
                                   f"give the reason in {NOTES.name}")
        self.used.add(name)
        return note.get("reason") or "?"

    def lab(self):
        listed = {}
        for row in rows_of(self.shared / "lab" / "expected.tsv"):
            listed.setdefault(row["case"], []).append(row)
        found = []
        for log in sorted((self.shared / "lab").glob("*/console.log")):
            events = events_of(self.program, log)
            wanted = lab_wanted(listed.get(log.parent.name, []), events)
            expected = len(listed.get(log.parent.name, []))
            seen = sum(event["kind"] != "page-allocation-failure" for event in events)
            if seen != expected:
                self.complaints.append(f"{log.parent.name}: {seen} events, {expected} are listed")
            found.append((log.parent.name, grouped(events, lambda n, _, w=wanted: w[n])))
        return found

    def real(self):
        found = []
        for row in sorted(rows_of(self.shared / "corpus" / "real" / "INDEX.tsv"),
                          key=lambda row: row["file"]):
            name = row["file"]
            stated = re.search(r"\bthread\b", row["cause"] or "")
            note = self.notes.get(name)
            if stated and not note:
                self.complaints.append(f"{name}: a thread names its cause; it is not in "
                                       f"{NOTES.name}")
            thread = note["thread"].split("|") if stated and note and note["thread"] != "-" else []
            events = events_of(self.program, self.shared / "corpus" / "real" / name)
            found.append((name, grouped(events, lambda *_, w=thread: w)))
        known = {name for name, _ in found}
        self.complaints += [f"{NOTES.name}: {name} is no file of the corpus"
                            for name in self.notes if name not in known]
        return found

    def table(self, found, answer_of):
        lines = [f"| log | events | kind | root cause | verdict | confidence | {answer_of} | agrees |",
                 "|---|---|---|---|---|---|---|---|"]
        for name, answers in found:
            if not answers:
                lines.append(f"| {name} | none | | | | | | |")
            for answer in answers:
                count = "" if len(answer.numbers) == 1 else f" ({len(answer.numbers)})"
                agrees = ("" if not answer.wanted else
                          "yes" if answer.agrees() else "no: " + self.reason(name, answer))
                if answer.root == OPEN and answer.lacks and not answer.wanted:
                    agrees = "lacks " + ", ".join(answer.lacks)
                lines.append(f"| {name} | {ranges(answer.numbers)}{count} | {answer.kind} | "
                             f"{answer.root} | {'' if answer.root == OPEN else answer.grade} | "
                             f"{confidence(answer)} | "
                             f"{' or '.join(answer.wanted)} | {agrees} |")
        return "\n".join(lines)

    def document(self):
        lab, real = self.lab(), self.real()
        text = [HEAD, totals("The lab's logs", lab, "events with a list of right answers"),
                totals("Real reports", real, "events whose thread names the cause"),
                LAB, self.table(lab, "right"), REAL, self.table(real, "thread")]
        for name, note in self.notes.items():
            if note["reason"] and name not in self.used:
                self.complaints.append(f"{NOTES.name}: the reason of {name} is not needed any more")
        return "\n".join(text) + "\n"


def totals(title, found, judged_name):
    answers = [answer for _, log in found for answer in log]

    def count(condition):
        return sum(len(answer.numbers) for answer in answers if condition(answer))

    def graded(grade, right):
        return count(lambda a: a.wanted and a.root != OPEN and a.grade == grade
                     and a.agrees() == right)

    numbers = [len(found), count(lambda a: True), count(lambda a: a.root != OPEN),
               count(lambda a: a.wanted), graded("proved", True), graded("likely", True),
               count(lambda a: a.wanted and a.root == OPEN), graded("proved", False),
               graded("likely", False)]
    return f"| {title} | " + " | ".join(map(str, numbers)) + " |"


HEAD = """# Accuracy

What whyoom says of logs whose cause is known. The lab's logs were made: a real kernel in a virtual machine, one
scenario in each, with a list of the answers that are right. The real reports were posted by people, whole or as an
excerpt; for some the thread found the cause. The logs are not part of the project; this page is written by
`tests/docs/accuracy.py` where they are at hand. Events of one log that got the same answer are one row.

A verdict is proved, likely, or left open ([how it decides](how-it-decides.md)).

| logs | number | events | with a root cause | judged | right, proved | right, likely | left open | another, proved | another, likely |
|---|---|---|---|---|---|---|---|---|---|"""

LAB = """
## The lab's logs

The name is the kernel and the scenario. Failed allocations beside an OOM are not judged, nor are events that the
list leaves open.
"""

REAL = """
## Real reports

By the name of their file. Many are excerpts: where the answer is left open and no thread judges it, the last column
says which parts the report lacks.
"""


def self_test():
    assert ranges([1, 2, 3, 5]) == "1-3, 5" and ranges([]) == ""
    event = {"kind": "oom-kill", "root_cause": "sysrq", "verdict": "proved",
             "findings": [{"role": "root", "confidence": 0.99}]}
    answers = grouped([event, event, dict(event, root_cause=None, findings=[])],
                      lambda *_: ["sysrq"])
    assert [a.numbers for a in answers] == [[1, 2], [3]]
    assert answers[0].agrees() and not answers[1].agrees() and answers[1].root == OPEN
    failure = {"kind": "page-allocation-failure"}
    rows = [{"event": "0", "root_causes": "a|b"}, {"event": "1", "root_causes": ""}]
    wanted = lab_wanted(rows, [failure, {"kind": "oom-kill"}, {"kind": "oom-kill"}])
    assert wanted == {1: [], 2: ["a", "b"], 3: []}


def main():
    if "--self-test" in sys.argv:
        self_test()
        return 0
    shared = pathlib.Path(os.environ.get("WHYOOM_SHARED") or ROOT.parent / "shared")
    if not (shared / "lab").is_dir() or not (shared / "corpus" / "real").is_dir():
        print("skipped: the sample logs are not here (set WHYOOM_SHARED to use them)")
        return SKIPPED
    report = Report(str(pathlib.Path(sys.argv[-1]).resolve()), shared)
    now = report.document()
    if "--write" in sys.argv:
        DOCUMENT.write_text(now, encoding="utf-8")
    elif not DOCUMENT.exists() or DOCUMENT.read_text(encoding="utf-8") != now:
        report.complaints.append("docs/accuracy.md: out of date; `./dev docs` renews it")
    print("\n".join(report.complaints) or "the answers are as the document says")
    return 1 if report.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
