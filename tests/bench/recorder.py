#!/usr/bin/env python3
"""What it costs to record: `whyoom watch` beside earlyoom and atop, at one sample a second.

Usage: recorder.py PROGRAM [SECONDS [PROCESSES]]

PROCESSES idle ones are started first (default 0). The others are Debian's packages; one that is
not installed is downloaded and unpacked, or left out where that fails. All run at the same time, so
that what else the machine does costs each the same; they start a part of a second apart, so that
none finds warm what another one has just read. CPU is what the scheduler counted between two looks,
the start left out.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time


def find(package, folder):
    installed = shutil.which(package)
    if installed:
        return installed
    subprocess.run(["apt-get", "download", package], cwd=folder, capture_output=True, check=False)
    for deb in folder.glob(f"{package}_*.deb"):
        subprocess.run(["dpkg", "-x", deb, folder / "root"], check=True)
        found = folder / "root" / "usr" / "bin" / package
        return str(found) if found.exists() else None
    return None


def field(text, name):
    return int(text.split(name + ":")[1].split()[0])


def cpu_ns(pid):
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0])


def size_of(path):
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


class Row:
    def __init__(self, name, command, output):
        output.mkdir()
        self.name, self.output = name, output
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def begin(self):
        self.runs = self.process.poll() is None
        if self.runs:
            self.cpu, self.bytes = cpu_ns(self.process.pid), size_of(self.output)

    def show(self, seconds):
        if not self.runs:
            print(f"| {self.name} | did not run |")
            return
        used = cpu_ns(self.process.pid) - self.cpu
        rollup = pathlib.Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        grown = size_of(self.output) - self.bytes
        print(f"| {self.name} | {field(rollup, 'Pss')} kB | {field(rollup, 'Pss_Anon')} kB | "
              f"{used / seconds / 1000:.0f} us | {used / seconds / 1e7:.3f} % | "
              f"{grown / seconds * 86400 / (1 << 20):.1f} MiB |", flush=True)

    def end(self):
        self.process.terminate()
        self.process.wait()


def commands(folder):
    """(name, folder of its output, command) of each."""
    program = pathlib.Path(sys.argv[1]).resolve()
    for number, options in enumerate((["--interval", "1000"], [])):
        # A file of its own: the pages of one that two run count half for each.
        own = shutil.copy(program, folder / f"whyoom-{number}")
        output = folder / f"ring-{number}"
        yield (" ".join(["whyoom watch", *options]), output,
               [own, "watch", *options, "--store", str(output / "ring")])
    if earlyoom := find("earlyoom", folder):
        yield "earlyoom -r 1 --dryrun", folder / "earlyoom", [earlyoom, "-r", "1", "--dryrun"]
    if atop := find("atop", folder):
        yield "atop -w 1", folder / "atop-out", [atop, "-w", str(folder / "atop-out/raw"), "1"]


def main():
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    idle = [subprocess.Popen(["sleep", "100000"])
            for _ in range(int(sys.argv[3]) if len(sys.argv) > 3 else 0)]
    processes = sum(name.isdigit() for name in os.listdir("/proc"))
    rows = []
    try:
        with tempfile.TemporaryDirectory() as name:
            try:
                for title, output, command in commands(pathlib.Path(name)):
                    rows.append(Row(title, command, output))
                    time.sleep(0.23)
                time.sleep(5)
                for row in rows:
                    row.begin()
                time.sleep(seconds)
                print(f"{processes} processes, {seconds} s, load {os.getloadavg()[0]:.1f}\n\n"
                      "| program | PSS | of it anonymous | CPU a second | of a core | written a day |\n"
                      "|---|---|---|---|---|---|")
                for row in rows:
                    row.show(seconds)
            finally:
                for row in rows:
                    row.end()
    finally:
        for process in idle:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
