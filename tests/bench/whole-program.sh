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

def run(args):
    """Wall seconds and the largest resident size in KiB."""
    begin = time.perf_counter()
    child = subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(child.pid, 0)
    return time.perf_counter() - begin, usage.ru_maxrss

def best(args, times):
    results = [run(args) for _ in range(times)]
    return min(seconds for seconds, _ in results), max(rss for _, rss in results)

size = other_lines(mib << 20)
pattern = "invoked oom-killer|Killed process|page allocation failure|Out of memory"
run(["cat", log])  # into the page cache, for both
ours, theirs = best([program, "explain", log], 3), best(["rg", "-c", "-e", pattern, log], 3)
print(f"{size / 2**30:.2f} GiB without events: whyoom {ours[0]:.2f} s, {ours[1] / 1024:.1f} MiB; "
      f"rg {theirs[0]:.2f} s, {theirs[1] / 1024:.1f} MiB; ratio {ours[0] / theirs[0]:.2f}")

report = os.path.join(root, "examples", "memory-exhausted.log")
one = best([program, "explain", report], 30)
nothing = best([program, "--version"], 30)
print(f"one report to its verdict: {one[0] * 1000:.1f} ms, {one[1] / 1024:.1f} MiB "
      f"(of which starting a process: {nothing[0] * 1000:.1f} ms)")
END
