#!/usr/bin/env python3
"""Formats, width, colour."""
import json
import os
import pty
import re
import subprocess
import sys
import unicodedata

import harness
from harness import whyoom

ESCAPE = "\x1b"


def columns(line):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


class Formats(harness.Case):
    LOGS = ("min-free-killed.log", "min-free-panic.log", "memory-exhausted.log")

    def validate(self, text):
        script = harness.SOURCE / "tests" / "schema" / "validate.py"
        schema = harness.SOURCE / "docs" / "schema" / "whyoom-1.schema.json"
        done = subprocess.run([sys.executable, str(script), str(schema), "-"], input=text.encode(),
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_json_follows_the_schema(self):
        for log in self.LOGS:
            with self.subTest(log=log):
                result = whyoom("explain", "--format", "json", harness.EXAMPLES / log)
                self.check(result, 1)
                self.assertEqual(result.json["schema"], "whyoom/1")
                self.validate(result.out)

    def test_json_without_events_is_whole(self):
        result = whyoom("explain", "--format", "json", stdin="nothing\n")
        self.check(result, 0)
        self.assertEqual(result.json["events"], [])
        self.assertEqual(result.json["input"]["lines"], 1)
        self.validate(result.out)

    def test_json_is_whole_when_an_input_fails(self):
        result = whyoom("explain", "--format", "json", self.scratch / "none", self.spree)
        self.check(result, 2)
        self.assertIn("No such file", json.dumps(result.json["input"]["damage"]))
        self.validate(result.out)

    def test_ndjson_is_the_events_of_json_one_a_line(self):
        lines = whyoom("explain", "--format", "ndjson", self.spree).out.splitlines()
        whole = whyoom("explain", "--format", "json", self.spree).json
        self.assertEqual([json.loads(line) for line in lines], whole["events"])
        self.validate("\n".join(lines))

    def test_markdown(self):
        result = whyoom("explain", "--format", "markdown", self.spree)
        self.check(result, 1, out="min-free-too-high")
        self.assertTrue(result.out.startswith("#"), result)
        self.assertNotIn(ESCAPE, result.out)

    def test_text_answers_proves_and_fixes(self):
        for log in self.LOGS[:2]:
            out = whyoom("explain", "-v", harness.EXAMPLES / log).out
            flat = " ".join(out.split())
            for fact in ("vm.min_free_kbytes", "10485", "45056", "DMA32", "java"):
                self.assertIn(fact, flat, log)
        self.assertIn("panic", whyoom("explain", harness.EXAMPLES / self.LOGS[1]).out)

    def test_a_spree_is_one_story(self):
        out = whyoom("explain", "-v", self.spree).out
        self.assertEqual(len(re.findall(r"^Proof$|^  ?Proof$", out, re.M)), 1, out)
        for victim in ("java", "redis-server", "postgres", "node_exporter", "nginx"):
            self.assertIn(victim, out)

    def test_the_opposite_case_is_not_taken_for_the_fault(self):
        result = whyoom("explain", "--format", "json", harness.EXAMPLES / self.LOGS[2])
        self.assertEqual([e["root_cause"] for e in result.json["events"]], ["memory-exhausted"])

    def test_all_shows_what_was_ruled_out(self):
        log = harness.EXAMPLES / self.LOGS[2]
        short, long = (whyoom("explain", *args, log).out for args in ([], ["--all"]))
        self.assertNotIn("min-free-too-high", short)
        self.assertIn("min-free-too-high", long)


class Style(harness.Case):
    def test_every_line_fits(self):
        for log in Formats.LOGS:
            for width in (60, 80, 100, 200):
                out = whyoom("explain", "--all", "--width", width, harness.EXAMPLES / log).out
                longest = max(out.splitlines(), key=columns)
                # A command to paste and a path are never broken.
                if not re.search(r"\S{40}|^ *(\$|#|whyoom|sysctl|sudo|sed|echo|grep) ", longest):
                    self.assertLessEqual(columns(longest), width, longest)

    def test_columns_set_the_width(self):
        args = ("explain", self.spree)
        self.assertEqual(whyoom(*args, env={"COLUMNS": "120"}).out,
                         whyoom(*args, "--width", "120").out)
        self.assertNotEqual(whyoom(*args).out, whyoom(*args, "--width", "120").out)

    def test_colour_only_where_it_is_wanted(self):
        def coloured(*args, **env):
            return ESCAPE in whyoom("explain", *args, self.spree, env=env).out

        self.assertFalse(coloured())
        self.assertTrue(coloured("--color", "always"))
        self.assertTrue(coloured("--color", "always", NO_COLOR="1"))
        self.assertTrue(coloured(CLICOLOR_FORCE="1"))
        self.assertFalse(coloured("--color", "never", CLICOLOR_FORCE="1"))

    def on_a_terminal(self, **env):
        master, slave = pty.openpty()
        process = subprocess.Popen([harness.PROGRAM, "explain", str(self.spree)], stdout=slave,
                                   stderr=slave, stdin=subprocess.DEVNULL,
                                   env={**harness.CLEAN_ENV, "TERM": "xterm", **env})
        os.close(slave)
        out = harness.shown_on(master)
        self.assertEqual(process.wait(20), 1)
        return out.decode()

    def test_colour_on_a_terminal(self):
        self.assertIn(ESCAPE, self.on_a_terminal())
        self.assertNotIn(ESCAPE, self.on_a_terminal(NO_COLOR="1"))
        self.assertNotIn(ESCAPE, self.on_a_terminal(TERM="dumb"))

    def test_a_process_cannot_write_to_the_terminal(self):
        log = self.spree.read_bytes().replace(b"java", b"j\x1b]0;x\x07")
        for form in ("text", "markdown", "json"):
            out = whyoom("explain", "--format", form, stdin=log).out
            self.assertNotIn("\x1b]", out)
            self.assertNotIn("\x07", out)


if __name__ == "__main__":
    harness.main()
