#!/usr/bin/env python3
"""Completion in the real shells, and the pages of the manual."""
import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import time
import unittest

import harness
from harness import whyoom

COMMANDS = ("", "explain", "check", "whatif", "fix", "undo", "capture", "causes", "completion",
            "help")


def installed(program, package):
    """Whether the program is here; the package is installed where root may do that."""
    if not shutil.which(program) and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "-qq", "-y", "--no-install-recommends", package],
                       stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return shutil.which(program) is not None


class Completion(harness.Case):
    def setUp(self):
        super().setUp()
        self.file("kern.log", "x\n")
        self.file("spree.log", self.spree.read_bytes())
        bin_folder = self.scratch / "bin"
        bin_folder.mkdir()
        (bin_folder / "whyoom").symlink_to(os.path.abspath(harness.PROGRAM))
        self.env = {**harness.CLEAN_ENV, "PATH": f"{bin_folder}:{os.environ['PATH']}",
                    "HOME": str(self.scratch), "TERM": "dumb"}

    def script(self, shell):
        return self.file(f"completion.{shell}", whyoom("completion", shell).out)

    # What the shell offers for a line: (line, what is among it, what is not).
    LINES = (("expl", ["explain"], ["check"]),
             ("", ["explain", "check", "fix", "kern.log"], ["man"]),
             ("kern", ["kern.log"], []),
             ("explain --for", ["--format"], ["--files-only"]),
             ("explain --format ", ["ndjson", "markdown"], ["kern.log", "auto"]),
             ("explain --format=nd", ["ndjson"], ["json"]),
             ("check --format ", ["text", "json"], ["ndjson"]),
             ("explain ke", ["kern.log"], ["--all"]),
             ("causes min-fr", ["min-free-too-high", "min-free-drift"], ["sysrq"]),
             ("fix --cause pan", ["panic-on-oom"], ["sysrq"]),
             ("whatif vm.wa", ["vm.watermark_scale_factor="], ["vm.min_free_kbytes="]),
             ("fix kernel.th", ["kernel.threads-max="], []),
             ("whatif --event ke", ["kern.log"], []),
             ("whatif --event spree.log#", ["spree.log#1", "spree.log#6"], ["spree.log#7"]),
             ("whatif --event kern.log#", [], ["kern.log#1"]),
             ("help un", ["undo"], ["explain"]),
             ("completion ", ["bash", "zsh", "fish"], ["kern.log"]))

    def check_lines(self, offered, lines=LINES):
        for line, among, absent in lines:
            with self.subTest(line):
                words = offered(line)
                for word in among:
                    self.assertIn(word, words)
                for word in absent:
                    self.assertNotIn(word, words)

    @unittest.skipUnless(installed("bash", "bash"), "needs bash")
    def test_bash(self):
        script = self.script("bash")

        def offered(line):
            words = " ".join(map(shlex.quote, ["whyoom", *line.replace("=", " = ").split(" ")]))
            program = (f"source {script}; COMP_WORDS=({words}); "
                       "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _whyoom 2>/dev/null; "
                       'printf "%s\\n" "${COMPREPLY[@]}"')
            done = subprocess.run(["bash", "--norc", "-c", program], cwd=self.scratch, check=True,
                                  env=self.env, capture_output=True, text=True, timeout=20)
            return done.stdout.split("\n")

        self.check_lines(offered)

    @unittest.skipUnless(installed("fish", "fish"), "needs fish")
    def test_fish(self):
        script = self.script("fish")

        def offered(line):
            program = f"source {script}; complete -C {shlex.quote('whyoom ' + line)}"
            done = subprocess.run(["fish", "-N", "-c", program], cwd=self.scratch, check=True,
                                  env=self.env, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.stderr, "")
            words = [each.split("\t")[0] for each in done.stdout.split("\n")]
            return words + [word.removeprefix("--format=") for word in words]

        self.check_lines(offered)

    def in_a_terminal(self, command, setup, lines):
        """What the screen shows after each of the lines and two tabs: what it waits for, and a little more."""
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.scratch)
            os.execvpe(command[0], command, self.env)

        def read_until(marks, seconds):
            raw = seen = ""
            end = time.monotonic() + seconds
            while not all(mark in seen for mark in marks) and time.monotonic() < end:
                if select.select([terminal], [], [], 0.1)[0]:
                    raw += os.read(terminal, 65536).decode(errors="replace")
                    seen = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x08", "", raw)
            return seen

        try:
            os.write(terminal, (setup + "; PS1='READ''Y> '\n").encode())
            self.assertIn("READY> ", read_until(["READY> "], 120))
            read_until(["nothing more"], 0.5)
            for line, marks in lines:
                os.write(terminal, ("\x15" + line + "\t\t").encode())
                yield read_until(marks, 60) + read_until(["nothing more"], 0.5)
        finally:
            os.close(terminal)
            os.kill(child, 9)
            os.waitpid(child, 0)

    @unittest.skipUnless(installed("zsh", "zsh"), "needs zsh")
    def test_zsh(self):
        setup = f"autoload -Uz compinit; compinit -u -D; source {self.script('zsh')}"
        lines = (("whyoom expl", ["explain"], ["undo"]),
                 ("whyoom explain --format ", ["ndjson", "markdown"], ["kern.log"]),
                 ("whyoom explain --form", ["--format"], ["--files-only"]),
                 ("whyoom explain ke", ["kern.log"], []),
                 ("whyoom causes min-fr", ["min-free-too-high"], ["sysrq"]),
                 ("whyoom fix --cause pan", ["panic-on-oom"], []),
                 ("whyoom whatif vm.mi", ["vm.min_free_kbytes="], []),
                 ("whyoom whatif --event ke", ["kern.log"], []),
                 ("whyoom whatif --event spree.log#", ["spree.log#1", "spree.log#6"], ["#7"]),
                 ("whyoom ke", ["kern.log"], []))
        screens = self.in_a_terminal(["zsh", "-f", "-i"], setup, [line[:2] for line in lines])
        for (line, among, absent), shown in zip(lines, screens, strict=True):
            with self.subTest(line):
                for word in among:
                    self.assertIn(word, shown)
                for word in absent:
                    self.assertNotIn(word, shown)

    def test_without_a_shell_it_is_asked_for(self):
        self.check(whyoom("completion"), 2, err="which shell?")
        self.check(whyoom("completion", "zhs"), 2, err="did you mean zsh?")


