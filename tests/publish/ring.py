"""A recorder's ring with lines of the kernel in it, as docs/formats/ring.md has it."""
import pathlib

TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    TABLE.append(byte)


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ TABLE[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF


def number(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def record(kind, fields):
    body = number(kind)
    for tag, value in fields.items():
        if isinstance(value, bytes):
            body += number(tag * 2 + 1) + number(len(value)) + value
        else:
            body += number(tag * 2) + number(value)
    whole = number(len(body)) + body
    return b"\xffW" + whole + crc32c(whole).to_bytes(4, "little")


class Ring:
    def __init__(self, folder, boot="1b4e28ba-2fa1-11d2-883f-0016d3cca427", began_ms=1_795_000_000_000):
        self.folder, self.boot, self.began_ms = pathlib.Path(folder), boot, began_ms
        self.sequence, self.segments, self.at_us = 0, 0, 10_000_000
        self.folder.mkdir(mode=0o700)
        self.begin()

    def note(self, kind, **numbers):
        at_ms = self.at_us // 1000
        return record(kind, {1: (self.began_ms + at_ms) * 2, 2: at_ms, **numbers})

    def begin(self):
        self.segments += 1
        self.path = self.folder / f"segment-{self.segments:012d}"
        at_ms = self.at_us // 1000
        head = record(1, {1: (self.began_ms + at_ms) * 2, 2: at_ms, 3: 1, 4: self.segments, 5: 4096,
                          6: self.boot.encode(), 7: b"6.1.0-56-amd64"})
        self.path.write_bytes(head)
        self.path.chmod(0o600)

    def say(self, *lines):
        """Messages of the kernel, a millisecond apart."""
        data = b""
        for line in lines:
            self.sequence += 1
            self.at_us += 1000
            at_ms = self.at_us // 1000
            text = f"6,{self.sequence},{self.at_us},-;{line}".encode()
            data += record(5, {1: (self.began_ms + at_ms) * 2, 2: at_ms, 3: self.sequence, 6: text})
        if self.path.stat().st_size + len(data) > 4 << 20:
            self.begin()
        with open(self.path, "ab") as segment:
            segment.write(data)

    def wait(self, seconds=10):
        self.at_us += seconds * 1_000_000


def kill(pid):
    return (f"Memory cgroup out of memory: Killed process {pid} (java) total-vm:2000000kB, anon-rss:60000kB, "
            "file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:300kB oom_score_adj:0")
