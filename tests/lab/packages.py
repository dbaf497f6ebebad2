"""Debian packages of any suite and architecture, by name: fetched, unpacked, never installed.

The mirror is the one that this machine's own apt uses. A private apt configuration below the cache
asks it for more suites and architectures, so neither apt's lists nor dpkg's state here change.
"""
import os
import pathlib
import re
import shutil
import subprocess
import time

SUITES = ("bullseye", "bookworm", "bookworm-backports", "trixie", "trixie-backports", "sid",
          "experimental")
SECURITY = ("bullseye-security", "bookworm-security", "trixie-security")
FRESH_FOR = 24 * 3600  # seconds for which the lists are not asked for again
TRIES = 4              # versions of one package: a mirror may list what it no longer has


class Unavailable(Exception):
    """Something could not be had. The text says what and why."""


def run(*command, **more):
    return subprocess.run([str(part) for part in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
                          errors="replace", check=False, **more)


def natural(text):
    """A key that sorts 6.12.9 before 6.12.10."""
    return [(int(part), "") if part.isdigit() else (-1, part)
            for part in re.findall(r"\d+|\D+", text)]


def mirrors():
    """(address, is security) of the Debian mirrors in this machine's apt set-up."""
    fields = "$(CREATED_BY)\t$(REPO_URI)\t$(ORIGIN)\t$(LABEL)"
    listing = run("apt-get", "indextargets", "--format", fields)
    found = []
    for line in listing.stdout.splitlines():
        made_by, address, origin, label = (line.split("\t") + [""] * 4)[:4]
        entry = (address, "Security" in label)
        if made_by == "Packages" and origin == "Debian" and entry not in found:
            found.append(entry)
    if not found:
        raise Unavailable("apt on this machine has no Debian mirror (is `apt-get update` done?)")
    return found


class Archive:
    """The packages of one architecture."""

    def __init__(self, architecture, cache):
        self.architecture = architecture
        self.home = pathlib.Path(cache) / "apt" / architecture
        self.unpacked = pathlib.Path(cache) / "packages"
        self._names = None

    def _apt(self, tool, *arguments):
        options = {"Dir::Etc::sourcelist": self.home / "sources.list",
                   "Dir::Etc::sourceparts": "/dev/null", "Dir::Etc::preferencesparts": "/dev/null",
                   "Dir::State": self.home, "Dir::State::lists": self.home / "lists",
                   "Dir::State::status": self.home / "status", "Dir::Cache": self.home / "cache",
                   "APT::Architecture": self.architecture, "APT::Sandbox::User": "root"}
        flags = [part for key, value in options.items() for part in ("-o", f"{key}={value}")]
        return run(tool, *flags, "-o", f"APT::Architectures::={self.architecture}", *arguments,
                   cwd=self.unpacked)

    def _update(self):
        stamp = self.home / "updated"
        if stamp.exists() and time.time() - stamp.stat().st_mtime < FRESH_FOR:
            return
        for folder in ("lists/partial", "cache/archives/partial"):
            (self.home / folder).mkdir(parents=True, exist_ok=True)
        self.unpacked.mkdir(parents=True, exist_ok=True)
        (self.home / "status").touch()
        keys = "/usr/share/keyrings/debian-archive-keyring.gpg"
        (self.home / "sources.list").write_text("".join(
            f"deb [arch={self.architecture} signed-by={keys}] {address} {suite} main\n"
            for address, security in mirrors() for suite in (SECURITY if security else SUITES)))
        # A suite that the mirror lacks, or is just renewing, is a line of apt's output and no more.
        (self.home / "update.log").write_text(self._apt("apt-get", "update").stdout)
        (self.home / "names").unlink(missing_ok=True)
        stamp.touch()

    def names(self, pattern):
        """The packages whose whole name matches, the newest first."""
        if self._names is None:
            self._update()
            self._names = self._kept_names().split()
        wanted = re.compile(pattern)
        return sorted(filter(wanted.fullmatch, self._names), key=natural, reverse=True)

    def _kept_names(self):
        """One a line; kept until the next update, because apt reads its lists for three seconds."""
        kept = self.home / "names"
        if kept.exists():
            return kept.read_text()
        answer = self._apt("apt-cache", "pkgnames")
        if answer.returncode == 0:
            part = self.home / f"names-{os.getpid()}"
            part.write_text(answer.stdout)
            part.rename(kept)
        return answer.stdout

    def fetch(self, name, release=None):
        """The folder of the unpacked package. `release` is a suite such as bookworm, or None."""
        at = self.unpacked / f"{name}_{self.architecture}"
        if (at / ".complete").exists():
            return at
        self._update()
        wanted = f"{name}/{release}" if release else name
        scratch = at.with_suffix(".part")
        shutil.rmtree(scratch, ignore_errors=True)
        before = set(self.unpacked.glob(f"{name}_*.deb"))
        answer = self._apt("apt-get", "download", wanted)
        new = [deb for deb in self.unpacked.glob(f"{name}_*.deb") if deb not in before]
        if answer.returncode or not new:
            last = (answer.stdout.strip().splitlines() or ["no answer"])[-1]
            raise Unavailable(f"{name}: {re.sub(r'https?://[^ ]+/', '', last)}")
        unpacking = run("dpkg-deb", "-x", new[0], scratch)
        if unpacking.returncode:
            raise Unavailable(f"{name}: {unpacking.stdout.strip()}")
        version = run("dpkg-deb", "-f", new[0], "Version").stdout.strip()
        new[0].unlink()
        (scratch / ".complete").write_text(version)
        shutil.rmtree(at, ignore_errors=True)
        scratch.rename(at)
        return at

    def newest(self, pattern):
        """(name, folder) of the newest package that matches and can be had."""
        names = self.names(pattern)
        if not names:
            raise Unavailable(f"no package of {self.architecture} is called {pattern}")
        for name in names[:TRIES]:
            try:
                return name, self.fetch(name)
            except Unavailable as reason:
                why = reason
        raise Unavailable(f"{min(TRIES, len(names))} versions tried, the last: {why}")


def version_of(folder):
    return (folder / ".complete").read_text()
