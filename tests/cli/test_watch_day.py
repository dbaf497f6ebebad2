"""A day of `whyoom watch` at a hundred times the speed: 86,400 samples of this machine, in a quarter of
an hour. Neither its memory nor its files grow, and the ring stays below its size."""
import os
import pathlib
import re
import sys
import time

import harness
from recording import Recording

SAMPLES, EARLY, MEBIBYTES = 86_400, 2000, 8
MORE_FILES = 40  # of the biggest processes and the fullest cgroups: as many as there are, but no more


class Day(Recording):
    def test_nothing_grows(self):
        metrics = self.folder / "metrics.prom"
        process = self.start("--interval", 10, "--size", MEBIBYTES, "--textfile", metrics)
        proc = pathlib.Path(f"/proc/{process.pid}")

        def wait_for_samples(count):
            taken = 0
            while taken < count:
                self.assertIsNone(process.poll(), self.errors())
                size = sum(path.stat().st_size for path in self.segments())
                self.assertLessEqual(size, MEBIBYTES << 20)
                found = re.search(r"(?m)^whyoom_recorder_samples_total (\d+)", metrics.read_text()
                                  if metrics.exists() else "")
                taken = int(found[1]) if found else 0
                time.sleep(1)

        def sizes():
            status = (proc / "status").read_text()
            return ([int(status.split(name + ":")[1].split()[0]) for name in ("RssAnon", "VmRSS")],
                    len(os.listdir(proc / "fd")))

        wait_for_samples(EARLY)
        (own, resident), files = sizes()
        wait_for_samples(SAMPLES)
        (own_then, resident_then), files_then = sizes()
        print(f"own memory {own} kB, then {own_then} kB; resident {resident} kB, then "
              f"{resident_then} kB; {files} files, then {files_then}")
        self.assertLessEqual(own_then, own)
        self.assertLessEqual(resident_then, resident + 256)  # code that runs now and then
        self.assertLessEqual(files_then, files + MORE_FILES)
        self.assertEqual(self.end(process), 0)
        self.assertEqual(self.history()["ring"]["damages"], 0)
        self.assertNotIn("nothing can be written", self.errors())


if __name__ == "__main__":
    if not os.environ.get("WHYOOM_LONG_TESTS"):
        print("SKIPPED: takes a quarter of an hour; WHYOOM_LONG_TESTS=1 ./dev test -R cli.watch_day")
        sys.exit(77)
    harness.main()
