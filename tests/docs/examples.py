#!/usr/bin/env python3
"""Keeps the documents true.

Usage: examples.py PROGRAM            compares, status 1 when a document is out of date
       examples.py --write PROGRAM    writes the documents again

An example is a marker and the code block behind it:
    <!-- run: whyoom explain examples/min-free-killed.log -->
The command is run in the root of the sources; the block holds it and what it printed. A table is
marked with "table:" instead of "run:", and is what the command printed.
The pages of the manual and the scripts of completion are compared and written in the same way. It
also looks whether links between documents lead somewhere.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import format_pages

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = re.compile(r"(?m)^<!-- run: (?P<command>[^\n]*) -->\n\n?```(?P<language>\w*)\n"
                     r"(?P<block>.*?)^```$", re.S | re.M)
TABLE = re.compile(r"^<!-- table: (?P<command>[^\n]*) -->\n\n(?:\|[^\n]*\n)*", re.M)
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

    def table(match):
        return f"<!-- table: {match['command']} -->\n\n{run(match['command'], program)}"

    return TABLE.sub(table, EXAMPLE.sub(block, text))


def dead_links(path, text):
    for link in LINK.findall(text):
        if not (path.parent / link).exists():
            yield f"{path.relative_to(ROOT)}: {link} leads nowhere"


# What the program writes itself: the pages of the manual, in two languages, and the scripts of completion.
def made_by_program(program):
    for command in ("", "explain", "check", "whatif", "fix", "undo", "capture", "watch", "history",
                    "summary", "play", "serve", "config", "causes", "mcp", "lint", "completion", "help"):
        name = "whyoom" + (f"-{command}" if command else "")
        yield ROOT / "docs" / "man" / f"{name}.1", run(f"whyoom man {command}", program)
        yield ROOT / "docs" / "man" / "zh_CN" / f"{name}.1", run(f"whyoom man {command} --lang zh", program)
    for shell, name in (("bash", "whyoom"), ("zsh", "_whyoom"), ("fish", "whyoom.fish")):
        yield ROOT / "completion" / shell / name, run(f"whyoom completion {shell}", program)


def renew_made(program, write):
    for path, now in [*made_by_program(program), *format_pages.pages()]:
        if path.exists() and path.read_text(encoding="utf-8") == now:
            continue
        if write:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(now, encoding="utf-8")
        else:
            yield f"{path.relative_to(ROOT)}: out of date; `./dev docs` renews it"


def main():
    write = sys.argv[1] == "--write"
    program = sys.argv[-1]
    complaints, examples = list(renew_made(program, write)), 0
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/formats/*.md"),
                        *ROOT.glob("examples/*.md"),
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
