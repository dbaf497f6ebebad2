"""The kernels of the lab: kernels.txt -> an image to boot and its modules."""
import dataclasses
import lzma
import os
import pathlib
import re
import shutil
import struct
import subprocess

import packages

LIST = pathlib.Path(__file__).with_name("kernels.txt")
# Since 6.19 Debian's linux-image packages are empty; the files are in packages of these names.
SPLIT = ("linux-binary-", "linux-modules-")
# Where the boot protocol says what is compressed in an image (Documentation/arch/x86/boot.rst).
SECTORS, PAYLOAD = 0x1F1, 0x248
ZSTD = b"\x28\xb5\x2f\xfd"
ENTRY_NOTE = struct.pack("<III4s", 4, 8, 0x12, b"Xen")  # without it QEMU starts no uncompressed kernel


@dataclasses.dataclass
class Kernel:
    name: str
    architecture: str
    pattern: str
    package: str = ""
    version: str = ""
    image: pathlib.Path = None
    module_folders: list = dataclasses.field(default_factory=list)
    uncompressed_image: pathlib.Path = None  # the same without what unpacks itself; None if not to be had

    def modules(self, wanted):
        """[(name, bytes)] of the modules and what they need, in the order to load them. What the
        kernel has built in, or was not built with, is left out: the guest sees what is missing."""
        files = {path.name.split(".ko")[0].replace("-", "_"): path
                 for folder in self.module_folders for path in folder.rglob("*.ko*")}
        order = []

        def add(name):
            path = files.get(name.replace("-", "_"))
            if path is None or any(name == done for done, _ in order):
                return
            content = uncompressed(path)
            needs = re.search(rb"\0depends=([^\0]*)\0", content)
            for need in (needs.group(1).decode().split(",") if needs else []):
                add(need)
            order.append((name, content))

        for name in wanted:
            add(name)
        return order


def uncompressed(path):
    if path.suffix == ".xz":
        return lzma.decompress(path.read_bytes())
    if path.suffix == ".zst":
        return subprocess.run(["zstd", "-dcq", path], check=True, stdout=subprocess.PIPE).stdout
    return path.read_bytes()


def uncompressed_image(image):
    """The kernel inside an image, unpacked once: emulated, it takes a second of each boot to do that
    itself. None for what is packed otherwise, or has no entry for it: the image does as well."""
    unpacked = image.with_name(f"unpacked-{image.name}")
    if unpacked.exists():
        return unpacked
    data = image.read_bytes()
    offset, length = struct.unpack_from("<II", data, PAYLOAD)
    offset += (data[SECTORS] + 1) * 512
    packed = data[offset:offset + length - 4]  # its size is behind it
    if not packed.startswith(ZSTD) or not shutil.which("zstd"):
        return None
    done = subprocess.run(["zstd", "-dcq"], input=packed, check=False, stdout=subprocess.PIPE)
    if done.returncode or not done.stdout.startswith(b"\x7fELF") or ENTRY_NOTE not in done.stdout:
        return None
    part = image.with_name(f"part-{os.getpid()}-{image.name}")
    part.write_bytes(done.stdout)
    part.rename(unpacked)
    return unpacked


def listed():
    """Every kernel of kernels.txt, none fetched yet."""
    lines = (line.split() for line in LIST.read_text().splitlines() if line[:1] not in ("#", ""))
    return [Kernel(*fields) for fields in lines]


def fetch(kernel, cache):
    """Fills in what the package gives. Raises packages.Unavailable."""
    archive = packages.Archive(kernel.architecture, cache)
    kernel.package, folder = archive.newest(kernel.pattern)
    kernel.version = packages.version_of(folder)
    folders = [folder]
    if not list(folder.rglob("vmlinuz*")):
        release = kernel.package.removeprefix("linux-image-")
        folders = [archive.fetch(prefix + release) for prefix in SPLIT
                   if archive.names(re.escape(prefix + release))]
    images = [path for at in folders for path in sorted(at.rglob("vmlinuz*"))]
    if not images:
        raise packages.Unavailable(f"{kernel.package} has no kernel image")
    kernel.image = images[0]
    if kernel.architecture == "amd64":
        kernel.uncompressed_image = uncompressed_image(kernel.image)
    kernel.module_folders = folders
    return kernel
