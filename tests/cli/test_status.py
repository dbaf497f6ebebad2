#!/usr/bin/env python3
"""Exit statuses and messages, for good and bad input."""
import re
import subprocess

import harness
from harness import whyoom


class Found(harness.Case):
    def test_events_give_1_and_nothing_on_stderr(self):
        result = whyoom("explain", self.spree)
        self.check(result, 1, out="min_free_kbytes")
        self.assertEqual(result.err, "")

    def test_no_event_gives_0_and_says_what_was_looked_for(self):
        log = self.file("quiet.log", "[    1.000000] one\n[    2.000000] two\n")
        result = whyoom("explain", log)
        self.check(result, 0, err=f"whyoom: no OOM event found in 2 lines of {log}\n")
        self.assertIn("looked for", result.err)
        self.assertEqual(result.out, "")

    def test_no_event_in_several_files(self):
        logs = [self.file(name, "nothing here\n") for name in ("a", "b")]
        self.check(whyoom("explain", *logs), 0, err="no OOM event found in 2 lines of 2 files")


class OtherPrograms(harness.Case):
    """Lines that say that something was killed or refused, and not why."""

    def said_of(self, text):
        log = self.file("app.log", text)
        result = whyoom("explain", log)
        self.check(result, 0, err="whyoom: no OOM event found in")
        self.assertNotIn("looked for", result.err)
        return result.err.replace(str(log), "app.log")

    def test_a_unit(self):
        said = self.said_of("Mar  3 04:12:09 web1 systemd[1]: db.service: A process of this unit has been "
                            "killed by the OOM killer.\n"
                            "Mar  3 04:12:10 web1 systemd[1]: db.service: Failed with result 'oom-kill'.\n")
        self.assertIn("app.log:1: the kernel killed a process of db.service\n", said)
        self.assertIn("journalctl -k | whyoom", said)

    def test_a_container(self):
        self.assertIn("app.log:2: a container was killed",
                      self.said_of("    Last State:   Terminated\n      Reason:     OOMKilled\n"))

    def test_threads_and_memory(self):
        said = self.said_of("bash: fork: Cannot allocate memory\n"
                            "OpenJDK: unable to create native thread: possibly out of memory\n")
        self.assertIn("app.log:2: a thread was refused: a limit was full", said)
        self.assertIn("app.log:1: memory was refused", said)
        self.assertIn("whyoom check", said)

    def test_lines_of_the_kernel_without_numbers(self):
        said = self.said_of("mmap: cat (1234): VmData 34603008 exceed data ulimit 33554432. Update limits or use "
                            "boot option ignore_rlimit_data.\n"
                            "HugeTLB: allocating 64 of page size 1.00 GiB failed.  Only allocated 12 hugepages.\n")
        self.assertIn("app.log:1: cat (1234) was refused memory: with it, 33 MiB would be its data", said)
        self.assertIn("app.log:2: the kernel got 12 of 64 huge pages", said)

    def test_the_kernels_words_behind_the_name_of_a_program(self):
        said = self.said_of("Nov 23 07:41:32 web1 systemd[1]: Nov 23 07:41:31 web1 kernel: Out of memory: Killed "
                            "process 12 (x) total-vm:1kB, anon-rss:1kB, file-rss:0kB\n")
        self.assertIn("app.log:1: systemd wrote a kill in the kernel's words", said)

    def test_an_event_says_more(self):
        log = self.file("both.log", self.spree.read_text() + "bash: fork: Cannot allocate memory\n")
        self.assertEqual(whyoom("explain", log).err, "")


