"""Boots one guest in QEMU, bounded in time, and takes its answers from the second serial port."""
import dataclasses
import os
import pathlib
import random
import re
import shlex
import socket
import subprocess
import tempfile
import threading
import time

import power_cut

LIMIT = 90           # seconds for a guest with KVM
SLOWER = 4           # how much longer one without gets
PROBE = 20           # seconds in which KVM must have booted a kernel
PROCESSOR = "max,-arch-capabilities"  # some hosts' KVM refuses to set that register
CONSOLES = {"amd64": "ttyS0,115200", "i386": "ttyS0,115200", "arm64": "ttyAMA0"}
# Fewer surprises, shorter boots; a panic ends the guest unless the scenario says otherwise.
BASE = ("loglevel=8 log_buf_len=4M printk.devkmsg=on nokaslr mitigations=off tsc=reliable "
        "random.trust_cpu=1 panic=1 no_timer_check cryptomgr.notests")
CUT = -1  # instead of an exit status: the guest ended first
PANIC = b"Kernel panic - not syncing"
STANDS = b"---[ end Kernel panic"  # printed when a panicked kernel does not restart


class Kvm:
    """Whether KVM boots a kernel here. That /dev/kvm is there says little: QEMU may refuse the
    processor, and an emulated KVM may not know the kernel's first instructions."""
    lock = threading.Lock()
    works = None
    # A KVM for kernels that were made for it. Others it emulates, slower than QEMU does, until it meets
    # an instruction that it does not know: to see that takes ten seconds.
    emulated = pathlib.Path("/sys/module/kvm_pvm")

    @classmethod
    def boots(cls, image):
        with cls.lock:
            if cls.works is None:
                wanted = os.environ.get("WHYOOM_LAB_ACCEL", "kvm") == "kvm" and not cls.emulated.exists()
                cls.works = wanted and os.access("/dev/kvm", os.R_OK | os.W_OK) and cls._probe(image)
            return cls.works

    @staticmethod
    def _probe(image):
        """Without a root the kernel panics, and the panic ends the guest: that is the proof."""
        with tempfile.TemporaryDirectory() as folder:
            console, log = pathlib.Path(folder) / "console", pathlib.Path(folder) / "qemu"
            with open(log, "wb") as output:
                process = subprocess.Popen(
                    ["qemu-system-x86_64", "-accel", "kvm", "-cpu", PROCESSOR, "-m", "256",
                     "-nodefaults", "-display", "none", "-no-reboot", "-serial", f"file:{console}",
                     "-kernel", str(image), "-append", f"console=ttyS0 {BASE}"],
                    stdin=subprocess.DEVNULL, stdout=output, stderr=output)
                end = end_of(process, console, PROBE, lambda: b"KVM internal error" in log.read_bytes())
            return end == "reboot" and PANIC in console.read_bytes()


def machine(kernel):
    """QEMU, what makes its machine and the kernel, and whether that is fast."""
    if kernel.architecture == "arm64":
        return ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a76", "-accel", "tcg",
                "-kernel", str(kernel.image)], False
    fast = Kvm.boots(kernel.image)
    image = kernel.image if fast else kernel.uncompressed_image or kernel.image
    return ["qemu-system-x86_64", "-accel", "kvm" if fast else "tcg", "-cpu", PROCESSOR,
            "-kernel", str(image)], fast


def ports(architecture, console, answers):
    chosen = ["-serial", f"file:{console}"]
    if architecture == "arm64":  # the machine has one port of its own
        return [*chosen, "-chardev", f"file,id=answers,path={answers}",
                "-device", "pci-serial,chardev=answers"]
    return [*chosen, "-serial", f"file:{answers}"]


@dataclasses.dataclass
class Outcome:
    end: str                 # poweroff, reboot, hang, cut, timeout or failed
    console: pathlib.Path
    reports: dict            # name -> (status, text)
    notes: list              # what the guest said otherwise, such as "FAILED ..."
    skip: str
    seconds: float


def command(emulator, kernel, scenario, number, initrd, folder, disk):
    port = "ttyS0" if kernel.architecture == "arm64" else "ttyS1"
    append = (f"console={CONSOLES[kernel.architecture]} {BASE} answers={port} boot={number} "
              f"{scenario.guest['append']}")
    drive = ["-drive", f"file={disk},if=virtio,format=raw"] if disk else []
    return [*emulator, "-smp", scenario.guest["cpus"],
            "-m", scenario.guest["memory"], "-nodefaults", "-display", "none", "-no-reboot",
            *ports(kernel.architecture, folder / f"console-{number}.log",
                                       folder / f"answers-{number}.txt"),
            "-initrd", str(initrd), "-append", append, *drive,
            *shlex.split(scenario.guest["qemu"])]


