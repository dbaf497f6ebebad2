#!/usr/bin/env python3
"""Files, pipes, compression; input that never ends."""
import io
import json
import os
import select
import subprocess
import tarfile
import time
import unittest
import zipfile

import harness
from harness import whyoom

COMPRESSORS = {"gz": ["gzip", "-c"], "xz": ["xz", "-c"], "zst": ["zstd", "-q", "-c"],
               "bz2": ["bzip2", "-c"], "lz4": ["lz4", "-q", "-c"]}
FILLER = b"".join(b"Nov 23 07:41:%02d host app[%d]: request %d served in 12 ms\n"
                  % (i % 60, i, i * 7919) for i in range(20000))


def compressed(kind, data):
    return subprocess.run(COMPRESSORS[kind], input=data, stdout=subprocess.PIPE, check=True).stdout


def events(*args, **more):
    found = whyoom("explain", "--format", "json", *args, **more).json["events"]
    for event in found:  # names of sources differ on purpose
        del event["source"]
        for finding in event["findings"]:
            for evidence in finding["evidence"]:
                evidence["at"] = (evidence["at"] or "").rpartition(":")[2]
    return found


class Sources(harness.Case):
    def test_standard_input_is_read_with_and_without_a_dash(self):
        data = self.spree.read_bytes()
        expected = events(self.spree)
        self.assertGreaterEqual(len(expected), 6)
        self.assertEqual(events(stdin=data), expected)
        self.assertEqual(events("-", stdin=data), expected)

    def test_compressed_logs(self):
        expected = events(self.spree)
        for kind in COMPRESSORS:
            with self.subTest(kind=kind):
                log = self.file(f"any-name-{kind}", compressed(kind, self.spree.read_bytes()))
                self.assertEqual(events(log), expected)
                self.assertEqual(events(stdin=log.read_bytes()), expected)

    def test_an_archive_is_refused_with_what_to_do(self):
        def tar(mode):
            made = io.BytesIO()
            with tarfile.open(fileobj=made, mode=mode) as archive:
                archive.add(self.spree, "var/log/kern.log")
            return made.getvalue()

        zipped = io.BytesIO()
        with zipfile.ZipFile(zipped, "w") as archive:
            archive.write(self.spree)
        seven = b"7z\xbc\xaf\x27\x1c" + bytes(400)
        big = tar("w")
        big += bytes(3 << 20)  # is mapped
        for name, data, command in (("a.tar", tar("w"), "tar -xOf"), ("a.tgz", tar("w:gz"), "tar -xOf"),
                                    ("b.tar", big, "tar -xOf"), ("a.txz", tar("w:xz"), "tar -xOf"),
                                    ("a.tbz", tar("w:bz2"), "tar -xOf"),
                                    ("a.zip", zipped.getvalue(), "unzip -p"),
                                    ("a.7z", seven, "7z e -so")):
            with self.subTest(name):
                log = self.file(name, data)
                for args in (["explain", log], ["whatif", "vm.panic_on_oom=0", "--event", log]):
                    result = whyoom(*args)
                    self.check(result, 2, err=f"; take the log out of it: {command} {log} | "
                                              "whyoom explain -\n")
                    self.assertNotIn("min_free_kbytes", result.out)
                self.check(whyoom("explain", "-", stdin=data), 2, err="take the log out of it first")
        done = subprocess.run(["sh", "-c", f'tar -xOf {self.scratch}/a.tgz | "$0" explain -',
                               harness.PROGRAM], capture_output=True, check=False)
        self.assertEqual(done.returncode, 1, done)

    def test_a_short_log_is_no_archive(self):
        for data in ("", "x\n", "PK\n", "7z\n", "x" * 261):
            self.assertNotIn("archive", whyoom("explain", "-", stdin=data).err)

    def test_a_cut_archive_gives_what_was_readable(self):
        data = self.spree.read_bytes()
        for kind in COMPRESSORS:
            with self.subTest(kind=kind):
                # What stands in a block comes out when all of the block is there.
                more = {"bz2": 2_000_000, "lz4": 5_000_000}.get(kind, 200_000)
                whole = compressed(kind, data + os.urandom(more))
                log = self.file("cut." + kind, whole[:-1000])
                result = whyoom("explain", "--format", "json", log)
                self.check(result, 2, err="the compressed data ends early")
                self.assertGreaterEqual(len(result.json["events"]), 6)
                self.assertIn("ends early", json.dumps(result.json["input"]["damage"]))

    def test_the_newest_line_first(self):
        """As journalctl -r prints it. It is turned round, or says how: the answer is the whole one's."""
        def cause(shown):
            return [(event["root_cause"], event["verdict"]) for event in shown.json["events"]]
        lines = (harness.EXAMPLES / "min-free-killed.log").read_text().splitlines(keepends=True)
        whole = whyoom("explain", "--format", "json", harness.EXAMPLES / "min-free-killed.log")
        self.assertNotIn("comes first", whole.out + whole.err)
        turned = self.file("turned.log", "".join(reversed(lines)))
        for done in (whyoom("explain", "--format", "json", turned),
                     whyoom("explain", "--format", "json", "-", stdin=turned.read_bytes())):
            self.assertEqual(cause(done), cause(whole))
            self.assertEqual(done.json["input"]["bytes"], len("".join(lines)))
            self.assertIn("it was read from its last line on", json.dumps(done.json["input"]))
            self.assertEqual(done.err, "")
        more = [f"[    1.{i:06}] {'a' * 200}\n" for i in range(80000)]
        turned = self.file("it's turned.log", "".join(reversed(more + lines)))
        result = whyoom("explain", turned)
        self.assertIn("comes first, so its reports are in pieces", result.err)
        tac = result.err.split("turn it round: ")[1].splitlines()[0].removesuffix(" | whyoom explain -")
        done = subprocess.run(["sh", "-c", tac], capture_output=True, check=True)
        self.assertEqual(done.stdout.decode(), "".join(more + lines))

    def test_a_copy_of_a_log_counts_once(self):
        copy = self.file("copy.log", self.spree.read_bytes())
        self.assertEqual(len(events(self.spree, copy)), len(events(self.spree)))


