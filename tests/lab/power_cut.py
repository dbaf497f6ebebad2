"""What a power cut leaves on a guest's disk, and whether the recorder's ring on it is whole: it
opens, its records but for a torn end are good, and at most the last second is missing.

The guest says "@@@ TICK <seconds since 1970>" all the time.
"""
import calendar
import json
import pathlib
import re
import shutil
import subprocess
import time

import packages

MOST_MISSING = 2  # seconds: times of both sides are whole ones
RING = "/var/lib/whyoom/ring"
TOOLS = {"PATH": "/usr/sbin:/sbin:/usr/bin:/bin"}


def take(disk, answers, to):
    """Of a guest that stands still."""
    to.mkdir()
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", disk, to / "disk.img"], check=True)
    ticks = re.findall(rb"@@@ TICK (\d+)\r?\n", answers.read_bytes())
    (to / "tick").write_bytes(ticks[-1] if ticks else b"")


def ring_of(folder):
    """The ring on the disk, after what a kernel that mounts it would do: replay its journal."""
    image, out = folder / "disk.img", folder / "ring"
    done = packages.run("e2fsck", "-f", "-y", image, env=TOOLS)
    if done.returncode > 1:
        raise ValueError(f"e2fsck ended with {done.returncode}: {done.stdout[-200:]}")
    shutil.rmtree(out, ignore_errors=True)
    done = packages.run("debugfs", "-R", f"rdump {RING} {folder}", image, env=TOOLS)
    if not out.is_dir():
        raise ValueError(f"no ring on the disk: {done.stdout.strip()[-200:]}")
    out.chmod(0o700)
    return out


def complaint(whyoom, folder):
    """(what is wrong or "", seconds that are missing)"""
    try:
        ring = ring_of(folder)
    except ValueError as error:
        return str(error), 0
    done = packages.run(whyoom, "history", "--store", ring, "--format", "json")
    if done.returncode not in (0, 1):
        return f"history ended with {done.returncode}: {done.stdout.strip()[-200:]}", 0
    answer = json.loads(done.stdout)["ring"]
    if not answer["samples"]:
        return "no sample in the ring", 0
    if answer["damages"] > 1:
        return f"{answer['damages']} damages, and a cut leaves one torn end", 0
    text = (folder / "tick").read_text()
    if not text:
        return "", 0
    to = time.strptime(answer["to"], "%Y-%m-%d %H:%M:%SZ")
    missing = int(text) - calendar.timegm(to)
    return (f"{missing} s are missing" if missing > MOST_MISSING else ""), max(missing, 0)


def complaints(whyoom, folder, count):
    """One sentence for each cut that left something else; the disks that are good go."""
    wrong, most = [], 0
    cuts = sorted(pathlib.Path(folder).glob("cut-*"))
    if len(cuts) != count:
        wrong.append(f"the power was cut {len(cuts)} times, not {count}")
    for cut in cuts:
        what, missing = complaint(whyoom, cut)
        most = max(most, missing)
        if what:
            wrong.append(f"{cut.name}: {what}")
        else:
            shutil.rmtree(cut)
    (pathlib.Path(folder) / "cuts.txt").write_text(
        f"{len(cuts)} cuts, {len(wrong)} of them wrong, at most {most} s missing\n")
    return wrong
