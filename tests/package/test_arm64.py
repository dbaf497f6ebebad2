#!/usr/bin/env python3
"""The packages of `./dev package arm64`: built by a cross compiler, run by QEMU's emulation of a processor.

    test_arm64.py PROGRAM SOURCE_DIR BUILD_DIR"""
import pathlib
import shutil
import subprocess
import sys

import test_package
from test_package import harness, machine, run

PROCESSOR = "arm64"


def emulator():
    """Static on every release, in one package or the other."""
    folder = machine.unpacked("qemu-user-static")
    if not (folder / "usr/bin/qemu-aarch64-static").exists():
        folder = machine.unpacked("qemu-user")
    return machine.found(folder, "usr/bin/qemu-aarch64-static", "usr/bin/qemu-aarch64")


def built():
    """The folder of the build; no test without it."""
    if not shutil.which("aarch64-linux-gnu-g++"):
        machine.skip("no g++-aarch64-linux-gnu here")
    done = subprocess.run([harness.SOURCE.resolve() / "packaging/cross.py", PROCESSOR], capture_output=True, text=True,
                          check=False)
    # What the mirror does not have is nobody's fault; what does not compile is.
    if "cross: whyoom for" in done.stderr:
        raise AssertionError(done.stderr)
    if done.returncode != 0:
        machine.skip(done.stderr.strip())
    return pathlib.Path(done.stdout.strip())


class Arm64(test_package.Case):
    @classmethod
    def setUpClass(cls):
        cls.build, cls.emulator = built(), emulator()

    def setUp(self):
        super().setUp()
        self.succeed("cpack", "-G", "DEB;TGZ", "-B", self.scratch / "packages", cwd=self.build)
        self.deb = next((self.scratch / "packages").glob("*.deb"))
        self.program = self.scratch / "root/usr/bin/whyoom"
        self.succeed("dpkg-deb", "-x", self.deb, self.scratch / "root")

    def test_what_it_says_it_is(self):
        self.assertTrue(self.deb.name.endswith("_arm64.deb"), self.deb)
        self.assertEqual(self.succeed("dpkg-deb", "-f", self.deb, "Architecture").strip(), "arm64")
        self.assertEqual(self.succeed("dpkg-deb", "-f", self.deb, "Depends").strip(), "")
        head = self.succeed("readelf", "--file-header", self.program)
        self.assertIn("AArch64", head)
        self.assertNotIn("NEEDED", self.succeed("readelf", "--dynamic", self.program))
        self.assertTrue(list((self.scratch / "packages").glob("*-aarch64.tar.gz")))

    def test_it_runs_as_that_of_this_machine_does(self):
        for log in sorted(harness.EXAMPLES.resolve().glob("*.log")):
            with self.subTest(log.name):
                here = run(harness.PROGRAM, "explain", "--format", "json", log)
                there = run(self.emulator, self.program, "explain", "--format", "json", log)
                self.assertEqual((there.returncode, there.stdout), (here.returncode, here.stdout))
        self.assertIn("whyoom ", self.succeed(self.emulator, self.program, "--version"))

    def test_the_files_are_those_of_this_machine(self):
        theirs = self.scratch / "here"
        here, _ = test_package.packed(theirs)
        names = [sorted(line.split()[-1] for line in self.succeed("dpkg-deb", "-c", deb).splitlines()
                        if "sbom" not in line) for deb in (here, self.deb)]
        self.assertEqual(*names)

    def test_the_list_of_what_is_linked_in(self):
        names = test_package.linked_in(self.build)
        for library in ("zlib1g-dev", "liblzma-dev", "libzstd-dev", "libbz2-dev", "liblz4-dev", "libseccomp-dev",
                        "libexpected-dev", "libc6-dev-arm64-cross"):
            self.assertIn(library, names)
        self.assertFalse([name for name in names if name in ("libc6-dev", "linux-libc-dev")], "of this machine")

    def test_rpm(self):
        if not shutil.which("rpmbuild"):
            self.skipTest("no rpmbuild here")
        self.succeed("cpack", "-G", "RPM", "-B", self.scratch / "rpms", cwd=self.build)
        rpm = next((self.scratch / "rpms").glob("*.aarch64.rpm"))
        self.assertEqual(self.succeed("rpm", "-qp", "--queryformat", "%{ARCH} %{OS}", rpm), "aarch64 linux")

    def test_lintian(self):
        self.pleases_lintian(self.deb)


if __name__ == "__main__":
    machine.only_in_long_runs("minutes of a cross compiler", "package.arm64")
    test_package.main()
