"""A machine of its own for the tests of deployments: a private mount and UTS namespace with a copy of
/etc in memory and no sysctl file but the test's. kernel.domainname, which belongs to the UTS
namespace, is the setting. Tools that must not be installed on a developer's machine are unpacked
below the build directory.

Run a test with: test_x.py PROGRAM SOURCE_DIR TOOLS_DIR"""
import fcntl
import functools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import harness  # noqa: E402

KEY = "kernel.domainname"
NAME = "whyoom-kernel-domainname"
DROP_IN = pathlib.Path(f"/etc/sysctl.d/99-zz-{NAME}.conf")
RUNNING = pathlib.Path("/proc/sys/kernel/domainname")
# The other setting of the UTS namespace, for texts of two.
SECOND = pathlib.Path("/proc/sys/kernel/hostname")
SECOND_DROP_IN = pathlib.Path("/etc/sysctl.d/99-zz-whyoom-kernel-hostname.conf")
CONF = pathlib.Path("/etc/sysctl.conf")
PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's modules
OTHER_FOLDERS = ("/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d")
CLEAN_ENV = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC",
             "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
TOOLS = None


def skip(why):
    raise harness.Skipped(why)


def only_in_long_runs(takes, name):
    """For what takes long beside what it adds to the others of its kind: each run stays short."""
    if not os.environ.get("WHYOOM_LONG_TESTS"):
        skip(f"takes {takes}; WHYOOM_LONG_TESTS=1 ./dev test -R {name}")


def run(*command, env=None, **more):
    """Output is text, standard error included."""
    return subprocess.run([str(part) for part in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding="utf-8", check=False, timeout=120,
                          stdin=None if "input" in more else subprocess.DEVNULL,
                          env={**CLEAN_ENV, **(env or {})}, **more)


@functools.cache  # which of the names there is takes apt half a second to say
def unpacked(*names):
    """The folder with the files of a Debian package, which is not installed; the first of the names
    that this release has."""
    package = names[0]
    for name in names[1:]:
        if run("apt-cache", "show", package).returncode == 0:
            break
        package = name
    folder = TOOLS / package
    TOOLS.mkdir(parents=True, exist_ok=True)
    with open(TOOLS / f"{package}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.is_dir():
            return folder
        with tempfile.TemporaryDirectory(dir=TOOLS) as scratch:
            if not shutil.which("dpkg") or not shutil.which("apt-get"):
                skip(f"no Debian here to get {package} from")
            got = run("apt-get", "-q", "download", package, cwd=scratch)
            if got.returncode != 0 and os.getuid() == 0:  # there may be no list of packages yet
                run("apt-get", "-q", "update")
                got = run("apt-get", "-q", "download", package, cwd=scratch)
            packages = list(pathlib.Path(scratch).glob("*.deb"))
            if got.returncode != 0 or len(packages) != 1:
                skip(f"apt-get download {package}: {got.stdout.strip()[-300:]}")
            done = run("dpkg", "-x", packages[0], f"{scratch}/files")
            if done.returncode != 0:
                skip(f"dpkg -x {packages[0].name}: {done.stdout.strip()}")
            os.rename(f"{scratch}/files", folder)
    return folder


def modules_of(folder):
    """The environment for Python modules of an unpacked package. They may be kept compiled beside it:
    nobody did that at an installation, and half of each start would go into it."""
    return {"PYTHONPATH": str(folder / "usr/lib/python3/dist-packages"), "PYTHONDONTWRITEBYTECODE": ""}


def found(folder, *paths):
    """The first of the paths that is there: Debian moves files from one release to the next."""
    for path in paths:
        if (folder / path).exists():
            return folder / path
    raise AssertionError(f"none of {paths} in {folder}")


def text(tool, value="after.example", key=KEY, root=None):
    """What `whyoom fix --output` prints."""
    result = harness.whyoom("fix", f"{key}={value}", "--output", tool,
                            *(["--root", root] if root else []))
    if result.status != 0:
        raise AssertionError(result)
    return result.out


def text_of_two(tool):
    """What it prints for kernel.domainname and kernel.hostname."""
    result = harness.whyoom("fix", f"{KEY}=after.example", "kernel.hostname=after-too", "--output", tool)
    if result.status != 0:
        raise AssertionError(result)
    return result.out


class Case(harness.Case):
    """The machine is set back before each test."""

    def setUp(self):
        super().setUp()
        shutil.rmtree("/etc/sysctl.d")
        os.mkdir("/etc/sysctl.d")
        os.symlink("../sysctl.conf", "/etc/sysctl.d/99-sysctl.conf")
        CONF.unlink(missing_ok=True)
        CONF.write_text("# ours\n", encoding="ascii")
        RUNNING.write_text("before.example\n", encoding="ascii")
        SECOND.write_text("before\n", encoding="ascii")

    def succeed(self, *command, **more):
        done = run(*command, **more)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    @staticmethod
    def running():
        return RUNNING.read_text(encoding="ascii").strip()

    def expect_fixed(self, value="after.example"):
        """It is so now, and each program that reads sysctl files makes it so again."""
        self.assertEqual(self.running(), value)
        self.assertTrue(DROP_IN.exists(), os.listdir("/etc/sysctl.d"))
        self.assertEqual(DROP_IN.stat().st_mode & 0o7777, 0o644)
        for tool in (["sysctl", "--system"], [systemd_sysctl()]):
            RUNNING.write_text("other.example\n", encoding="ascii")
            self.succeed(*tool)
            self.assertEqual(self.running(), value, tool)

    def expect_both_fixed(self):
        self.assertEqual(SECOND.read_text(encoding="ascii").strip(), "after-too")
        SECOND.write_text("other\n", encoding="ascii")
        self.expect_fixed()
        self.assertEqual(SECOND.read_text(encoding="ascii").strip(), "after-too")


def systemd_sysctl():
    for path in ("/usr/lib/systemd/systemd-sysctl", "/lib/systemd/systemd-sysctl"):
        if os.path.exists(path):
            return path
    skip("systemd-sysctl is not there")


def own_etc():
    """/etc becomes a copy of itself in memory; folders that bring other sysctl files are empty."""
    folder = tempfile.mkdtemp()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", folder], check=True)
    subprocess.run(["cp", "-a", "/etc/.", folder], check=True)
    subprocess.run(["mount", "--bind", folder, "/etc"], check=True)
    subprocess.run(["umount", folder], check=True)
    os.rmdir(folder)
    for other in OTHER_FOLDERS:
        if os.path.isdir(other):
            subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", other], check=True)


def main(*packages):
    """`packages` are unpacked before the first test; one of a|b|c."""
    global TOOLS
    TOOLS = pathlib.Path(sys.argv.pop(3)).resolve()
    if os.environ.pop("WHYOOM_OWN_MACHINE", None):
        own_etc()
        harness.main()
        return
    namespaces = ["unshare", "--mount", "--uts"]
    probe = run(*namespaces, "true")
    if os.getuid() != 0 or probe.returncode != 0:
        skip(f"private namespaces need root: {probe.stdout.strip() or 'not root'}")
    systemd_sysctl()
    for package in packages:
        unpacked(*package.split("|"))
    script, program, source = (os.path.abspath(path) for path in sys.argv[:3])
    os.execvpe(namespaces[0], [*namespaces, sys.executable, script, program, source, str(TOOLS),
                               *sys.argv[3:]], {**os.environ, "WHYOOM_OWN_MACHINE": "1"})
