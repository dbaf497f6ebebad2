#!/usr/bin/env bash
# The whole program, measured: gigabytes of other lines against ripgrep, and one report to its
# verdict. Usage: whole-program.sh PROGRAM [MIB]
set -euo pipefail
program=$(realpath "$1") mib=${2:-2048}
root=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

python3 - "$program" "$mib" "$root" "$scratch" <<'END'
import os, resource, subprocess, sys, time

program, mib, root, scratch = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
log = os.path.join(scratch, "other-lines.log")

def other_lines(size):
    """Lines of an ordinary host, none of which belongs to an event."""
    programs = ("systemd[1]: Started Session %d of user root.",
                "sshd[%d]: Accepted publickey for deploy from 10.0.0.7 port 50122 ssh2",
                "nginx[%d]: 10.1.2.3 - - \"GET /api/v1/items?page=4 HTTP/1.1\" 200 5120",
                "kernel: [%d.123456] usb 1-1: new high-speed USB device number 4 using xhci_hcd",
                "kubelet[%d]: I1123 07:41:32.1 pod_startup_latency_tracker.go:104 \"Observed pod\"")
    block = "".join("Nov 23 %02d:%02d:%02d host-7 %s\n" % (i // 3600 % 24, i // 60 % 60, i % 60,
                    programs[i * 7 % len(programs)] % (i * 7919 % 99999)) for i in range(100000))
    data = block.encode()
    with open(log, "wb") as out:
        for _ in range(size // len(data) + 1):
            out.write(data)
    return os.path.getsize(log)

def resident(pid):
    """The largest resident size so far in MiB. (getrusage would count the parent's as well.)"""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        sizes = [line.split()[1] for line in status if line.startswith("VmHWM:")]
    return int(sizes[0]) / 1024 if sizes else 0

def run(args, sample=False):
    """Wall seconds and MiB."""
    begin, size = time.perf_counter(), 0
    child = subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while sample and child.poll() is None:
        size = max(size, resident(child.pid))
        time.sleep(0.02)
    child.wait()
    return time.perf_counter() - begin, size

def best(args, times):
    return min(run(args)[0] for _ in range(times)), run(args, sample=True)[1]

def resident_with(data):
    """With all of `data` explained and the pipe still open."""
    child = subprocess.Popen([program, "explain", "--format", "ndjson"], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)
    child.stdin.write(data)
    child.stdin.flush()
    child.stdout.readline()
    size = resident(child.pid)
    child.communicate()
    return size

size = other_lines(mib << 20)
pattern = "invoked oom-killer|Killed process|page allocation failure|Out of memory"
run(["cat", log])  # into the page cache, for both
ours, theirs = best([program, "explain", log], 3), best(["rg", "-c", "-e", pattern, log], 3)
print(f"{size / 2**30:.2f} GiB without events: whyoom {ours[0]:.2f} s, {ours[1]:.1f} MiB; "
      f"rg {theirs[0]:.2f} s, {theirs[1]:.1f} MiB; ratio {ours[0] / theirs[0]:.2f}")

report = os.path.join(root, "examples", "memory-exhausted.log")
one, start = (min(run([program, *args])[0] for _ in range(50)) * 1000
              for args in (["explain", report], ["--version"]))
with open(report, "rb") as opened:
    size = resident_with(opened.read())
print(f"one report to its verdict: {one:.1f} ms, of which starting a process {start:.1f} ms; "
      f"{size:.1f} MiB")
END
