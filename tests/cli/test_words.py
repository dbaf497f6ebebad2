#!/usr/bin/env python3
"""Names that somebody else chose: pasted into a shell, shown on a terminal, put into a ticket."""
import html.parser
import itertools
import json
import os
import random
import re
import shlex
import shutil
import subprocess
import unittest

import harness
from harness import whyoom

SHARED = "x';touch PWNED;'"
# Each can stand in a command, quoted.
QUOTED = [SHARED, 'x";touch PWNED;"', "$(touch PWNED)", "`touch PWNED`", "a b;touch PWNED", "-rf",
          "--help", "a\\", "a\\x2db", "|touch PWNED", "&touch PWNED", ">PWNED", "*", "~", "#x",
          "'", "''", "é", "{a,b}", "!!", "=x", "${IFS}touch${IFS}PWNED", "a\\'touch PWNED"]
# None of these is in a command: nobody sees what it is.
UNSEEN = ["a\x1b[31mb", "a\x07", "a\tb", "a\x7f", "a\u0085b", "a\u202eb", "a\u202ab", "a\u2066b",
          "a\u2069", "a\u200eb", "a\u200fb", "a\u061cb", "a\u200bb", "a\u200db", "a\u2060b",
          "a\ufeffb", "a\u00adb", "a\u2028b", "a\U000e0041", "a\u3164", b"a\xffb", b"a\xc3",
          b"a\xc0\xaf", b"a\xed\xa0\x80"]
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5"
                     "\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
                     "\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]")


def as_bytes(name):
    return name if isinstance(name, bytes) else name.encode()


def cgroup_log(name, comm=b"hog"):
    """A cgroup at its limit: `name` is its whole path."""
    name, comm = as_bytes(name), as_bytes(comm)
    return b"".join(b"[    6.1%05d] " % number + line + b"\n" for number, line in enumerate([
        comm + b" invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
        b"CPU: 0 PID: 156 Comm: " + comm + b" Not tainted 6.1.0-56-cloud-amd64 #1  Debian 6.1.192-2",
        b"memory: usage 49152kB, limit 49152kB, failcnt 19",
        b"swap: usage 0kB, limit 9007199254740988kB, failcnt 0",
        b"Memory cgroup stats for " + name + b":",
        b"anon 49963008", b"file 0", b"kernel 364544", b"shmem 0",
        b"Tasks state (memory values in pages):",
        b"[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
        b"[    156]     0   156     7954     7638   102400        0             0 " + comm,
        b"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=app,mems_allowed=0,oom_memcg="
        + name + b",task_memcg=" + name + b",task=" + comm + b",pid=156,uid=0",
        b"Memory cgroup out of memory: Killed process 156 (" + comm + b") total-vm:31816kB, "
        b"anon-rss:30100kB, file-rss:0kB, shmem-rss:452kB, UID:0 pgtables:100kB oom_score_adj:0"]))


def fork_log(name):
    return b"[    9.1] cgroup: fork rejected by pids controller in " + as_bytes(name) + b"\n"


def shared_folder(case):
    folder = harness.shared()
    if not (folder / "hostile").is_dir():
        case.skipTest(f"no hostile inputs in {folder}")
    return folder / "hostile"


def remedies(document):
    found = document["findings"] if "findings" in document else [
        finding for event in document["events"] for finding in event["findings"]]
    return [remedy for finding in found for remedy in finding["remedies"]]


def commands(document):
    return [pair for remedy in remedies(document)
            for pair in zip(remedy["commands"], remedy["argv"], strict=True)]


