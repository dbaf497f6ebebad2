#!/usr/bin/env python3
"""Hosts whose files lie, are half there, or are something else: no crash, and each gap is named."""
import json
import os
import random
import shutil
import unittest

import harness
from harness import whyoom
from test_check import host_of_case
from test_overview import host_cases

# Without one of these something stays open on any kernel.
ALWAYS = ("proc/meminfo", "proc/zoneinfo", "proc/sys/vm/min_free_kbytes", "proc/vmstat",
          "proc/sys/kernel/osrelease", "proc/loadavg")


def delete(path, _):
    path.unlink()


def truncate(path, rng):
    data = path.read_bytes()
    path.write_bytes(data[:rng.randrange(len(data) + 1)])


def garbage(path, rng):
    path.write_bytes(rng.randbytes(rng.randrange(1, 5000)))


def flip(path, rng):
    data = bytearray(path.read_bytes())
    for _ in range(rng.randrange(1, 20)):
        if data:
            data[rng.randrange(len(data))] = rng.randrange(256)
    path.write_bytes(data)


def numbers(path, rng):
    """Each number becomes an absurd one, now and then."""
    absurd = (b"18446744073709551615", b"18446744073709551616", b"-1", b"0", b"9" * 40)
    words = path.read_bytes().split(b" ")
    path.write_bytes(b" ".join(rng.choice(absurd) if word.isdigit() and rng.random() < 0.2 else word
                               for word in words))


def huge(path, _):
    """A hole of 40 GiB behind what was there."""
    with open(path, "r+b") as file:
        file.truncate(40 << 30)


def repeated(path, _):
    path.write_bytes(path.read_bytes() * 500)


def directory(path, _):
    path.unlink()
    path.mkdir()


def loop(path, _):
    path.unlink()
    path.symlink_to(path.name)


def two_loops(path, _):
    path.unlink()
    other = path.with_name(path.name + ".loop")
    other.symlink_to(path.name)
    path.symlink_to(other.name)


def fifo(path, _):
    path.unlink()
    os.mkfifo(path)


def outside(path, _):
    path.unlink()
    path.symlink_to("/proc/self/environ")


GONE = (delete, directory, loop, two_loops, fifo, outside)  # nothing can be read there any more
CHANGES = GONE + (truncate, garbage, flip, numbers, huge, repeated)


class BrokenHosts(harness.Case):
    def look(self, root):
        """The check's answer; every command must end in an orderly way."""
        result = whyoom("check", "--root", root, "--format", "json")
        self.assertIn(result.status, (0, 1, 2), result)
        found = None
        if result.status != 2:
            found = json.loads(result.out)
        else:
            self.assertRegex(result.err, r"^whyoom: ")
        for args in (["--root", root, "--width", "80"],
                     ["whatif", "vm.min_free_kbytes=default", "--root", root],
                     ["explain", "--root", root]):
            other = whyoom(*args)
            self.assertIn(other.status, (0, 1, 2), other)
            text = other.out + other.err
            self.assertFalse(any(ord(c) < 32 and c != "\n" for c in text), repr(text[:500]))
        return found

    def files(self, root):
        return sorted(p for p in root.rglob("*") if p.is_file() and not p.is_symlink())

    def named(self, found, path):
        names = " ".join(gap["what"] + " " + gap["why"] for gap in found["gaps"])
        return "/" + path in names or path.rsplit("/", 1)[1] in names

    def test_each_way_of_being_gone_is_named(self):
        rng = random.Random(4)
        for case in ("min-free-too-high/positive-host.case", "pid-max/positive.case"):
            whole = self.scratch / "whole"
            host_of_case(case, whole)
            for name in ALWAYS:
                if not (whole / name).exists():
                    continue
                for change in GONE:
                    with self.subTest(case=case, file=name, change=change.__name__):
                        root = self.scratch / "root"
                        shutil.copytree(whole, root, symlinks=True)
                        change(root / name, rng)
                        found = self.look(root)
                        self.assertIsNotNone(found)
                        self.assertTrue(self.named(found, name), found["gaps"])
                        shutil.rmtree(root)
            shutil.rmtree(whole)

    def test_random_changes(self):
        rng = random.Random(20261124)
        cases = list(host_cases())
        for number in range(30):
            root = self.scratch / "root"
            case = rng.choice(cases)
            host_of_case(case, root)
            files = self.files(root)
            changes = []
            for path in rng.sample(files, min(len(files), rng.choice((1, 2, 5, 20)))):
                change = rng.choice(CHANGES)
                changes.append((str(path.relative_to(root)), change.__name__))
                change(path, rng)
            with self.subTest(number=number, case=case, changes=changes):
                found = self.look(root)
                if found is not None:
                    capture = self.scratch / f"{number}.tar.gz"
                    self.check(whyoom("capture", "--root", root, "-o", capture), 0)
                    again = json.loads(whyoom("check", "--root", capture, "--format", "json").out)
                    self.assertEqual(again["findings"], found["findings"])
            shutil.rmtree(root)

    def test_broken_lab_hosts(self):
        shared = harness.shared()
        trees = sorted(shared.glob("lab/*/before")) + sorted(shared.glob("lab/*/after"))
        if not trees:
            self.skipTest(f"no hosts in {shared}")
        rng = random.Random(7)
        for number in range(20):
            root = self.scratch / "root"
            tree = rng.choice(trees)
            shutil.copytree(tree, root, symlinks=True)
            for path in rng.sample(self.files(root), 8):
                rng.choice(CHANGES)(path, rng)
            with self.subTest(number=number, tree=tree):
                self.look(root)
            shutil.rmtree(root)

    def test_directories_that_are_files_and_the_other_way_round(self):
        for name in ("proc", "proc/sys", "sys", "sys/fs/cgroup", "etc", "etc/sysctl.d", "var/log"):
            with self.subTest(name):
                root = self.scratch / "root"
                host_of_case("cgroup-pids-max/positive-host.case", root)
                target = root / name
                if target.exists():
                    shutil.rmtree(target)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text("no directory\n")
                self.look(root)
                target.unlink()
                target.symlink_to(target.name)
                self.look(root)
                shutil.rmtree(root)


if __name__ == "__main__":
    harness.main()
