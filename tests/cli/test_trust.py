#!/usr/bin/env python3
"""Whom the logs of a host are believed: what others planted, wrote, or wrote as the kernel."""
import os
import time

import harness
from harness import whyoom
from test_sources import BOOTED, HostCase, journal_lines, records, syslog_lines


class Planted(HostCase):
    """Logs that others than root could have written, or led the reader to."""

    def dump(self, name, mode=0o755):
        folder = self.root / "var/crash" / name
        folder.mkdir(parents=True)
        folder.parent.chmod(0o755)
        folder.chmod(mode)
        return folder

    def test_a_planted_link_is_not_followed(self):
        secret = self.put("root/secret.log", self.text)
        secret.chmod(0o600)
        folder = self.dump("1", 0o1777)
        (folder / "dmesg.1").symlink_to("/root/secret.log")
        (folder / "dmesg.2").symlink_to("../../../root/secret.log")
        os.link(secret, folder / "dmesg.3")
        (folder.parent / "2").symlink_to("/root")
        self.put("var/log/kern.log", "Nov 23 07:00:00 vm1 kernel: all is well\n")
        (self.root / "var/log").chmod(0o777)
        (self.root / "var/log/dmesg.0").symlink_to("/root/secret.log")
        whole = self.explain("--root", self.root, status=0)
        self.assertEqual(whole["events"], [])
        for name in ("dmesg.1", "dmesg.2", "dmesg.3"):
            gap = self.source(whole, f"/var/crash/1/{name}")["gap"]
            self.assertIn("everybody can write" if name != "dmesg.3" else "hard link", gap)
            self.assertTrue(gap.endswith("name the file to read it"), gap)
        self.assertIn("symbolic link", self.source(whole, "/var/log/dmesg.0")["gap"])
        # Whoever names a file wants that file.
        self.assertEqual(len(self.explain(folder / "dmesg.2", status=1)["events"]),
                         len(self.expected))

    def test_roots_own_links_are_followed(self):
        self.put("data/kern.log", self.text)
        (self.root / "var").mkdir()
        (self.root / "var/log").symlink_to("/data")
        self.assertEqual(len(self.explain("--root", self.root, status=1)["events"]),
                         len(self.expected))

    def test_what_everybody_can_write_is_unverified(self):
        self.put("var/log/kern.log", self.text).chmod(0o666)
        for one in self.explain("--root", self.root, status=1)["events"]:
            self.assertIs(one["unverified"], True)
            self.assertEqual(one["unverified_why"], "/var/log/kern.log: everybody can write it")
        (self.root / "var/log/kern.log").chmod(0o644)
        for one in self.explain("--root", self.root, status=1)["events"]:
            self.assertIs(one["unverified"], False)
        folder = self.root / "var/log"
        folder.chmod(0o777)
        for one in self.explain("--root", self.root, status=1)["events"]:
            self.assertEqual(one["unverified_why"],
                             "/var/log/kern.log: everybody can write its directory /var/log")

    def test_another_users_log_is_unverified(self):
        if os.geteuid() != 0:
            self.skipTest("needs root, to give a file to another user")
        os.chown(self.put("var/log/kern.log", self.text), 1000, 1000)
        one = self.explain("--root", self.root, status=1)["events"][0]
        self.assertEqual(one["unverified_why"], "/var/log/kern.log: user 1000 can write it")
        # The service that writes the log may.
        self.put("etc/passwd", "root:x:0:0::/:/bin/sh\nsyslog:x:1000:1000::/:/bin/false\n")
        one = self.explain("--root", self.root, status=1)["events"][0]
        self.assertIs(one["unverified"], False)

    def test_a_forged_copy_does_not_replace_the_real_one(self):
        cut = "".join(line + "\n" for line in self.text.splitlines() if "DMA32" not in line)
        self.put("var/log/messages", cut)
        self.put("var/log/kern.log", self.text, age=-60).chmod(0o666)
        for one in self.explain("--root", self.root, status=1)["events"]:
            self.assertEqual(one["source"]["file"], "/var/log/messages")
            self.assertIs(one["unverified"], False)

    def test_a_forged_event_is_never_the_last_word(self):
        self.put("var/log/messages", syslog_lines(self.text, BOOTED))
        forged = (harness.EXAMPLES / "min-free-panic.log").read_text(encoding="utf-8")
        self.put("var/log/kern.log", syslog_lines(forged, BOOTED + 1_000_000_000),
                 age=-2000).chmod(0o666)
        events = self.explain("--root", self.root, status=1)["events"]
        self.assertIs(events[-1]["unverified"], True)
        text = whyoom("--root", self.root, "--width", "200").out
        self.assertIn("unverified: 1 event is passed over here "
                      "(/var/log/kern.log: everybody can write it): "
                      f"`whyoom explain --root {self.root}`", text)
        self.assertNotIn("panic", text.split("unverified:")[0])
        self.assertIn("Nov 23 07:30:17 out of memory, killed java (pid 96)", text)
        # With nothing else there is no last word.
        (self.root / "var/log/messages").unlink()
        text = whyoom("--root", self.root, "--width", "200").out
        self.assertIn("No OOM event stands in the logs that only the kernel could have written",
                      text)
        self.assertNotIn("Why", text)