def read_answers(path):
    """({name: (status, text)}, other lines) of the frames in the second port's log."""
    reports, notes, name, lines = {}, [], None, []
    text = path.read_bytes().decode("utf-8", "replace") if path.exists() else ""
    for line in text.replace("\r", "").split("\n"):
        mark = re.fullmatch(r"@@@ (BEGIN|END|[A-Z-]+)(?: (.*))?", line)
        if not mark:
            lines.append(line)
        elif mark[1] == "BEGIN":
            name, lines = mark[2], []
        elif mark[1] == "END" and name:
            reports[name] = (int(mark[2].split()[-1]), "\n".join(lines))
            name = None
        else:
            notes.append(line.removeprefix("@@@ "))
    if name:
        reports[name] = (CUT, "\n".join(lines))
    return reports, notes


def end_of(process, console, limit, hopeless=lambda: False):
    """Waits; says how the guest ended. The process is gone afterwards. `hopeless` is asked all the
    time and ends the wait when it says so."""
    end = time.monotonic() + limit
    try:
        while process.poll() is None:
            time.sleep(0.1)
            if console.exists() and STANDS in console.read_bytes():
                return "hang"
            if time.monotonic() > end or hopeless():
                return "timeout"
        return "failed" if process.returncode else "reboot"
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


class Monitor:
    """Gives one command to QEMU's monitor when the guest says READY."""

    def __init__(self, command_text, answers, wanted=False):
        self.command, self.answers, self.wanted, self.line = command_text, answers, wanted, None
        self.folder = tempfile.TemporaryDirectory()  # the path of a socket must be short
        self.path = f"{self.folder.name}/monitor"

    def say(self, text):
        """One more command on a line that stays open; returns when the monitor has done it."""
        if self.line is None:
            self.line = socket.socket(socket.AF_UNIX)
            self.line.connect(self.path)
            self._read()
        self.line.sendall(f"{text}\n".encode())
        self._read()

    def _read(self):
        got = b""
        while not got.endswith(b"(qemu) "):
            part = self.line.recv(4096)
            if not part:
                return
            got += part

    def arguments(self):
        if not self.command and not self.wanted:
            return ["-monitor", "none"]
        return ["-monitor", f"unix:{self.path},server=on,wait=off"]

    def __call__(self):
        if self.command and self.answers.exists() and b"@@@ READY" in self.answers.read_bytes():
            with socket.socket(socket.AF_UNIX) as line:
                line.connect(self.path)
                line.sendall(f"{self.command}\n".encode())
                time.sleep(0.5)
            self.command = ""
        return False


class PowerCuts:
    """From READY on, at random moments: what is on the disk when the machine stands still is what a
    power cut would leave of it, for the guest's memory is not part of it. After the last one the
    power is gone."""

    def __init__(self, monitor, count, answers, disk, folder):
        self.monitor, self.left, self.answers, self.disk = monitor, count, answers, disk
        self.folder, self.all, self.next = folder, count, None
        self.seed = random.randrange(1 << 30)
        self.chance = random.Random(self.seed)

    def __call__(self):
        if not self.answers.exists() or b"@@@ READY" not in self.answers.read_bytes():
            return False
        now = time.monotonic()
        if self.next is not None and now < self.next:
            return False
        self.next = now + self.chance.random() * 0.5
        self.monitor.say("stop")
        power_cut.take(self.disk, self.answers, self.folder / f"cut-{self.all - self.left}")
        self.left -= 1
        self.monitor.say("cont")
        return self.left == 0


def boot(kernel, scenario, number, initrd, folder, disk=None):
    """Runs one boot to its end. Logs stay in `folder`."""
    console, answers = folder / f"console-{number}.log", folder / f"answers-{number}.txt"
    emulator, fast = machine(kernel)
    cuts = scenario.number("cuts")
    monitor = Monitor(scenario.guest["monitor"], answers, bool(cuts))
    watcher = PowerCuts(monitor, cuts, answers, disk, folder) if cuts else monitor
    emulator = [*emulator, *monitor.arguments()]
    start = time.monotonic()
    with open(folder / f"qemu-{number}.log", "wb") as log:
        process = subprocess.Popen(command(emulator, kernel, scenario, number, initrd, folder,
                                           disk),
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = end_of(process, console, LIMIT if fast else LIMIT * SLOWER, watcher)
    if cuts and end == "timeout" and watcher.left == 0:
        end = "cut"
    reports, notes = read_answers(answers)
    if end == "reboot" and any(note.startswith("END-OF-GUEST") for note in notes):
        end = "poweroff"
    skip = next((note.removeprefix("SKIP ") for note in notes if note.startswith("SKIP ")), "")
    return Outcome(end, console, reports, notes, skip, time.monotonic() - start)
