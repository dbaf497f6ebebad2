#!/usr/bin/env python3
"""Tests of the lab itself. They boot nothing and fetch nothing."""
import json
import pathlib
import shutil
import struct
import subprocess
import tempfile
import unittest
import unittest.mock

import guest
import image
import judge
import judges
import kernels
import power_cut
import scenario
import trial

ANSWER = {"events": [{"kind": "oom-kill", "root_cause": "anon", "free": 100,
                      "findings": [{"cause": "no-swap", "role": "contributing"}]},
                     {"kind": "oom-panic", "root_cause": "anon", "free": 200, "findings": []}],
          "settings": {"vm.min_free_kbytes": {"after": 7}}}
ZONEINFO = """Node 0, zone      DMA
  pages free     3840
        min      11
        low      13
        high     15
        managed  3840
        protection: (0, 1000, 1000)
Node 0, zone   Movable
        min      0
        protection: (0, 0, 0)
"""


class Judge(unittest.TestCase):
    def holds(self, line):
        return judge.complaint(ANSWER, 1, line) is None

    def test_expectations_that_hold(self):
        for line in ("status = 1", "events.0.kind = oom-kill", "events.-1.kind = oom-panic",
                     "events.all.root_cause = anon", "events.any.free = 200",
                     "events.0.findings.no-swap.role = contributing", "events.0.free near 103",
                     "events.0.free >= 100", "events.0.free <= 100", "events.0.kind has oom",
                     "events.0.kind in x|oom-kill", "settings.vm/min_free_kbytes.after = 7"):
            self.assertTrue(self.holds(line), line)

    def test_expectations_that_do_not_hold(self):
        for line in ("status = 0", "events.all.kind = oom-kill", "events.any.free = 3",
                     "events.2.kind = oom-kill", "events.1.findings.no-swap.role = contributing",
                     "events.0.free near 120", "events.0.free >= 101", "events.0.nothing = null",
                     "no sense"):
            self.assertFalse(self.holds(line), line)

    def test_sizes(self):
        self.assertEqual(judge.value_of("48M"), 48 << 20)
        self.assertEqual(judge.value_of("true"), True)
        self.assertEqual(judge.value_of("oom-kill"), "oom-kill")


class Marks(unittest.TestCase):
    def report(self, minimum, reserve=4096000):
        after = (f'{{"min": {minimum}, "low": 53248, "high": 61440, "promo": null, '
                 f'"lowmem_reserve": {reserve}}}')
        zone = f'{{"zones": [{{"node": 0, "name": "DMA", "after": {after}}}]}}'
        return {"whatif-1": (0, zone), "zoneinfo-1": (0, ZONEINFO)}

    def test_equal_to_the_page(self):
        self.assertEqual(judges.watermarks(None, self.report(11 * 4096)), [])

    def test_one_page_off(self):
        self.assertIn("zone DMA min", judges.watermarks(None, self.report(12 * 4096))[0])

    def test_reserve_off(self):
        self.assertIn("reserve", judges.watermarks(None, self.report(11 * 4096, 1))[0])

    def test_nothing_to_compare(self):
        self.assertTrue(judges.watermarks(None, {}))

    def test_kills(self):
        def reports(value):
            return {"whatif": (0, '{"kills_from": {"value": 1000}}'), "step": (0, "50"),
                    "climb": (0, f"load[1]: at 900\nload[1]: at {value}")}
        for value in (950, 1050, 1100):  # it killed somewhere in the step before
            self.assertEqual(judges.kills(None, reports(value)), [])
        for value in (949, 1101):
            self.assertTrue(judges.kills(None, reports(value)))


class PowerCuts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def cut(self, number, tick, **ring):
        """A cut whose disk is a file and whose whyoom is a script: what counts is the judgement."""
        place = self.folder / f"cut-{number}"
        place.mkdir()
        (place / "tick").write_text(str(tick))
        answer = {"ring": {"samples": 5, "damages": 0, "to": "1970-01-01 00:01:40Z", **ring}}
        (place / "answer").write_text(json.dumps(answer))
        return place

    def complaints(self, count):
        script = self.folder / "whyoom"
        script.write_text('#!/bin/sh\ncat "$3/answer"\n')
        script.chmod(0o755)
        with unittest.mock.patch.object(power_cut, "ring_of", lambda place: place):
            return power_cut.complaints(script, self.folder, count)

    def test_what_a_cut_may_cost(self):
        good = self.cut(0, 102)
        self.assertEqual(self.complaints(1), [])
        self.assertFalse(good.exists())

    def test_what_it_may_not(self):
        self.cut(0, 103)
        self.cut(1, 100, samples=0)
        self.cut(2, 100, damages=2)
        wrong = self.complaints(4)
        self.assertEqual(len(wrong), 4, wrong)
        for part in ("3 times, not 4", "cut-0: 3 s", "cut-1: no sample", "cut-2: 2 damages"):
            self.assertTrue(any(part in line for line in wrong), (part, wrong))

    def test_a_disk_without_a_ring(self):
        place = self.cut(0, 100)
        (place / "disk.img").write_bytes(bytes(1 << 20))
        self.assertIn("e2fsck ended", power_cut.complaint("/bin/true", place)[0])


