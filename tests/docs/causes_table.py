#!/usr/bin/env python3
"""The table of causes and their cases in docs/causes.md.

Usage: causes_table.py            compares, status 1 when the document is out of date
       causes_table.py --write    writes the table again
       causes_table.py --self-test

Everything is read from the folders in src/diagnose/causes.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CAUSES = ROOT / "src" / "diagnose" / "causes"
DOCUMENT = ROOT / "docs" / "causes.md"
TABLE = re.compile(r"(?s)(<!-- table of causes and cases -->\n).*?(<!-- end of table -->)")
# The section stands between the id and the title in the definition of a cause.
SECTION = re.compile(r"const Cause cause_\w+[^\"]*\"[a-z0-9-]+\",\s*'([A-F])'")


def role(case, cause):
    """What the case expects of the cause: root, contributing, consequence or refused."""
    head = case.read_text(encoding="utf-8", errors="replace").split("\n---\n", 1)[0]
    found = re.search(rf"(?m)^expect cause {re.escape(cause)} (\S+)$", head)
    if not found:
        raise ValueError(f"{case}: does not say what becomes of {cause}")
    return found[1]


def link(path):
    return f"[{path.stem}](../{path.relative_to(ROOT)})"


def row(folder):
    cause = folder.name
    cases = sorted(folder.glob("*.case"))
    roles = {case: role(case, cause) for case in cases}
    positive = [c for c in cases if not c.stem.startswith("near-miss") and roles[c] != "refused"]
    near = [c for c in cases if c not in positive]
    first = folder / "positive.case"
    kinds = [roles[first]] + sorted({roles[c] for c in positive} - {roles[first]})
    return (f"| [{cause}](../{(folder / 'README.md').relative_to(ROOT)}) | {', '.join(kinds)} | "
            f"{' '.join(map(link, [first] + [c for c in positive if c != first]))} | "
            f"{' '.join(map(link, near))} |")


def section(folder):
    found = SECTION.search((folder / "cause.cc").read_text(encoding="utf-8"))
    if not found:
        raise ValueError(f"{folder}/cause.cc: no section")
    return found[1]


def table():
    folders = sorted((f for f in CAUSES.iterdir() if f.is_dir()), key=lambda f: (section(f), f.name))
    return "\n".join(["| cause | is | found in | near miss |", "|---|---|---|---|",
                      *map(row, folders)]) + "\n"


def renewed(text):
    made, count = TABLE.subn(lambda match: match[1] + table() + match[2], text)
    if count != 1:
        raise ValueError(f"{DOCUMENT.name}: the markers of the table are not there")
    return made


def self_test():
    folder = CAUSES / "min-free-too-high"
    assert role(folder / "positive.case", folder.name) == "root"
    assert section(folder) == "A"
    assert f"| [{folder.name}](" in table()
    assert table().count("\n") == 2 + len([f for f in CAUSES.iterdir() if f.is_dir()])
    for old in ("no markers", ""):
        try:
            renewed(old)
        except ValueError:
            continue
        raise AssertionError("a document without the markers was accepted")


def main():
    if "--self-test" in sys.argv:
        self_test()
        return 0
    text = DOCUMENT.read_text(encoding="utf-8")
    now = renewed(text)
    if now == text:
        print("the table of causes is as it should be")
        return 0
    if "--write" in sys.argv:
        DOCUMENT.write_text(now, encoding="utf-8")
        return 0
    print("docs/causes.md: the table is out of date; `./dev docs` renews it")
    return 1


if __name__ == "__main__":
    sys.exit(main())
