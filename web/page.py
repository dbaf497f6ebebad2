#!/usr/bin/env python3
"""Puts the page together: markup, style, scripts, the module, the examples, and the policy that
lets in these and nothing else. Usage: page.py MODULE PAGE"""
import base64
import gzip
import hashlib
import html
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
# What the page shows of each: a name and a line, in web/words.js under "example.<name>".
EXAMPLES = ["min-free-killed.log", "min-free-panic.log", "memory-exhausted.log"]
MOST_BYTES = 600_000


def source(name):
    return (HERE / name).read_text(encoding="utf-8")


def report_style():
    text = (ROOT / "src/render/html_style.h").read_text(encoding="utf-8")
    return re.search(r'R"css\((.*?)\)css"', text, re.S)[1]


def packed(data):
    return base64.b64encode(gzip.compress(data, 9, mtime=0)).decode()


def allowed(text):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def data(name, text):
    assert "</script" not in text.lower(), name
    return f'<script type="text/plain" id="{name}">{text}</script>\n'


def main():
    module, page = map(pathlib.Path, sys.argv[1:])
    style = report_style() + source("page.css")
    script = source("words.js") + source("page.js")
    policy = "; ".join([
        "default-src 'none'", "base-uri 'none'", "form-action 'none'",
        f"style-src {allowed(style)}", f"script-src {allowed(script)} 'wasm-unsafe-eval'",
        "worker-src blob:"])
    parts = data("module", packed(module.read_bytes())) + data("worker", source("worker.js"))
    for name in EXAMPLES:
        parts += data("example:" + name, packed((ROOT / "examples" / name).read_bytes()))
    assert "</script" not in script.lower() and "</style" not in style.lower()
    text = source("page.html")
    for mark, value in {"POLICY": html.escape(policy), "STYLE": style, "PARTS": parts,
                        "SCRIPT": script}.items():
        text = text.replace("{{" + mark + "}}", value, 1)
    page.write_text(text, encoding="utf-8")
    size = page.stat().st_size
    print(f"{page}: {size} bytes")
    if size > MOST_BYTES:
        sys.exit(f"more than {MOST_BYTES} bytes")


if __name__ == "__main__":
    main()
