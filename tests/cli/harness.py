"""What the black-box tests of the program share. Run one with: test_x.py PROGRAM SOURCE_DIR"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = SOURCE = EXAMPLES = None
CLEAN_ENV = {"PATH": os.environ["PATH"], "TZ": "UTC", "LANG": "C.UTF-8"}


class Result:
    def __init__(self, done):
        self.status = done.returncode
        self.out = done.stdout.decode("utf-8")
        self.err = done.stderr.decode("utf-8")

    def __repr__(self):
        return f"status {self.status}\nout: {self.out[:2000]}\nerr: {self.err[:2000]}"

    @property
    def json(self):
        return json.loads(self.out)


def whyoom(*args, stdin=b"", env=None, **more):
    """Runs the program; text for stdin may be str or bytes."""
    stdin = stdin.encode() if isinstance(stdin, str) else stdin
    return Result(subprocess.run([PROGRAM, *map(str, args)], input=stdin, timeout=60,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                                 env={**CLEAN_ENV, **(env or {})}, **more))


class Case(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)

    def file(self, name, content):
        path = self.scratch / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    @property
    def spree(self):
        return EXAMPLES / "min-free-killed.log"

    def check(self, result, status, out=None, err=None):
        self.assertEqual(result.status, status, result)
        if out is not None:
            self.assertIn(out, result.out, result)
        if err is not None:
            self.assertIn(err, result.err, result)


def main():
    global PROGRAM, SOURCE, EXAMPLES
    PROGRAM, source = sys.argv[1:3]
    SOURCE = pathlib.Path(source)
    EXAMPLES = SOURCE / "examples"
    unittest.main(module="__main__", argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
