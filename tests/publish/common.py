"""What the tests of whyoom-publish share.

Run one with: test_x.py WHYOOM_PUBLISH WHYOOM SOURCE_DIR TOOLS_DIR

Servers are unpacked or installed below TOOLS_DIR, started at free ports of the loopback device and
ended by their process id."""
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "deploy"))
sys.dont_write_bytecode = True
import machine  # noqa: E402

PUBLISH = WHYOOM = SOURCE = TOOLS = None
ENV = {"PATH": os.environ["PATH"], "TZ": "UTC", "LANG": "C.UTF-8"}
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
POD = "0f1f7c4e-5a3c-4a6f-9d0e-6c1b2a3d4e5f"


def event(number, host="node-1", **more):
    """One as `whyoom explain --format ndjson` prints it, as far as whyoom-publish looks."""
    wall = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(1_795_000_000 + number))
    return {"id": hashlib.md5(f"{host}/{number}".encode()).hexdigest(), "kind": "memcg-oom-kill",
            "source": {"file": "kern.log", "first_line": number + 1, "last_line": number + 2},
            "time": {"monotonic": 17.5 + number, "wall": wall}, "host": host,
            "kernel": {"release": "6.1.0-56-amd64"},
            "trigger": {"comm": "java", "pid": 96},
            "memcg": {"path": f"/kubepods.slice/pod{POD}", "limit": 67108864, "owner": None, "task_owner": None},
            "victims": [{"comm": "java", "pid": 100 + number, "cgroup": f"/kubepods.slice/pod{POD}",
                         "owner": {"kind": "pod", "unit": None, "runtime": None, "container": "0123456789ab",
                                   "pod": POD, "qos": "burstable", "text": "a pod"}}],
            "outcome": "killed", "root_cause": "cgroup-limit", "verdict": "proved",
            "findings": [{"cause": "cgroup-limit", "role": "root", "confidence": 0.97,
                          "summary": f"The limit of the pod was reached, event {number}.",
                          "evidence": [], "remedies": [{"title": "Raise it", "commands": ["kubectl edit"]}]}],
            **more}


def lines(events):
    return "".join(json.dumps(each, separators=(",", ":")) + "\n" for each in events).encode()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def wait_until(condition, seconds=60):
    """Bounded only so that a broken program does not hang the tests."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())


class Case(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="whyoom-publish-"))
        self.addCleanup(shutil.rmtree, self.scratch, True)
        self.state = self.scratch / "state"

    def file(self, name, content, mode=0o600):
        path = self.scratch / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
        return path

    def publish(self, *args, stdin=b"", status=0, env=None, limit=300):
        done = subprocess.run([PUBLISH, *map(str, args)], input=stdin, capture_output=True, check=False,
                              env={**ENV, **(env or {})}, timeout=limit)
        self.assertEqual(done.returncode, status, done.stderr.decode()[-3000:])
        return done.stdout.decode(), done.stderr.decode()

    def start(self, *args, stdin=subprocess.DEVNULL, env=None, log="publish.log", program=None, stdout=None):
        with open(self.scratch / log, "ab") as errors:
            process = subprocess.Popen([str(program or PUBLISH), *map(str, args)], stdin=stdin,
                                       stdout=stdout or errors, stderr=errors, env={**ENV, **(env or {})})
        self.addCleanup(self.end, process)
        return process

    def end(self, process, how=signal.SIGTERM):
        if process.poll() is None:
            process.send_signal(how)
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
        return process.wait()

    def check_memory(self, most, limit):
        """In kB; a program with the address sanitizer keeps what was freed."""
        if b"__asan_init" not in PUBLISH.read_bytes():
            self.assertLess(most, limit)

    def log(self, name="publish.log"):
        path = self.scratch / name
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def openssl(self, *args):
        done = subprocess.run(["openssl", *map(str, args)], cwd=self.scratch, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def certificates(self):
        """A CA and a certificate of localhost: ca.pem, server.pem, server.key."""
        if not shutil.which("openssl"):
            self.skipTest("no openssl here")
        self.openssl("req", "-x509", *NEW_KEY, "-days", "30", "-subj", "/CN=test ca", "-keyout", "ca.key", "-out",
                     "ca.pem")
        self.signed("server", "localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        return self.scratch / "ca.pem"

    def signed(self, name, subject, extensions="extendedKeyUsage=clientAuth\n"):
        self.file("ext", extensions)
        self.openssl("req", *NEW_KEY, "-subj", f"/CN={subject}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                     "-days", "30", "-extfile", "ext", "-out", f"{name}.pem")

    def client_certificate(self, name, signed=True):
        """Its file and that of its key; else one that nobody has signed."""
        if signed:
            self.signed(name, name)
        else:
            self.openssl("req", "-x509", *NEW_KEY, "-days", "30", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                         "-out", f"{name}.pem")
        return self.scratch / f"{name}.pem", self.scratch / f"{name}.key"


class Watcher:
    """The most memory that a process had: VmHWM would count what it had before exec too."""

    def __init__(self, process, what="VmRSS:"):
        self.pid, self.what, self.most, self.ended = process.pid, what, 0, False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.ended:
            try:
                text = pathlib.Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
            except OSError:
                return
            for line in text.splitlines():
                if line.startswith(self.what):
                    self.most = max(self.most, int(line.split()[1]))
            time.sleep(0.05)

    def end(self):
        self.ended = True
        self.thread.join()
        return self.most


def npm(package):
    """The folder with its node_modules; the test is skipped where it cannot be had."""
    if not shutil.which("npm") or not shutil.which("node"):
        raise unittest.SkipTest("no npm here")
    folder = TOOLS / ("npm-" + package.strip("@").replace("/", "-"))
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["npm", "install", "--ignore-scripts", "--silent", "--no-audit", "--no-fund",
                               "--no-save", "--prefix", str(folder), package], capture_output=True,
                              text=True, check=False, timeout=300, cwd=folder)
        if done.returncode != 0:
            raise unittest.SkipTest(f"npm could not bring {package}: {done.stderr.strip()[-200:]}")
        (folder / "done").touch()
    return folder


def main():
    global PUBLISH, WHYOOM, SOURCE, TOOLS
    PUBLISH, WHYOOM, SOURCE, TOOLS = (pathlib.Path(word).resolve() for word in sys.argv[1:5])
    machine.TOOLS = TOOLS
    unittest.main(module="__main__", argv=[sys.argv[0], *sys.argv[5:]], verbosity=2)
