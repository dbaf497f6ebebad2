#!/usr/bin/env python3
"""How many instructions the program takes for fixed inputs, by valgrind: no quiet machine is needed.
What is more than 5 % above the number in instructions.tsv fails.
Usage: instructions.py [--write] PROGRAM [COMPILER_VERSION]"""
import os, re, shutil, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.realpath(os.path.join(HERE, "../.."))
TABLE = os.path.join(HERE, "instructions.tsv")
MOST = 1.05
SKIPPED = 77
sys.path.insert(0, HERE)
from throughput import other_lines, reports


def cases(scratch):
    """name: (arguments, the exit status that belongs to it)"""
    sparse, dense, tasks = (os.path.join(scratch, f"{name}.log") for name in ("sparse", "dense", "tasks"))
    other_lines(sparse, 8 << 20)
    reports(dense, 1 << 20)
    reports(tasks, 1 << 20, tasks=42)
    explain = ["explain", "--sandbox", "off"]
    example = os.path.join(ROOT, "examples/min-free-killed.log")
    return {"start": (["--version"], 0),
            "report": ([*explain, example], 1),
            "reports": ([*explain, "--format", "ndjson", dense], 1),
            "tasks": ([*explain, "--format", "ndjson", tasks], 1),
            "sparse": ([*explain, sparse], 0),
            "host": (["check", "--sandbox", "off", "--root", os.path.join(ROOT, "examples/host")], 1)}


def count(program, args, status):
    """One processor and no variable: as many threads, and as much text, on every machine."""
    command = ["taskset", "-c", str(min(os.sched_getaffinity(0))), "valgrind", "--tool=cachegrind",
               "--cache-sim=no", "--cachegrind-out-file=/dev/null", program, *args]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT,
                          env={"PATH": os.environ["PATH"], "TZ": "UTC"})
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    if done.returncode != status or not found:
        sys.exit(f"{' '.join(args)} ended with {done.returncode}, not {status}:\n{done.stderr[-2000:]}")
    return int(found[1].replace(",", ""))


def recorded():
    """(the compiler, {name: instructions})"""
    with open(TABLE, encoding="utf-8") as table:
        compiler, *rows = table.read().splitlines()
    return compiler.removeprefix("# ").split(":")[0], {name: int(number) for name, number in
                                         (row.split("\t") for row in rows)}


def write(compiler, counted):
    with open(TABLE, "w", encoding="utf-8") as table:
        table.write(f"# {compiler}: instructions of tests/bench/instructions.py\n")
        table.writelines(f"{name}\t{number}\n" for name, number in counted.items())


def main(args):
    program, compiler = os.path.abspath(args[0]), args[1] if len(args) > 1 else ""
    if not shutil.which("valgrind"):
        print("SKIPPED: valgrind is not installed")
        return SKIPPED
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        if not re.search(r"^flags.*\bavx2\b", info.read(), re.M):
            print("SKIPPED: the numbers are those of a processor with AVX2")
            return SKIPPED
    if "--write" not in sys.argv and recorded()[0] != compiler:
        print(f"SKIPPED: the numbers are those of {recorded()[0]}, and this is {compiler}")
        return SKIPPED
    with tempfile.TemporaryDirectory() as scratch:
        counted = {name: count(program, *case) for name, case in cases(scratch).items()}
    if "--write" in sys.argv:
        write(compiler, counted)
        return 0
    failed = 0
    for name, number in counted.items():
        ratio = number / recorded()[1][name]
        print(f"{name:8} {number:12,} instructions, {ratio:.3f} of what is recorded")
        if ratio > MOST:
            failed = 1
            print(f"{name}: more than {MOST} times; if it is worth it: "
                  f"tests/bench/instructions.py --write {args[0]} {compiler}")
    return failed


if __name__ == "__main__":
    sys.exit(main([arg for arg in sys.argv[1:] if arg != "--write"]))
