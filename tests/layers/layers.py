#!/usr/bin/env python3
"""The house's rules that a compiler does not check.

Usage: layers.py SOURCE_DIR     says what breaks a rule, status 1 when something does
       layers.py --self-test    breaks each rule in a scratch tree and looks whether it is seen
"""
import pathlib
import re
import sys
import tempfile

# What each layer may include, apart from itself.
BELOW = {
    "base": [],
    "kernel": ["base"],
    "logtext": ["base", "kernel"],
    "report": ["base", "kernel", "logtext"],
    "host": ["base", "kernel"],
    "memory": ["base", "kernel", "logtext", "report", "host"],
}
BELOW["record"] = ["base", "kernel", "host", "memory"]
BELOW["diagnose"] = BELOW["memory"] + ["memory"]
BELOW["advise"] = BELOW["memory"] + ["memory"]
BELOW["render"] = BELOW["diagnose"] + ["diagnose", "advise", "record"]
BELOW["explain"] = BELOW["render"] + ["render"]
BELOW["lint"] = BELOW["render"] + ["render"]
BELOW["web"] = BELOW["explain"] + ["explain"]
BELOW["linux"] = BELOW["memory"] + ["memory", "record"]
BELOW["fix"] = BELOW["linux"] + ["linux", "advise"]
BELOW["publish"] = ["base"]  # a program of its own
BELOW["app"] = BELOW["explain"] + ["explain", "lint", "linux", "fix"]

PURE = [layer for layer in BELOW if layer not in ("linux", "fix", "app", "publish")]
# Input and output, clocks, threads; and what this project does without.
IMPURE = re.compile(
    r"^(sys/.*|linux/.*\.h|(unistd|fcntl|poll|signal|stdio|time|dirent|pthread|errno)\.h"
    r"|c(stdio|time|signal|errno)|fstream|iostream|ostream|istream|filesystem|chrono|thread|mutex"
    r"|atomic|future|condition_variable|random|regex|format|expected|locale)$")
# Slow to compile: in one file each.
ONCE = {"fmt/format.h": "fmt"}
OF_TESTS = "nlohmann/json.hpp"
# What other programs send.
READS_JSON = ("app/foreign_json.h", "publish/event.cc", "publish/kubernetes_receiver.cc")
MOST_LINES = 500

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def find_tests(root):
    """Tests and benchmarks, and the headers that only they include."""
    files = {path: path.read_text(encoding="utf-8") for path in (root / "src").rglob("*")
             if path.suffix in (".cc", ".h")}
    tests = {path for path in files if path.stem.endswith(("_test", "_bench"))}
    users = {path: set() for path in files if path.suffix == ".h"}
    for user, text in files.items():
        for name in re.findall(r'#include "([^"\n]+)"', text):
            users.setdefault(root / "src" / name, set()).add(user)
    while True:
        more = {path for path, used_by in users.items() if used_by and used_by <= tests} - tests
        if not more:
            return tests
        tests |= more


def is_table(text):
    """A file that is one table says so in its first comment, and may be long."""
    return "(table)" in "".join(text.splitlines(keepends=True)[:5])


def check_file(path, layer, is_test, seen_once):
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    if len(lines) > MOST_LINES and not is_table(text):
        yield f"{path}: {len(lines)} lines, at most {MOST_LINES} are allowed"
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, name = match.groups()
        top = name.split("/")[0]
        if quote == '"' and top in BELOW:
            if top != layer and top not in BELOW[layer]:
                yield f"{path}:{number}: {layer}/ must not include {name}"
        elif layer in PURE and not is_test and IMPURE.match(name):
            yield f"{path}:{number}: {layer}/ is pure and must not include <{name}>"
        if name == OF_TESTS and not is_test and not path.as_posix().endswith(READS_JSON):
            yield f"{path}:{number}: <{name}> is for tests"
        for header, what in ONCE.items():
            if name == header or (what == "fmt" and name.startswith("fmt/")):
                if what == "fmt" and name != header:
                    yield f"{path}:{number}: only fmt/format.h is used, not {name}"
                if not is_test:
                    seen_once.setdefault(what, set()).add(str(path))


def check(root):
    seen_once = {}
    tests = find_tests(root)
    for path in sorted((root / "src").rglob("*")):
        if path.suffix not in (".cc", ".h"):
            continue
        parts = path.relative_to(root / "src").parts
        if len(parts) < 2 or parts[0] not in BELOW:
            yield f"{path}: belongs to no layer"
            continue
        yield from check_file(path, parts[0], path in tests, seen_once)
    for what, users in seen_once.items():
        if len(users) > 1:
            yield f"{what} is included in more than one file: {', '.join(sorted(users))}"


def self_test():
    cases = {  # files -> part of the complaint, "" = none
        "kernel/a.cc": ('#include "memory/evidence.h"\n', "must not include memory/evidence.h"),
        "advise/a.cc": ('#include "render/phrase.h"\n', "must not include render/phrase.h"),
        "advise/b.cc": ('#include "diagnose/finding.h"\n', "must not include diagnose"),
        "linux/a.cc": ('#include "render/phrase.h"\n', "must not include render/phrase.h"),
        "linux/b.cc": ('#include "fix/store.h"\n', "must not include fix/store.h"),
        "fix/a.cc": ('#include <fcntl.h>\n#include "linux/descriptor.h"\n', ""),
        "report/a.cc": ('#include "logtext/line.h"\n', ""),
        "logtext/a.cc": ('#include "report/report.h"\n', "must not include report/report.h"),
        "diagnose/causes/x/cause.cc": ('#include "linux/input.h"\n', "must not include linux"),
        "base/a.cc": ("#include <fstream>\n", "is pure"),
        "base/a_test.cc": ("#include <fstream>\n", ""),
        "base/unused.h": ("#include <fstream>\n", "is pure"),
        "app/a.cc": ("#include <ctime>\n", ""),
        "render/a.cc": ("#include <nlohmann/json.hpp>\n", "is for tests"),
        "render/a_test.cc": ("#include <nlohmann/json.hpp>\n", ""),
        "app/foreign_json.h": ("#include <nlohmann/json.hpp>\n", ""),
        "memory/long.cc": ("int x;\n" * 501, "501 lines"),
        "memory/fits.cc": ("int x;\n" * 500, ""),
        "kernel/facts.cc": ("// All fields (table).\n" + "int x;\n" * 501, ""),
        "stray/a.cc": ("int x;\n", "belongs to no layer"),
    }
    for name, (text, complaint) in cases.items():
        with tempfile.TemporaryDirectory() as scratch:
            path = pathlib.Path(scratch, "src", name)
            path.parent.mkdir(parents=True)
            path.write_text(text)
            found = list(check(pathlib.Path(scratch)))
            expected = [complaint] if complaint else []
            if len(found) != len(expected) or any(c not in f for c, f in zip(expected, found)):
                sys.exit(f"{name}: expected {expected}, found {found}")
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("a.cc", "b.cc"):
            path = pathlib.Path(scratch, "src", "app", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("#include <fmt/format.h>\n")
        if "fmt is included in more than one file" not in " ".join(check(pathlib.Path(scratch))):
            sys.exit("two users of fmt were not seen")


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return 0
    complaints = list(check(pathlib.Path(sys.argv[1])))
    print("\n".join(complaints))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
