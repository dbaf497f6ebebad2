"""Metrics, what shows them, and the rules for them: with Debian's own prometheus and alertmanager.

Run it with: test_prometheus.py PROGRAM SOURCE_DIR TOOLS_DIR
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.error

import servers
from servers import HERE, Programs, free_port, get, harness, tool, with_share, wait_for
from harness import whyoom
from small_cgroup import SmallCgroup, kmsg_readable

ROWS = re.compile(r"^\| `(\w+)` \| (\w+) \| ([\w, ]*) \| ", re.M)
NAME = re.compile(r"\bwhyoom[_:]\w[\w:]*")


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = harness.SOURCE / "packaging/prometheus"
        cls.rules = {folder / "whyoom.rules.yml": HERE / "rules_test.yml",
                     folder / "whyoom-fleet.rules.yml": HERE / "fleet_rules_test.yml"}
        cls.dashboards = [json.loads(path.read_text(encoding="utf-8"))
                          for path in sorted((harness.SOURCE / "packaging/grafana").glob("*.json"))]
        cls.table = {row[0]: row for row in ROWS.findall(whyoom("metrics", "--table").out)}

    def test_document(self):
        document = (harness.SOURCE / "docs/metrics.md").read_text(encoding="utf-8")
        self.assertGreater(len(self.table), 20)
        self.assertIn(whyoom("metrics", "--table").out, document)

    def promtool(self, *args):
        # Go collects no garbage for a moment's work: in two thirds of the time.
        return subprocess.run([tool("promtool", "promtool", "prometheus"), *map(str, args)],
                              env={**os.environ, "GOGC": "off", "GOMAXPROCS": "1"}, capture_output=True, text=True, check=False)

    def test_rules(self):
        for rules, cases in self.rules.items():
            done = self.promtool("check", "rules", rules)
            self.assertEqual(done.returncode, 0, done)
            done = self.promtool("test", "rules", cases)
            self.assertEqual(done.returncode, 0, done)

    def test_that_rules_are_tested(self):
        """Each rule is in the cases, and a wrong number in any of them is seen by the cases of that alert."""
        changed = 0
        for rules, cases in self.rules.items():
            text, cases = rules.read_text(encoding="utf-8"), cases.read_text(encoding="utf-8")
            for alert in re.findall(r"alert: (\w+)", text):
                self.assertIn(f"alertname: {alert}\n", cases)
            if "fleet" in rules.name:
                for name in re.findall(r"record: (\S+)", text):
                    self.assertIn(f"{name}", cases)
            with tempfile.TemporaryDirectory() as folder:
                copy = pathlib.Path(folder, "rules.yml")
                moved = pathlib.Path(folder, "test.yml")
                head, *groups = re.split(r"(?m)^(?=  - name: )", cases.replace(
                    f"../../packaging/prometheus/{rules.name}", str(copy)))
                for match in re.finditer(r"(?<= [<>] )[\d.]+$|(?<= >= )\d+$", text, re.M):
                    other = "-9e9" if text[match.start() - 2] == "<" else "9e9"
                    copy.write_text(text[:match.start()] + other + text[match.end():])
                    # Only the cases of that alert, where it is one: each group of cases costs promtool a database.
                    kind, name = re.findall(r"(alert|record): (\S+)", text[:match.start()])[-1]
                    seen = f"alertname: {name}" if kind == "alert" else ""
                    moved.write_text(head + "".join(group for group in groups if f"{seen}\n" in group))
                    done = self.promtool("test", "rules", moved)
                    self.assertNotEqual(done.returncode, 0, text[match.start() - 60:match.end()])
                    self.assertIn(f"{seen}, time: ", done.stdout + done.stderr)
                    changed += 1
        self.assertGreaterEqual(changed, 17)

    def names_in(self, text):
        recorded = set()
        for rules in self.rules:
            recorded |= set(re.findall(r"record: (\S+)", rules.read_text(encoding="utf-8")))
        return {name for name in NAME.findall(text)} - set(self.table) - recorded

    @staticmethod
    def queries_of(dashboard):
        queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
        return queries + [each["expr"] for each in dashboard["annotations"]["list"]]

    def test_names(self):
        queries = []
        for dashboard in self.dashboards:
            queries += self.queries_of(dashboard)
            queries += [each.get("definition", "") for each in dashboard["templating"]["list"]]
        rules = [re.sub(r"(?m)(summary|description): .*|^ *#.*", "", path.read_text(encoding="utf-8"))
                 for path in self.rules]
        self.assertEqual(self.names_in("\n".join(queries)), set())
        self.assertNotEqual(self.names_in("whyoom_no_such_metric"), set())
        # A dashboard shows a metric itself, or what a rule makes of it.
        shown = set(NAME.findall("\n".join(queries + rules)))
        self.assertEqual(set(self.table) - shown, set(), "not on a dashboard")
        self.assertEqual(self.names_in("\n".join(
            line for text in rules for line in text.splitlines() if "whyoom_" in line)), set())

    def test_that_the_fleet_is_shown(self):
        """What is recorded of many hosts is on their dashboard."""
        fleet = next(each for each in self.dashboards if each["uid"] == "whyoom-fleet")
        shown = set(NAME.findall("\n".join(self.queries_of(fleet))))
        for rules in self.rules:
            if "fleet" in rules.name:
                recorded = set(re.findall(r"record: (\S+)", rules.read_text(encoding="utf-8")))
                self.assertEqual(recorded - shown, set())

    def test_dashboards(self):
        self.assertEqual(len(self.dashboards), 2)
        self.assertEqual(len({dashboard["uid"] for dashboard in self.dashboards}), 2)
        for dashboard in self.dashboards:
            places = set()
            for panel in dashboard["panels"]:
                place = panel["gridPos"]
                self.assertLessEqual(place["x"] + place["w"], 24)
                cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                         for y in range(place["y"], place["y"] + place["h"])}
                self.assertFalse(cells & places, panel["title"])
                places |= cells
            ids = [panel["id"] for panel in dashboard["panels"]]
            self.assertEqual(len(ids), len(set(ids)))

    def test_queries(self):
        """Prometheus understands each query of the dashboards."""
        queries = [query for dashboard in self.dashboards for query in self.queries_of(dashboard)]
        rules = {"groups": [{"name": "dashboard", "rules": [
            {"record": f"query:{number}",
             "expr": re.sub(r"\$__\w+", "5m", query).replace("$instance", ".*")}
            for number, query in enumerate(queries)]}]}
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "queries.yml")
            path.write_text(json.dumps(rules))  # which is YAML
            done = self.promtool("check", "rules", path)
        self.assertEqual(done.returncode, 0, done)

    def test_unit(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("no systemd-analyze here")
        unit = harness.SOURCE / "packaging/systemd/whyoom-serve.service"
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder, unit.name)
            # In quotes: the folder may have a space in its name.
            copy.write_text(unit.read_text().replace("/usr/bin/whyoom",
                                                     f'"{pathlib.Path(harness.PROGRAM).resolve()}"'))
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", copy],
                                  capture_output=True, text=True, check=False)
            self.assertEqual([line for line in (done.stdout + done.stderr).splitlines()
                              if unit.name in line], [])
            done = subprocess.run(["systemd-analyze", "security", "--offline=true",
                                   "--threshold=15", copy],
                                  capture_output=True, text=True, check=False)
        print((done.stdout.strip().splitlines() or ["no systemd-analyze security here"])[-1])
        if "offline" not in done.stderr:  # systemd before 250 does not know it
            self.assertEqual(done.returncode, 0, done)


class Textfile(Programs):
    def test_what_is_in_it(self):
        self.watch("--interval", 100)
        found = self.metrics()
        table = {row[0]: row for row in ROWS.findall(whyoom("metrics", "--table").out)}
        self.assertEqual(set(found) - set(table), set())
        for name, each in found.items():
            wanted = [word for word in table[name][2].split(", ") if word]
            for labels, _ in each:
                self.assertEqual(list(labels), wanted, name)
        self.assertEqual(self.textfile.stat().st_mode & 0o777, 0o644)
        self.assertEqual([path.name for path in self.folder.glob(".*")], [])
        zones = pathlib.Path("/proc/zoneinfo").read_text()
        pages = sum(map(int, re.findall(r"^ +managed +(\d+)", zones, re.M)))
        managed = sum(value for _, value in found["whyoom_zone_managed_bytes"])
        self.assertEqual(managed, pages * os.sysconf("SC_PAGESIZE"))
        self.assertEqual(managed, found["whyoom_memory_managed_bytes"][0][1])
        set_kib = int(pathlib.Path("/proc/sys/vm/min_free_kbytes").read_text())
        self.assertEqual(found["whyoom_vm_min_free_bytes"][0][1], set_kib * 1024)
        limit = {labels["setting"]: value for labels, value in found["whyoom_tasks_limit"]}
        self.assertEqual(limit["kernel.pid_max"],
                         int(pathlib.Path("/proc/sys/kernel/pid_max").read_text()))
        self.assertLess(abs(found["whyoom_recorder_start_timestamp_seconds"][0][1] - time.time()), 60)

    def test_promtool(self):
        self.watch()
        done = subprocess.run([tool("promtool", "promtool", "prometheus"), "check", "metrics"], text=True,
                              input=self.textfile.read_text(), capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_once(self):
        if os.geteuid() != 0:
            self.skipTest("only root may record a machine")
        done = whyoom("watch", "--store", self.store, "--textfile", self.textfile, "--once")
        self.assertEqual(done.status, 0, done)
        self.assertEqual(self.metrics()["whyoom_recorder_samples_total"], [({}, 1)])

    def test_rights_of_who_counts(self):
        child = self.child(self.watch())
        status = pathlib.Path(f"/proc/{child}/status").read_text()
        self.assertRegex(status, r"Uid:\s65534\s65534")
        self.assertRegex(status, r"CapEff:\s0+\n")
        self.assertRegex(status, r"Seccomp:\s2")
        self.assertEqual(pathlib.Path(f"/proc/{child}/oom_score_adj").read_text(), "500\n")
        try:
            files = {os.readlink(path) for path in pathlib.Path(f"/proc/{child}/fd").iterdir()}
        except PermissionError:
            self.skipTest("without CAP_SYS_PTRACE nobody sees the files of another user's process")
        self.assertEqual(len(files), 3, files)

    def test_who_counts_is_killed(self):
        process = self.watch("--interval", 100)
        os.kill(self.child(process), signal.SIGKILL)
        self.assertTrue(wait_for(lambda: "it is started again" in self.said("watch")))
        self.textfile.unlink()
        self.assertTrue(wait_for(self.textfile.exists))
        self.assertIsNone(process.poll())
        self.assertEqual(self.end(process), 0)
        self.assertEqual(self.said("watch").count("started again"), 1)

    def test_who_counts_is_stopped(self):
        """It takes nothing for a while: the recorder does not wait for it."""
        process = self.watch("--interval", 10)
        child = self.child(process)
        os.kill(child, signal.SIGSTOP)
        before = self.samples()
        self.assertTrue(wait_for(lambda: self.samples() > before + 200))
        os.kill(child, signal.SIGCONT)
        self.textfile.unlink()
        self.assertTrue(wait_for(self.textfile.exists))
        self.assertIsNone(process.poll())

    def samples(self):
        done = whyoom("history", "--store", self.store, "--format", "json")
        return done.json["ring"]["samples"]

    def test_a_folder_of_others(self):
        """A link that somebody put there leads nowhere."""
        victim = self.folder / "victim"
        victim.write_text("as it was")
        folder = self.folder / "theirs"
        folder.mkdir()
        folder.chmod(0o777)
        self.textfile = folder / "metrics.prom"
        (folder / ".metrics.prom.new").symlink_to(victim)
        self.watch()
        self.assertFalse(self.textfile.is_symlink())
        self.assertEqual(victim.read_text(), "as it was")

    def test_a_folder_that_is_gone(self):
        folder = self.folder / "gone"
        folder.mkdir()
        self.textfile = folder / "metrics.prom"
        process = self.watch()
        shutil.rmtree(folder)
        self.assertTrue(wait_for(lambda: "cannot be written" in self.said("watch")))
        folder.mkdir()
        self.assertTrue(wait_for(self.textfile.exists))
        self.assertEqual(self.end(process), 0)
        self.assertEqual(self.said("watch").count("cannot be written"), 1)


class Kills(Programs):
    def setUp(self):
        super().setUp()
        if not kmsg_readable():
            self.skipTest("/dev/kmsg cannot be read here")

    def event(self, cgroup, metric="whyoom_events_total"):
        return [(labels, value) for labels, value in self.metrics().get(metric, [])
                if cgroup in labels["cgroup"]]

    def kill(self, name="whyoom-test-"):
        cgroup = SmallCgroup(name)
        self.addCleanup(cgroup.close)
        self.assertNotEqual(cgroup.kill(), 0)
        return cgroup.path.name, time.time()

    def test_a_kill_is_counted(self):
        process = self.watch()
        name, at = self.kill("whyoom-count-")
        self.assertTrue(wait_for(lambda: self.event(name)))
        print(f"counted {1000 * (time.time() - at):.0f} ms after the kill")
        (labels, value), = self.event(name)
        self.assertEqual((labels["cause"], labels["kind"], value),
                         ("cgroup-limit", "memcg-oom-kill", 1))
        (_, last), = self.event(name, "whyoom_event_last_timestamp_seconds")
        self.assertLess(abs(last - at), 2)
        kills = {labels["logged"]: value for labels, value in
                 self.metrics()["whyoom_oom_kills_total"]}
        self.assertEqual(kills, {"true": 1, "false": 0})
        # One that begins anew knows of it, and does not count it again.
        self.end(process)
        self.watch()
        (_, value), = self.event(name)
        self.assertEqual(value, 0)
        (_, again), = self.event(name, "whyoom_event_last_timestamp_seconds")
        self.assertLess(abs(again - last), 2)

    def test_a_name_that_forges(self):
        self.watch()
        self.kill('whyoom\\"} 1 whyoom_forged{a="\\')  # the kernel takes no line end in it
        own = str(os.getpid())  # the kernel's log can have those of earlier runs
        events = lambda: [each for each in self.event("forged") if each[0]["cgroup"].endswith(own)]
        self.assertTrue(wait_for(events))
        (labels, _), = events()
        self.assertEqual(set(labels), {"cause", "kind", "unit", "pod_uid", "container_id", "cgroup"})
        self.assertNotIn("whyoom_forged", self.metrics())

    def test_alert(self):
        """From a kill to the alert, through all of it."""
        prometheus = tool("prometheus", "prometheus")
        alertmanager = tool("prometheus-alertmanager", "prometheus-alertmanager")
        self.watch()
        _, shown = self.serve()
        alerts, queries = free_port(), free_port()
        (self.folder / "alertmanager.yml").write_text(
            "route: {receiver: nobody, group_wait: 1s}\nreceivers: [{name: nobody}]\n")
        (self.folder / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(harness.SOURCE.resolve() / "packaging/prometheus/whyoom.rules.yml")],
            "alerting": {"alertmanagers": [
                {"static_configs": [{"targets": [f"127.0.0.1:{alerts}"]}]}]},
            "scrape_configs": [{"job_name": "whyoom", "static_configs": [
                {"targets": [f"127.0.0.1:{shown}"]}]}]}))
        self.start("alertmanager", *with_share(alertmanager), f"--config.file={self.folder}/alertmanager.yml",
                   f"--storage.path={self.folder}/alerts", "--cluster.listen-address=",
                   f"--web.listen-address=127.0.0.1:{alerts}")
        self.start("prometheus", prometheus, f"--config.file={self.folder}/prometheus.yml",
                   f"--storage.tsdb.path={self.folder}/data",
                   f"--web.listen-address=127.0.0.1:{queries}")

        def ask(url):
            try:
                return json.loads(get(url))
            except (urllib.error.URLError, OSError):
                return None

        def scraped():
            answer = ask(f"http://127.0.0.1:{queries}/api/v1/query?query=whyoom_tasks")
            return answer and answer["data"]["result"]

        self.assertTrue(wait_for(scraped), self.said("prometheus"))
        name, at = self.kill("whyoom-alert-")  # the log has those of other tests

        def firing():
            return [alert for alert in ask(f"http://127.0.0.1:{alerts}/api/v2/alerts") or []
                    if name in alert["labels"].get("cgroup", "")]

        found = wait_for(firing)
        self.assertTrue(found, self.said("prometheus") + self.said("alertmanager"))
        print(f"the alert was there {time.time() - at:.1f} s after the kill")
        labels = found[0]["labels"]
        self.assertEqual((labels["alertname"], labels["cause"], labels["kind"], labels["severity"]),
                         ("WhyoomOomKill", "cgroup-limit", "memcg-oom-kill", "critical"))
        self.assertIn("Cause: cgroup-limit.", found[0]["annotations"]["description"])
        self.assertEqual(found[0]["status"]["state"], "active")
        answer = ask(f"http://127.0.0.1:{queries}/api/v1/rules")
        broken = [rule["name"] for group in answer["data"]["groups"] for rule in group["rules"]
                  if rule["health"] == "err"]
        self.assertEqual(broken, [])


if __name__ == "__main__":
    servers.main()
