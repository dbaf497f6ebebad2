#!/usr/bin/env python3
"""Pictures of a real terminal: what people see on 80 columns and 24 rows.

Usage: pictures.py PROGRAM                     compares those in docs/images, status 1 when one is out of date
       pictures.py --write PROGRAM             draws them again
       pictures.py --draw FILE.svg PROGRAM COMMAND
                                               any other: a command of whyoom in the root of the sources
       pictures.py --text PROGRAM COMMAND      the same as text, without colours

The command runs in tmux, with the pager that a terminal has, so a picture shows what is on the screen
and not what the program has written. Status 77: there is no tmux here.
"""
import html
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs/images"
PICTURES = {
    "panic": "whyoom explain examples/min-free-panic.log",
    "exhausted": "whyoom explain examples/memory-exhausted.log",
    "host": "whyoom --root examples/host",
}
COLUMNS, ROWS = 80, 24
CELL, LINE, MARGIN = 8.4, 18, 12
SKIPPED = 77
COLOURS = {31: "#ff7b72", 32: "#7ee787", 33: "#e3b341", 34: "#79c0ff", 35: "#d2a8ff", 36: "#76e3ea",
           37: "#e6edf3"}
SGR = re.compile(r"\x1b\[([\d;]*)m")


def terminal(command, program, columns=COLUMNS, rows=ROWS):
    """The screen after the command, with its escape codes. A pager that waits for a key is left waiting."""
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(pathlib.Path(program).resolve(), os.path.join(folder, "whyoom"))
        server = ["tmux", "-S", os.path.join(folder, "socket"), "-f", "/dev/null"]
        env = {"PATH": folder + ":" + os.environ["PATH"], "TZ": "UTC", "LANG": "C.UTF-8",
               "TERM": "xterm-256color", "HOME": folder, "SHELL": "/bin/sh"}

        def tmux(*args):
            return subprocess.run([*server, *args], cwd=ROOT, env=env, check=True, text=True,
                                  capture_output=True).stdout

        # The server has the environment of its first client; no prompt of a shell, but one that is drawn.
        ended = os.path.join(folder, "ended")
        script = (f"stty -echo; printf '$ %s\\n' {shell_word(command)}; {command}; "
                  f": > {ended}; printf '$ '; exec sleep 1000")
        tmux("new-session", "-d", "-x", str(columns), "-y", str(rows), "sh", "-c", script)
        try:
            tmux("set-option", "-g", "status", "off")
            tmux("resize-window", "-x", str(columns), "-y", str(rows))
            before = None
            while not os.path.exists(ended):
                time.sleep(0.3)
                shown = tmux("capture-pane", "-p", "-e")
                if shown == before and waits_for_a_key(shown):
                    break
                before = shown
            return tmux("capture-pane", "-p", "-e").rstrip("\n")
        finally:
            tmux("kill-server")


def waits_for_a_key(shown):
    last = SGR.sub("", shown.rstrip("\n")).split("\n")[-1]
    return last.strip() == ":" or last.strip() == "(END)"


def shell_word(text):
    return "'" + text.replace("'", "'\\''") + "'"


def runs(line, style):
    """(column, text, style) of each stretch of one look; and the look at its end."""
    column, found = 0, []
    for index, part in enumerate(SGR.split(line)):
        if index % 2:
            style = after(style, [int(code or 0) for code in part.split(";")])
        elif part:
            if found and found[-1][2] == style:  # one tmux says more often than another how it goes on
                start, before, _ = found.pop()
                found.append((start, before + part, style))
            else:
                found.append((column, part, style))
            column += len(part)
    return found, style


def after(style, codes):
    bold, dim, colour = style
    for code in codes:
        if code == 0:
            bold, dim, colour = False, False, None
        elif code in (1, 2, 22):
            bold, dim = code == 1, code == 2
        elif code == 39:
            colour = None
        elif 30 <= code <= 37 or 90 <= code <= 97:
            colour = COLOURS.get(code if code < 90 else code - 60)
    return bold, dim, colour


def kept(text):
    """Blanks that no viewer folds: not all of them know xml:space."""
    return html.escape(text, quote=False).replace(" ", "\u00a0")


def svg(screen, columns=COLUMNS, rows=ROWS):
    width, height = round(columns * CELL + 2 * MARGIN), rows * LINE + 2 * MARGIN
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
           f'height="{height}">',
           f'<rect width="{width}" height="{height}" rx="6" fill="#0d1117"/>',
           '<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,\'DejaVu Sans Mono\',monospace" '
           'font-size="14" fill="#e6edf3" xml:space="preserve">']
    style = (False, False, None)
    for number, line in enumerate(screen.split("\n")[:rows]):
        found, style = runs(line, style)
        for column, text, (bold, dim, colour) in found:
            if not text.strip():
                continue
            lead = len(text) - len(text.lstrip())
            text = text.strip()
            look = (' font-weight="bold"' if bold else "") + (' opacity=".65"' if dim else "") + (
                f' fill="{colour}"' if colour else "")
            out.append(f'<text x="{MARGIN + (column + lead) * CELL:.1f}" y="{MARGIN + number * LINE + 14}" '
                       f'textLength="{len(text) * CELL:.1f}"{look}>{kept(text)}</text>')
    return "\n".join([*out, "</g>", "</svg>"]) + "\n"


def main():
    args = sys.argv[1:]
    if not shutil.which("tmux"):
        print("skipped: no tmux here")
        return SKIPPED
    if args[:1] == ["--draw"]:
        pathlib.Path(args[1]).write_text(svg(terminal(args[3], args[2])), encoding="utf-8")
        return 0
    if args[:1] == ["--text"]:
        print(SGR.sub("", terminal(args[2], args[1])))
        return 0
    write = args[:1] == ["--write"]
    program = args[-1]
    stale = []
    for name, command in PICTURES.items():
        picture = IMAGES / f"{name}.svg"
        drawn = svg(terminal(command, program))
        if write:
            IMAGES.mkdir(exist_ok=True)
            picture.write_text(drawn, encoding="utf-8")
        elif not picture.exists() or picture.read_text(encoding="utf-8") != drawn:
            stale.append(picture.relative_to(ROOT))
    for picture in stale:
        print(f"{picture} is out of date: ./dev docs")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