class Paste(harness.Case):
    """Each command goes into a shell in whose PATH every program only writes down its arguments."""

    def setUp(self):
        super().setUp()
        self.bin = self.scratch / "bin"
        self.bin.mkdir()
        stub = self.bin / "stub"
        stub.write_text('#!/bin/sh\nprintf "%s\\0" "${0##*/}" "$@" >>"$RECORD"\n'
                        'printf "\\n" >>"$RECORD"\n')
        stub.chmod(0o755)
        for program in ("systemctl", "sudo", "whyoom", "cat", "find", "touch", "grep", "rm", "ls"):
            (self.bin / program).symlink_to("stub")
        self.work = self.scratch / "work"
        self.work.mkdir()
        self.record = self.scratch / "record"

    def paste(self, shell, command):
        """The argument lists of the programs that ran."""
        self.record.write_bytes(b"")
        subprocess.run(shell, input=command + "\n", text=True, cwd=self.work, timeout=20,
                       check=False, capture_output=True,
                       env={"PATH": str(self.bin), "RECORD": str(self.record), "HOME": "/nowhere",
                            "LANG": "C.UTF-8"})
        self.assertEqual(os.listdir(self.work), [], command)
        return [line.rstrip(b"\0").decode().split("\0")
                for line in self.record.read_bytes().split(b"\0\n") if line]

    def shells(self):
        yield ["/bin/sh"]
        for program in ("bash", "zsh", "busybox"):
            if path := shutil.which(program):
                yield [path, "sh"] if program == "busybox" else [path]

    def paste_all(self, document, name):
        """`name` comes to the programs as it is, and nothing else runs."""
        seen = 0
        for command, argv in commands(document):
            if name not in "".join(shlex.split(command)):
                continue
            seen += 1
            if argv is not None:
                self.assertEqual(shlex.split(command), argv)
            filled = re.sub("<[a-z]+>", "17", command)
            for shell in self.shells():
                if filled != command:
                    self.paste(shell, command)  # as it is, with its <placeholder>
                ran = self.paste(shell, filled)
                self.assertEqual(ran, [shlex.split(filled)], (shell, command))
                self.assertTrue(any(name in word for word in ran[0]), ran)
        self.assertGreater(seen, 0, document)

    def test_the_limit_of_a_cgroup(self):
        for name in QUOTED:
            for unit in (name + ".scope", name + ".service"):
                with self.subTest(unit):
                    log = cgroup_log("/user.slice/" + unit)
                    self.paste_all(whyoom("explain", "--format", "json", "-", stdin=log).json, unit)

    def test_the_tasks_of_a_cgroup(self):
        for name in QUOTED:
            for path in (f"/a/{name}.scope", f"/a/{name}"):
                with self.subTest(path):
                    found = whyoom("explain", "--format", "json", "-", stdin=fork_log(path)).json
                    self.paste_all(found, os.path.basename(path))

    def host(self, name):
        root = self.scratch / f"host{len(os.listdir(self.scratch))}"
        group = root / "sys/fs/cgroup/system.slice" / os.fsdecode(as_bytes(name))
        group.mkdir(parents=True)
        for file, content in {"pids.max": "100", "pids.current": "100", "pids.events": "max 7",
                              "memory.current": "4096", "memory.max": "max"}.items():
            (group / file).write_text(content + "\n")
        (root / "sys/fs/cgroup/cgroup.controllers").write_text("cpu memory pids\n")
        for file, content in {
                "meminfo": "MemTotal: 1000000 kB\nMemFree: 900000 kB\n",
                "self/mountinfo": "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"}.items():
            (root / "proc" / file).parent.mkdir(parents=True, exist_ok=True)
            (root / "proc" / file).write_text(content)
        return root

    def test_the_cgroups_of_a_host(self):
        for name in (name for name in QUOTED if "/" not in name):
            with self.subTest(name):
                root = self.host(name + ".service")
                found = whyoom("check", "--root", root, "--format", "json").json
                self.paste_all(found, name + ".service")

    def test_the_text_has_the_same_lines(self):
        log = cgroup_log(f"/system.slice/{SHARED}.scope")
        lines = [command for command, _ in commands(
            whyoom("explain", "--format", "json", "-", stdin=log).json)]
        self.assertIn("systemctl show -p MemoryMax -- 'x'\\'';touch PWNED;'\\''.scope'", lines)
        for form in ("text", "markdown"):
            shown = whyoom("explain", "--format", form, "-", stdin=log).out.splitlines()
            for line in lines:
                self.assertIn(line, [each.strip() for each in shown], form)

    def test_a_name_that_cannot_be_seen_is_in_no_command(self):
        for name in UNSEEN:
            with self.subTest(name):
                log = cgroup_log(b"/a/" + as_bytes(name) + b".scope")
                host = self.host(as_bytes(name) + b".service")
                for found in (whyoom("explain", "--format", "json", "-", stdin=log).json,
                              whyoom("explain", "--format", "json", "-",
                                     stdin=fork_log(b"/a/" + as_bytes(name))).json,
                              whyoom("check", "--root", host, "--format", "json").json):
                    lines = [command for command, _ in commands(found)]
                    self.assertFalse([line for line in lines if "systemctl" in line], lines)
                    self.assertFalse([line for line in lines if "pids.current" in line], lines)
                    # \t and more come as text; then no name is left to be escaped
                    self.assertFalse([line for line in lines if "\\x" in line], lines)
                    self.assertIn("find /sys/fs/cgroup -inum <number>", lines)
                    titles = [r["title"] for r in remedies(found) if any("-inum" in c
                                                                        for c in r["commands"])]
                    self.assertIn("No command can have this name", titles[0])

    def test_nor_when_a_recorder_has_escaped_it(self):
        for name in UNSEEN:
            escaped = "".join(f"\\x{byte:02x}" if byte < 32 or byte > 126 else chr(byte)
                              for byte in as_bytes(name))
            rsyslog = "".join(f"#{byte:03o}" if byte < 32 or byte == 127 else chr(byte)
                              for byte in as_bytes(name))
            logs = [f"6,1,9100000,-;{fork_log('/a/' + escaped + '.scope')[13:].decode()}"]
            if rsyslog.isascii():
                logs.append("Nov 23 07:41:32 host kernel: "
                            + fork_log("/a/" + rsyslog + ".scope").decode())
            for log in logs:
                with self.subTest(log):
                    found = whyoom("explain", "--format", "json", "-", stdin=log).json
                    lines = [command for command, _ in commands(found)]
                    self.assertIn("find /sys/fs/cgroup -inum <number>", lines)
                    self.assertFalse([line for line in lines if "systemctl" in line], lines)

    def test_such_a_name_can_be_found(self):
        tree = self.scratch / "cgroup"
        for name in (as_bytes(name) for name in UNSEEN):
            (tree / "a b" / os.fsdecode(name)).mkdir(parents=True)
        (tree / "seen.service").mkdir()
        log = cgroup_log("/a/\x1b.scope")
        found = [command for command, _ in commands(
            whyoom("explain", "--format", "json", "-", stdin=log).json) if "-dbi" in command]
        listed = subprocess.run(["sh", "-c", found[0].replace("/sys/fs/cgroup", str(tree))],
                                capture_output=True, check=True, timeout=20).stdout
        inodes = [line.split()[0] for line in listed.decode("ascii").splitlines()]
        self.assertEqual(len(inodes), len(UNSEEN), listed)
        self.assertFalse(HARMFUL.search(listed.decode("ascii")))
        again = subprocess.run(["find", tree, "-inum", inodes[0], "-print0"], check=True,
                               capture_output=True, timeout=20).stdout
        self.assertEqual(str(os.stat(os.fsdecode(again.rstrip(b"\0"))).st_ino), inodes[0])

    def test_a_very_long_name_is_in_no_command(self):
        found = whyoom("explain", "--format", "json", "-",
                       stdin=fork_log("/" + "a" * 1200)).json
        for remedy in remedies(found):
            self.assertLess(len(remedy["title"]), 500)
            self.assertTrue(all(len(line) < 300 for line in remedy["commands"]))

    def test_the_shared_inputs(self):
        folder = shared_folder(self)
        log = folder / "shell-quote-cgroup.log"
        self.paste_all(whyoom("explain", "--format", "json", log).json, SHARED + ".scope")
        host = folder / "shell-quote-host"
        self.paste_all(whyoom("check", "--root", host, "--format", "json").json,
                       SHARED + ".service")

    def test_the_overview_and_the_way_to_root(self):
        root = self.scratch / "a b;touch PWNED"
        shutil.copytree(self.host("a.service"), root)
        shown = whyoom("--root", root, "--width", "200").out
        quoted = [line for line in re.findall("`(whyoom [^`]*)`", shown) if "--root" in line]
        self.assertTrue(quoted, shown)
        for line in quoted:
            self.assertEqual(self.paste(["/bin/sh"], line), [shlex.split(line)])
            self.assertEqual(shlex.split(line)[-1], str(root))
        if harness.nobody() is None:
            done = whyoom("fix", "kernel.domainname=x;touch PWNED", user=65534, group=65534)
            line = done.err.partition("needs root: ")[2].strip()
            self.assertEqual(self.paste(["/bin/sh"], line),
                             [["sudo", "whyoom", "fix", "kernel.domainname=x;touch PWNED"]])


