#!/usr/bin/env python3
"""The program for another architecture, built as the lab builds it: cross.py ARCHITECTURE [CACHE]

With the cross compiler of g++-aarch64-linux-gnu (or -i686-) against Debian's static libraries, which are fetched and
unpacked below CACHE (build/lab), not installed. Prints the folder of the build, in which cpack makes packages."""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/lab"))
import packages  # noqa: E402
import programs  # noqa: E402


def main(architecture, cache=ROOT / "build/lab"):
    if architecture not in programs.TRIPLETS:
        sys.exit(f"cross: {architecture} is none of {', '.join(programs.TRIPLETS)}")
    try:
        pathlib.Path(cache).mkdir(parents=True, exist_ok=True)
        print(programs.cross_whyoom(architecture, pathlib.Path(cache).resolve()).parent)
    except packages.Unavailable as reason:
        sys.exit(f"cross: {reason}")


if __name__ == "__main__":
    main(*sys.argv[1:])
