#!/usr/bin/env python3
"""What people see: a story on one screen, many of them added up, the pager. Usage: see harness.py"""
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
import time

import harness
from harness import whyoom

CGROUP_KILL = """{wall} {host} kernel: hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
{wall} {host} kernel: memory: usage 49152kB, limit 49152kB, failcnt 133
{wall} {host} kernel: oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,\
oom_memcg={cgroup},task_memcg={cgroup},task=hog,pid={pid},uid=0
{wall} {host} kernel: Memory cgroup out of memory: Killed process {pid} (hog) total-vm:18048kB, \
anon-rss:15300kB, file-rss:4kB, shmem-rss:0kB, UID:0 pgtables:72kB oom_score_adj:0
""".replace("\\\n", "")


def kill(second, pid, cgroup="/app", host="a"):
    days, rest = divmod(second, 86400)
    wall = f"Nov {3 + days:2} {rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return CGROUP_KILL.format(wall=wall, pid=pid, cgroup=cgroup, host=host)


def rows(text, width=80):
    return sum(max(1, -(-len(line) // width)) for line in text.splitlines())


class OneScreen(harness.Case):
    def test_a_story_takes_twenty_rows_of_eighty_columns(self):
        for log in sorted(harness.EXAMPLES.glob("*.log")):
            out = whyoom("explain", "--width", "80", log).out
            self.assertEqual(out.count("What happened:"), 1, out)
            self.assertLessEqual(rows(out), 20 + 1, out)  # and the closing line

    def test_answer_fix_and_proof_are_on_it(self):
        out = whyoom("explain", "--width", "80", self.spree).out
        for fact in ("vm.min_free_kbytes is too high", "proved", "sudo whyoom fix vm.min_free_kbytes",
                     "would have passed", "killed java (pid 96)", "6 killed", "short by 60 kB",
                     "-v shows the whole proof"):
            self.assertIn(fact, out)
        whole = whyoom("explain", "-v", "--width", "80", self.spree).out
        self.assertGreater(rows(whole), 40)
        self.assertNotIn("-v shows", whole)

    def test_forty_equal_kills_take_thirty_lines(self):
        log = self.file("log", "".join(kill(300 * i, 100 + i) for i in range(40)))
        out = whyoom("explain", "--width", "80", log).out
        self.assertLessEqual(rows(out), 30, out)
        self.assertIn("In all 40 events, 40 killed, in 3 h 15 min, one every 5 min", out)

    def test_names_of_others_stay_on_the_screen(self):
        log = self.spree.read_bytes().replace(b"java", b"j\x1b[2J\xe2\x80\xae" + b"x" * 5000)
        out = whyoom("explain", "--width", "80", "-", stdin=log).out
        self.assertLessEqual(rows(out), 20 + 1, out)
        self.assertNotIn("\x1b", out)


class Processes(harness.Case):
    """--top and --sort: the table of processes as it is asked for."""

    def rows(self, *args):
        out = whyoom("explain", "--width", "100", *args, self.spree).out
        table = out.split(" resident ")[1].splitlines()[1:]
        return [line.split()[:3] for line in table[:[bool(line.strip()) for line in table].index(False)]
                if line[0] == " " and line.strip()]

    def test_as_many_as_are_asked_for(self):
        self.assertNotIn(" resident ", whyoom("explain", self.spree).out)
        for args in (["--top", "3"], ["--top", "3", "-v"]):
            self.assertEqual(len(self.rows(*args)), 3, args)
        self.assertGreater(len(self.rows("--top", "1000")), 10)
        page = whyoom("explain", "--top", "3", "--format", "markdown", self.spree).out
        self.assertEqual(page.split(" Resident ")[1].split("\n\n")[0].count("\n"), 4, page)

    def test_in_the_order_that_is_asked_for(self):
        pids = [int(row[1]) for row in self.rows("--sort", "pid")]
        self.assertEqual(pids, sorted(pids))
        names = [row[0] for row in self.rows("--sort", "name", "--top", "50")]
        self.assertEqual(names, sorted(names))

    def test_for_people(self):
        self.check(whyoom("explain", "--top", "3", "--format", "json", self.spree), 2,
                   err="JSON has the ten biggest in tasks.top")
        self.check(whyoom("explain", "--top", "0", self.spree), 2, err="no number from 1")


class Numbers(harness.Case):
    def test_no_share_is_more_than_all(self):
        log = kill(0, 1).replace("usage 49152kB, limit 49152kB", "usage 10240kB, limit 10240kB")
        out = whyoom("explain", "-v", "-", stdin=log).out
        self.assertIn("held 14.9 MiB", out)
        self.assertFalse([share for share in re.findall(r"([\d.]+) %", out) if float(share) > 100], out)

    def test_of_an_unknown_limit_there_is_no_share(self):
        log = kill(0, 1).replace(", limit 49152kB", "")
        out = whyoom("explain", "-v", "-", stdin=log).out
        self.assertRegex(out, r"memory +49152 kB +limit not shown")
        self.assertNotIn(" 0 %", out)

    def test_a_victim_of_unknown_size_is_no_proof(self):
        log = ("Oct  9 21:46:16 h kernel: Out of memory: kill process 18662 (progb) score 10 or a "
               "child\n")
        self.assertNotIn(" 0 kB", whyoom("explain", "-v", "-", stdin=log).out)


class Many(harness.Case):
    def log(self, count):
        """Stories far apart: every third in another cgroup."""
        return self.file("many", "".join(
            kill(7200 * 12 * i, 100 + i, f"/app{i % 3}", "ab"[i % 2]) for i in range(count)))

    def test_five_are_told(self):
        out = whyoom("explain", self.log(5)).out
        self.assertEqual(out.count("What happened:"), 5, out)
        self.assertNotIn("stories", out)

    def test_more_are_added_up_and_the_last_is_told(self):
        out = whyoom("explain", "--width", "80", self.log(12)).out
        self.assertRegex(out, r"^12 events in 12 stories on 2 hosts\n")
        self.assertRegex(out, r"\n +12  undetermined: memcg-oom-kill  Nov 03 00:00:00  Nov 14 00:00:00 +1 d\n")
        self.assertRegex(out, r"12 killed, the biggest hog with 14.9 MiB; /app\d \(4\) and 2 others")
        self.assertEqual(out.count("What happened:"), 1, out)
        self.assertIn("killed hog (pid 111)", out)
        self.assertIn("a column for 6 h\n  |.   .   .   .", out)

    def test_the_order_of_the_log_does_not_matter(self):
        one, other = self.file("a", kill(0, 1) + kill(864000, 2)), self.file("b", kill(432000, 3))
        out = whyoom("explain", "--summary", one, other).out
        self.assertIn("Nov 03 00:00:00  Nov 13 00:00:00", out)

    def test_summary_alone(self):
        for log, count in ((self.spree, 6), (self.log(12), 12)):
            out = whyoom("explain", "--summary", log).out
            self.assertTrue(out.startswith(f"{count} events in "), out)
            self.assertNotIn("What happened", out)
        page = whyoom("explain", "--summary", "--format", "markdown", self.spree).out
        self.assertIn("| min-free-too-high |", page)

        self.check(whyoom("explain", "--summary", "--format", "json", self.spree), 2,
                   err="--summary is for people")

    @harness.measures_memory
    def test_very_many_take_one_screen_and_little_memory(self):
        def peak(count):
            log = self.file("many", "".join(kill(60 * i, i + 1, f"/system.slice/app{i % 7}.service")
                                            for i in range(count)))
            with subprocess.Popen([harness.PROGRAM, "explain", "--summary", "--width", "80", log],
                                  stdout=subprocess.PIPE, env=harness.CLEAN_ENV) as process:
                out = process.stdout.read().decode()
                usage = os.wait4(process.pid, 0)[2]
                process.returncode = 1
            self.assertLessEqual(rows(out), 24 - 2, out)
            self.assertIn(f"{count:,} events in", out)
            return usage.ru_maxrss

        self.assertLess(peak(32_000) - peak(2_000), 16 * 1024)

    def test_times_of_several_boots_are_not_compared(self):
        logs = [self.spree, harness.EXAMPLES / "memory-exhausted.log"]
        out = whyoom("explain", "--summary", *logs).out
        self.assertNotIn("first", out)
        self.assertNotIn("[17.", out)

    def test_a_quiet_pipe_is_told_at_once(self):
        process = subprocess.Popen([harness.PROGRAM, "explain", "-"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, env=harness.CLEAN_ENV)
        with process:
            process.stdin.write("".join(kill(86400 * i, i + 1) for i in range(2)).encode())
            process.stdin.flush()
            seen = b""
            while seen.count(b"What happened:") < 2:
                piece = os.read(process.stdout.fileno(), 65536)
                self.assertTrue(piece, seen)
                seen += piece
            process.stdin.close()
            self.assertEqual(process.wait(30), 1)


class Filters(harness.Case):
    def events(self, *args, status=1):
        result = whyoom("explain", "--format", "ndjson", *args,
                        self.file("log", kill(0, 1, "/system.slice/a.service") + kill(9, 2, "/b") +
                                  "Nov  4 00:00:00 a earlyoom[5]: sending SIGTERM to process 7 uid "
                                  "1000 \"hog2\": badness 900, VmRSS 100 MiB\n"))
        self.assertEqual(result.status, status, result)
        return result.out.count("\n")

    def test_each(self):
        self.assertEqual(self.events(), 3)
        self.assertEqual(self.events("--cause", "cgroup-limit", status=0), 0)
        self.assertEqual(self.events("--cause", "slab-leak,undetermined"), 3)
        self.assertEqual(self.events("--kind", "userspace-kill"), 1)
        self.assertEqual(self.events("--victim", "hog2", status=0), 0)
        self.assertEqual(self.events("--victim", "hog"), 2)
        self.assertEqual(self.events("--cgroup", "a.service"), 1)
        self.assertEqual(self.events("--cgroup", "/b", "--kind", "memcg-oom-kill"), 1)
        self.assertEqual(self.events("--kind", "oom-panic", status=0), 0)

    def test_a_cause_that_there_is_not(self):
        self.check(whyoom("explain", "--cause", "slab-leek", self.spree), 2,
                   err="there is no cause \"slab-leek\"; did you mean slab-leak?")

    def test_every_kind_can_be_asked_for(self):
        schema = json.loads((harness.SOURCE / "docs/schema/whyoom-1.schema.json").read_text())
        lists = re.findall(r'\["oom-kill"[^\]]*\]', json.dumps(schema))
        self.assertEqual(len(set(lists)), 1)
        for kind in json.loads(lists[0]):
            self.assertIn(whyoom("explain", "-q", "--kind", kind, self.spree).status, (0, 1), kind)

    def test_quiet(self):
        result = whyoom("explain", "--quiet", self.spree)
        self.assertEqual((result.status, result.out, result.err), (1, "", ""))
        result = whyoom("explain", "-q", self.file("none", "x\n"))
        self.assertEqual((result.status, result.out, result.err), (0, "", ""))
        self.assertEqual(whyoom("explain", "-q", "/no/such").status, 2)


class Pager(harness.Case):
    """On a terminal of 24 lines; the pager marks what goes through it."""

    def on_a_terminal(self, *args, **env):
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        process = subprocess.Popen([harness.PROGRAM, "explain", *map(str, args)], stdout=theirs,
                                   stderr=theirs, stdin=subprocess.DEVNULL,
                                   env={**harness.CLEAN_ENV, "TERM": "xterm",
                                        "PAGER": "sed s/^/paged:/", **env})
        os.close(theirs)
        out = harness.shown_on(ours)
        self.assertEqual(process.wait(30), 1, out)
        return out.decode()

    def test_only_what_is_longer_than_the_screen(self):
        self.assertNotIn("paged:", self.on_a_terminal(self.spree))
        whole = self.on_a_terminal("-v", self.spree)
        self.assertEqual(whole.count("paged:"), whole.count("\n"))
        self.assertIn("\x1b[", whole)  # colours

    def test_when_it_is_not_wanted(self):
        for env, args in (({}, ["--no-pager"]), ({"PAGER": "cat"}, []), ({"PAGER": ""}, []),
                          ({"WHYOOM_PAGER": ""}, []), ({}, ["--format", "json"])):
            out = self.on_a_terminal("-v", *args, self.spree, **env)
            self.assertNotIn("paged:", out)
            self.assertIn("min-free-too-high", out)

    def test_one_that_leaves_early(self):
        out = self.on_a_terminal("-v", self.spree, PAGER="head -n 3")
        self.assertEqual(out.count("\n"), 3, out)
        self.assertTrue(re.search("killed java", out), out)


    def test_one_that_is_not_there(self):
        for pager in ("no-such-pager", "/etc/passwd"):
            out = self.on_a_terminal("-v", self.spree, PAGER=pager)
            self.assertIn("vm.min_free_kbytes is too high", out)
            self.assertIn("6 events in", out)


class Progress(harness.Case):
    def errors(self, **env):
        """What standard error, a terminal, shows while a pipe takes longer than a second."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen([harness.PROGRAM, "explain", "-"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=theirs,
                                   env={**harness.CLEAN_ENV, "TERM": "xterm", **env})
        os.close(theirs)
        for _ in range(3):
            process.stdin.write(b"x\n" * 2048)
            process.stdin.flush()
            time.sleep(0.6)
        process.stdin.write(self.spree.read_bytes())
        process.stdin.close()
        self.assertIn(b"What happened", process.stdout.read())
        process.stdout.close()
        out = harness.shown_on(ours)
        self.assertEqual(process.wait(30), 1, out)
        return out.decode()

    def test_a_line_that_is_gone_at_the_end(self):
        out = self.errors()
        self.assertRegex(out, r"^\r\x1b\[K\d+ KiB read, .*0 events")
        self.assertTrue(out.endswith("\r\x1b[K"), repr(out))
        self.assertNotIn("\n", out)

    def test_not_where_a_line_cannot_be_drawn_again(self):
        self.assertEqual(self.errors(TERM="dumb"), "")


if __name__ == "__main__":
    harness.main()
