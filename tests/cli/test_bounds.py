#!/usr/bin/env python3
"""Inputs made to take memory or time: what they may take, and what is said of them."""
import json
import os
import resource
import subprocess
import unittest

import harness

MIB = 1 << 20


def padded(data):
    return data + b"\0" * (-len(data) % 512)


def header(name, size, kind=b"0"):
    block = bytearray(512)
    block[0:len(name)] = name
    block[100:108] = b"0000644\0"
    block[124:136] = size if isinstance(size, bytes) else b"%011o\0" % size
    block[148:156] = b" " * 8
    block[156:157] = kind
    block[257:265] = b"ustar\x0000"
    block[148:155] = b"%06o\0" % sum(block)
    return bytes(block)


def entry(name, contents):
    return header(name, len(contents)) + padded(contents)


LOG = entry(b"whyoom/log/1", b"")
INDEX = b"whyoom capture 1\n"
END = b"\0" * 1024


def zstd(pieces):
    with subprocess.Popen(["zstd", "-q", "-c", "-T1"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as packer:
        pid = os.fork()
        if pid == 0:  # a pipe has two ends
            packer.stdout.close()
            for piece in pieces:
                packer.stdin.write(piece)
            packer.stdin.close()
            os._exit(0)
        packer.stdin.close()
        packed = packer.stdout.read()
        os.waitpid(pid, 0)
    return packed


class Run:
    """One run of the program: its output, and what it took."""

    def __init__(self, *args, limit=None):
        read, write = os.pipe()
        err_read, err_write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.dup2(write, 1)
            os.dup2(err_write, 2)
            if limit:
                resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
            os.execve(harness.PROGRAM, [harness.PROGRAM, *map(str, args)], harness.CLEAN_ENV)
        os.close(write)
        os.close(err_write)
        with os.fdopen(read, "rb") as out:
            self.out = out.read().decode()
        with os.fdopen(err_read, "rb") as err:
            self.err = err.read().decode()
        _, status, used = os.wait4(pid, 0)
        self.status = os.waitstatus_to_exitcode(status)
        self.user = used.ru_utime
        self.mib = used.ru_maxrss / 1024

    def __repr__(self):
        return f"status {self.status}, {self.mib} MiB\n{self.err[:1000]}"


class Captures(harness.Case):
    """A capture of a few kilobytes may unpack to anything."""
    # MiB: what is kept of a capture (384), an entry that grows (2 x 64), a window of zstd (128),
    # and the program.
    BUDGET = 704

    def refused(self, pieces, words):
        path = self.file("c.tar.zst", zstd(pieces))
        run = Run("check", "--root", path)
        self.assertEqual(run.status, 2, run)
        self.assertIn(words, run.err, run)
        self.assertLess(run.mib, self.BUDGET, run)
        return run

    def with_index(self, lines, size):
        yield LOG + header(b"whyoom/index", size)
        yield from lines
        yield padded(b"\0" * (size % 512))[size % 512:] + END

    def test_an_index_of_tiny_records(self):
        record = b"d x\n" * (MIB // 4)
        self.refused(self.with_index([INDEX + b"list 0 /proc\n"] + [record] * 40, 40 * MIB + 30),
                     "a directory of more than 1048576 names")

    @harness.measures_memory
    def test_listings_without_end(self):
        some = b"".join(b"list 0 /NN%05d\n" % k for k in range(50000))
        lines = [INDEX] + [some.replace(b"NN", b"%02d" % i) for i in range(60)]
        self.refused(self.with_index(lines, sum(map(len, lines))),
                     "384 MiB of memory that a capture can take")

    @harness.measures_memory
    def test_files_without_end(self):
        # A million headers. Each number is followed by what it lacks to nines, so that they all add up to
        # the same checksum, and a thousand differ from the thousand before in one text alone.
        some = b"".join(header(b"proc/00009999%03d%03d/stat" % (k, 999 - k), 0) for k in range(1000))
        empty = (some.replace(b"00009999", b"%04d%04d" % (i, 9999 - i)) for i in range(1050))
        self.refused((LOG, *empty, entry(b"whyoom/index", INDEX), END), "entries, at byte")

    @harness.measures_memory
    def test_contents_without_end(self):
        zeros = b"\0" * (32 * MIB)
        files = (entry(b"etc/f%d" % i, zeros) for i in range(14))
        self.refused((LOG, *files, END), "384 MiB of memory that a capture can take")

    def test_padding_without_end(self):
        zeros = b"\0" * (32 * MIB)
        self.refused((LOG + END, *[zeros] * 34), "1 GiB unpacked")

    def test_sizes(self):
        for size, words in ((b"77777777777\0", "larger than the 64 MiB that an entry may have (8589934591 bytes)"),
                            (b"\x80" + b"\xff" * 11, "larger than the 64 MiB that")):
            self.refused((LOG + header(b"a", size), END), words)
        # The same of one that begins with its index, whoever reads it.
        broken = self.file("broken", header(b"whyoom/index", 67108894) + END)
        for command in (["explain", broken], ["explain", "--root", broken], ["check", "--root", broken]):
            self.check(harness.whyoom(*command), 2,
                       err='its entry "whyoom/index" is larger than the 64 MiB that an entry may have '
                           "(67108894 bytes)")
        self.refused((LOG + header(b"a", 1 << 20, b"x"), END), "larger than the 64 KiB that")
        self.refused((LOG + header(b"a", 0, b"S"), END), "neither a file nor a link")

    def test_names(self):
        for name, words in ((b"a/" * 40, ""), (b"a/" * 70, "a name has more than 64 parts"),
                            (b"n" * 4097, "a name is longer than 4096 bytes")):
            record = b"path=" + name + b"a\n"
            length = len(record) + 1 + len(str(len(record) + 5))
            pax = b"%d " % length + record
            long = header(b"x", len(pax), b"x") + padded(pax) + header(b"s", 0)
            pieces = (LOG + long, entry(b"whyoom/index", INDEX), END)
            if words:
                self.refused(pieces, words)
            else:
                run = Run("check", "--root", self.file("ok.tar.zst", zstd(pieces)))
                self.assertNotIn("whyoom: ok", run.err, run)

    def test_twice(self):
        self.refused((LOG, entry(b"etc/a", b"1"), entry(b"etc/a", b"2"), END),
                     "it holds two files called /etc/a")

    def test_behind_the_end(self):
        self.refused((LOG, entry(b"whyoom/index", INDEX), END, LOG), "data behind its end")

    def test_a_wide_window(self):
        path = self.scratch / "w.zst"
        with path.open("wb") as out, subprocess.Popen(
                ["zstd", "-q", "-c", "--ultra", "--long=30"], stdin=subprocess.PIPE,
                stdout=out) as packer:
            packer.stdin.write(self.spree.read_bytes())
        run = Run("explain", path)
        self.assertEqual(run.status, 2, run)
        self.assertIn("it needs more than 128 MiB to decompress", run.err, run)
        self.assertLess(run.mib, 64, run)


class NoMemory(harness.Case):
    @harness.measures_memory
    def test_it_says_what_it_was_reading(self):
        files = (entry(b"etc/f%d" % i, os.urandom(MIB) * 30) for i in range(10))
        path = self.file("c.tar.zst", zstd((LOG, *files, entry(b"whyoom/index", INDEX), END)))
        run = Run("check", "--root", path, limit=160 * MIB)
        self.assertEqual(run.status, 2, run)
        self.assertIn(f"whyoom: out of memory while reading {path}", run.err, run)

    def test_what_was_found_before_stays_whole(self):
        """JSON stays valid, and the inputs behind the one that had no room are read."""
        big = self.file("big.log", Growth.zones(Growth, 3000))  # all of an event is held
        for limit in range(64, 8, -1):  # the most that is not enough
            run = Run("explain", "--format", "json", self.spree, big, self.spree,
                      limit=limit * MIB)
            if "out of memory while reading" in run.err:
                break
        else:
            self.skipTest("no limit below 64 MiB stops this build there")
        result = json.loads(run.out)
        self.assertEqual(run.status, 2, run)
        self.assertGreater(len(result["events"]), 0)
        self.assertIn(str(big), str(result["input"]["damage"]))


class Growth(harness.Case):
    """Four times the input takes about four times the time: the square would take sixteen."""
    HEAD = ("[   10.000000] stress invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE), "
            "order=0, oom_score_adj=0\n[   10.000000] Mem-Info:\n"
            "[   10.000000] active_anon:1000 inactive_anon:200 isolated_anon:0 free:1000\n")
    KILL = ("[   10.000000] Out of memory: Killed process 100 (stress) total-vm:104000kB, "
            "anon-rss:100000kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:100kB "
            "oom_score_adj:0\n")

    def zones(self, nodes):
        text = [self.HEAD]
        for node in range(nodes):
            for place, zone in enumerate(("DMA", "DMA32", "Normal", "Movable")):
                reserve = " ".join(str(100 * max(0, k - place)) for k in range(5))
                text.append(
                    f"[   10.000000] Node {node} {zone} free:1000kB min:900kB low:1000kB "
                    f"high:1100kB present:15992kB managed:15360kB\n"
                    f"[   10.000000] lowmem_reserve[]: {reserve}\n")
        for node in range(nodes):
            for zone in ("DMA", "DMA32", "Normal", "Movable"):
                text.append(f"[   10.000000] Node {node} {zone}: 10*4kB (U) 5*8kB (U) = 80kB\n")
        return "".join(text) + self.KILL

    def one_group(self, tasks):
        """Each row is looked for among the victims."""
        rows = "".join(f"[   10.000000] [{i}] 0 1 1000 9 61440 0 0 p\n"
                       for i in range(1, tasks * 16))
        kills = "".join(self.KILL.replace("process 100 ", f"process {i + 10 ** 6} ")
                        for i in range(tasks))
        return self.HEAD + ("[   10.000000] [  pid  ]   uid  tgid total_vm      rss pgtables_bytes "
                            "swapents oom_score_adj name\n") + rows + kills

    def reaped(self, victims):
        return self.HEAD + "".join(
            self.KILL.replace("process 100 ", f"process {i + 1000} ") for i in range(victims)
        ) + "".join(f"[   10.000000] oom_reaper: reaped process {i + 1000} (x), now anon-rss:0kB\n"
                    for i in range(victims))

    def children(self, lines):
        """Statistics of cgroups below the one whose limit was hit, all of other names."""
        stats = lambda i: " ".join(f"s{(i * 97 + k) % 9999}:4KB" for k in range(60))
        return self.HEAD.split("[   10.000000] Mem-Info")[0] + "".join(
            f"[   10.000000] Memory cgroup stats for /a/{i}: {stats(i)}\n" for i in range(lines)
        ) + self.KILL

    def forks(self, groups):
        return "".join(f"[{10 + i / 1000:.6f}] cgroup: fork rejected by pids controller in /u/{i}\n"
                       for i in range(groups))

    def sprees(self, events):
        return "".join((self.zones(8) + "\n").replace("   10.0", f"{100 + 100 * i}.0")
                       for i in range(events))

    def test_time_is_linear(self):
        for make, small in ((self.zones, 250), (self.one_group, 1000), (self.reaped, 1000),
                            (self.children, 500), (self.forks, 5000), (self.sprees, 50)):
            with self.subTest(make.__name__):
                took = []
                for size in (small, 4 * small):
                    path = self.file(f"{make.__name__}-{size}.log", make(size))
                    # The shortest of three: others use this machine as well.
                    took.append(min(Run("explain", path).user for _ in range(3)))
                floor = 0.05  # what a start takes, and what cannot be measured
                self.assertLess(took[1] / max(took[0], floor), 11, took)

    def test_memory_of_one_event(self):
        rows = "".join(f"[   10.000000] [{i}] 0 {i} 1000 9 61440 0 0 p{i}\n"
                       for i in range(1, 300000))
        run = Run("explain", "--format", "json", self.file("a.log", self.zones(4000) + rows))
        self.assertEqual(run.status, 1, run)
        self.assertLess(run.mib, 256, run)

    def test_a_directory_full_of_patterns(self):
        took = []
        for size in (300, 1200):
            root = self.scratch / f"host-{size}"
            files = root / "etc/sysctl.d"
            files.mkdir(parents=True)
            for i in range(size):
                (files / f"*{i}.conf").write_text("vm.min_free_kbytes = 1\n")
            (root / "proc").mkdir()
            took.append(min(Run("check", "--root", root).user for _ in range(2)))
        self.assertLess(took[1] / max(took[0], 0.05), 20, took)


if __name__ == "__main__":
    harness.main()
