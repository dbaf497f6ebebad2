"""What the black-box tests of the program share. Run one with: test_x.py PROGRAM SOURCE_DIR"""
import atexit
import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = SOURCE = EXAMPLES = None
CLEAN_ENV = {"PATH": os.environ["PATH"], "TZ": "UTC", "LANG": "C.UTF-8"}


class Skipped(unittest.SkipTest, SystemExit):
    """Raised in a test it skips that one; anywhere else it ends the program as ctest's SKIP_RETURN_CODE."""

    def __init__(self, why):
        super().__init__(why)
        self.code = 77
        print(f"SKIPPED: {why}", flush=True)


# A sanitizer keeps memory of its own for each byte of the program's.
measures_memory = unittest.skipIf(os.environ.get("WHYOOM_SANITIZER"), "SKIPPED: a sanitizer takes memory itself")
limits_files = unittest.skipIf(os.environ.get("WHYOOM_SANITIZER"), "SKIPPED: a sanitizer writes files itself")


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


@functools.cache
def program_for_all():
    """A copy of the program that every user reaches: a clone may lie in a folder of root alone."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    os.chmod(folder, 0o755)
    return shutil.copy(PROGRAM, folder)


AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


@functools.cache
def nobody():
    """Why a test cannot become nobody here; None: it can. A container may keep that from its root."""
    if not shutil.which("setpriv"):
        return "no setpriv here"
    done = subprocess.run([*AS_NOBODY, "true"], capture_output=True, check=False)
    return None if done.returncode == 0 else "this user may not become nobody"


def shared():
    """The sample logs, which are no part of the project."""
    return pathlib.Path(os.environ.get("WHYOOM_SHARED") or SOURCE.parent / "shared")


def whyoom(*args, stdin=b"", env=None, **more):
    """Runs the program; text for stdin may be str or bytes."""
    stdin = stdin.encode() if isinstance(stdin, str) else stdin
    program = program_for_all() if "user" in more else PROGRAM
    return Result(subprocess.run([program, *map(str, args)], input=stdin, timeout=60,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                                 env={**CLEAN_ENV, **(env or {})}, **more))


def shown_on(terminal):
    """All that is written to a terminal until nobody has its inner side open; closes it."""
    shown = b""
    try:
        while piece := os.read(terminal, 65536):
            shown += piece
    except OSError:  # how a terminal says that nobody is there any more
        pass
    os.close(terminal)
    return shown


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
