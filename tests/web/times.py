#!/usr/bin/env python3
"""How long reports and the page take in Debian's Chromium, each time in a page of its own; the middle
one of all runs, and the worst. docs/page.md has what came out.

Run it with: times.py PROGRAM SOURCE_DIR WEB_BUILD_DIR [RUNS]"""
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))
import test_web  # noqa: E402
import throughput  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
MB = 1_000_000


def cut(path, size):
    with open(path, "r+b") as log:
        log.truncate(size)
    return path


def logs(folder):
    """By name: logs for the page."""
    made = {}
    for name, make, size in [("sparse 10 MB", throughput.other_lines, 10), ("dense 10 MB", throughput.reports, 10),
                             ("sparse 100 MB", throughput.other_lines, 100),
                             ("dense 100 MB", throughput.reports, 100)]:
        path = folder / f"{name.replace(' ', '-')}.log"
        make(path, size * MB)
        made[name] = str(cut(path, size * MB))
    return made


def report_of(program, folder, events):
    """A page of --format html with so many events."""
    log = folder / "events.log"
    throughput.reports(log, events * 20_000)
    text = log.read_text(encoding="utf-8")
    starts = [at for at in range(len(text)) if text.startswith("invoked oom-killer", at)]
    text = text[:text.rfind("\n", 0, starts[events]) + 1]
    # Hours apart, or they would be one story.
    log.write_text(re.sub(r"(?m)^\[ *(\d+)\.", r"[\g<1>000.", text), encoding="utf-8")
    done = subprocess.run([program, "explain", "--format", "html", log], stdin=subprocess.DEVNULL,
                          capture_output=True, check=False)
    page = folder / "events.html"
    page.write_bytes(done.stdout)
    assert done.stdout.count(b'<article class="story">') == events, "each event is a story"
    return page


def main():
    program, source, build = (pathlib.Path(each).resolve() for each in sys.argv[1:4])
    runs = int(sys.argv[4]) if len(sys.argv) > 4 else 5
    page, modules = test_web.built(source, build), test_web.install(build)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        report = report_of(program, folder, 50)
        done = subprocess.run(
            ["node", HERE / "times.mjs"], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "WHYOOM_PAGE": str(page.resolve()), "WHYOOM_MODULES": str(modules.resolve()),
                 "WHYOOM_REPORT": str(report), "WHYOOM_LOGS": json.dumps(logs(folder)),
                 "WHYOOM_RUNS": str(runs), "WHYOOM_CHROMIUM": shutil.which("chromium")})
        print(f"report of 50 events: {report.stat().st_size / MB:.1f} MB")
    times = json.loads(done.stdout)
    print(f"{'':32}{'middle':>10}{'worst':>10}")
    for what, each in times.items():
        print(f"{what:32}{statistics.median(each):8.0f} ms{max(each):7.0f} ms")


if __name__ == "__main__":
    main()
