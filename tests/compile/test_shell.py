#!/usr/bin/env python3
"""test_shell.py COMPILER SOURCE_DIR: what base/shell.h must refuse does not compile."""
import re
import subprocess
import sys
import unittest

COMPILER, SOURCE = sys.argv[1:3]

START = """#include "base/shell.h"
using namespace whyoom;
std::string name();
ShellWord word();
ShellOperand operand();
"""

GOOD = ['"ls"', '"ls -- {}", word()', '"ls {}", operand()', '"ls {}", 5U', '"ls -a={}", word()',
        '"x {}={}", ShellLiteral("vm.x"), -1', '"a | b -- {} | c", word()', '"ls -d {} +"',
        '"grep -E \'^(a|b)\' <file>; cat /proc/[0-9]*/status"']
BAD = {
    "name()": "", "name().c_str()": "", '"ls" + name()': "", '"ls -- {}", name()': "",
    '"ls -- {}", "x"': "", 'std::string_view("ls")': "",
    '"ls {}", word()': "needs a --", '"ls {}", -1': "needs a --",
    '"a -- b | ls {}", word()': "needs a --",
    '"{}", operand()': "neither the command", '"a | {}", operand()': "neither the command",
    '"ls > {}", operand()': "redirected", '"ls >{}", operand()': "plain words",
    "\"ls -- '{}'\", word()": "plain words", '"ls -- \\"{}\\"", word()': "plain words",
    '"ls -- $({})", word()': "plain words", '"ls -- {} *", word()': "plain words",
    '"ls -- {}; ls", word()': "plain words", '"ls -- {}|ls", word()': "plain words",
    '"ls --", word()': "fewer {}", '"ls -- {} {}", word()': "more {}",
    '"ls \\x1b[m"': "printable ASCII", '"a\\nb"': "printable ASCII", '"\\u202e"': "printable ASCII",
    '"x {}", ShellLiteral("-x")': "no option", '"x {}", ShellLiteral("a b")': "no quotes",
}


def compiled(commands):
    """The status, and what the compiler says of each line behind START."""
    lines = [f"ShellCommand command{i}() {{ return ShellCommand({what}); }}"
             for i, what in enumerate(commands)]
    done = subprocess.run([COMPILER, "-std=c++20", "-fsyntax-only", "-I", SOURCE, "-xc++", "-"],
                          input=START + "\n".join(lines) + "\n", capture_output=True, text=True,
                          check=False, timeout=120)
    said, line = {}, None
    for text in done.stderr.splitlines():
        place = re.match(r"<stdin>:(\d+):(?!.*required from)", text)
        line = int(place[1]) - START.count("\n") - 1 if place else line
        said[line] = said.get(line, "") + text + "\n"
    return done.returncode, said


class Shell(unittest.TestCase):
    def test_what_is_allowed(self):
        self.assertEqual(compiled(GOOD), (0, {}))

    def test_what_is_refused(self):
        _, said = compiled(BAD)
        for i, (what, rule) in enumerate(BAD.items()):
            with self.subTest(what):
                self.assertIn("error:", said.get(i, ""))
                self.assertIn(rule, said[i])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