class BadInput(harness.Case):
    def test_missing_file(self):
        missing = self.scratch / "none.log"
        self.assertEqual(whyoom("explain", missing).err,
                         f"whyoom: {missing}: No such file or directory\n")
        self.check(whyoom("explain", missing), 2)

    def test_an_empty_word(self):
        for command, name in (("explain", "FILE"), ("whatif", "KEY=VALUE"), ("lint", "FILE|DIR")):
            self.check(whyoom(command, ""), 2, err=f"whyoom: {name}: the word is empty; write it, or leave it out\n")
        self.check(whyoom("whatif", "=5"), 2, err="whyoom: =5: write KEY=VALUE, as in")

    def test_other_files_are_still_read(self):
        missing = self.scratch / "none.log"
        for order in ((missing, self.spree), (self.spree, missing)):
            self.check(whyoom("explain", *order), 2, out="min_free_kbytes",
                       err=f"whyoom: {missing}: No such file or directory")

    def test_directory(self):
        self.check(whyoom("explain", self.scratch), 2, err=f"{self.scratch}: it is a directory; name the files in it")

    def test_nothing_is_told_of_what_is_not_there(self):
        for command in ("summary", "lint"):
            self.check(whyoom(command, self.scratch / "none.conf"), 2, "", "No such file or directory")
            self.assertEqual(whyoom(command, self.scratch / "none.conf").out, "")

    def test_empty_file(self):
        log = self.file("empty.log", "")
        result = whyoom("explain", log)
        self.check(result, 0)
        self.assertEqual(result.err, f"whyoom: {log}: the file is empty\n")

    def test_binary_file(self):
        image = self.file("image", bytes(range(256)) * 1000)
        self.check(whyoom("explain", image), 2, err=f"{image}: looks like a binary file")

    def test_text_in_a_binary_file_is_found(self):
        core = self.file("core", bytes(range(256)) * 1000 + self.spree.read_bytes())
        self.check(whyoom("explain", core), 1, out="min-free-too-high")

    def test_closed_standard_input(self):
        done = subprocess.run(["sh", "-c", '"$0" explain - <&-', harness.PROGRAM],
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"whyoom: standard input: Bad file descriptor", done.stderr)

    def test_a_name_cannot_write_to_the_terminal(self):
        result = whyoom("explain", "no\x1b[31mred\nline")
        self.check(result, 2)
        self.assertNotIn("\x1b", result.err)
        self.assertEqual(result.err.count("\n"), 1)

    def test_full_disk(self):
        done = subprocess.run(["sh", "-c", '"$0" explain "$1" > /dev/full', harness.PROGRAM,
                               str(self.spree)], capture_output=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"cannot write the output: No space left on device", done.stderr)


class WrongUse(harness.Case):
    def test_without_a_command_it_looks_at_this_host(self):
        result = whyoom()
        # A container may keep every log of the kernel from who is in it.
        self.assertIn(result.status, (2,) if "no kernel log could be read" in result.out else (0, 1), result)
        self.assertIn("What happened", result.out)
        self.assertIn("What to do", result.out)

    def test_an_option_of_a_command_in_front_of_it(self):
        self.check(whyoom("--width", "80", "check"), 2, err="--width belongs behind check")

    def test_mistakes(self):
        for args in (["nonsense"], ["explain", "--nonsense"], ["explain", "--format", "xml"],
                     ["explain", "--width", "20"], ["explain", "--last", "none"],
                     ["explain", "--since", "some day", self.spree], ["causes", "nonsense"],
                     ["explain", "--until", "", "--at", "x", self.spree]):
            with self.subTest(args=args):
                result = whyoom(*args)
                self.check(result, 2)
                self.assertEqual(result.out, "")
                self.assertTrue(result.err.startswith("whyoom: "), result)