class Manual(harness.Case):
    def test_every_option_of_the_help_is_in_the_page(self):
        for command in COMMANDS:
            page = whyoom("man", command) if command else whyoom("man")
            text = page.out.replace("\\-", "-")
            shown = whyoom(*([command] if command else []), "--help").out
            for option in set(re.findall(r"^  .*?(--[a-z-]+)", shown, re.M)):
                self.assertIn(option, text, command)
            for line in page.out.splitlines():
                self.assertFalse(line.startswith("'"), line)

    @unittest.skipUnless(installed("man", "man-db"), "needs man")
    def test_man_has_no_complaint(self):
        for command in COMMANDS:
            page = self.file("page.1", whyoom("man", *filter(None, [command])).out)
            done = subprocess.run(["man", "--warnings", "-l", str(page)], capture_output=True,
                                  text=True, check=True, timeout=60,
                                  env={**harness.CLEAN_ENV, "MANWIDTH": "80", "MANPAGER": "cat"})
            self.assertEqual(done.stderr, "", command)
            self.assertIn("NAME", done.stdout)
            self.assertIn("--help", done.stdout)

    def test_of_what_is_no_command(self):
        self.check(whyoom("man", "explian"), 2, err="did you mean explain?")


if __name__ == "__main__":
    harness.main()