class Witnesses(HostCase):
    """What a text log says of this boot, against the ring buffer and the counters."""
    BOOT = "b" * 32

    def capture(self, syslog, ring="", ring_lost=0, journal="", kills=None, name="vm1", mtime=3600):
        """An unpacked capture, made an hour after the boot."""
        folder = self.root / "whyoom"
        (folder / "log").mkdir(parents=True, exist_ok=True)
        (folder / "index").write_text("whyoom capture 1\n", encoding="ascii")
        hour = 3600 * 1_000_000
        index = [f"clock {self.BOOT} {BOOTED} 0 {BOOTED + hour}", f"host {name}"]
        logs = 0

        def log(kind, text, path, modified, first, last, boot="-"):
            nonlocal logs
            logs += 1
            (folder / "log" / str(logs)).write_text(text, encoding="utf-8")
            lost = ring_lost if kind == "ring" else 0
            index.extend((f"log {kind} {modified} read {lost} 0 {len(text)} 9 {path}",
                          f"from {first} {boot}", f"to {last} {boot}"))

        if journal:
            log("journal", journal, "journal", "-", f"0 {BOOTED}", f"{hour} {BOOTED + hour}",
                self.BOOT)
        if ring:
            log("ring", ring, "/dev/kmsg", "-", f"{ring.split(',')[2]} -", f"{hour} -")
        stamps = [line[:15].replace(" ", "%20") for line in syslog.splitlines()]
        log("file", syslog, "/var/log/kern.log", BOOTED + mtime * 1_000_000, f"- {stamps[0]}",
            f"- {stamps[-1]}")
        (folder / "logs").write_text("whyoom logs 1\n" + "\n".join(index) + "\n", encoding="utf-8")
        if kills is not None:
            (self.root / "proc").mkdir(exist_ok=True)
            (self.root / "proc/vmstat").write_text(f"nr_free_pages 1\noom_kill {kills}\n",
                                                   encoding="ascii")
        return self.explain("--root", self.root, status=1)["events"]

    def forged(self):
        """logger -t kernel, half an hour after the boot; a last line that tells the clock."""
        self.late = BOOTED + 1800 * 1_000_000
        end = time.strftime("%b %d %H:%M:%S", time.gmtime(BOOTED / 1e6 + 3600))
        return syslog_lines(self.text, self.late) + f"{end} vm1 kernel: idle\n"

    @staticmethod
    def ring(text, first=1_000_000):
        return "".join(f"4,{i},{at},-;{line}\n" for i, (at, line) in enumerate(
            [(first, "early"), *records(text), (3_599_000_000, "late")]))

    def why(self, events):
        self.assertEqual(len(events), len(self.expected))
        whys = {one["unverified_why"] for one in events}
        self.assertEqual(len(whys), 1, whys)
        return whys.pop()

    def test_the_ring_buffer_does_not_have_it(self):
        self.assertEqual(self.why(self.capture(self.forged(), self.ring(""))),
                         "not confirmed by /dev/kmsg, which covers that time")
        text = whyoom("--root", self.root, "--width", "200").out
        self.assertIn("6 events are passed over here (not confirmed by /dev/kmsg", text)

    def test_the_ring_buffer_has_it(self):
        real = "".join(f"[{at // 1_000_000 + 1800:5}.{at % 1_000_000:06}] {line}\n"
                       for at, line in records(self.text))
        self.assertIsNone(self.why(self.capture(self.forged(), self.ring(real))))

    def test_the_ring_buffer_begins_later_or_lost_some(self):
        self.assertIsNone(self.why(self.capture(self.forged(), self.ring("", 1_800_000_000))))
        self.assertIsNone(self.why(self.capture(self.forged(), self.ring(""), ring_lost=3)))

    def test_the_journal_does_not_have_it(self):
        journal = journal_lines("[    1.000000] early\n[ 3599.000000] late\n", self.BOOT)
        self.assertEqual(self.why(self.capture(self.forged(), journal=journal)),
                         "not confirmed by journal, which covers that time")

    def test_no_kill_was_counted(self):
        self.assertEqual(self.why(self.capture(self.forged(), kills=0)),
                         "not confirmed by /proc/vmstat (oom_kill 0 since the boot)")
        self.assertIsNone(self.why(self.capture(self.forged(), kills=6)))

    def test_what_cannot_be_compared_is_not_doubted(self):
        self.assertIsNone(self.why(self.capture(self.forged(), self.ring(""), kills=0,
                                                name="other")))
        # The file was not changed when its last line was stamped: in which zone is not known.
        self.assertIsNone(self.why(self.capture(self.forged(), self.ring(""), kills=0,
                                                mtime=3 * 3600)))
        before = syslog_lines(self.text, BOOTED - 7200 * 1_000_000) + self.forged()[-40:]
        self.assertIsNone(self.why(self.capture(before, self.ring(""), kills=0)))


if __name__ == "__main__":
    harness.main()