class Pipes(harness.Case):
    def start(self, *args):
        process = subprocess.Popen([harness.PROGRAM, "explain", *args], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=harness.CLEAN_ENV)

        def stop():
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                pipe.close()

        self.addCleanup(stop)
        return process

    def read_for(self, process, seconds, enough):
        """What comes out while the input stays open."""
        out, end = b"", time.monotonic() + seconds
        while time.monotonic() < end and enough not in out:
            if select.select([process.stdout], [], [], 0.1)[0]:
                out += os.read(process.stdout.fileno(), 65536)
        return out

    def test_a_quiet_pipe_shows_what_it_has(self):
        for form in ("text", "ndjson", "markdown"):
            with self.subTest(format=form):
                process = self.start("--format", form, "-")
                process.stdin.write(self.spree.read_bytes())
                process.stdin.flush()
                out = self.read_for(process, 15, b"min-free-too-high")
                self.assertIn(b"min-free-too-high", out)
                self.assertIsNone(process.poll())

    def high_water(self, process):
        with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) // 1024
        raise AssertionError("no VmHWM")

    def test_memory_stays_bounded_on_endless_other_lines(self):
        process = self.start("--format", "ndjson", "-")
        for _ in range(400):  # 0.5 GB
            process.stdin.write(FILLER)
        process.stdin.write(self.spree.read_bytes())
        process.stdin.flush()
        self.assertIn(b"min-free-too-high", self.read_for(process, 15, b"min-free-too-high"))
        self.assertLessEqual(self.high_water(process), 64)

    def test_memory_stays_bounded_on_a_spree_that_never_ends(self):
        data = self.spree.read_bytes()
        begin = data.index(b"java invoked oom-killer") - 15
        body = data[begin:]
        for form in ("text", "json"):
            with self.subTest(format=form):
                process = self.start("--format", form, "-")
                with open(os.devnull, "wb") as sink:
                    reader = subprocess.Popen(["cat"], stdin=process.stdout, stdout=sink)
                for i in range(400):  # other numbers each time, so that they are no copies
                    process.stdin.write(body.replace(b"[   17.", b"[%5d." % (100 + i))
                                        .replace(b"[   18.", b"[%5d." % (101 + i)))
                process.stdin.flush()
                self.assertLessEqual(self.high_water(process), 64)
                process.stdin.close()
                self.assertEqual(process.wait(30), 1)
                reader.wait(10)
                process.stdin = open(os.devnull, "wb")  # for the clean-up

    def test_one_endless_line(self):
        process = self.start("-")
        for _ in range(200):
            process.stdin.write(b"x" * (1 << 20))
        process.stdin.flush()
        self.assertLessEqual(self.high_water(process), 64)

    def test_a_reader_that_leaves(self):
        log = self.file("many.log", self.spree.read_bytes())
        done = subprocess.run(["bash", "-c", '"$0" explain --format ndjson "$1" "$1" | head -c 100; '
                               'echo "${PIPESTATUS[0]}"', harness.PROGRAM, str(log)],
                              capture_output=True, timeout=30, check=False)
        self.assertEqual(done.stderr, b"")
        self.assertEqual(done.stdout.splitlines()[-1][-1:], b"1")


if __name__ == "__main__":
    unittest.TestLoader.sortTestMethodsUsing = None
    harness.main()
