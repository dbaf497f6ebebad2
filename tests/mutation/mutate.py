#!/usr/bin/env python3
"""mutate.py TREE BUILD [--count N] [--seed S] [--files GLOB] [--boundary]

Do the tests notice when the arithmetic is wrong? Changes one comparison, one sign or one constant of
src/memory or src/diagnose in TREE (a copy: it is edited in place), builds memory_test and
diagnose_test in BUILD, and runs them: a test that fails has noticed. Prints what was noticed, each
change that was not, and the share; ends with 1 below 90 %.

--boundary takes the harder changes alone: < for <=, > for >= and back, which only a case that stands
exactly on the border notices.

A change that does not compile is no change: another one takes its place. Of a change that gives the
same program (a limit that nothing reaches, the size of a reserve) no test can say anything; such
are in the list, and are looked at by a person. One byte, kB or page more or less is as good as the
same: no rule turns on it, so the 0 of Bytes(0), KiB(0), Pages(0) and .count() > 0 becomes 1 GiB. A
value that is taken out of an empty optional is noticed too, when BUILD has -D_GLIBCXX_ASSERTIONS.
"""
import argparse
import collections
import pathlib
import random
import re
import subprocess
import sys

TESTS = ["memory_test", "diagnose_test"]
SECONDS = 900  # a change can make a loop endless; the whole run takes a tenth of it
GOAL = 0.9

NEGATED = {"<": ">=", ">": "<=", "<=": ">", ">=": "<", "==": "!=", "!=": "=="}
BOUNDARY = {"<": "<=", ">": ">=", "<=": "<", ">=": ">"}
OTHERS = {"&&": "||", "||": "&&", "+": "-", "-": "+", "*": "/", "/": "*"}
OPERATOR = re.compile(r"(?<= )(<=|>=|==|!=|<|>|&&|\|\||\+|-|\*|/)(?= )")
NUMBER = re.compile(r"(?<![\w.\"'])(\d+(?:'\d+)*(?:\.\d+)?)(?![\w.\"'])")
# Strings, characters and comments; not the ' between digits.
NO_CODE = re.compile(r'"(?:[^"\\]|\\.)*"|(?<!\d)\'(?:[^\'\\]|\\.)*\'|//.*')
# A size and what it is compared with, in bytes, kB or pages.
OF_SIZE = re.compile(r"(?:\b(Bytes|KiB|Pages)\(|\.(count)\(\) (?:==|!=|>|<=) )$")
GIB = {"Bytes": 1 << 30, "KiB": 1 << 20, "Pages": 1 << 18, "count": 1 << 30}
# A size that only holds more, and empty ones.
ARRAY_SIZE = re.compile(r"std::array<[^;{]*$")
# Lines that say nothing at run time, or whose numbers are indices and widths of texts.
NO_LINE = re.compile(r"^\s*(#|//|static_assert|using|template|namespace|\.)|reserve\(|operator")

Change = collections.namedtuple("Change", "path line begin end text")


def code_of(line):
    """The line with blanks in the place of strings and comments."""
    return NO_CODE.sub(lambda found: " " * len(found[0]), line)


def changes_in(path, boundary):
    for number, line in enumerate(path.read_text().splitlines()):
        if NO_LINE.search(line):
            continue
        code = code_of(line)
        for found in OPERATOR.finditer(code):
            table = BOUNDARY if boundary else {**NEGATED, **OTHERS}
            if found[1] in table:
                yield Change(path, number, found.start(1), found.end(1), table[found[1]])
        if boundary:
            continue
        for found in NUMBER.finditer(code):
            value = found[1].replace("'", "")
            if ARRAY_SIZE.search(code[:found.start()]) and code[found.end():].startswith(">"):
                continue
            size = OF_SIZE.search(code[:found.start()])
            if size and value == "0":
                other = str(GIB[size[1] or size[2]])
            else:
                other = str(float(value) * 2 + 1) if "." in value else str(int(value) * 2 + 1)
            yield Change(path, number, found.start(1), found.end(1), other)


def apply(change):
    text = change.path.read_text()
    lines = text.splitlines(keepends=True)
    line = lines[change.line]
    lines[change.line] = line[:change.begin] + change.text + line[change.end:]
    change.path.write_text("".join(lines))
    return text


def run(command, **more):
    try:
        return subprocess.run(command, check=False, capture_output=True, text=True,
                              timeout=SECONDS, **more)
    except subprocess.TimeoutExpired:
        return None


def noticed(build):
    for test in TESTS:
        done = run([build / "src" / test, "--gtest_fail_fast", "--gtest_brief=1"])
        if done is None or done.returncode != 0:
            return test
    return None


def tell(change, before, what):
    line = before.splitlines()[change.line]
    print(f"{what:9} {change.path}:{change.line + 1}: {line[change.begin:change.end]} -> "
          f"{change.text}: {line.strip()}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tree", type=pathlib.Path)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", default="*.cc")
    parser.add_argument("--boundary", action="store_true")
    options = parser.parse_args()
    files = sorted(path for folder in ("memory", "diagnose")
                   for path in (options.tree / "src" / folder).rglob(options.files)
                   if not path.name.endswith("_test.cc"))
    changes = [change for path in files for change in changes_in(path, options.boundary)]
    random.Random(options.seed).shuffle(changes)
    build = ["ninja", "-C", options.build, *TESTS]
    if (first := run(build)) is None or first.returncode != 0 or noticed(options.build):
        print("the tests do not build or fail without any change", file=sys.stderr)
        return 2
    tried, missed = 0, 0
    for change in changes:
        if tried == options.count:
            break
        before = apply(change)
        try:
            done = run(build)
            if done is None or done.returncode != 0:
                continue
            tried += 1
            test = noticed(options.build)
            tell(change, before, "noticed" if test else "MISSED")
            missed += test is None
        finally:
            change.path.write_text(before)
    if tried == 0:
        print("nothing to change", file=sys.stderr)
        return 2
    share = 1 - missed / tried
    print(f"{tried - missed} of {tried} changes were noticed ({share:.0%}); "
          f"{len(changes)} are possible")
    return 0 if share >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
