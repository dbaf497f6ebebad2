#!/usr/bin/env python3
"""The program for another architecture, built as the lab builds it: cross.py ARCHITECTURE

With the cross compiler of g++-aarch64-linux-gnu (or -i686-) against Debian's static libraries, which are fetched and
unpacked below build/lab, not installed. Prints the folder of the build, in which cpack makes packages."""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/lab"))
import packages  # noqa: E402
import programs  # noqa: E402

try:
    cache = ROOT / "build/lab"
    cache.mkdir(parents=True, exist_ok=True)
    print(programs.cross_whyoom(sys.argv[1], cache).parent)
except packages.Unavailable as reason:
    print(f"cross: {reason}", file=sys.stderr)
    sys.exit(1)
