#!/usr/bin/env python3
"""test_schema.py WHYOOM SOURCE

Output of the program for every example and every log of the shared folder (when it is there) follows
the published schema; and the schema refuses output that is wrong.
"""
import copy
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import validate as validation

WHYOOM, SOURCE = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
VALIDATE = SOURCE / "tests" / "schema" / "validate.py"
SCHEMA = SOURCE / "docs" / "schema" / "whyoom-1.schema.json"
SHARED = pathlib.Path(os.environ.get("WHYOOM_SHARED", SOURCE.parent / "shared"))
VALIDATORS = validation.validators_of(SCHEMA)


def explain(form, log):
    done = subprocess.run([WHYOOM, "explain", "--format", form, log], capture_output=True,
                          check=False, timeout=60)
    if done.returncode not in (0, 1):
        raise AssertionError(f"{log}: exit status {done.returncode}: {done.stderr!r}")
    return done.stdout


def validate(*files):
    """What is wrong with them; in this process, as most of a start of the command is its imports."""
    return "\n".join(validation.problems_of(VALIDATORS, files))


class Schema(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, data):
        path = self.folder / name
        path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
        return path

    def check_logs(self, logs):
        files = []
        for number, log in enumerate(logs):
            files.append(self.write(f"{number}-{log.parent.name}-{log.stem}.ndjson",
                                    explain("ndjson", log)))
        self.assertEqual(validate(*files)[:4000], "")

    def test_examples(self):
        logs = sorted((SOURCE / "examples").glob("*.log"))
        self.assertTrue(logs)
        self.check_logs(logs)
        whole = [self.write(f"{log.stem}.json", explain("json", log)) for log in logs]
        done = subprocess.run([sys.executable, VALIDATE, SCHEMA, *whole], capture_output=True, check=False, text=True)
        self.assertEqual((done.returncode, done.stderr[:4000]), (0, ""))
        bad = self.write("bad.json", whole[0].read_bytes().replace(b'"events"', b'"event"'))
        done = subprocess.run([sys.executable, VALIDATE, SCHEMA, bad], capture_output=True, check=False, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("bad.json", done.stderr)

    def test_shared_logs(self):
        logs = sorted(SHARED.glob("lab/*/console.log")) + sorted(SHARED.glob("corpus/real/*.log"))
        if not logs:
            self.skipTest(f"no logs in {SHARED}")
        self.check_logs(logs)

    def test_logs_of_a_host(self):
        logs = self.folder / "root" / "var" / "log"
        logs.mkdir(parents=True)
        for number, log in enumerate(sorted((SOURCE / "examples").glob("*.log"))):
            (logs / f"kern.log.{number}").write_bytes(log.read_bytes())
        os.mkfifo(logs / "messages")
        done = subprocess.run([WHYOOM, "explain", "--format", "json", "--root", logs.parents[1]],
                              capture_output=True, check=False, timeout=60)
        good = json.loads(done.stdout)
        self.assertEqual(len(good["input"]["sources"]), 1 + number + 1)
        self.assertEqual(validate(self.write("host.json", good))[:4000], "")
        for change in ({"gap": 1}, {"events": -1}, {"name": None}, {"from": "today"}, {"more": 1}):
            bad = copy.deepcopy(good)
            bad["input"]["sources"][1].update(change)
            self.assertTrue(validate(self.write("bad.json", bad)), change)

    def test_what_if(self):
        files = []
        for number, settings in enumerate((["vm.min_free_kbytes=default"], ["vm.panic_on_oom=2"],
                                           ["ram=+1G", "vm.lowmem_reserve_ratio=1 1 1"],
                                           ["memory.max=max", "vm.nr_hugepages=3"])):
            log = SOURCE / "examples" / "min-free-killed.log"
            done = subprocess.run([WHYOOM, "whatif", *settings, "--event", log, "--format", "json"],
                                  capture_output=True, check=True, timeout=60)
            files.append(self.write(f"what-if-{number}.json", done.stdout))
            if number == 0:
                done = subprocess.run([WHYOOM, "whatif", "--vendors", "--event", log, "--format",
                                       "json"], capture_output=True, check=True, timeout=60)
                files.append(self.write("vendors.json", done.stdout))
        self.assertEqual(validate(*files)[:4000], "")
        bad = json.loads(files[0].read_text(encoding="utf-8"))
        bad["zones"][0]["after"].pop("min")
        self.assertTrue(validate(self.write("bad.json", bad)))

    def test_check_of_this_machine(self):
        done = subprocess.run([WHYOOM, "check", "--format", "json"], capture_output=True,
                              check=False, timeout=60)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        good = self.write("check.json", done.stdout)
        self.assertEqual(validate(good)[:2000], "")
        bad = json.loads(done.stdout)
        bad["host"].pop("policy")
        self.assertTrue(validate(self.write("bad.json", bad)))

    def of_host(self, *args):
        done = subprocess.run([WHYOOM, *args, "--format", "json"], capture_output=True,
                              check=False, timeout=60)
        # 2 of this machine alone: a container may keep every log of the kernel from who is in it.
        self.assertIn(done.returncode, (0, 1) if args != () else (0, 1, 2), done.stderr)
        return done.stdout

    def test_all_that_is_said_of_hosts(self):
        roots = [[]] + [["--root", tree] for tree in sorted(SHARED.glob("lab/*/before"))
                        + sorted(SHARED.glob("lab/*/after"))]
        files = []
        for number, root in enumerate(roots):
            for name, command in {"alone": [], "check": ["check"],
                                  "whatif": ["whatif", "vm.min_free_kbytes=default"],
                                  "vendors": ["whatif", "--vendors"]}.items():
                files.append(self.write(f"{name}-{number}.json", self.of_host(*command, *root)))
        self.assertEqual(validate(*files)[:4000], "")

    def on_own_machine(self, *steps):
        """Runs steps of shell on a machine of its own, as tests/cli/test_fix.py does. `show NAME` runs
        the program on a fix of kernel.domainname, which belongs to the namespace, and keeps what it
        prints."""
        lines = ["set -e", "mount -t tmpfs -o mode=755 none /etc",
                 "mount -t tmpfs -o mode=755 none /var/lib", "mkdir /etc/sysctl.d",
                 "echo 'kernel.domainname = before.example' > /etc/sysctl.conf",
                 "echo before.example > /proc/sys/kernel/domainname",
                 "set +e", f"whyoom='{WHYOOM.resolve()}'",
                 f"show() {{ name=$1; shift; $whyoom fix --format json $* >'{self.folder}'/$name; }}",
                 *steps, "exit 0"]
        done = subprocess.run(["unshare", "--mount", "--uts", "sh", "-c", "\n".join(lines)],
                              capture_output=True, check=False, text=True, timeout=120)
        if done.returncode != 0:
            self.skipTest(f"private namespaces need root: {done.stderr.strip()}")

    def test_fixes_of_a_machine(self):
        change = "kernel.domainname=after.example"
        self.on_own_machine(f"show planned {change} --dry-run", f"show refused {change}",
                            f"show applied {change} --yes", f"show nothing-to-do {change} --yes",
                            "show listed --list", "$whyoom undo --yes", "show undone --list",
                            f"show two {change} kernel.hostname=other --yes", "show both --list",
                            "$whyoom undo --yes",
                            # The kernel keeps 64 bytes of it, which the fix sees and takes back.
                            f"show rolled-back kernel.domainname={'x' * 70} --yes",
                            "mount -o remount,ro /etc", f"show read-only {change} --yes")
        names = ["planned", "refused", "applied", "nothing-to-do", "listed", "undone",
                 "rolled-back", "read-only"]
        shown = [self.folder / name for name in names]
        self.assertEqual(validate(*shown, self.folder / "two", self.folder / "both")[:4000], "")
        states = [json.loads(path.read_bytes())["fix"]["state"] for path in shown[:4] + shown[6:]]
        self.assertEqual(states, names[:4] + ["rolled-back", "refused"])
        records = [json.loads(path.read_bytes())["fixes"][0]["state"] for path in shown[4:6]]
        self.assertEqual(records, ["applied", "undone"])

        def spoil(path, change):
            bad = json.loads(path.read_bytes())
            change(bad.get("fix") or bad["fixes"][0])
            return validate(self.write("bad.json", bad))

        planned, applied, listed, two = shown[0], shown[2], shown[4], self.folder / "two"
        self.assertEqual(spoil(applied, lambda fix: None), "")
        for name, path, change in (
                ("applied without a number", applied, lambda fix: fix.update(number=None)),
                ("planned with a number", planned, lambda fix: fix.update(number=1)),
                ("refused without a reason", planned, lambda fix: fix.update(state="refused")),
                ("unknown state", planned, lambda fix: fix.update(state="maybe")),
                ("value as a number", planned, lambda fix: fix.update(value=1)),
                ("no boot", planned, lambda fix: fix["then"].pop("boot")),
                ("unknown edit", planned, lambda fix: fix["edits"][0].update(kind="delete")),
                ("unknown key", planned, lambda fix: fix.update(more=1)),
                ("negative", planned, lambda fix: fix.update(kills_from=-1)),
                ("one setting as several", two, lambda fix: fix["settings"].pop()),
                ("several without a value", two, lambda fix: fix["settings"][1].pop("value")),
                ("record without its files", listed, lambda fix: fix.pop("files")),
                ("done and interrupted", listed, lambda fix: fix.update(interrupted=True)),
                ("time as text", listed, lambda fix: fix.update(time="today"))):
            with self.subTest(name):
                self.assertTrue(spoil(path, change))

    def test_fixes_planned_on_copies_of_hosts(self):
        # What is refused is decided by the copies: this host may have more free than one expects.
        roots = [pathlib.Path("/")] + sorted(path.parents[1]
                                             for path in SHARED.glob("lab/*/*/proc/meminfo"))
        files, seen = [], set()
        for number, root in enumerate(roots):
            for setting in ("vm.min_free_kbytes=default", "vm.min_free_kbytes=98%",
                            "vm.panic_on_oom=2"):
                if root != roots[0] and (number + len(setting)) % 3:
                    continue  # a third of them tells enough
                done = subprocess.run([WHYOOM, "fix", setting, "--root", root, "--dry-run",
                                       "--format", "json"], capture_output=True, check=False,
                                      timeout=60)
                self.assertIn(done.returncode, (0, 2), (root, done.stderr))
                if done.stdout:
                    files.append(self.write(f"fix-{len(files)}.json", done.stdout))
                    if root != roots[0]:
                        seen.add(json.loads(done.stdout)["fix"]["state"])
        self.assertEqual(validate(*files)[:4000], "")
        self.assertTrue({"planned", "refused"} <= seen or len(roots) == 1, seen)

    def test_wrong_output_is_refused(self):
        good = json.loads(explain("json", SOURCE / "examples" / "min-free-killed.log"))

        def spoil(change):
            bad = copy.deepcopy(good)
            change(bad, bad["events"][0])
            return validate(self.write("bad.json", bad))

        self.assertEqual(spoil(lambda whole, event: None), "")
        for name, change in {
                "another version": lambda w, e: w.update(schema="whyoom/2"),
                "no input": lambda w, e: w.pop("input"),
                "unknown kind": lambda w, e: e.update(kind="oom"),
                "unknown key": lambda w, e: e.update(extra=1),
                "negative size": lambda w, e: e["zones"][0].update(free=-1),
                "size as text": lambda w, e: e["memory"].update(free="15 kB"),
                "no place": lambda w, e: e["findings"][0]["evidence"][0].pop("at"),
                "unit": lambda w, e: e["findings"][0]["evidence"][0].update(unit="kB"),
                "confidence": lambda w, e: e["findings"][0].update(confidence=99),
                "two roots": lambda w, e: e["findings"].append(e["findings"][0]),
                "root without a finding": lambda w, e: e.update(findings=[]),
                "undetermined with a root": lambda w, e: e.update(root_cause="undetermined"),
                "owner of a memcg that nobody knows": lambda w, e: e["victims"][0].update(
                    owner={"kind": "vm", "unit": None, "runtime": None, "container": None,
                           "pod": None, "qos": None, "text": "vm"}),
                "no sums by name": lambda w, e: e["tasks"].pop("by_name"),
                "a sum without its kind": lambda w, e: e["tasks"]["by_name"][0].pop(
                    "shared_counted_once"),
                "complete, yet a part is missing": lambda w, e: e.update(complete=True,
                                                                         missing=["zones"]),
        }.items():
            with self.subTest(name):
                self.assertTrue(spoil(change))

    def test_what_is_not_json_is_refused(self):
        for text in (b"{", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"\xff", b"[1]\n[2]\n"):
            with self.subTest(text):
                self.assertTrue(validate(self.write("bad.json", text)))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
