#!/usr/bin/env python3
"""The .deb of `./dev package`: what is in it, that Debian's own tools take it, that what it installs runs,
and that a purge takes everything. Installed into a root of its own; nothing of this machine changes.

    test_package.py PROGRAM SOURCE_DIR BUILD_DIR"""
import atexit
import functools
import hashlib
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "deploy"))
import machine  # noqa: E402
from machine import harness  # noqa: E402

BUILD = None


def run(*command, **more):
    more = {"cwd": BUILD, "env": {**os.environ, "SOURCE_DATE_EPOCH": "1790000000", "LC_ALL": "C.UTF-8"}, **more}
    return subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          encoding="utf-8", errors="replace", check=False, **more)


def packed(folder):
    """The two packages that need no tool but dpkg and tar, made into `folder`."""
    done = run("cpack", "-G", "DEB;TGZ", "-B", folder)
    if done.returncode != 0:
        raise AssertionError(done.stdout)
    return next(folder.glob("*.deb")), next(folder.glob("*.tar.gz"))


@functools.cache
def packages():
    """Made once for all tests, which read them only: most of the time is the compressor's."""
    folder = pathlib.Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    return packed(folder)


def no_publisher():
    """Why its package cannot be made here; None: it can."""
    if not (BUILD / "CPackPublish.cmake").exists() or not (BUILD / "whyoom-publish").exists():
        return "whyoom-publish was not built: its libraries are not here"
    if not shutil.which("file") or not shutil.which("dpkg-shlibdeps"):
        return "no file or no dpkg-shlibdeps here, by which cpack finds the libraries"
    return None


@functools.cache
def publisher(time):
    """The package of whyoom-publish, made for the n-th time; for all tests, as packages()."""
    folder = pathlib.Path(tempfile.mkdtemp(suffix=f"-{time}"))
    atexit.register(shutil.rmtree, folder)
    done = run("cpack", "-G", "DEB", "--config", "CPackPublish.cmake", "-B", folder)
    if done.returncode != 0:
        raise AssertionError(done.stdout)
    return next(folder.glob("*.deb"))


def linked_in(build):
    """Names of packages that packaging/sbom.py finds, each with its version and a license."""
    done = run(harness.SOURCE.resolve() / "packaging/sbom.py", build, "1.2.3")
    if done.returncode != 0:
        raise AssertionError(done.stdout)
    whole = json.loads(done.stdout)
    if whole["spdxVersion"] != "SPDX-2.3" or not all(part["versionInfo"] for part in whole["packages"]):
        raise AssertionError(done.stdout)
    return [part["name"] for part in whole["packages"]]


class Case(harness.Case):
    def succeed(self, *command, **more):
        done = run(*command, **more)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def pleases_lintian(self, *debs):
        if not shutil.which("lintian"):
            self.skipTest("no lintian here")
        done = run("lintian", "--allow-root", "--fail-on", "error,warning", *debs)
        self.assertEqual((done.returncode, done.stdout), (0, ""))


