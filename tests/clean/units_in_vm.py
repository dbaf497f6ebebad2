#!/usr/bin/env python3
"""A root of Debian booted in QEMU with its own systemd, as root.sh's tree lies on the disk: the units run for real.

    units_in_vm.py TREE FOLDER     TREE: what is to be booted; FOLDER: where the disk and the logs go

The tree has a unit, whyoom-test.service, which writes to the second serial port; each of its boots ends by itself.
Exit status 77: it cannot be booted here."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/lab"))
import guest  # noqa: E402
import image  # noqa: E402
import kernels  # noqa: E402
import packages  # noqa: E402
import programs  # noqa: E402

KERNEL = "6.12"
BOOTS = 2
LIMIT = 900  # seconds of a boot; ten minutes where there is no KVM
INIT = """#!/bin/sh
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
for module in $(cat /modules/order); do insmod "/modules/$module.ko"; done
mkdir /new
mount -t ext4 /dev/vda /new || poweroff -f
mount -o move /dev /new/dev
umount /proc
exec switch_root /new /lib/systemd/systemd
"""


def initramfs(kernel, busybox):
    archive = image.Archive()
    for name in ("proc", "dev"):
        archive.directory(name)
    archive.device("dev/console", 5, 1)
    archive.file("init", INIT.encode())
    archive.file("bin/busybox", busybox.read_bytes())
    for applet in ("sh", "mount", "umount", "mkdir", "cat", "insmod", "poweroff", "switch_root"):
        archive.link(f"bin/{applet}", "busybox")
    modules = kernel.modules(["virtio_pci", "virtio_blk", "ext4"])
    for name, content in modules:
        archive.file(f"modules/{name}.ko", content)
    archive.file("modules/order", "\n".join(name for name, _ in modules).encode())
    return archive.bytes()


def boot(kernel, folder, number):
    """What the guest said on its second port, and how it ended."""
    console, answers = folder / f"console-{number}.log", folder / f"answers-{number}.log"
    emulator, _ = guest.machine(kernel)
    command = [*emulator, "-smp", "2", "-m", "768", "-nodefaults", "-display", "none", "-no-reboot",
               "-serial", f"file:{console}", "-serial", f"file:{answers}", "-kernel", kernel.image,
               "-initrd", folder / "initrd", "-drive", f"file={folder / 'disk.img'},if=virtio,format=raw",
               "-append", f"console=ttyS0 {guest.BASE} root=/dev/vda rw systemd.mask=serial-getty@ttyS0.service "
                          f"systemd.default_standard_output=journal whyoom.boot={number}"]
    with open(folder / "qemu.log", "wb") as log:
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = guest.end_of(process, console, LIMIT)
    said = answers.read_text(encoding="utf-8", errors="replace") if answers.exists() else ""
    return said.replace("\r", ""), end


def main(tree, folder):
    tree, folder = pathlib.Path(tree), pathlib.Path(folder)
    cache = ROOT / "build/lab"
    cache.mkdir(parents=True, exist_ok=True)
    try:
        kernel = kernels.fetch(next(one for one in kernels.listed() if one.name == KERNEL), cache)
        busybox = programs.busybox("amd64", cache)
    except packages.Unavailable as reason:
        print(f"SKIPPED: {reason}")
        return 77
    (folder / "initrd").write_bytes(initramfs(kernel, busybox))
    disk = folder / "disk.img"
    disk.unlink(missing_ok=True)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", tree, disk, "3G"], check=True)
    for number in range(1, BOOTS + 1):
        said, end = boot(kernel, folder, number)
        print(said, end="")
        if f"ok: boot {number} is done" not in said:
            print(f"FAILED: boot {number} ended by {end}; {folder}/console-{number}.log")
            return 1
    disk.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
