#!/usr/bin/env python3
"""The page and reports in a real browser: gets Debian's Chromium and playwright-core and axe-core
of npm, and lets page.test.mjs and report.test.mjs drive them.

Run it with: test_web.py PROGRAM SOURCE_DIR WEB_BUILD_DIR [NAME OF A TEST]"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import harness  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
NPM = ["playwright-core@1", "axe-core@4"]
# Names that a process can give itself.
HOSTILE = ["<script>alert(1)", '"><img onerror', "\x1b[31mred\x1b]0;x\x07", "\u202egnp.exe", "</article>",
           "<svg onload=a()>", "</details></pre>", "a'&b"]
DEBIAN = {"chromium": "chromium", "node": "nodejs", "npm": "npm"}


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(77)


def built(source, build):
    """The page as the sources are now."""
    if not (build / "CMakeCache.txt").exists() or not shutil.which("clang++-19"):
        skip("the page is not built here; ./dev web builds it")
    done = subprocess.run(["cmake", "--build", build], capture_output=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        sys.exit(done.stdout[-3000:] + done.stderr[-3000:])
    return build / "whyoom.html"


def install(build):
    missing = [package for tool, package in DEBIAN.items() if not shutil.which(tool)]
    if missing and os.getuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "-q", "install", "-y", "--no-install-recommends", *missing],
                       stdin=subprocess.DEVNULL, capture_output=True, check=False,
                       env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    missing = [tool for tool in DEBIAN if not shutil.which(tool)]
    if missing:
        skip(f"not here, and not to be installed: {', '.join(missing)}")
    folder = build / "browser"
    if not all((folder / "node_modules" / name.split("@")[0]).is_dir() for name in NPM):
        folder.mkdir(exist_ok=True)
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-save", "--prefix",
                               folder, *NPM], capture_output=True, encoding="utf-8", check=False)
        if done.returncode != 0:
            skip(f"npm install {' '.join(NPM)}: {done.stderr.strip()[-300:]}")
    return folder / "node_modules"


def by_command(program, logs):
    """What the command says of each log, by its path."""
    answers = {}
    for log in logs:
        done = subprocess.run([program, "explain", "--format", "json", log.name], cwd=log.parent,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False,
                              env=harness.CLEAN_ENV)
        answers[str(log)] = done.stdout.decode("utf-8")
    return answers


def log_of_case(case, folder):
    """It begins behind a line of three dashes."""
    log = folder / f"{case.parent.name}.{case.stem}.log"
    log.write_bytes(case.read_bytes().partition(b"\n---\n")[2])
    return log


def logs_of_cases(source, scratch):
    """Each example and the log of each case."""
    cases = sorted((source / "src/diagnose/causes").glob("*/*.case"))
    return sorted((source / "examples").glob("*.log")) + [log_of_case(case, scratch) for case in cases]


def kill(second, name):
    return (f"[ {second}.0] Out of memory: Killed process {second} ({name}) total-vm:900000kB, "
            "anon-rss:500000kB, file-rss:0kB, shmem-rss:0kB\n")


def write_reports(program, source, folder):
    folder.mkdir()
    spree = folder / "spree.log"
    spree.write_text("".join(kill(9 + 30 * i, f"worker{i}") for i in range(4)))
    hostile = folder / "hostile.log"
    hostile.write_text("".join(kill(9 + 5000 * i, name) for i, name in enumerate(HOSTILE)), encoding="utf-8")
    # By the name that a reader has for it: it stands in the pictures.
    killed, cgroup = "examples/min-free-killed.log", log_of_case(
        source / "src/diagnose/causes/cgroup-limit/positive.case", folder)
    for name, log, *options in [("killed", killed), ("exhausted", "examples/memory-exhausted.log"),
                                ("spree", spree), ("hostile", hostile), ("cgroup", cgroup),
                                ("killed.zh", killed, "--lang", "zh"), ("cgroup.zh", cgroup, "--lang", "zh")]:
        done = subprocess.run([program, "explain", "--format", "html", *options, log], check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, env=harness.CLEAN_ENV, cwd=source)
        (folder / f"{name}.html").write_bytes(done.stdout)
    return folder


def main():
    program, source, build = (pathlib.Path(each).resolve() for each in sys.argv[1:4])
    page = built(source, build)
    modules = install(build)
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)
        logs = logs_of_cases(source, scratch)
        shared = os.environ.get("WHYOOM_SHARED")
        if shared:
            logs += sorted(path for path in pathlib.Path(shared, "lab").rglob("*.log")
                           if path.stat().st_size < 4 << 20)
        else:
            print("SKIPPED: the logs of the lab, as WHYOOM_SHARED is not set")
        answers = scratch / "answers.json"
        answers.write_text(json.dumps(by_command(program.resolve(), logs)), encoding="utf-8")
        done = subprocess.run(
            ["node", "--test-reporter=spec", "--test", *(f"--test-name-pattern={name}" for name in sys.argv[4:]),
             HERE / "page.test.mjs", HERE / "report.test.mjs"],
            check=False, stdin=subprocess.DEVNULL,
            env={**os.environ, "WHYOOM_PAGE": str(page.resolve()), "WHYOOM_ANSWERS": str(answers),
                 "WHYOOM_EXAMPLES": str((source / "examples").resolve()),
                 "WHYOOM_REPORTS": str(write_reports(program, source, scratch / "reports")),
                 "WHYOOM_MODULES": str(modules.resolve()), "WHYOOM_SCRATCH": folder,
                 "WHYOOM_CHROMIUM": shutil.which("chromium")})
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