class Package(Case):
    def setUp(self):
        super().setUp()
        self.deb, self.tar = packages()
        self.root = self.scratch / "root"

    def unpacked(self):
        self.succeed("dpkg-deb", "-x", self.deb, self.root)
        return self.root

    def test_what_is_in_it(self):
        root = self.unpacked()
        files = {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}
        for wanted in ("usr/bin/whyoom", "usr/share/man/man1/whyoom.1.gz", "usr/share/man/man1/whyoom-fix.1.gz",
                       "usr/share/man/man5/whyoom-ring.5.gz", "usr/share/man/man5/whyoom-json.5.gz",
                       "usr/share/man/zh_CN/man1/whyoom-fix.1.gz", "usr/share/whyoom/whyoom-1.schema.json",
                       "usr/share/bash-completion/completions/whyoom", "usr/share/zsh/vendor-completions/_whyoom",
                       "usr/share/fish/vendor_completions.d/whyoom.fish",
                       "usr/lib/systemd/system/whyoom-watch.service",
                       "usr/lib/systemd/system/whyoom-serve.service", "usr/share/doc/whyoom/copyright",
                       "usr/share/doc/whyoom/changelog.Debian.gz", "usr/share/whyoom/whyoom.rules.yml"):
            self.assertIn(wanted, files)
        self.assertFalse([name for name in files if name.startswith("etc/")])
        for unit in root.glob("usr/lib/systemd/system/*.service"):
            self.assertIn("\nExecStart=/usr/bin/whyoom ", unit.read_text())
        for path in root.rglob("*"):
            mode = stat.S_IMODE(path.lstat().st_mode)
            program = path.is_dir() or path.parent.name == "bin"
            self.assertEqual(mode, 0o755 if program else 0o644, path)
        owners = {line.split()[1] for line in self.succeed("dpkg-deb", "-c", self.deb).splitlines()}
        self.assertEqual(owners, {"root/root"})

    def test_it_needs_nothing_and_runs(self):
        self.assertEqual(self.succeed("dpkg-deb", "-f", self.deb, "Depends").strip(), "")
        program = self.unpacked() / "usr/bin/whyoom"
        self.assertIn("whyoom ", self.succeed(program, "--version"))
        log = (harness.EXAMPLES / "min-free-killed.log").resolve()
        done = run(program, "explain", log)
        self.assertEqual(done.returncode, 1)
        self.assertIn("vm.min_free_kbytes is too high", done.stdout)

    def test_the_archive_holds_the_same_program(self):
        self.succeed("tar", "-xf", self.tar, "-C", self.scratch)
        program = next(self.scratch.glob("whyoom-*/usr/bin/whyoom"), None) or next(
            self.scratch.glob("whyoom-*/bin/whyoom"))
        self.assertEqual(program.read_bytes(), (self.unpacked() / "usr/bin/whyoom").read_bytes())

    def test_made_twice_it_is_the_same(self):
        again = packed(self.scratch / "again")
        for first, second in zip((self.deb, self.tar), again):
            with self.subTest(first.name):
                self.assertEqual(*(hashlib.sha256(path.read_bytes()).hexdigest() for path in (first, second)))

    def test_the_list_of_what_is_linked_in(self):
        """Against what the program was linked with, as the linker was told, and the headers of one that has no library."""
        told = run("ninja", "-t", "commands", "whyoom").stdout.splitlines()[-1]
        libraries = set(re.findall(r"/lib(\w+)\.a\b", told)) - {"gtest", "gtest_main"}
        libraries = {name for name in libraries if not name.startswith("whyoom_")}
        names = linked_in(BUILD)
        self.assertEqual(libraries, {"z", "lzma", "zstd", "bz2", "lz4", "seccomp"})
        for wanted in ("zlib1g-dev", "liblzma-dev", "libzstd-dev", "libbz2-dev", "liblz4-dev", "libxxhash-dev", "libseccomp-dev",
                       "libexpected-dev", "libc6-dev", "linux-libc-dev"):
            self.assertIn(wanted, names)
        self.assertTrue([name for name in names if re.fullmatch(r"libstdc\+\+-\d+-dev", name)], names)

    def test_manual(self):
        if not shutil.which("man"):
            self.skipTest("no man here")
        for page in sorted(self.unpacked().glob("usr/share/man/**/*.gz")):
            self.assertEqual(self.succeed("sh", "-c", 'man --warnings -l -Tutf8 -Z "$1" >/dev/null', "sh", page), "")

    def test_install_upgrade_remove_purge(self):
        """As dpkg does it, into a root in which there is a dpkg database and nothing else."""
        if os.getuid() != 0:
            self.skipTest("dpkg --root needs root")
        self.root.mkdir()
        for folder in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "etc", "usr/bin", "bin"):
            (self.root / folder).mkdir(parents=True)
        for name in ("status", "available"):
            (self.root / "var/lib/dpkg" / name).touch()
        # The scripts run inside; they want a shell and, where systemd runs, systemctl.
        busybox = machine.found(machine.unpacked("busybox-static"), "bin/busybox", "usr/bin/busybox")
        shutil.copy(busybox, self.root / "bin/busybox")
        for name in ("sh", "rm"):
            (self.root / "bin" / name).symlink_to("busybox")
        dpkg = ["dpkg", "--root", self.root, "--force-not-root", "--force-depends", "--log=/dev/null"]
        self.succeed(*dpkg, "-i", self.deb)
        self.assertTrue((self.root / "usr/bin/whyoom").exists())
        self.assertFalse(list((self.root / "etc").rglob("*whyoom*")), "a unit is enabled")
        kept = self.root / "var/lib/whyoom/fixes/1"
        kept.mkdir(parents=True)
        own = self.root / "etc/sysctl.conf"
        own.write_text("vm.min_free_kbytes = 45056\n")
        self.succeed(*dpkg, "-i", self.deb)  # the same again, as an upgrade is
        self.assertTrue(kept.exists())
        self.succeed(*dpkg, "-r", "whyoom")
        self.assertFalse((self.root / "usr/bin/whyoom").exists())
        self.assertTrue(kept.exists(), "what was recorded goes with a purge only")
        self.succeed(*dpkg, "-P", "whyoom")
        left = [path for path in self.root.rglob("*whyoom*") if "var/lib/dpkg" not in str(path)]
        self.assertEqual(left, [])
        self.assertTrue(own.exists())

    def rpm_in(self, folder):
        self.succeed("cpack", "-G", "RPM", "-B", folder)
        return next(folder.glob("*.rpm"))

    def test_rpm(self):
        """What rpm says of the one of ./dev package's three that dpkg cannot read, and into a root of its own."""
        if not shutil.which("rpmbuild") or os.getuid() != 0:
            self.skipTest("no rpmbuild here, or not root")
        rpm, again = (self.rpm_in(self.scratch / folder) for folder in ("rpms", "again"))
        self.assertEqual(rpm.read_bytes(), again.read_bytes())
        names = set(self.succeed("rpm", "-qpl", rpm).split())
        root = self.unpacked()
        of_deb = {"/" + str(path.relative_to(root)).removesuffix(".gz")
                  for path in root.rglob("*") if not path.is_dir()}
        # What only Debian has, and where its zsh looks.
        of_deb = {name.replace("vendor-completions", "site-functions") for name in of_deb
                  if not name.startswith(("/usr/share/doc/whyoom/c", "/usr/share/lintian/"))}
        self.assertEqual(of_deb - names, set())
        self.assertEqual({name for name in names - of_deb if name not in
                          ("/usr/share/doc/whyoom", "/usr/share/whyoom")}, set())
        self.assertEqual([line for line in self.succeed("rpm", "-qpR", rpm).splitlines()
                          if not line.startswith(("rpmlib(", "/bin/sh"))], [])
        self.assertEqual(self.succeed("rpm", "-qp", "--scripts", rpm).count(" scriptlet (using /bin/sh):"), 2)
        self.in_a_root_of_rpm(rpm)

    def in_a_root_of_rpm(self, rpm):
        """Of no Debian: an rpm database, busybox, and a systemctl that writes down what it is asked for."""
        root = self.scratch / "fedora"
        for folder in ("bin", "dev", "run/systemd/system"):
            (root / folder).mkdir(parents=True)
        busybox = machine.found(machine.unpacked("busybox-static"), "bin/busybox", "usr/bin/busybox")
        shutil.copy(busybox, root / "bin/busybox")
        (root / "bin/sh").symlink_to("busybox")
        (root / "bin/systemctl").write_text('#!/bin/sh\necho "$@" >>/asked\n')
        (root / "bin/systemctl").chmod(0o755)
        asked = lambda: (root / "asked").read_text().splitlines() if (root / "asked").exists() else []
        rpm_there = ["rpm", "--root", root, "--nodeps"]
        self.succeed(*rpm_there, "-i", rpm)
        self.assertEqual(self.succeed(*rpm_there, "-V", "whyoom"), "")
        self.assertEqual([words for words in asked() if "enable" in words or words.startswith("start")], [])
        log = "min-free-killed.log"
        shutil.copy(harness.EXAMPLES / log, root)
        done = run("chroot", root, "/usr/bin/whyoom", "explain", log)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("vm.min_free_kbytes is too high", done.stdout)
        (root / "asked").unlink(missing_ok=True)
        self.succeed(*rpm_there, "-U", "--force", rpm)  # an upgrade takes the old one's files and leaves the units
        self.assertEqual([words for words in asked() if words.startswith(("stop", "disable"))], [])
        self.assertTrue([words for words in asked() if words.startswith("try-restart")])
        (root / "asked").unlink(missing_ok=True)
        self.succeed(*rpm_there, "-e", "whyoom")
        self.assertTrue([words for words in asked() if words.startswith("disable whyoom-watch")])
        self.assertEqual([path for path in root.rglob("*whyoom*") if "/var/lib/rpm/" not in str(path)], [])

    def test_an_image_of_nothing_but_the_program(self):
        """packaging/container by buildah, without a network."""
        if not shutil.which("buildah") or os.getuid() != 0:
            self.skipTest("no buildah here, or not root")
        context = self.scratch / "context"
        (context / "build/release").mkdir(parents=True)
        shutil.copy(harness.PROGRAM, context / "build/release/whyoom")
        buildah = ["buildah", "--root", self.scratch / "store", "--runroot", self.scratch / "run",
                   "--storage-driver", "vfs"]
        self.succeed(*buildah, "build", "--isolation", "chroot", "-t", "whyoom", "-f",
                     harness.SOURCE.resolve() / "packaging/container/Containerfile", context)
        name = self.succeed(*buildah, "from", "--pull-never", "whyoom").split()[-1]
        try:
            log = (harness.EXAMPLES / "min-free-killed.log").read_text()
            done = run(*buildah, "run", "--isolation", "chroot", name, "--", "/usr/bin/whyoom", "explain", "-",
                       input=log)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn("vm.min_free_kbytes is too high", done.stdout)
        finally:
            run(*buildah, "rm", "--all")

    def test_the_publisher_is_another_package(self):
        if no_publisher():
            self.skipTest(no_publisher())
        self.assertNotIn("publish", self.succeed("dpkg-deb", "-c", self.deb))
        first, second = publisher(1), publisher(2)
        self.assertTrue(first.name.startswith("whyoom-publish_"), first)
        self.assertEqual(first.read_bytes(), second.read_bytes())
        needed = self.succeed("dpkg-deb", "-f", first, "Depends")
        for library in ("whyoom", "libcurl", "librdkafka", "libnats"):
            self.assertIn(library, needed)
        self.succeed("dpkg-deb", "-x", first, self.root)
        files = {str(path.relative_to(self.root)) for path in self.root.rglob("*") if not path.is_dir()}
        self.assertEqual(files, {
            "usr/bin/whyoom-publish", "usr/share/man/man1/whyoom-publish.1.gz",
            "usr/lib/systemd/system/whyoom-publish.service", "usr/share/doc/whyoom-publish/copyright",
            "usr/share/doc/whyoom-publish/changelog.gz", "usr/share/doc/whyoom-publish/changelog.Debian.gz",
            "usr/share/lintian/overrides/whyoom-publish"})
        self.assertIn("otlp, k8s, kafka, nats", self.succeed(self.root / "usr/bin/whyoom-publish", "--version"))

    def test_lintian(self):
        """Of both at once: half of its time is the start."""
        self.pleases_lintian(self.deb, *([] if no_publisher() else [publisher(1)]))


def main():
    global BUILD
    BUILD = pathlib.Path(sys.argv.pop(3)).resolve()
    machine.TOOLS = BUILD / "deploy-tools"
    if not shutil.which("dpkg-deb") or not shutil.which("cpack"):
        machine.skip("no dpkg or no cpack here")
    harness.main()


if __name__ == "__main__":
    main()
