#!/usr/bin/env python3
"""Adds up by layer what `llvm-cov export -summary-only` (standard input) says of each file.

Usage: coverage.py SOURCE_DIR
"""
import json
import pathlib
import sys

COUNTS = ("lines", "functions", "branches")


def main():
    source = pathlib.Path(sys.argv[1])
    layers = {}
    for file in json.load(sys.stdin)["data"][0]["files"]:
        path = pathlib.Path(file["filename"])
        if not path.is_relative_to(source):
            continue
        for layer in (path.relative_to(source).parts[0], "all"):
            sums = layers.setdefault(layer, {count: [0, 0] for count in COUNTS})
            for count in COUNTS:
                sums[count][0] += file["summary"][count]["covered"]
                sums[count][1] += file["summary"][count]["count"]
    print(f"{'':10}" + "".join(f"{count:>24}" for count in COUNTS))
    for layer in sorted(layers, key=lambda name: (name == "all", name)):
        cells = (f"{covered} of {total} ({100 * covered / max(total, 1):.0f} %)"
                 for covered, total in layers[layer].values())
        print(f"{layer:10}" + "".join(f"{cell:>24}" for cell in cells))


main()
