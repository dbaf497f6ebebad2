"""A guest's initramfs, in the cpio format that the kernel reads (Documentation/driver-api/
early-userspace/buffer-format.rst). Written here, so that device nodes need no root."""
import pathlib

HERE = pathlib.Path(__file__).parent
DIRECTORY, REGULAR, LINK, DEVICE = 0o040755, 0o100755, 0o120777, 0o020600
APPLETS = ("sh cat echo mount umount mkdir ls rm sleep stty tr uname insmod poweroff reboot sync "
           "mkswap swapon swapoff dd grep awk sed head tail cp chroot kill ps free sysctl ln "
           "mv test true false touch find dmesg seq cmp printf date").split()


class Archive:
    def __init__(self):
        self.parts = []
        self.made = set()

    def _entry(self, name, mode, content=b"", device=(0, 0)):
        path = name.encode() + b"\0"
        fields = (len(self.parts) + 1, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(path), 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + path
        self.parts.append(padded(head) + padded(content))

    def directory(self, name):
        if not name or name in self.made:
            return
        self.directory(name.rpartition("/")[0])
        self.made.add(name)
        self._entry(name, DIRECTORY)

    def file(self, name, content, mode=REGULAR):
        self.directory(name.rpartition("/")[0])
        self._entry(name, mode, content)

    def link(self, name, target):
        self.directory(name.rpartition("/")[0])
        self._entry(name, LINK, target.encode())

    def device(self, name, major, minor):
        self.directory(name.rpartition("/")[0])
        self._entry(name, DEVICE, device=(major, minor))

    def bytes(self):
        self._entry("TRAILER!!!", 0)
        return b"".join(self.parts)


def padded(data):
    return data + b"\0" * (-len(data) % 4)


def initramfs(programs, modules, script, extra=()):
    """`programs`: {name: path}; `modules`: [(name, bytes)]; `extra`: [(name in the guest, path)]."""
    archive = Archive()
    for name in ("proc", "sys", "dev", "tmp", "etc", "var", "run"):
        archive.directory(name)
    archive.device("dev/console", 5, 1)
    archive.file("init", (HERE / "init").read_bytes())
    for name, path in programs.items():
        archive.file(f"bin/{name}", path.read_bytes())
    for applet in APPLETS:
        archive.link(f"bin/{applet}", "busybox")
    for name, content in modules:
        archive.file(f"modules/{name}.ko", content)
    archive.file("modules/order", "\n".join(name for name, _ in modules).encode())
    for name, path in extra:
        archive.file(name.lstrip("/"), pathlib.Path(path).read_bytes())
    archive.file("scenario", script.encode())
    return archive.bytes()
