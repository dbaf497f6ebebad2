"""What the program says in Chinese: nothing of it is an English sentence, and tables and lines are
as wide as they should be."""
import json
import os
import pathlib
import re
import sys
import unicodedata

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "cli"))
import catalogue  # noqa: E402
import harness  # noqa: E402
from harness import Case, whyoom  # noqa: E402

# Three words of English behind one another are a sentence of ours that stayed English.
PROSE = re.compile(r"(?<![\w./=:<-])[A-Za-z]?[a-z]+(?:,? [a-z]+(?![\w=./-])){2,}")
QUOTED = re.compile(r'"[^"]*"|`[^`]*`|\([^()]*\)')
COMMANDS = ("sudo", "sysctl", "grep", "journalctl", "systemctl", "ps", "docker", "podman", "echo",
            "cat", "dmesg", "numactl", "slabtop", "find", "ls", "df", "ipcs", "ss", "ip", "lsmod",
            "whyoom", "for", "kubectl", "crictl", "modinfo", "arcstat", "swapon", "lsns", "awk",
            "mount", "ulimit", "用法：", "prlimit", "pmap", "smem", "free", "vmstat", "cd",
            "head", "tail")


def width(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in text)


def english_in(text, source=""):
    """Lines that tell something in English, unless the source says it."""
    found = []
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].lstrip("$#|") in COMMANDS or line.lstrip().startswith(("+", "-  ")):
            continue
        for match in PROSE.finditer(QUOTED.sub(" ", line)):
            if match.group(0) not in source:
                found.append(f"{match.group(0)!r} in: {line}")
    return found


def chinese(*args, **more):
    return whyoom("--lang", "zh", *args, **more)


