#!/usr/bin/env python3
"""Pictures of the page with a result and of reports, in Debian's Chromium: 360, 800 and 1400 pixels
wide, light and dark, in both languages; to be looked at.

Run it with: pictures.py PROGRAM SOURCE_DIR WEB_BUILD_DIR FOLDER   all of them into FOLDER
             pictures.py --write PROGRAM SOURCE_DIR WEB_BUILD_DIR  those that docs/images has, again"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import test_web

HERE = pathlib.Path(__file__).resolve().parent
# Of docs/images: what is seen, the language, the theme, the size of the window, how far it is scrolled.
KEPT = [
    {"file": "page", "what": "page", "lang": "en", "theme": "light", "width": 1400, "height": 860},
    {"file": "page-dark", "what": "page", "lang": "en", "theme": "dark", "width": 1400, "height": 860,
     "to": "Proof"},
    {"file": "page-zh", "what": "page", "lang": "zh", "theme": "light", "width": 800, "height": 900},
    {"file": "report-phone", "what": "killed", "lang": "en", "theme": "dark", "width": 360, "height": 720},
]


def all_of_them():
    return [{"file": f"{what}-{width}-{theme}-{lang}", "what": what, "lang": lang, "theme": theme,
             "width": width, "height": 900, "whole": True}
            for what in ("page", "killed", "cgroup") for width in (360, 800, 1400)
            for theme in ("light", "dark") for lang in ("en", "zh")]


def small(path):
    """256 colours are enough for a page, and a third of the bytes."""
    if shutil.which("pngquant"):
        subprocess.run(["pngquant", "--force", "--skip-if-larger", "--output", path, "256", path], check=False)
    else:
        print("no pngquant here: the pictures stay large")


def main():
    write = sys.argv[1] == "--write"
    program, source, build = (pathlib.Path(each).resolve() for each in sys.argv[1 + write:4 + write])
    folder = source / "docs/images" if write else pathlib.Path(sys.argv[4]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    page, modules = test_web.built(source, build), test_web.install(build)
    with tempfile.TemporaryDirectory() as name:
        reports = test_web.write_reports(program, source, pathlib.Path(name) / "reports")
        subprocess.run(
            ["node", HERE / "pictures.mjs"], check=True, stdin=subprocess.DEVNULL,
            env={**os.environ, "WHYOOM_PAGE": str(page.resolve()), "WHYOOM_MODULES": str(modules.resolve()),
                 "WHYOOM_REPORTS": str(reports), "WHYOOM_FOLDER": str(folder),
                 "WHYOOM_EXAMPLES": str(source / "examples"),
                 "WHYOOM_PICTURES": json.dumps(KEPT if write else all_of_them()),
                 "WHYOOM_CHROMIUM": shutil.which("chromium")})
    for each in KEPT if write else []:
        small(folder / f"{each['file']}.png")


if __name__ == "__main__":
    main()
