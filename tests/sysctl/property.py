#!/usr/bin/env python3
"""Holds our reading of sysctl files against the programs that the kernel's settings come from.

Usage: property.py ANSWER_PROGRAM [--seed N] [--count N] [--only N]

Random trees of sysctl files are given to systemd-sysctl, `sysctl --system` and `sysctl -p`, each in
a private mount, UTS and IPC namespace and a root of its own. What they leave in kernel.domainname
and kernel.msgmax must be what ANSWER_PROGRAM says, also after it commented out the line that
decides; and when it gave that line another value, this must be what they leave. All else in
/proc/sys is read-only there.
Status 77: this cannot be done here.
"""
import argparse
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import trees  # noqa: E402

SKIPPED = 77
UNTOUCHED = {"kernel.domainname": "untouched", "kernel.msgmax": "8191"}
LONGEST_NAME = 64  # __NEW_UTS_LEN
SYSTEMD = ["/usr/lib/systemd/systemd-sysctl", "/lib/systemd/systemd-sysctl"]


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(SKIPPED)


def find_tools():
    sysctl = shutil.which("sysctl", path="/usr/sbin:/sbin:/usr/bin:/bin")
    systemd = next((path for path in SYSTEMD if os.path.exists(path)), None)
    if not sysctl or not systemd:
        skip("sysctl (package procps) or systemd-sysctl (package systemd) is not installed")
    said = subprocess.run([systemd, "--version"], capture_output=True, text=True, check=True).stdout
    if int(re.search(r"systemd (\d+)", said).group(1)) >= 255 and trees.OF_SPLIT_USR in trees.DIRECTORIES:
        trees.DIRECTORIES.remove(trees.OF_SPLIT_USR)  # since then /lib has to be a link to /usr/lib
    return sysctl, systemd


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


class Sandbox:
    """A root with the two programs, and /proc/sys with two files that can be written."""

    def __init__(self, root, sysctl, systemd):
        self.root = pathlib.Path(root)
        self.outside = os.open("/", os.O_PATH)
        mount("-t", "tmpfs", "none", root)
        (self.root / "tools/lib").mkdir(parents=True)
        for name, path in (("sysctl", sysctl), ("systemd-sysctl", systemd)):
            shutil.copy(path, self.root / "tools" / name)
            self.copy_libraries(path)
        (self.root / "dev").mkdir()
        (self.root / "dev/null").touch()
        mount("--bind", "/dev/null", f"{root}/dev/null")
        (self.root / "proc").mkdir()
        mount("--bind", "/proc", f"{root}/proc")
        mount("--bind", f"{root}/proc/sys", f"{root}/proc/sys")
        for key in UNTOUCHED:
            mount("--bind", self.file(key), self.file(key))
        mount("-o", "remount,bind,ro", f"{root}/proc/sys")

    def copy_libraries(self, program):
        for line in subprocess.check_output(["ldd", program], text=True).splitlines():
            path = next((word for word in line.split() if word.startswith("/")), None)
            if path:
                shutil.copy(path, self.root / "tools/lib")
                if "ld-linux" in path or "/ld" in path:
                    self.loader = "/tools/lib/" + os.path.basename(path)

    def file(self, key):
        return f"{self.root}/proc/sys/{key.replace('.', '/')}"

    def clear(self):
        for name in ("etc", "run", "usr", "lib"):
            path = self.root / name
            if path.is_symlink():
                path.unlink()
            elif path.exists():
                shutil.rmtree(path)

    def run(self, *command):
        """What the program leaves in the keys, and what it said."""
        for key, value in UNTOUCHED.items():
            with open(self.file(key), "wb", buffering=0) as file:
                file.write(value.encode() + b"\n")
        name, *arguments = command
        # We go in and out: Python copies itself for a child that has to.
        os.chroot(self.root)
        try:
            done = subprocess.run(
                [self.loader, "--library-path", "/tools/lib", "/tools/" + name, *arguments],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/",
                env={"CREDENTIALS_DIRECTORY": "/etc/credstore", "SYSTEMD_LOG_TARGET": "console"},
                check=False)
        finally:
            os.fchdir(self.outside)
            os.chroot(".")
        if done.returncode not in (0, 1):
            print(f"note: {command} ended with {done.returncode}: {done.stdout!r}")
        left = {}
        for key in UNTOUCHED:
            with open(self.file(key), "rb") as file:
                left[key] = file.read()[:-1]
        return left, done.stdout


def integer(text):
    """A number as the kernel would print it, from a value that it takes."""
    word = text.split()[0]
    sign, word = (-1, word[1:]) if word.startswith(b"-") else (1, word)
    base = 16 if word[:2].lower() == b"0x" else 8 if word.startswith(b"0") else 10
    return str(sign * int(word, base)).encode()


def expected(program, root):
    """READER -> KEY -> what should be left."""
    result = {}
    output = subprocess.check_output([program, root, *UNTOUCHED], text=True)
    for line in output.splitlines():
        key, reader, answer = line.split(" ")
        if answer == "-":
            value = UNTOUCHED[key].encode()
        elif key == "kernel.msgmax":
            value = integer(bytes.fromhex(answer[1:]))
        else:
            value = bytes.fromhex(answer[1:])[:LONGEST_NAME]
        result.setdefault(reader, {})[key] = value
    return result