class Suggestions(harness.Case):
    def test_what_was_probably_meant(self):
        for args, meant in (
                (["explian", "a.log"], 'there is no command "explian"; did you mean explain?'),
                (["help", "chek"], 'there is no command "chek"; did you mean check?'),
                (["explain", "--formt", "json"], 'no option "--formt"; did you mean --format?'),
                (["check", "--json"], "did you mean --format json?"),
                (["check", "--format", "jason"], "did you mean json?"),
                (["causes", "min-fre-too-high"],
                 'there is no cause "min-fre-too-high"; did you mean min-free-too-high?'),
                (["fix", "-n", "--cause", "pannic-on-oom"], "did you mean panic-on-oom?"),
                (["whatif", "vm.min_free_kbyte=1", "--event", self.spree],
                 "did you mean vm.min_free_kbytes?"),
                (["whatif", "min_free_kbyte=1", "--event", self.spree],
                 "did you mean vm.min_free_kbytes?"),
                (["fix", "-n", "min_free_kbyte=45056"], "did you mean vm.min_free_kbytes?"),
                (["fix", "-n", "thread-max=45056"], "did you mean kernel.threads-max?")):
            with self.subTest(args=args):
                self.check(whyoom(*args), 2, err=meant)

    def test_words_of_other_programs(self):
        for args, meant in (
                (["restart"], "try `whyoom explain FILE...`, or `whyoom explain --host`"),
                (["tail"], "try `whyoom explain --follow`"),
                (["rollback"], "try `whyoom undo`"),
                (["plan"], "try `whyoom fix --dry-run`"),
                (["explain", "--pod", "web", self.spree], "here it is --cgroup NAME"),
                (["explain", "--process", "java", self.spree], "here it is --victim NAME"),
                (["explain", "--panic", self.spree], "here it is --kind oom-panic"),
                (["explain", "--kind", "panic", self.spree], "did you mean oom-panic?"),
                (["explain", "-o", "json", self.spree], "here it is --format FORMAT"),
                (["fix", "--preview"], "here it is --dry-run"),
                (["fix", "--undo"], "here it is `whyoom undo`"),
                (["fix", self.spree], "is a file, and fix takes KEY=VALUE; `whyoom explain "),
                (["check", "vm.min_free_kbytes"], "step 3 says what vm.min_free_kbytes is and who set it")):
            with self.subTest(args=args):
                self.check(whyoom(*args), 2, err=meant)

    def test_none_of_them_is_a_word_of_its_own(self):
        """The table of other words must not hide what there is, nor name what there is not."""
        text = (harness.SOURCE / "src/app/other_words.cc").read_text(encoding="utf-8")
        commands, options = text.split("constexpr Meaning options[]")
        shown = {name: whyoom(*([name] if name else []), "--help").out
                 for name in ("", "explain", "check", "whatif", "fix", "undo", "capture", "causes", "watch",
                              "history")}
        for word in set(re.findall(r"[a-z][a-z-]+", " ".join(re.findall(r'" ([a-z -]+)\n?"', commands)))):
            self.assertNotIn(word, shown, word)
        for command in re.findall(r"`whyoom ([a-z]+)", text):
            self.assertIn(command, shown)
        known = "".join(shown.values())
        for option in re.findall(r'\{"[^}]*?"(--[a-z-]+)', options):
            self.assertRegex(known, option + r"\b")

    def test_a_key_without_its_folder_is_enough(self):
        self.check(whyoom("whatif", "min_free_kbytes=45056", "--event", self.spree), 0,
                   out="vm.min_free_kbytes")

    def test_a_word_cannot_write_to_the_terminal(self):
        for args in (["\x1b[31mred"], ["explain", "--\x1b[31m"], ["explain", "--last", "\x1b[31m"],
                     ["explain", "--format", "\x1b[31m"], ["causes", "\x1b[31m"],
                     ["help", "\x1b[31m"], ["check", "\x1b[31m"], ["fix", "-n", "\x1b[31m=1"]):
            with self.subTest(args=args):
                result = whyoom(*args)
                self.check(result, 2, err="\\x1b[31m")
                self.assertNotIn("\x1b", result.err)


class Help(harness.Case):
    def test_help_of_a_command(self):
        self.assertEqual(whyoom("help").out, whyoom("--help").out)
        for command in ("explain", "fix", "help"):
            shown = whyoom("help", command)
            self.check(shown, 0, out=f"Usage: whyoom {command}")
            self.assertEqual(shown.out, whyoom(command, "--help").out)

    def test_help_and_version(self):
        self.check(whyoom("--version"), 0, out="whyoom ")
        self.assertEqual(whyoom("-V").out, whyoom("--version").out)
        for args in (["--help"], ["-h"], ["explain", "--help"], ["causes", "--help"]):
            result = whyoom(*args)
            self.check(result, 0, out="Usage: whyoom")
            self.assertIn("Examples:", result.out)
            for line in result.out.splitlines():
                self.assertLessEqual(len(line), 90, line)

    def test_every_option_in_the_help_is_one(self):
        values = {"--since": "1", "--until": "2", "--at": "1", "--last": "1", "--format": "text",
                  "--color": "never", "--colour": "never", "--width": "60", "--all": None,
                  "--sandbox": "auto", "--cause": "undetermined,slab-leak", "--kind": "oom-kill",
                  "--victim": "java", "--cgroup": "/app", "--summary": None, "-v": None,
                  "--verbose": None, "-q": None, "--quiet": None, "--no-pager": None, "--top": "3",
                  "--sort": "rss", "--lang": "en", "--exit-zero": None}
        shown = {word.strip(",") for line in whyoom("explain", "--help").out.splitlines()
                 if line.startswith("  -") for word in line.split()[0].split(",") if word}
        # tests/cli/test_sources.py, test_follow.py and test_summary.py; tests/publish
        no_file = {"--host", "--root", "-f", "--follow", "--range", "--publish", "--credentials"}
        self.assertEqual(shown - {"-h", "--help", "-2h"} - no_file, set(values))
        self.assertLessEqual(no_file, shown)
        for option, value in values.items():
            args = [option] if value is None else [option, value]
            self.check(whyoom("explain", *args, self.file("log", "x\n")), 0)


if __name__ == "__main__":
    harness.main()
