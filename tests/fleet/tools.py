"""Servers and tools that must not be installed on a developer's machine. They are fetched with Debian's
apt-get and unpacked below the build directory, and the test runs in a mount namespace of its own in which
they lie over /usr; nothing outside sees them. What is installed is taken as it is.

npm's packages are fetched likewise and are beside the test, not in the project.

A test says first which it needs: tools.enter(["nats-server"], ["nats-server"]).
"""
import fcntl
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import harness  # noqa: E402

INSIDE = "WHYOOM_TEST_TOOLS"  # set in the namespace
PROCESSES = []


def skip(why):
    raise harness.Skipped(why)


def only_in_long_runs(minutes):
    """For what takes minutes: the short tests of an adapter are with each run."""
    if not os.environ.get("WHYOOM_LONG_TESTS"):
        skip(f"takes {minutes}; WHYOOM_LONG_TESTS=1 ./dev test -R fleet")


def run(*command, **more):
    return subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          encoding="utf-8", errors="replace", check=False,
                          stdin=None if "input" in more else subprocess.DEVNULL, **more)


def locked(folder, fill):
    """Makes the folder, once also when several tests want it; fill(scratch) says why it cannot, or None."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{folder}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
                why = fill(pathlib.Path(scratch))
                if why:
                    skip(why)
                os.rename(scratch, folder)
                os.mkdir(scratch)  # for the end of the block
    folder.chmod(0o755)
    return folder


def unpacked(folder, packages):
    """Files of these Debian packages and of what they need and is not installed."""
    def fill(scratch):
        archives = scratch / "archives"
        (archives / "partial").mkdir(parents=True)
        fetch = ["apt-get", "-q", "-y", "install", "--no-install-recommends", "--download-only",
                 "-o", f"Dir::Cache::archives={archives}", "-o", "Debug::NoLocking=1", *packages]
        got = run(*fetch)
        if got.returncode != 0:  # there may be no list of packages yet
            run("apt-get", "-q", "update")
            got = run(*fetch)
        if got.returncode != 0:
            return f"apt-get cannot bring {' '.join(packages)}: {got.stdout.strip()[-300:]}"
        for package in archives.glob("*.deb"):
            done = run("dpkg", "-x", package, scratch / "root")
            if done.returncode != 0:
                return f"dpkg -x {package.name}: {done.stdout.strip()}"
        shutil.rmtree(archives)
        # Where /lib and /sbin are links into /usr, so are the files of packages that do not know it.
        for name in ("bin", "lib", "lib64", "sbin"):
            if (scratch / "root" / name).is_dir():
                run("cp", "-a", "-T", scratch / "root" / name, scratch / "root/usr" / name)
        for program in (scratch / "root/usr/sbin").glob("*-wlm"):  # as update-alternatives would
            program.with_name(program.name.removesuffix("-wlm")).symlink_to(program.name)
        return None

    return locked(folder, fill) / "root/usr"


def enter(packages, commands, base=None, net=False, npm=()):
    """The rest of the program has the commands, and with `net` a network of its own, in which 127.0.0.1 is
    all there is. It is started again in the namespaces, if need be. `npm`: what modules() will be asked for; in
    such a network nothing can be fetched any more, and npm tries for minutes."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    base = pathlib.Path(base or sys.argv[3]).resolve()
    for package in npm:
        modules(base, package)
    here = all(shutil.which(command) for command in commands)
    root = os.geteuid() == 0 and run("unshare", "--mount", "true").returncode == 0
    net = net and root and shutil.which("ip") and run("unshare", "--net", "ip", "link", "set", "lo",
                                                      "up").returncode == 0
    if os.environ.get(INSIDE):
        return here or skip(f"{' '.join(packages)} do not bring {' '.join(commands)}")
    if here and not net:
        return None
    usr = ""
    if not here:
        if not shutil.which("apt-get") or not shutil.which("dpkg"):
            skip(f"no {' '.join(commands)} here, and no Debian to get them from")
        if not root:
            skip(f"no {' '.join(commands)} here, and no mount namespace can be made")
        usr = unpacked(base / ("fleet-" + "+".join(packages)), packages)
    script = ('if [ -n "$0" ]; then mount -t overlay overlay -o "lowerdir=$0:/usr" /usr || exit 77; fi\n'
              'if [ "$WHYOOM_TEST_TOOLS" = net ]; then ip link set lo up || exit 77;'
              # Slurm asks for addresses of kinds that the machine has, and the loopback does not count.
              ' ip address add 192.0.2.1/32 dev lo; fi\n'
              'exec "$@"')
    os.environ[INSIDE] = "net" if net else "mount"
    sys.stdout.flush()
    os.execvp("unshare", ["unshare", "--mount", *(["--net"] if net else []), "--propagation", "private", "sh",
                          "-c", script, str(usr), sys.executable, *sys.argv])
    return None


def own_network():
    """127.0.0.1 can be cut."""
    return os.environ.get(INSIDE) == "net"


def modules(base, *packages):
    """A folder with node_modules of these."""
    if not shutil.which("npm") or not shutil.which("node"):
        skip("no node and npm here")

    def fill(scratch):
        done = run("npm", "install", "--silent", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts",
                   "--prefix", scratch, *packages)
        return done.returncode and f"npm cannot bring {' '.join(packages)}: {done.stdout.strip()[-300:]}"

    name = packages[0].replace("/", "-").replace("@", "")
    return locked(pathlib.Path(base).resolve() / f"npm-{name}", fill)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def wait_for(what, seconds=120):
    """Bounded only so that a failure ends."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        value = what()
        if value:
            return value
        time.sleep(0.05)
    return None


def start(*command, log=None, **more):
    """A process that end_all() ends, if it is still there."""
    with open(log or os.devnull, "ab") as out:
        process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=out, **more)
    PROCESSES.append(process)
    return process


def end(process, how=signal.SIGTERM):
    if process.poll() is None:
        process.send_signal(how)
    return process.wait()


def end_all():
    for process in reversed(PROCESSES):
        if process.poll() is None:
            process.terminate()
    until = time.monotonic() + 10
    for process in reversed(PROCESSES):
        try:
            process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    PROCESSES.clear()