class Shown(harness.Case):
    """What reorders, hides or drives a terminal comes out of no writer."""

    def check_shown(self, *results):
        for result in results:
            for text in (result.out, result.err):
                found = HARMFUL.search(text)
                self.assertIsNone(found, found and text[max(0, found.start() - 60):found.end()])

    def test_names_in_a_log(self):
        for name in UNSEEN:
            with self.subTest(name):
                log = cgroup_log(b"/a/" + as_bytes(name) + b".scope", as_bytes(name)[:15])
                log += fork_log(b"/b/" + as_bytes(name))
                for form in ("text", "markdown", "json", "ndjson"):
                    result = whyoom("explain", "--all", "--format", form, "-", stdin=log)
                    self.assertEqual(result.status, 1, result)
                    self.check_shown(result)

    def test_names_that_the_user_gave(self):
        for name in UNSEEN:
            with self.subTest(name):
                name = os.fsdecode(as_bytes(name))
                log = self.scratch / (name + ".log")
                log.write_bytes(cgroup_log("/a"))
                empty = self.scratch / (name + ".empty")
                empty.write_bytes(b"nothing\n")
                root = self.scratch / name
                (root / "proc").mkdir(parents=True)
                (root / "proc/meminfo").write_text("MemTotal: 1000 kB\n")
                missing = self.scratch / ("no" + name)
                for form in ("text", "json", "markdown"):
                    self.check_shown(whyoom("explain", "--format", form, log, empty, missing),
                                     whyoom("check", "--format", form, "--root", root))
                self.check_shown(
                    whyoom("--root", root), whyoom("--root", missing), whyoom("explain", empty),
                    whyoom("--" + name), whyoom(name), whyoom("explain", "--since", name, log),
                    whyoom("causes", name), whyoom("check", "--root", missing),
                    whyoom("whatif", name, log), whyoom("whatif", "vm.swappiness=" + name, log),
                    whyoom("whatif", name + "=1", "--root", root),
                    whyoom("fix", name, "--dry-run"), whyoom("fix", "--cause", name, "--dry-run"),
                    whyoom("fix", "kernel.domainname=" + name, "--dry-run"),
                    whyoom("capture", "--root", missing, "-o", self.scratch / "c"),
                    whyoom("capture", "--root", root, "-o", missing / "c"), whyoom("undo", name))

    def test_names_on_a_host(self):
        for name in UNSEEN:
            with self.subTest(name):
                shown = os.fsdecode(as_bytes(name))
                root = self.scratch / f"host{len(os.listdir(self.scratch))}"
                process, folder = root / "proc/77", root / "etc/sysctl.d"
                process.mkdir(parents=True)
                folder.mkdir(parents=True)
                (root / "proc/sys/vm").mkdir(parents=True)
                (root / "proc/sys/vm/min_free_kbytes").write_text("600000\n")
                (root / "proc/meminfo").write_text("MemTotal: 1000000 kB\nMemFree: 900000 kB\n")
                (process / "status").write_bytes(
                    b"Name:\t" + as_bytes(name) + b"\nTgid:\t77\nPid:\t77\nUid:\t0\t0\t0\t0\n"
                    b"VmRSS:\t  500000 kB\nRssAnon:\t  500000 kB\nThreads:\t1\n")
                (process / "stat").write_bytes(b"77 (" + as_bytes(name) + b") S 1" + b" 0" * 48)
                (folder / (shown + ".conf")).write_bytes(
                    b"# " + as_bytes(name) + b"\nvm.min_free_kbytes = 600000\n")
                logs = root / "var/log"
                logs.mkdir(parents=True)
                (logs / "kern.log").write_bytes(cgroup_log(b"/a/" + as_bytes(name) + b".scope"))
                for form in ("text", "json", "markdown"):
                    self.check_shown(whyoom("check", "--all", "--root", root, "--format", form))
                self.check_shown(
                    whyoom("--root", root), whyoom("--root", root, "--format", "json"),
                    whyoom("explain", "--root", root),
                    whyoom("fix", "vm.min_free_kbytes=65536", "--root", root, "--dry-run"),
                    whyoom("fix", "vm.min_free_kbytes=65536", "--root", root, "--dry-run",
                           "--format", "json"))


