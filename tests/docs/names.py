#!/usr/bin/env python3
"""The pages for those who work on the code name what there is: files, commands of ./dev, and words of the code.

Usage: names.py                says what a page names and the tree has not, status 1 when something is
       names.py --self-test    changes a page in several ways and looks whether it is seen
"""
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ["CONTRIBUTING.md", "docs/adding-a-cause.md", "docs/assembler.md", "docs/data-model.md",
         "docs/architecture.md", "docs/translating.md"]
FOLDERS = ("src", "tests", "docs", "po", "examples", "cmake", "web", "packaging", "deploy")
SUFFIXES = (".cc", ".h", ".py", ".sh", ".md", ".po", ".json", ".txt", ".js")
# Words of others, and places that the text fills in.
FOREIGN = {"CMAKE_BUILD_TYPE", "CONFIG_PRINTK_CALLER", "LC_ALL", "LC_MESSAGES"}


def tracked():
    # What is in the work tree counts: a page and what it names come in one commit.
    if shutil.which("git"):
        out = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True)
        if out.returncode == 0:
            return out.stdout.split("\n")
    return [str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if p.is_file() and "build" not in p.parts]


class Tree:
    def __init__(self):
        self.files = [f for f in tracked() if f]
        self.names = {pathlib.PurePath(f).name for f in self.files}
        self.folders = {str(p) for f in self.files for p in pathlib.PurePath(f).parents}
        code = [f for f in self.files if f.startswith(("src/", "tests/", "web/")) and f.endswith((".cc", ".h", ".py", ".sh", ".js"))]
        self.words = set()
        for f in code + ["dev", "CMakeLists.txt", "CMakePresets.json", "src/CMakeLists.txt"]:
            if f != "tests/docs/names.py":
                self.words |= set(re.findall(r"[A-Za-z_]\w*", (ROOT / f).read_text(errors="replace")))
        self.commands = set(re.findall(r"^  ([a-z][a-z-]*)\)$", (ROOT / "dev").read_text(), re.M))

    def has_path(self, path):
        path = path.rstrip("/")
        if any(c in path for c in "*<") or path.isupper():
            return True
        return path in self.files or path in self.folders or any(f.startswith(path + ".") for f in self.files)


def complaints_about(span, tree):
    """Of what stands between two backticks."""
    command = re.match(r"\./dev ([a-z][a-z-]*)", span)
    if command:
        return [] if command[1] in tree.commands else [f"./dev has no {command[1]}"]
    found = []
    for word in span.split():
        word = word.strip(",;:")
        if word in FOREIGN or re.search(r"[<>=$*]|^-|^/|NAME|ID$|LANGUAGE", word):
            continue
        if "/" in word:
            inside = word.split("/")[0]
            if inside in FOLDERS and not tree.has_path(word):
                found.append(f"no {word}")
            elif word.endswith(SUFFIXES) and inside not in FOLDERS and not tree.has_path("src/" + word):
                found.append(f"no src/{word}")
        elif word.endswith(SUFFIXES):
            if word not in tree.names and not re.match(r"x(_\w+)?\.", word):
                found.append(f"no file {word}")
        elif re.fullmatch(r"[A-Za-z_][\w:]*(\(\))?|[A-Za-z_][\w:]*\(.*", word) and " " not in span.split("(")[0]:
            # A word of the code: snake_case, CamelCase, a call, a::b. Prose and kernel names pass when the code has them.
            name = word.split("(")[0]
            if "_" in name or "::" in name or "(" in word or re.search(r"[a-z][A-Z]", name):
                last = name.split("::")[-1]
                if last and last not in tree.words:
                    found.append(f"no {name} in the code")
    return found


def complaints(page, text, tree):
    text = re.sub(r"^```.*?^```", lambda block: "\n" * block[0].count("\n"), text, flags=re.M | re.S)
    for number, line in enumerate(text.split("\n"), 1):
        for span in re.findall(r"`([^`]+)`", line):
            for said in complaints_about(span, tree):
                yield f"{page}:{number}: {said}"
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", line):
            if not (ROOT / page).parent.joinpath(target).exists():
                yield f"{page}:{number}: no {target}"


def self_test(tree):
    for wrong in ["`kNames`", "`src/kernel/nothing.cc`", "`./dev nothing`", "`no_such_function()`", "`nothing.h`",
                  "`memory::NoSuchType`", "[x](docs/nothing.md)", "`report/nothing.h`"]:
        if not list(complaints("CONTRIBUTING.md", f"a\n{wrong}\n", tree)):
            print(f"not seen: {wrong}")
            return 1
    for right in ["`src/kernel`", "`./dev test -R x`", "`read_line()`", "`src/diagnose/causes/<id>/`", "`x_test.cc`"]:
        for said in complaints("CONTRIBUTING.md", right, tree):
            print(f"seen in {right}: {said}")
            return 1
    return 0


def main():
    tree = Tree()
    if sys.argv[1:] == ["--self-test"]:
        return self_test(tree)
    found = [said for page in PAGES for said in complaints(page, (ROOT / page).read_text(), tree)]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