def describe(root):
    for path in sorted(pathlib.Path(root).glob("*")):
        if path.name in ("proc", "dev", "tools"):
            continue
        for item in [path, *sorted(path.rglob("*"))]:
            if item.is_symlink():
                print(f"  {item.relative_to(root)} -> {os.readlink(item)}")
            elif item.is_file():
                content = item.read_bytes()
                print(f"  {item.relative_to(root)}: {content[:600]!r} ({len(content)} bytes)")


READERS = {"boot": ["systemd-sysctl"], "system": ["sysctl", "--system"], "load": ["sysctl", "-p"]}
EDITED_TO = {"kernel.domainname": "edited", "kernel.msgmax": "7777"}


class Trial:
    """Trees, runs and what came of them."""

    def __init__(self, options, sandbox):
        self.options, self.sandbox = options, sandbox
        self.wrong = self.runs = self.set_by = self.differ = self.edits = 0
        self.fixes = self.refused = 0

    def check(self, number, what, reader, should):
        left, said = self.sandbox.run(*READERS[reader])
        self.runs += 1
        if any(left[key] != value for key, value in should.items()):
            self.wrong += 1
            if self.wrong <= 5 or self.options.only is not None:
                print(f"tree {number}, {reader}{what}: the program left {left}, we say {should}")
                print(f"  it said: {said[:1500]!r}")
                describe(self.sandbox.root)
        return left

    def edit(self, rng, number):
        """Changes or comments out the line that decides a key."""
        key, reader = rng.choice(list(UNTOUCHED)), rng.choice(["boot", "system"])
        operation, value = rng.choice(["--replace", "--comment"]), EDITED_TO[key]
        root = str(self.sandbox.root)
        done = subprocess.run([self.options.program, operation, root, key, reader, value],
                              check=False)
        if done.returncode == 0:
            self.edits += 1
            should = {key: value.encode()} if operation == "--replace" else expected(
                self.options.program, root)[reader]
            self.check(number, f" after {operation} of {key}", reader, should)

    def fix(self, rng, number):
        """All programs agree on the value after a fix."""
        key = rng.choice(list(UNTOUCHED))
        value = EDITED_TO[key].encode()
        done = subprocess.run([self.options.program, "--fix", str(self.sandbox.root), key, "all",
                               EDITED_TO[key]], check=False, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            self.refused += 1
            if self.options.only is not None or self.refused <= 3:
                print(f"tree {number}: no fix of {key}: {done.stderr.strip()}")
            return
        self.fixes += 1
        ours = expected(self.options.program, str(self.sandbox.root))
        for reader in READERS:
            says = ours[reader][key]
            alone = reader != "boot" and says == UNTOUCHED[key].encode()
            self.check(number, f" after a fix of {key}", reader, {key: says if alone else value})

    def tree(self, number):
        rng = random.Random(f"{self.options.seed}/{number}")
        root = str(self.sandbox.root)
        self.sandbox.clear()
        trees.make(rng, root)
        ours = expected(self.options.program, root)
        left = {reader: self.check(number, "", reader, ours[reader]) for reader in READERS}
        untouched = UNTOUCHED["kernel.domainname"].encode()
        self.set_by += sum(values["kernel.domainname"] != untouched for values in left.values())
        self.differ += left["boot"] != left["system"]
        if rng.random() < 0.5:
            self.edit(rng, number)
        else:
            self.fix(rng, number)


def inside(options):
    sysctl, systemd = find_tools()
    with tempfile.TemporaryDirectory() as scratch:
        try:
            try:
                sandbox = Sandbox(scratch, sysctl, systemd)
                sandbox.run("sysctl", "--version")
            except (OSError, subprocess.CalledProcessError) as error:
                skip(f"a private /proc/sys with kernel.domainname cannot be had here: {error}")
            trial = Trial(options, sandbox)
            numbers = [options.only] if options.only is not None else range(options.count)
            for number in numbers:
                trial.tree(number)
        finally:
            subprocess.run(["umount", "-R", scratch], check=False)
    count = len(numbers)
    print(f"seed {options.seed}: {trial.runs} runs of the real programs on {count} trees, "
          f"{trial.wrong} not as we said; the key was set {trial.set_by} times, boot and --system "
          f"differed {trial.differ} times, {trial.edits} edits, {trial.fixes} fixes, "
          f"{trial.refused} fixes refused")
    if options.only is None and (trial.set_by < count / 2 or trial.differ < count / 10
                                 or trial.edits < count / 10 or trial.fixes < count / 4):
        print("too few trees set the key: this test proves nothing")
        return 1
    return 1 if trial.wrong else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--only", type=int)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        return inside(options)
    print(f"seed {options.seed}, {options.count} trees")
    find_tools()
    namespaces = ["unshare", "--mount", "--uts", "--ipc"]
    probe = subprocess.run([*namespaces, "true"], capture_output=True, text=True, check=False)
    if os.getuid() != 0 or probe.returncode != 0:
        skip(f"private namespaces need root: {probe.stderr.strip() or 'not root'}")
    sys.stdout.flush()
    return subprocess.run([*namespaces, sys.executable, os.path.abspath(__file__), *sys.argv[1:],
                           "--inside"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
