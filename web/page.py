#!/usr/bin/env python3
"""Puts the page together: markup, style, scripts, the module, the examples, and the policy that
lets in these and nothing else. Usage: page.py MODULE PAGE"""
import base64
import gzip
import hashlib
import html
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
# What the page shows of each: a name and a line, in web/words.js under "example.<name>".
EXAMPLES = ["min-free-killed.log", "min-free-panic.log", "memory-exhausted.log"]
MOST_BYTES = 600_000
# What the compiler uses of WebAssembly beyond its first version.
FEATURES = ["--enable-simd", "--enable-sign-ext", "--enable-mutable-globals", "--enable-bulk-memory",
            "--enable-nontrapping-float-to-int"]


def source(name):
    return (HERE / name).read_text(encoding="utf-8")


def report_style():
    text = (ROOT / "src/render/html_style.h").read_text(encoding="utf-8")
    return re.search(r'R"css\((.*?)\)css"', text, re.S)[1]


def report_script():
    text = (ROOT / "src/render/html_script.h").read_text(encoding="utf-8")
    return re.search(r'R"js\((.*?)\)js"', text, re.S)[1]


DIGITS = [chr(code) for code in range(33, 127) if chr(code) not in "&<\\"]


def digits(data):
    """basE91 with digits that need no escape in a script: 23 % more than the bytes, base64 33 %."""
    out, bits, held = [], 0, 0
    for byte in data:
        bits |= byte << held
        held += 8
        if held > 13:
            pair, taken = (bits & 8191, 13) if bits & 8191 > 88 else (bits & 16383, 14)
            bits >>= taken
            held -= taken
            out.append(DIGITS[pair % 91] + DIGITS[pair // 91])
    if held > 0:
        out.append(DIGITS[bits % 91] + DIGITS[bits // 91])
    return "".join(out)


def compressed(data):
    """zopfli's gzip is 4 % smaller."""
    if not shutil.which("zopfli"):
        return gzip.compress(data, 9, mtime=0)
    with tempfile.NamedTemporaryFile() as plain:
        plain.write(data)
        plain.flush()
        return subprocess.run(["zopfli", "--i5", "-c", plain.name], capture_output=True, check=True).stdout


def smaller(module):
    """The linker optimizes no code; wasm-opt takes a fifth off, and a little
    more until nothing changes. Nothing lies in the first KiB of memory:
    the stack comes first there, and grows down."""
    if not shutil.which("wasm-opt"):
        return module
    with tempfile.NamedTemporaryFile() as before, tempfile.NamedTemporaryFile() as after:
        before.write(module)
        before.flush()
        subprocess.run(["wasm-opt", "-Oz", "--converge", "--low-memory-unused", *FEATURES, before.name, "-o", after.name], check=True)
        return after.read()


def packed(data):
    small = compressed(data)
    return f"{len(small)}:{digits(small)}"


def fnv1a(data):
    value = 2166136261
    for byte in data:
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return value


def chinese(module):
    """The catalogue as base/language.cc takes it: of the texts that are in the module."""
    po = (ROOT / "po/zh_CN.po").read_text(encoding="utf-8")
    unescape = {"n": "\n", "t": "\t"}
    texts = {}
    for entry in re.findall(r'^msgid "(.*)"\nmsgstr "(.*)"$', po, re.M):
        key, text = (re.sub(r"\\(.)", lambda m: unescape.get(m[1], m[1]), each).encode() for each in entry)
        # plural() puts the number in front of its forms.
        if key and text and key.removeprefix(b"{} ") in module:
            texts[key] = text
    hashes = [fnv1a(key) for key in texts]
    assert len(set(hashes)) == len(hashes), "two keys have one hash"
    print(f"{len(texts)} texts in Chinese")
    return struct.pack(f"<{len(hashes) + 1}I", len(hashes), *hashes) + b"".join(
        text + b"\0" for text in texts.values())


def allowed(text):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def data(name, text):
    assert "</script" not in text.lower(), name
    return f'<script type="text/plain" id="{name}">{text}</script>\n'


def main():
    module, page = map(pathlib.Path, sys.argv[1:])
    style = report_style() + source("page.css")
    script = report_script() + source("words.js") + source("page.js")
    policy = "; ".join([
        "default-src 'none'", "base-uri 'none'", "form-action 'none'",
        f"style-src {allowed(style)}", f"script-src {allowed(script)} 'wasm-unsafe-eval'",
        "worker-src blob:"])
    code = module.read_bytes()
    parts = data("module", packed(smaller(code))) + data("texts", packed(chinese(code))) + data("worker", source("worker.js"))
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
