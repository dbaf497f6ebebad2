#!/usr/bin/env python3
"""What it costs to record: `whyoom watch` beside earlyoom and atop, at one sample a second.

Usage: recorder.py PROGRAM [SECONDS [PROCESSES]]

PROCESSES idle ones are started first (default 0). The others are Debian's packages; one that is
not installed is downloaded and unpacked, or left out where that fails. CPU is what the scheduler
counted between two looks, the start left out.
"""
import os
import pathlib
import shutil
import signal
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


def measure(name, command, output, seconds):
    output.mkdir()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(5)
        if process.poll() is not None:
            print(f"| {name} | did not run |")
            return
        before, bytes_before = cpu_ns(process.pid), size_of(output)
        time.sleep(seconds)
        used = cpu_ns(process.pid) - before
        rollup = pathlib.Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        grown = size_of(output) - bytes_before
        process.send_signal(signal.SIGTERM)
    print(f"| {name} | {field(rollup, 'Pss')} kB | {field(rollup, 'Pss_Anon')} kB | "
          f"{used / seconds / 1000:.0f} us | {used / seconds / 1e7:.3f} % | "
          f"{grown / seconds * 86400 / (1 << 20):.1f} MiB |", flush=True)


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    idle = [subprocess.Popen(["sleep", "100000"])
            for _ in range(int(sys.argv[3]) if len(sys.argv) > 3 else 0)]
    processes = sum(name.isdigit() for name in os.listdir("/proc"))
    print(f"{processes} processes, {seconds} s each\n")
    print("| program | PSS | of it anonymous | CPU a second | of a core | written a day |\n"
          "|---|---|---|---|---|---|")
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            commands = {"whyoom watch --interval 1000":
                        [program, "watch", "--interval", "1000", "--store", str(folder / "a/ring")],
                        "whyoom watch":
                        [program, "watch", "--store", str(folder / "b/ring")]}
            if earlyoom := find("earlyoom", folder):
                commands["earlyoom -r 1 --dryrun"] = [earlyoom, "-r", "1", "--dryrun"]
            if atop := find("atop", folder):
                commands["atop -w 1"] = [atop, "-w", str(folder / "d/raw"), "1"]
            for output, (title, command) in zip("abcd" if earlyoom else "abd", commands.items()):
                measure(title, command, folder / output, seconds)
    finally:
        for process in idle:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
