"""deploy/*.sh: parts, and what they make of names, compressed logs, logs that cannot be read, and a disk that
is full.

Run it with: test_parts.py PROGRAM SOURCE_DIR TOOLS_DIR
"""
import gzip
import json
import os
import pathlib
import subprocess

import adapter
import tools


class Parts(adapter.Case):
    def setUp(self):
        super().setUp()
        self.env = {**os.environ, "WHYOOM": os.path.abspath(adapter.PROGRAM)}

    def script(self, name, *args, **more):
        return subprocess.run([adapter.SOURCE / "deploy" / name, *map(str, args)], capture_output=True, text=True,
                              check=False, env=self.env, **more)

    def part(self, line):
        return self.script("part.sh", self.out, *line.split("\t")).returncode

    def test_ranges(self):
        """They follow one another from the first byte to the last, and have a name each."""
        rows = [line.split("\t") for line in self.parts.read_text().splitlines()]
        self.assertEqual(len({name for name, _, _ in rows}), len(rows))
        for file in self.archive.iterdir():
            at = 0
            for _, span, of in rows:
                if of == str(file):
                    begin, end = map(int, span.split("-"))
                    self.assertEqual(begin, at)
                    at = end
            self.assertEqual(at, file.stat().st_size)

    def test_names(self):
        odd = self.archive / "a b'\"$x \\.log"
        odd.write_bytes((self.archive / "syslog-0000.log").read_bytes())
        (self.archive / "tab\t.log").write_text("x")
        (self.archive / "zipped.gz").write_bytes(gzip.compress(odd.read_bytes(), 1))
        done = self.script("parts.sh", "-s", "1", self.archive)
        self.assertIn("tab", done.stderr)
        rows = done.stdout.splitlines()
        self.assertEqual([row.split("\t")[1] for row in rows if row.endswith("zipped.gz")], ["-"])
        self.parts.write_text("".join(f"{row}\n" for row in rows if not row.endswith("syslog-0000.log")))
        self.count = len(self.parts.read_text().splitlines())
        done = self.script("share.sh", self.out, self.parts, 0, 1)
        self.assertEqual(done.returncode, 0, done)
        found, again = adapter.archive.stored(self.out)
        self.assertIsNone(adapter.archive.difference(self.truth, found))
        self.assertGreater(again, 0)  # of zipped.gz

    def test_status(self):
        first = self.parts.read_text().splitlines()[0]
        name, span, file = first.split("\t")
        self.assertEqual(self.part(f"{name}\t{span}\t{self.folder}/gone"), 75)
        self.assertEqual(self.part(f"../x\t{span}\t{file}"), 65)
        self.assertEqual(self.part(f"{name}\t9-1\t{file}"), 65)
        (self.archive / "broken.gz").write_bytes(b"\x1f\x8b\x08\x00" + bytes(100))
        self.assertEqual(self.part(f"{name}\t-\t{self.archive}/broken.gz"), 65)
        self.assertEqual(list(self.out.iterdir()), [])
        self.assertEqual(self.part(first), 0)
        stored = (self.out / f"{name}.ndjson").stat().st_mtime_ns
        self.assertEqual(self.part(first), 0)
        self.assertEqual((self.out / f"{name}.ndjson").stat().st_mtime_ns, stored)

    def test_full_disk(self):
        if not self.small_disk():
            self.skipTest("only root can make a small disk")
        first = self.parts.read_text().splitlines()[0]
        self.fill()
        self.assertEqual(self.part(first), 75)
        self.assertEqual([path.name for path in self.out.iterdir()], ["others"])
        self.free()
        self.assertEqual(self.part(first), 0)

    def test_one_that_is_refused(self):
        (self.archive / "broken.gz").write_bytes(b"\x1f\x8b\x08\x00" + bytes(100))
        self.parts.write_text(self.script("parts.sh", "-s", "4", self.archive).stdout)
        done = self.script("share.sh", self.out, self.parts, 0, 1)
        self.assertEqual(done.returncode, 0, done)
        refused, = (self.out / "refused").iterdir()
        self.assertIn("broken.gz", refused.read_text())
        self.count = len(self.parts.read_text().splitlines()) - 1
        self.check_stored()

    def test_pipe(self):
        done = self.script("pipe.sh", input=self.parts.read_text())
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(len({json.loads(line)["id"] for line in done.stdout.splitlines()}), len(self.truth))
        self.assertEqual(self.script("pipe.sh", input="0\t-\t/nonexistent\n").returncode, 65)

    def test_summary(self):
        """What all parts together are, and the sums of each."""
        self.script("share.sh", self.out, self.parts, 0, 1)
        files = sorted(self.out.glob("*.ndjson"))
        whole = tools.run(adapter.PROGRAM, "summary", "--format", "json", *files)
        sums = []
        for file in files:
            sums.append(pathlib.Path(f"{file}.sum"))
            sums[-1].write_text(tools.run(adapter.PROGRAM, "summary", "--format", "json", file).stdout)
        merged = tools.run(adapter.PROGRAM, "summary", "--format", "json", *reversed(sums), sums[0])
        self.assertEqual(json.loads(merged.stdout), json.loads(whole.stdout))
        self.assertEqual(json.loads(whole.stdout)["events"], len(self.truth))


if __name__ == "__main__":
    adapter.main()
