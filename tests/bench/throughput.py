#!/usr/bin/env python3
"""How fast whyoom goes over logs, in pairs: each command and what people would use in its place run
in turn, so that other work on the machine meets both.
Usage: throughput.py PROGRAM [--mib N] [--runs N] [--scratch DIR] [--write PAGE] [CASE...]"""
import argparse, contextlib, os, platform, re, shutil, statistics, subprocess, tempfile, time

PATTERN = "invoked oom-killer|Killed process|page allocation failure|Out of memory"
RG = f"rg -c -e '{PATTERN}'"
CROWD = 200  # sleeping processes, for what a host costs
ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))


def other_lines(path, size):
    """Lines of an ordinary host, none of which belongs to an event."""
    programs = ("systemd[1]: Started Session %d of user root.",
                "sshd[%d]: Accepted publickey for deploy from 10.0.0.7 port 50122 ssh2",
                "nginx[%d]: 10.1.2.3 - - \"GET /api/v1/items?page=4 HTTP/1.1\" 200 5120",
                "kernel: [%d.123456] usb 1-1: new high-speed USB device number 4 using xhci_hcd",
                "kubelet[%d]: I1123 07:41:32.1 pod_startup_latency_tracker.go:104 \"Observed pod\"")
    block = "".join("Nov 23 %02d:%02d:%02d host-7 %s\n" % (i // 3600 % 24, i // 60 % 60, i % 60,
                    programs[i * 7 % len(programs)] % (i * 7919 % 99999)) for i in range(100000))
    data = block.encode()
    with open(path, "wb") as out:
        for _ in range(size // len(data) + 1):
            out.write(data)


def reports(path, size, tasks=1, first=0):
    """A real report again and again, each at a time of its own, with its task table so many times
    over (small processes). `first`: the number of the first one."""
    with open(os.path.join(ROOT, "examples/memory-exhausted.log"), encoding="utf-8") as example:
        lines = example.read().splitlines(keepends=True)
    report = lines[next(i for i, line in enumerate(lines) if "invoked oom-killer" in line):]
    rows = [i for i, line in enumerate(report) if re.search(r"\] \[ +\d+\] ", line)]
    small = r"[\g<pid>]\g<uid> \g<pid>\g<vm>       10     4096 "
    table = "".join(re.sub(r"\[ +\d+\](?P<uid> +\d+) +\d+(?P<vm> +\d+) +\d+ +\d+ ",
                           small.replace(r"\g<pid>", f"{1000 * k + i:7}"), report[i])
                    for k in range(1, tasks) for i in rows)
    text = "".join(report[:rows[-1] + 1]) + table + "".join(report[rows[-1] + 1:])
    with open(path, "w", encoding="utf-8") as out:
        for i in range(first, first + size // len(text) + 1):
            out.write(re.sub(r"(?m)^(\[ *)\d+(?=\.\d+\])", lambda at: at[1] + str(100 + 7 * i), text))


def inputs(scratch, mib):
    """Makes what is not there yet; the names of the files."""
    log = os.path.join(scratch, "other.log")
    parts = [os.path.join(scratch, f"part{i}.log") for i in range(8)]
    dense = [os.path.join(scratch, f"dense{i}.log") for i in range(4)]
    if not os.path.exists(dense[-1]):
        other_lines(log, mib << 20)
        for part in parts:
            subprocess.run(f"head -c {os.path.getsize(log) // 8} {log} >{part}", shell=True, check=True)
        for tool, end in (("gzip", "gz"), ("xz -1", "xz"), ("zstd -q", "zst")):
            subprocess.run(f"{tool} -kc {parts[0]} >{log}.{end}", shell=True, check=True)
        for i, name in enumerate(dense):
            reports(name, 16 << 20, tasks=1 if i < 2 else 42, first=100000 * i)
    return log, parts, dense


def run(command):
    """(wall seconds, processor seconds of all processes in it)"""
    begin = time.perf_counter()
    args = ["bash", "-c", command] if isinstance(command, str) else command
    child = subprocess.Popen(args, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(child.pid, 0)
    return time.perf_counter() - begin, usage.ru_utime + usage.ru_stime


def cases(program, log, parts, dense):
    """name: (what, its bytes, ours, the others)"""
    explain, eight = f"{program} explain", " ".join(parts)
    size, part = os.path.getsize(log), os.path.getsize(parts[0])
    rows = {"file": ("one file", size, f"{explain} {log}",
                     {"rg": f"{RG} {log}", "rg --no-mmap": f"{RG} --no-mmap {log}",
                      "grep -cF": f"grep -cF oom-killer {log}", "wc -l": f"wc -l {log}"}),
            "pipe": ("a pipe", size, f"cat {log} | {explain} -", {"cat, rg": f"cat {log} | {RG}"}),
            "eight": ("eight files", size, f"{explain} {eight}",
                      {"rg": f"{RG} {eight}", "rg -j1": f"{RG} -j1 {eight}",
                       "rg --no-mmap": f"{RG} --no-mmap {eight}"})}
    for end, tool in (("gz", "zcat"), ("xz", "xzcat"), ("zst", "zstdcat")):
        rows[end] = (f"`.{end}`, unpacked size", part, f"{explain} {log}.{end}",
                     {f"{tool}, rg": f"{tool} {log}.{end} | {RG}"})
    json = f"{explain} --format ndjson"
    for name, what, files in (("dense", "reports of 6 KB", dense[:2]),
                              ("tasks", "reports of 60 KB", dense[2:])):
        two = " ".join(files)
        rows[name] = (f"{what} to NDJSON, two files", sum(map(os.path.getsize, files)),
                      f"{json} {two}", {"the same on one processor": f"taskset -c 0 {json} {two}"})
    rows["host"] = (f"this host, with {CROWD} processes more", None, [program, "check"],
                    {"ps aux": ["ps", "aux"]})
    return rows


def high_water(pid):
    """The largest resident size so far in MiB. (getrusage would count the parent's as well.)"""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        sizes = [line.split()[1] for line in status if line.startswith("VmHWM:")]
    return int(sizes[0]) / 1024 if sizes else 0


def resident(command):
    """MiB at the most, of a command that takes some time."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    size = 0
    while child.poll() is None:
        size = max(size, high_water(child.pid))
        time.sleep(0.005)
    return size


def resident_with(program, path):
    """With all of a log explained and the pipe still open."""
    child = subprocess.Popen([program, "explain", "--format", "ndjson"], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)
    with open(path, "rb") as opened:
        child.stdin.write(opened.read())
    child.stdin.flush()
    child.stdout.readline()
    size = high_water(child.pid)
    child.communicate()
    return size


def three(values):
    return f"{min(values):.3f} {statistics.median(values):.3f} {max(values):.3f}"


@contextlib.contextmanager
def crowd(size):
    """So many processes more on this host."""
    sleepers = [subprocess.Popen(["sleep", "infinity"]) for _ in range(size)]
    try:
        yield
    finally:
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.wait()


def measure(rows, wanted, runs):
    """The lines of the table."""
    yield "| what | MiB | program | wall: min, median, max (s) | CPU: min, median, max (s) | wall | CPU |"
    yield "|---|---|---|---|---|---|---|"
    for name, (what, size, ours, others) in rows.items():
        if wanted and name not in wanted:
            continue
        commands = {"whyoom": ours, **others}
        got = {label: [] for label in commands}
        with crowd(CROWD) if name == "host" else contextlib.nullcontext():
            for _ in range(runs):
                for label, command in commands.items():
                    got[label].append(run(command))
        for label, times in got.items():
            wall, cpu = zip(*times)
            ratios = [f"{statistics.median(k) / statistics.median(own):.2f}×"
                      for k, own in zip(zip(*got["whyoom"]), zip(*times))]
            first = label == "whyoom"
            mib = f"{size / 2**20:.0f}" if size else ""
            yield (f"| {what if first else ''} | {mib} | {label} | {three(wall)} | "
                   f"{three(cpu)} | {' | '.join(('', '') if first else ratios)} |")


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
        text = cpuinfo.read()
    model = re.search(r"model name\s*: (.*)", text)
    vector = "AVX-512 VBMI" if "avx512vbmi" in text else "AVX2" if "avx2" in text else "neither AVX2 nor AVX-512"
    rg = subprocess.run(["rg", "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]
    return (f"{model[1] if model else platform.machine()}, {os.cpu_count()} processors, {vector}; "
            f"Linux {platform.release()}; {rg}; load {os.getloadavg()[0]:.1f} at the start")


def lines(options, scratch):
    program = os.path.realpath(options.program)
    log, parts, dense = inputs(scratch, options.mib)
    yield machine() + f"; {options.runs} runs of each, in turn."
    yield ""
    yield from measure(cases(program, log, parts, dense), options.cases, options.runs)
    report = os.path.join(ROOT, "examples/memory-exhausted.log")
    start, one = ([run([program, *args])[0] * 1000 for _ in range(40)]
                  for args in (["--version"], ["explain", report]))
    yield ""
    yield (f"One report to its verdict: {min(one):.1f} ms at the least, {statistics.median(one):.1f} in the "
           f"median; `--version`, which is a process that starts: {min(start):.1f} and "
           f"{statistics.median(start):.1f}.")
    sizes = {"one report": resident_with(program, report)}
    for what, files in (("one large file", [log]), ("eight", parts), ("reports", dense)):
        sizes[what] = resident([program, "explain", "--format", "ndjson", *files])
    yield ("Resident at the most, in MiB: " +
           ", ".join(f"{what} {size:.1f}" for what, size in sizes.items()) + ".")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--scratch")
    parser.add_argument("--write", help="puts what was measured between the two marks of a page")
    parser.add_argument("cases", nargs="*")
    options = parser.parse_intermixed_args()
    scratch = options.scratch or tempfile.mkdtemp()
    try:
        measured = []
        for line in lines(options, scratch):
            print(line, flush=True)
            measured.append(line)
    finally:
        if not options.scratch:
            shutil.rmtree(scratch)
    if options.write:
        with open(options.write, encoding="utf-8") as page:
            text = page.read()
        begin, end = "<!-- measured -->\n", "<!-- end -->\n"
        before, _, rest = text.partition(begin)
        with open(options.write, "w", encoding="utf-8") as page:
            page.write(before + begin + "\n".join(measured) + "\n" + end + rest.partition(end)[2])


if __name__ == "__main__":
    main()