class Scenarios(unittest.TestCase):
    def test_all_of_them_parse_and_expect_something(self):
        known = [kernel.name for kernel in kernels.listed()] + ["*"]
        for case in scenario.load_all():
            self.assertTrue(case.expect or case.guest["judge"] or case.number("cuts"),
                            case.name)
            self.assertLessEqual(set(case.words("kernels")), set(known), case.name)
            for lines in case.expect.values():
                for _, line in lines:
                    self.assertRegex(line, judge.LINE, case.name)

    def test_mistakes_are_named_with_their_line(self):
        with self.assertRaisesRegex(scenario.Mistake, "x:3: no such key"):
            scenario.parse("x", "# title\n[guest]\nmemroy = 3\n[run]\n")
        with self.assertRaisesRegex(scenario.Mistake, "needs a title"):
            scenario.parse("x", "[run]\n")


class Answers(unittest.TestCase):
    def test_frames(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "answers"
            path.write_text("@@@ BOOT 6\r\n@@@ BEGIN check\r\n{\r\n}\r\n@@@ END check 1\r\n"
                            "@@@ BEGIN cut\nhalf\n@@@ SKIP no zram\n")
            reports, notes = guest.read_answers(path)
        self.assertEqual(reports["check"], (1, "{\n}"))
        self.assertEqual(reports["cut"][0], guest.CUT)
        self.assertEqual(notes, ["BOOT 6", "SKIP no zram"])


class BootedAgain(unittest.TestCase):
    def boots(self, starts):
        """What is left of a scenario whose guests do or do not get to their init."""
        case = scenario.parse("x", "# title\n[run]\n")
        starts = iter(starts)
        with tempfile.TemporaryDirectory() as folder:
            kernel = kernels.Kernel("k", "amd64", "p", uncompressed_image="unpacked-k")
            tried = trial.Trial(kernel, case, {}, "false", folder)
            tried.folder.mkdir(parents=True)

            def boot(_kernel, _case, number, _initrd, at, _disk):
                console = at / f"console-{number}.log"
                console.write_text("a kernel\n")
                notes = ["BOOT 6.1"] if next(starts) else []
                return guest.Outcome("reboot", console, {}, notes, "", 1.5)

            with unittest.mock.patch.object(guest, "boot", boot):
                outcome = tried._boot(1, None, None)
            return tried, outcome, sorted(path.name for path in tried.folder.iterdir())

    def test_a_guest_that_starts_is_booted_once(self):
        tried, _, files = self.boots([True])
        self.assertEqual((tried.again, tried.seconds, files), ([], 1.5, ["console-1.log"]))
        self.assertEqual(tried.kernel.uncompressed_image, "unpacked-k")

    def test_a_guest_that_dies_at_its_start_is_booted_once_more_and_that_is_told(self):
        tried, outcome, files = self.boots([False, True])
        self.assertIn("console-1-died.log", tried.again[0])
        self.assertEqual((outcome.notes, tried.seconds), (["BOOT 6.1"], 3.0))
        self.assertIsNone(tried.kernel.uncompressed_image, "the second is of the image as it came")
        self.assertEqual(files, ["console-1-died.log", "console-1.log"])

    def test_not_more_than_once(self):
        tried, outcome, _ = self.boots([False, False])
        self.assertEqual((len(tried.again), outcome.notes), (1, []))


class Uncompressed(unittest.TestCase):
    def unpacked(self, kernel):
        """What is unpacked of a boot image with this in it, its size behind it."""
        packed = subprocess.run(["zstd", "-cq"], input=kernel, check=True, stdout=subprocess.PIPE).stdout
        packed += struct.pack("<I", len(kernel))
        head = bytearray(3 * 512 + 8)
        head[kernels.SECTORS] = 2
        struct.pack_into("<II", head, kernels.PAYLOAD, 8, len(packed))
        with tempfile.TemporaryDirectory() as folder:
            image_file = pathlib.Path(folder) / "vmlinuz"
            image_file.write_bytes(bytes(head) + packed + b"behind it")
            found = kernels.uncompressed_image(image_file)
            self.assertEqual(found, kernels.uncompressed_image(image_file), "when it is there already")
            self.assertEqual(len(list(pathlib.Path(folder).glob("vmlinuz*"))), 1)
            return found and found.read_bytes()

    @unittest.skipUnless(shutil.which("zstd"), "no zstd here")
    def test_only_one_that_can_be_started(self):
        kernel = b"\x7fELF and a kernel " + kernels.ENTRY_NOTE
        self.assertEqual(self.unpacked(kernel), kernel)
        self.assertIsNone(self.unpacked(kernel[:-1]))
        self.assertIsNone(self.unpacked(kernel[1:]))

    def test_one_that_is_packed_otherwise(self):
        with tempfile.TemporaryDirectory() as folder:
            image_file = pathlib.Path(folder) / "vmlinuz"
            image_file.write_bytes(bytes(4096))
            self.assertIsNone(kernels.uncompressed_image(image_file))
            self.assertEqual(list(pathlib.Path(folder).iterdir()), [image_file])


class Image(unittest.TestCase):
    def test_each_entry_starts_at_a_multiple_of_four(self):
        archive = image.Archive()
        archive.file("a/b/name", b"12345")
        archive.link("a/l", "name")
        data = archive.bytes()
        self.assertEqual(len(data) % 4, 0)
        self.assertEqual([data.count(name) for name in (b"a/b/name\0", b"TRAILER!!!")], [1, 1])
        self.assertTrue(all(at % 4 == 0 for at in range(len(data)) if data.startswith(b"070701", at)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