class Chinese(Case):
    def no_english(self, result, what, statuses=(0, 1), source=""):
        self.assertIn(result.status, statuses, f"{what}\n{result}")
        self.assertEqual(english_in(result.out, source) + english_in(result.err, source), [], what)

    @staticmethod
    def cited():
        """Subjects of commits and mails, as their authors wrote them."""
        table = harness.SOURCE / "src" / "kernel" / "known_bugs.cc"
        return "\n".join(text for kind, text, _ in
                         catalogue.tokens(table.read_text(encoding="utf-8")) if kind == "s")

    def cases(self):
        """Texts of the cases: a log, or the files of a host."""
        for path in sorted((harness.SOURCE / "src" / "diagnose" / "causes").glob("*/*.case")):
            yield path, path.read_text(encoding="utf-8").partition("\n---\n")[2]

    def host(self, text, name):
        """The files of a host: "== /a", "== /a -> b", "== /a/" and what stands below."""
        root = self.scratch / name
        for part in re.split(r"^== ", text, flags=re.M)[1:]:
            head, _, content = part.partition("\n")
            path, *more = head.split()
            file = root / path.lstrip("/")
            (file if path.endswith("/") else file.parent).mkdir(parents=True, exist_ok=True)
            if more[:1] == ["->"]:
                file.symlink_to(more[1])
            elif not path.endswith("/"):
                file.write_text(content, encoding="utf-8")
        return root

    def test_every_case(self):
        cited = self.cited()
        logs = hosts = 0
        for number, (path, text) in enumerate(self.cases()):
            if text.startswith("== "):
                host = self.host(text, f"host{number}")
                self.no_english(chinese("check", "--all", "--root", host), path, (0, 1, 2), text)
                hosts += 1
            else:
                log = self.file(f"{number}.log", text)
                for args in ([], ["--all"], ["--all", "--format", "markdown"]):
                    self.no_english(chinese("explain", *args, log), path,
                                    source=text + cited)
                logs += 1
        self.assertGreater(logs, 140)
        self.assertGreater(hosts, 30)

    def test_examples(self):
        for log in sorted(harness.EXAMPLES.glob("*.log")):
            for args in (["explain"], ["explain", "--all"], ["explain", "--summary"],
                         ["explain", "--top", "3", "--sort", "rss"],
                         ["whatif", "vm.min_free_kbytes=default", "--event"],
                         ["whatif", "ram=+1G", "--event"]):
                self.no_english(chinese(*args, log), [log, args])
        host = harness.EXAMPLES / "host"
        source = "".join(file.read_text(errors="replace") for file in host.rglob("*")
                         if file.is_file())
        for args in (["--root"], ["check", "--root"], ["check", "--all", "--root"],
                     ["check", "--format", "markdown", "--root"],
                     ["fix", "--dry-run", "--root"], ["undo", "--dry-run", "--root"],
                     ["whatif", "--vendors", "--root"],
                     ["whatif", "vm.min_free_kbytes=1G", "--root"]):
            self.no_english(chinese(*args, host), args, (0, 1, 2), source)

    def test_page(self):
        page = chinese("explain", "--format", "html", self.spree).out
        self.assertIn('<html lang="zh-CN">', page)
        body = re.sub(r"(?s)<(style|script)>.*?</\1>|<pre>.*?</pre>|<[^>]*>", "\n", page)
        self.assertEqual(english_in(body), [])

    def test_help_and_wrong_use(self):
        for command in ("", "explain", "check", "whatif", "fix", "undo", "capture", "watch",
                        "history", "serve", "mcp", "causes", "completion", "help"):
            args = [command] if command else []
            text = chinese(*args, "--help")
            self.no_english(text, args)
            self.assertIn("用法：", text.out)
            for line in text.out.splitlines():
                self.assertLessEqual(width(line), 100, line)
        for args in (["--nonsense"], ["explain", "--nonsense"], ["explain", "--last"],
                     ["explain", "--last", "0", "x"], ["explain", "--format", "pdf"],
                     ["explain", "--last", "1", "--at", "5", "x"], ["nonsense"],
                     ["check", "a"], ["undo", "1", "2"], ["explain", "/nonsense/x"],
                     ["whatif"], ["fix", "a"], ["fix", "vm.min_free_kbytes=x", "--dry-run"],
                     ["causes", "nonsense"], ["explain", "--since", "nonsense", "x"]):
            self.no_english(chinese(*args), args, (2,))

    def test_list_of_causes(self):
        self.no_english(chinese("causes"), "causes")

    def test_json_is_english(self):
        english = whyoom("explain", "--format", "json", self.spree)
        for args, env in ((["--lang", "zh"], {}), ([], {"LANG": "zh_CN.UTF-8"})):
            result = whyoom("explain", "--format", "json", self.spree, *args, env=env)
            self.assertEqual(result.out, english.out)
            self.assertTrue(json.loads(result.out)["events"])

    def test_language_of_the_environment(self):
        for env, is_chinese in (
                ({"LANG": "zh_CN.UTF-8"}, True), ({"LANG": "zh_SG.utf8"}, True),
                ({"LANG": "zh"}, True), ({"LANG": "zh_TW.UTF-8"}, False),
                ({"LANG": "zh_CN.GBK"}, False), ({"LANG": "de_DE.UTF-8"}, False),
                ({"LANG": "C"}, False), ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, False),
                ({"LANG": "C.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, True),
                ({"LANG": "C.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8"}, True),
                ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, True),
                ({"LANG": "zh_CN.UTF-8", "TERM": "linux"}, False)):
            self.assertEqual("用法" in whyoom("--help", env=env).out, is_chinese, env)
        self.assertNotIn("用法", whyoom("--help", "--lang", "en", env={"LANG": "zh_CN.UTF-8"}).out)
        self.assertIn("用法", chinese("--help", env={"TERM": "linux"}).out)
        self.assertIn("用法", whyoom("--lang", "zh", "explain", "--help").out)
        self.check(whyoom("--lang", "fr"), 2, err="fr is not one of en, zh")

    def test_lines_fit(self):
        """The terminal's columns are counted, not bytes, and no line begins with a full stop."""
        for columns in (60, 80, 120):
            for log in harness.EXAMPLES.glob("*.log"):
                text = chinese("explain", "--all", "--width", columns, log).out
                for line in text.splitlines():
                    if not line.startswith("    "):  # commands stay whole
                        self.assertLessEqual(width(line), columns, line)
                    self.assertNotRegex(line, r"^\s*[，。、；：）]")

    def test_columns_stand_below_each_other(self):
        lines = chinese("explain", "--all", self.spree).out.splitlines()
        head = next(i for i, line in enumerate(lines) if "内存区" in line and "所需" in line)
        ends = [width(line[:line.index(" kB") + 3]) for line in lines[head + 1:head + 3]]
        ends.append(width(lines[head][:lines[head].rindex("空闲") + 2]))
        self.assertEqual(len(set(ends)), 1, lines[head:head + 3])


if __name__ == "__main__":
    harness.main()
