"""What the tests of metrics share: a recorder that writes them, what serves them, and the servers of
Debian that read them.

The servers are unpacked below TOOLS_DIR and not installed, so that no service is started. The tests
start them at free ports of the loopback device and end them.
"""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "deploy"))
import harness  # noqa: E402
import machine  # noqa: E402
from small_cgroup import wait_for  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent


def tool(name, *packages):
    """A program of the first of these packages that this release has, if it can be had."""
    try:
        return shutil.which(name) or str(machine.unpacked(*packages) / "usr/bin" / name)
    except SystemExit:
        raise unittest.SkipTest(f"{packages[-1]} cannot be had here") from None


def with_share(program):
    """How to start a program that was unpacked and wants its files below /usr/share: it sees nothing
    else there, and nobody else sees it."""
    share = pathlib.Path(program).parents[1] / "share"
    if share == pathlib.Path("/usr/share"):
        return [program]
    if machine.run("unshare", "--mount", "true").returncode != 0:
        raise unittest.SkipTest("no mount namespace can be made here, and it is not installed")
    script = 'mount -t tmpfs none /usr/share && cp -r "$0"/prometheus /usr/share/ && exec "$@"'
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, share.resolve(),
            pathlib.Path(program).resolve()]


def get(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def series(text):
    """Of the text format: labels and value by name. A line that is none of it is an error."""
    found = {}
    for line in text.splitlines():
        if line.startswith("# HELP ") or line.startswith("# TYPE "):
            continue
        match = re.fullmatch(r'(\w+)(?:\{((?:\w+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? ([\d.]+)', line)
        assert match, line
        labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2] or ""))
        found.setdefault(match[1], []).append((labels, float(match[3])))
    return found


class Programs(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="whyoom-metrics-"))
        self.folder.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.store, self.textfile = self.folder / "ring", self.folder / "metrics.prom"

    def start(self, name, *command):
        """Its standard error goes to a file of that name."""
        with open(self.folder / name, "ab") as errors:
            process = subprocess.Popen([str(part) for part in command], env=harness.CLEAN_ENV,
                                       stdout=errors, stderr=errors)
        self.addCleanup(self.end, process)
        return process

    def end(self, process, how=signal.SIGTERM):
        if process.poll() is None:
            process.send_signal(how)
        return process.wait()

    def said(self, name):
        return (self.folder / name).read_text(encoding="utf-8")

    def watch(self, *args):
        if os.geteuid() != 0:
            self.skipTest("only root may record a machine")
        self.textfile.unlink(missing_ok=True)
        process = self.start("watch", harness.PROGRAM, "watch", "--store", self.store,
                             "--textfile", self.textfile, *args)
        self.assertTrue(wait_for(lambda: self.textfile.exists() or process.poll() is not None))
        self.assertTrue(self.textfile.exists(), self.said("watch"))
        return process

    def serve(self, *more):
        process = self.start("serve", harness.PROGRAM, "serve", "--listen", "127.0.0.1:0",
                             "--textfile", self.textfile, *more)
        self.assertTrue(wait_for(lambda: "/metrics" in self.said("serve")))
        return process, re.search(r"127\.0\.0\.1:(\d+)", self.said("serve"))[1]

    def metrics(self):
        return series(self.textfile.read_text(encoding="utf-8"))

    def child(self, process):
        """The process that counts for the recorder."""
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        return int(children.split()[0])


def main():
    """A test is run with PROGRAM SOURCE_DIR TOOLS_DIR."""
    machine.TOOLS = pathlib.Path(sys.argv.pop(3)).resolve()
    harness.main()
