"""A machine of its own for `whyoom fix` and `whyoom undo`: a private mount and UTS namespace, in which
/etc and /var/lib are empty file systems and kernel.domainname is the setting. Everything else is real:
the kernel, sysctl, systemd-sysctl."""
import os
import pathlib
import subprocess
import sys

import harness
from harness import Case, whyoom

SKIPPED = 77
RUNNING = pathlib.Path("/proc/sys/kernel/domainname")
OLD = b"# ours\r\n\tkernel.domainname = before.example\r\nvm.swappiness=60"
NEW = b"# ours\r\n\tkernel.domainname = after.example\r\nvm.swappiness=60"


def mount_empty(path, size="4m"):
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "none", path], check=True)


class FixCase(Case):
    def setUp(self):
        super().setUp()
        for path in ("/etc", "/var/lib"):
            mount_empty(path)
            self.addCleanup(subprocess.run, ["umount", "-l", path], check=True)
        pathlib.Path("/etc/sysctl.d").mkdir()
        self.conf = pathlib.Path("/etc/sysctl.conf")
        self.conf.write_bytes(OLD)
        os.symlink("../sysctl.conf", "/etc/sysctl.d/99-sysctl.conf")
        RUNNING.write_text("before.example\n")

    def running(self):
        return RUNNING.read_text().strip()

    def expect_untouched_files(self):
        self.assertEqual(self.conf.read_bytes(), OLD)
        self.assertEqual(self.running(), "before.example")

    def expect_untouched(self):
        self.expect_untouched_files()
        self.assertEqual(sorted(os.listdir("/etc")), ["sysctl.conf", "sysctl.d"])
        self.assertEqual(os.listdir("/etc/sysctl.d"), ["99-sysctl.conf"])

    def fix(self, *more):
        return whyoom("fix", "kernel.domainname=after.example", *more)


def main():
    if os.environ.get("WHYOOM_FIX_NAMESPACE"):
        harness.main()
        return
    namespaces = ["unshare", "--mount", "--uts"]
    probe = subprocess.run([*namespaces, "true"], capture_output=True, text=True, check=False)
    if os.getuid() != 0 or probe.returncode != 0:
        print(f"SKIPPED: private namespaces need root: {probe.stderr.strip() or 'not root'}")
        sys.exit(SKIPPED)
    os.execvpe(namespaces[0], [*namespaces, sys.executable, os.path.abspath(sys.argv[0]), *sys.argv[1:]],
               {**os.environ, "WHYOOM_FIX_NAMESPACE": "1"})
