"""A real OOM that harms nobody: in a memory cgroup of 32 MiB, or 64 at most."""
import os
import pathlib
import subprocess
import sys
import time
import unittest


def kmsg_readable():
    try:
        file = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.read(file, 8192)
        os.close(file)
        return True
    except OSError:
        return False


HOG = """
import os
with open({procs!r}, "w") as file:
    file.write(str(os.getpid()))
memory = bytearray(200 << 20)
for at in range(0, len(memory), 4096):
    memory[at] = 1
"""


def wait_for(what, seconds=60, pause=0.02):
    """Bounded only so that a failure ends."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        value = what()
        if value:
            return value
        time.sleep(pause)
    return None


class SmallCgroup:
    """A memory cgroup of either version."""

    def __init__(self, name="whyoom-test-", mebibytes=32):
        assert mebibytes <= 64
        name += str(os.getpid())
        for top, limit in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
                           ("/sys/fs/cgroup", "memory.max")):
            path = pathlib.Path(top, name)
            try:
                path.mkdir()
            except OSError:
                continue
            try:
                (path / limit).write_text(str(mebibytes << 20))
                self.path = path
                return
            except OSError:
                path.rmdir()
        raise unittest.SkipTest("no memory cgroup can be made here")

    def kill(self):
        """Runs something in it that does not fit."""
        return subprocess.run([sys.executable, "-c",
                               HOG.format(procs=str(self.path / "cgroup.procs"))],
                              check=False).returncode

    def close(self):
        wait_for(lambda: not (self.path / "cgroup.procs").read_text())
        self.path.rmdir()
