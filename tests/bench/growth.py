#!/usr/bin/env python3
"""How the work grows with what is read: lines, events, tasks, zones, files, the length of a line. The
instructions (valgrind) of three sizes, each twice the one before; what each doubling adds, and from that the
exponent. More than 1.05 fails: the work would be more than in proportion.
Usage: growth.py PROGRAM"""
import math, os, re, shutil, sys, tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.realpath(os.path.join(HERE, "../.."))
MOST = 1.05
SKIPPED = 77
sys.path.insert(0, HERE)
from instructions import count
from throughput import other_lines, reports


def report():
    with open(os.path.join(ROOT, "examples/memory-exhausted.log"), encoding="utf-8") as example:
        lines = example.read().splitlines(keepends=True)
    return lines[next(i for i, line in enumerate(lines) if "invoked oom-killer" in line):]


def with_nodes(path, nodes):
    """The report of a machine of so many such nodes."""
    def times(line):
        return re.sub(r"(?<=:)\d+|^(\[.*\] )\d+(?= pages (RAM|reserved))",
                      lambda at: (at[1] or "") + str(int(at[0].removeprefix(at[1] or "")) * nodes), line)

    text, of_node, in_totals = "", [], False
    for line in report():
        in_totals = "Mem-Info:" in line or (in_totals and "Node 0 " not in line)
        if "Node 0 " in line or (of_node and "lowmem_reserve" in line):
            of_node.append(line)  # those of one node stand together
            continue
        for node in range(nodes if of_node else 0):
            text += "".join(of_node).replace("Node 0 ", f"Node {node} ")
        of_node = []
        text += times(line) if in_totals or " pages RAM" in line or " pages reserved" in line else line
    with open(path, "w", encoding="utf-8") as log:
        log.write(text)


def with_events(path, events):
    text = "".join(report())
    with open(path, "w", encoding="utf-8") as log:
        for i in range(events):
            log.write(re.sub(r"(?m)^(\[ *)\d+(?=\.\d+\])", lambda at: at[1] + str(100 + 7 * i), text))


def with_long_lines(path, size):
    with open(path, "w", encoding="utf-8") as log:
        log.write(f"[  100.000000] {'x' * size}: page allocation failure: order:0, mode:0x1\n"
                  f"[  200.000000] Out of memory: Killed process 12 (a) total-vm:1kB {'1 ' * (size // 2)}\n")


def inputs(scratch, what, size):
    """The files of one size."""
    path = os.path.join(scratch, f"{what}.{size}")
    if what == "files":
        paths = [f"{path}.{i}" for i in range(size)]
        for i, each in enumerate(paths):
            reports(each, 1, tasks=1, first=1000 * i)
        return paths
    if what == "bytes":
        other_lines(path, size)
    elif what == "events":
        with_events(path, size)
    elif what == "tasks":
        reports(path, 1, tasks=size, first=0)
    elif what == "line":
        with_long_lines(path, size)
    else:
        with_nodes(path, size)
    return [path]


# The smallest of the three sizes. Of tasks with more than 64 KiB: a shorter text is also searched for a host.
SMALLEST = {"bytes": 32 << 20, "events": 50, "tasks": 80, "nodes": 16, "files": 16, "line": 100_000}


def main(program):
    if not shutil.which("valgrind"):
        print("SKIPPED: valgrind is not installed")
        return SKIPPED
    failed = 0
    for what, smallest in SMALLEST.items():
        sizes = [smallest << i for i in range(3)]
        with tempfile.TemporaryDirectory() as scratch:
            status = 0 if what == "bytes" else 1
            form = "text" if what == "line" else "ndjson"
            counted = [count(program, ["explain", "--sandbox", "off", "--format", form,
                                       *inputs(scratch, what, size)], status) for size in sizes]
        added = [b - a for a, b in zip(counted, counted[1:])]
        exponent = math.log2(added[1] / added[0])
        print(f"{what:7} {sizes[0]} to {sizes[-1]}: {counted[0]:,} to {counted[-1]:,} instructions, "
              f"exponent {exponent:.3f}", flush=True)
        failed |= exponent > MOST
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
