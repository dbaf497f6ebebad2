"""The ring of `whyoom watch`, on this machine: whose it is, its size, and whatever damages it."""
import calendar
import os
import random
import shutil
import signal
import subprocess
import time

import harness
from harness import whyoom
from recording import SAMPLE, Recording, places
from small_cgroup import wait_for

WHOLE_EVERY = 120  # samples


class Store(Recording):
    def test_there_is_none(self):
        done = whyoom("history", "--store", self.store)
        self.assertEqual(done.status, 2, done)
        self.assertIn("`whyoom watch` makes them", done.err)

    def test_only_one_and_only_in_a_safe_place(self):
        self.start()
        second = whyoom("watch", "--store", self.store, "--once")
        self.assertEqual(second.status, 2)
        self.assertIn("another whyoom watch", second.err)
        os.chmod(self.folder, 0o777)
        unsafe = whyoom("watch", "--store", self.folder / "other", "--once")
        self.assertEqual(unsafe.status, 2, unsafe)
        self.assertIn("others than its owner", unsafe.err)

    def test_a_directory_with_other_uses_stays_as_it_is(self):
        other = self.folder / "other"
        other.mkdir(mode=0o755)
        os.chmod(other, 0o755)
        done = whyoom("watch", "--store", other, "--once")
        self.assertEqual(done.status, 2, done)
        self.assertIn("Give --store a directory of its own", done.err)
        self.assertEqual(other.stat().st_mode & 0o777, 0o755)

    def test_a_path_as_it_is_typed(self):
        for path in ("ring-here/", "./ring-here", f"{self.folder}/ring-here///"):
            for command in (["watch", "--once"], ["history"]):
                done = subprocess.run([os.path.abspath(harness.PROGRAM), *command, "--store", path],
                                      cwd=self.folder, capture_output=True, check=False,
                                      env=harness.CLEAN_ENV)
                self.assertIn(done.returncode, (0, 1), done)

    def test_from_cron(self):
        for _ in range(3):
            self.once()
        history = self.history()
        self.assertEqual(history["gaps"], [])
        self.assertEqual(history["ring"]["samples"], 3)
        self.assertEqual(history["ring"]["segments"], 1)

    def test_killed_at_any_moment(self):
        """A hundred times: each time the ring opens and goes on, what was written is there, and the
        end that was torn is cut off."""
        seed = random.randrange(1 << 30)
        print(f"seed {seed}")
        chance = random.Random(seed)
        torn = 0
        for _ in range(100):
            before = {path.name: path.stat().st_size for path in self.segments()}
            began = int(time.time())
            process = self.start("--interval", 10)  # its first sample is written when it says so
            time.sleep(chance.random() * 0.2)
            self.end(process, signal.SIGKILL)
            ring = self.history()["ring"]
            self.assertGreaterEqual(calendar.timegm(time.strptime(ring["to"], "%Y-%m-%d %H:%M:%SZ")), began)
            if chance.random() < 0.5:  # as after a power cut: any part of this run is not there
                path = self.segments()[-1]
                os.truncate(path, chance.randrange(before.get(path.name, 1), path.stat().st_size))
                torn += 1
                ring = self.history()["ring"]
            self.assertLessEqual(ring["damages"], 1)
        self.once()
        history = self.history()
        self.assertEqual(history["ring"]["damages"], 0)
        self.assertGreaterEqual(history["ring"]["samples"], 101 - torn)
        self.assertLessEqual(len(self.segments()), 3)

    def test_damage_is_stepped_over_and_told(self):
        process = self.start("--interval", 10)
        self.assertTrue(wait_for(lambda: self.history()["ring"]["samples"] > 20))
        self.end(process)
        path, = self.segments()
        whole = self.history()["ring"]["samples"]
        data = bytearray(path.read_bytes())
        # One that tells what is different from a whole one: no other builds on it.
        samples = [(at, size) for kind, at, size in places(data) if kind == SAMPLE]
        at, size = samples[max(i for i in range(len(samples)) if i % WHOLE_EVERY)]
        data[at + size // 2] ^= 0x10
        path.write_bytes(data)
        ring = self.history()["ring"]
        self.assertEqual((ring["damages"], ring["samples"]), (1, whole - 1))
        self.assertIn("1 place of the ring", whyoom("history", "--store", self.store).out)
        (self.store / "segment-000000000000").write_bytes(os.urandom(5000))
        (self.store / "segment-000000000002").write_bytes(b"")
        self.assertEqual(self.history()["ring"]["samples"], ring["samples"])

    def test_deleted_while_it_runs(self):
        process = self.start("--interval", 200)
        shutil.rmtree(self.store)
        self.assertTrue(wait_for(lambda: self.segments()), self.errors())
        self.assertTrue(wait_for(lambda: "a new one was begun" in self.errors()), self.errors())
        self.assertEqual(self.end(process), 0)
        self.assertGreater(self.history()["ring"]["samples"], 0)

    def test_full_disk(self):
        disk = self.folder / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk],
                                 capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest("nothing can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=False)
        self.store = disk / "ring"
        process = self.start("--interval", 10, "--size", 1)
        (disk / "filler").write_bytes(b"x" * (1 << 20))
        with open(disk / "filler", "ab", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"x" * 4096)
            except OSError:
                pass
        # A segment that begins now has the room of older ones.
        last = self.segments()[-1].name
        self.assertTrue(wait_for(lambda: self.segments()[-1].name > last and
                                 self.history()["ring"]["samples"] > 50, 300), self.errors())
        self.assertEqual(self.end(process), 0)


if __name__ == "__main__":
    harness.main()
