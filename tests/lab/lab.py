#!/usr/bin/env python3
"""The lab: boots real kernels, makes the faults happen, and checks what whyoom says of them.

Usage: lab.py [--whyoom PROGRAM] [--kernel K]... [--scenario S]... [-j N] [--list] [--write]

K and S may have * and ?. Without --kernel and --scenario everything runs and docs/support-matrix.md
is written again; --write does that after a partial run too. Exit status: 0 nothing failed, 1 a
scenario failed, 2 wrong use, 77 nothing could run.
"""
import argparse
import concurrent.futures
import fnmatch
import os
import pathlib
import shutil
import sys
import threading
import time

import kernels
import matrix
import packages
import programs
import scenario
import trial

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77
EMULATORS = {"amd64": "qemu-system-x86_64", "i386": "qemu-system-x86_64",
             "arm64": "qemu-system-aarch64"}


def arguments():
    parser = argparse.ArgumentParser(description="Boots real kernels and checks whyoom in them.")
    parser.add_argument("--whyoom", type=pathlib.Path, default=SOURCE / "build/release/whyoom")
    parser.add_argument("--kernel", action="append", default=[])
    parser.add_argument("--scenario", action="append", default=[])
    parser.add_argument("-j", type=int, default=2, metavar="N", help="guests at a time")
    parser.add_argument("--list", action="store_true", help="list kernels and scenarios, run nothing")
    parser.add_argument("--write", action="store_true", help="write docs/support-matrix.md")
    return parser.parse_args()


def chosen(name, patterns):
    return not patterns or any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


class Machine:
    """What the trials of one kernel share; fetched when the first of them starts."""

    def __init__(self, kernel, cache, whyoom):
        self.kernel, self.cache, self.whyoom = kernel, cache, whyoom
        self.lock, self.programs, self.unavailable = threading.Lock(), None, None

    def ready(self):
        with self.lock:
            if self.programs is None and self.unavailable is None:
                self._prepare()
        if self.unavailable:
            raise packages.Unavailable(self.unavailable)
        return self.programs

    def _prepare(self):
        architecture = self.kernel.architecture
        try:
            if not shutil.which(EMULATORS[architecture]):
                raise packages.Unavailable(f"no {EMULATORS[architecture]} on this machine")
            kernels.fetch(self.kernel, self.cache)
            self.programs = programs.all_of(architecture, self.cache, self.whyoom)
        except packages.Unavailable as reason:
            self.unavailable = str(reason)


def run_one(machine, case, whyoom, results):
    try:
        loaded = machine.ready()
    except packages.Unavailable as reason:
        return trial.keep(results / machine.kernel.name / case.name, machine.kernel, case, trial.SKIP,
                          [str(reason)])
    return trial.Trial(machine.kernel, case, loaded, whyoom, results).run()


def show(done, total, result, results):
    text = f"[{done}/{total}] {result['verdict']} {result['kernel']} {result['scenario']}"
    print(f"{text} ({result['seconds']} s)", flush=True)
    for reason in result["reasons"]:
        print(f"    {reason}", flush=True)
    if result["verdict"] == trial.FAIL:
        print(f"    logs: {results / result['kernel'] / result['scenario']}", flush=True)


def run_all(plan, cache, options):
    results = cache / "results"
    machines = {kernel.name: Machine(kernel, cache, options.whyoom) for kernel, _ in plan}
    finished = []
    with concurrent.futures.ThreadPoolExecutor(max(1, options.j)) as pool:
        jobs = [pool.submit(run_one, machines[kernel.name], case, options.whyoom, results)
                for kernel, case in plan]
        for job in concurrent.futures.as_completed(jobs):
            finished.append(job.result())
            show(len(finished), len(plan), finished[-1], results)
    return finished


def summary(finished, started):
    counts = {verdict: sum(result["verdict"] == verdict for result in finished)
              for verdict in (trial.PASS, trial.FAIL, trial.SKIP)}
    print(f"lab: {time.monotonic() - started:.0f} s")
    print(f"{counts['PASS']} passed, {counts['FAIL']} failed, {counts['SKIP']} skipped")
    if counts["FAIL"]:
        return 1
    return 0 if counts["PASS"] else SKIPPED


def main():
    options = arguments()
    cache = pathlib.Path(os.environ.get("WHYOOM_LAB_CACHE", SOURCE / "build/lab")).resolve()
    cases = [case for case in scenario.load_all() if chosen(case.name, options.scenario)]
    plan = [(kernel, case) for kernel in kernels.listed() if chosen(kernel.name, options.kernel)
            for case in cases if chosen(kernel.name, case.words("kernels"))]
    if not plan:
        print("lab: no kernel and scenario match", file=sys.stderr)
        return 2
    if options.list:
        print("\n".join(f"{kernel.name}\t{case.name}\t{case.title}" for kernel, case in plan))
        return 0
    if not options.whyoom.exists():
        print(f"lab: SKIPPED, {options.whyoom} is not built", file=sys.stderr)
        return SKIPPED
    cache.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    finished = run_all(plan, cache, options)
    if options.write or not (options.kernel or options.scenario):
        matrix.write(scenario.load_all(), cache / "results", SOURCE / "docs/support-matrix.md")
    return summary(finished, started)


if __name__ == "__main__":
    sys.exit(main())