class Rendered(html.parser.HTMLParser):
    """What a forge looks at: the text outside of code, and the tags."""

    def __init__(self, document):
        super().__init__(convert_charrefs=True)
        self.tags, self.outside, self.text, self.rows, self.code = set(), [], [], [], 0
        self.feed(document)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.code += tag in ("code", "pre")
        self.outside.append("\0")  # texts of two tags do not join
        if tag == "tr":
            self.rows.append(0)
        elif tag in ("td", "th"):
            self.rows[-1] += 1
        elif tag == "table":
            self.rows.append(None)

    def handle_endtag(self, tag):
        self.code -= tag in ("code", "pre")
        self.outside.append("\0")

    def handle_data(self, data):
        self.text.append(data)
        if not self.code:
            self.outside.append(data)


# What GitHub and GitLab look for in text once it is HTML: there an entity is the character.
REFERENCE = re.compile(r"@\w|\w@|(?<!\w)#\w|(?<!\w)!\d|\$\d|(?<!\w)~\w|(?<!\w)%\d|&\d|www\.|://|"
                       r"mailto:|\bGH-\d|:[a-z+][\w+-]*:|:100:|\[\w+:\d", re.IGNORECASE)


@unittest.skipUnless(shutil.which("cmark-gfm"), "no cmark-gfm")
class Markdown(harness.Case):
    TAGS = {"h1", "h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "ul", "ol", "li",
            "strong", "pre", "code"}
    NAMES = ["www.example.org", "https://example.org/x", "HTTP://E.org", "ftp://e.org", "a@b.org",
             "a@-b.org", "user@host", "@alice", "#123", "!12", "$12", "~bug", "%1", "&12", "GH-7",
             "gh-7", "alice/x#12", "alice/x@0123456", ":skull:", ":100:", ":+1:", "mailto:a@b.c",
             "xmpp:a@b.c", "[issue:12]", "[x](http://y)", "![x](//y)", "<img/src=x>", "<!--", "-->",
             "<script>", "&lt;b&gt;", "&#64;alice", "a|b", "`", "``", "```", "a`b@c`d", "\\", "\\|",
             "\\`", "**b**", "__b__", "~~s~~", "$`x`$", "$x$", "a@b`|`c@d", "(www.e.org)",
             "\"@alice\"", "|@alice|", "`@alice`", "\\@alice", "*iteration:1", "[^1]", "1.", "- x",
             "# h", "> q", "<https://e.org>", "www.e.org\\", "a@b.c|", "|||", "<a@b.c>"]

    def render(self, text):
        done = subprocess.run(["cmark-gfm", "-e", "table", "-e", "autolink", "-e", "strikethrough",
                               "-e", "tasklist", "-e", "tagfilter", "--unsafe"], timeout=20,
                              input=text.encode(), capture_output=True, check=True)
        return Rendered(done.stdout.decode())

    def check_ticket(self, name, markdown):
        page = self.render(markdown)
        self.assertLessEqual(page.tags, self.TAGS, markdown)
        found = REFERENCE.search("".join(page.outside))
        self.assertIsNone(found, (found, markdown))
        self.assertIn(name, "".join(page.text), markdown)  # as it looks
        columns = [[n for n in rows if n is not None] for none, rows in
                   itertools.groupby(page.rows, lambda n: n is None) if not none]
        lines = [line for line in markdown.splitlines() if line.startswith("|")]
        self.assertEqual(sum(map(len, columns)) + len(columns), len(lines), markdown)

    def names(self):
        yield from self.NAMES
        chance = random.Random(3)
        for _ in range(60):
            yield "x" + "".join(chance.choice(self.NAMES + ["a", " ", ".", "b"])
                                for _ in range(chance.randint(1, 4))).strip()

    def test_a_cgroup_in_a_ticket(self):
        for name in self.names():
            with self.subTest(name):
                log = cgroup_log(f"/a/{name}.scope", "x" + name.replace("/", "")[:14])
                result = whyoom("explain", "--all", "--format", "markdown", "-", stdin=log)
                self.assertEqual(result.status, 1, result)
                self.check_ticket(f"/a/{name}.scope", result.out)

    def test_a_file_in_a_ticket(self):
        for name in self.names():
            name = name.replace("/", "_")
            with self.subTest(name):
                log = self.file(name + ".log", cgroup_log("/a") + b"[    9.000000] \xff\n")
                result = whyoom("explain", "--format", "markdown", log)
                self.check_ticket(name + ".log", result.out)

    def test_a_host_in_a_ticket(self):
        for name in (name for name in self.names() if "/" not in name):
            with self.subTest(name):
                root = Paste.host(self, name + ".service")
                result = whyoom("check", "--root", root, "--format", "markdown")
                self.assertEqual(result.status, 1, result)
                self.check_ticket(name + ".service", result.out)


if __name__ == "__main__":
    harness.main()
