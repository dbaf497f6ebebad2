#!/usr/bin/env python3
"""Keeps the documents true.

Usage: examples.py PROGRAM            compares, status 1 when a document is out of date
       examples.py --write PROGRAM    writes the documents again

An example is a marker and the code block behind it:
    <!-- run: whyoom explain examples/min-free-killed.log -->
The command is run in the root of the sources; the block holds it and what it printed.
It also looks whether links between documents lead somewhere, and whether the manual page has every
option that --help has.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = re.compile(r"(?m)^<!-- run: (?P<command>[^\n]*) -->\n\n?```(?P<language>\w*)\n"
                     r"(?P<block>.*?)^```$", re.S | re.M)
LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:|#)([^)#\s]+)")


def run(command, program):
    with tempfile.TemporaryDirectory() as bin_folder:
        os.symlink(pathlib.Path(program).resolve(), os.path.join(bin_folder, "whyoom"))
        done = subprocess.run(["bash", "-c", command], cwd=ROOT, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              env={"PATH": bin_folder + ":" + os.environ["PATH"], "TZ": "UTC"})
    return done.stdout.decode()


def renewed(text, program):
    def block(match):
        command = match["command"]
        out = run(command, program).rstrip("\n")
        return (f"<!-- run: {command} -->\n```{match['language']}\n$ {command}\n{out}\n```")

    return EXAMPLE.sub(block, text)


def dead_links(path, text):
    for link in LINK.findall(text):
        if not (path.parent / link).exists():
            yield f"{path.relative_to(ROOT)}: {link} leads nowhere"


def missing_in_manual(program):
    manual = (ROOT / "docs" / "whyoom.1").read_text(encoding="utf-8").replace("\\-", "-")
    for command in ("", "explain", "check", "whatif", "fix", "undo", "capture", "causes"):
        shown = run(f"whyoom {command} --help", program)
        for option in sorted(set(re.findall(r"^  .*?(--[a-z-]+)", shown, re.M))):
            if option not in manual:
                yield f"docs/whyoom.1: {option} of `whyoom {command}` is not there"


def main():
    write = sys.argv[1] == "--write"
    program = sys.argv[-1]
    complaints, examples = list(missing_in_manual(program)), 0
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*.md"),
                        *ROOT.glob("src/diagnose/causes/*/README.md")]):
        text = path.read_text(encoding="utf-8")
        examples += len(EXAMPLE.findall(text))
        complaints += dead_links(path, text)
        now = renewed(text, program)
        if now != text and write:
            path.write_text(now, encoding="utf-8")
        elif now != text:
            complaints.append(f"{path.relative_to(ROOT)}: out of date; `./dev docs` renews it")
    if examples == 0:
        complaints.append("no example was found in any document")
    print("\n".join(complaints) or f"{examples} examples are as they should be")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
