"""Metrics, what shows them, and the rules for them: with Debian's own prometheus and alertmanager.

Run it with: test_prometheus.py PROGRAM SOURCE_DIR TOOLS_DIR

The servers are unpacked below TOOLS_DIR and not installed, so that no service is started. The test
starts them at free ports of the loopback device and ends them.
"""
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "deploy"))
import harness  # noqa: E402
import machine  # noqa: E402
from harness import whyoom  # noqa: E402
from small_cgroup import SmallCgroup, kmsg_readable, wait_for  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
ROWS = re.compile(r"^\| `(\w+)` \| (\w+) \| ([\w, ]*) \| ", re.M)
NAME = re.compile(r"\bwhyoom[_:]\w[\w:]*")


def tool(name, *packages):
    """A program of the first of these packages that this release has, if it can be had."""
    try:
        return shutil.which(name) or str(machine.unpacked(*packages) / "usr/bin" / name)
    except SystemExit:
        raise unittest.SkipTest(f"{packages[-1]} cannot be had here") from None


def with_share(program):
    """How to start a program that was unpacked and wants its files below /usr/share: it sees nothing
    else there, and nobody else sees it."""
    share = pathlib.Path(program).parents[1] / "share"
    if share == pathlib.Path("/usr/share"):
        return [program]
    if machine.run("unshare", "--mount", "true").returncode != 0:
        raise unittest.SkipTest("no mount namespace can be made here, and it is not installed")
    script = 'mount -t tmpfs none /usr/share && cp -r "$0"/prometheus /usr/share/ && exec "$@"'
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, share.resolve(),
            pathlib.Path(program).resolve()]


def get(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def series(text):
    """Of the text format: labels and value by name. A line that is none of it is an error."""
    found = {}
    for line in text.splitlines():
        if line.startswith("# HELP ") or line.startswith("# TYPE "):
            continue
        match = re.fullmatch(r'(\w+)(?:\{((?:\w+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? ([\d.]+)', line)
        assert match, line
        labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2] or ""))
        found.setdefault(match[1], []).append((labels, float(match[3])))
    return found


class Programs(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="whyoom-metrics-"))
        self.folder.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.store, self.textfile = self.folder / "ring", self.folder / "metrics.prom"

    def start(self, name, *command):
        """Its standard error goes to a file of that name."""
        with open(self.folder / name, "ab") as errors:
            process = subprocess.Popen([str(part) for part in command], env=harness.CLEAN_ENV,
                                       stdout=errors, stderr=errors)
        self.addCleanup(self.end, process)
        return process

    def end(self, process, how=signal.SIGTERM):
        if process.poll() is None:
            process.send_signal(how)
        return process.wait()

    def said(self, name):
        return (self.folder / name).read_text(encoding="utf-8")

    def watch(self, *args):
        if os.geteuid() != 0:
            self.skipTest("only root may record a machine")
        self.textfile.unlink(missing_ok=True)
        process = self.start("watch", harness.PROGRAM, "watch", "--store", self.store,
                             "--textfile", self.textfile, *args)
        self.assertTrue(wait_for(lambda: self.textfile.exists() or process.poll() is not None))
        self.assertTrue(self.textfile.exists(), self.said("watch"))
        return process

    def serve(self, *more):
        process = self.start("serve", harness.PROGRAM, "serve", "--listen", "127.0.0.1:0",
                             "--textfile", self.textfile, *more)
        self.assertTrue(wait_for(lambda: "/metrics" in self.said("serve")))
        return process, re.search(r"127\.0\.0\.1:(\d+)", self.said("serve"))[1]

    def metrics(self):
        return series(self.textfile.read_text(encoding="utf-8"))

    def child(self, process):
        """The process that counts for the recorder."""
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        return int(children.split()[0])


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
        return subprocess.run([tool("promtool", "promtool", "prometheus"), *map(str, args)],
                              capture_output=True, text=True, check=False)

    def test_rules(self):
        for rules, cases in self.rules.items():
            done = self.promtool("check", "rules", rules)
            self.assertEqual(done.returncode, 0, done)
            done = self.promtool("test", "rules", cases)
            self.assertEqual(done.returncode, 0, done)

    def test_that_rules_are_tested(self):
        """Each rule is in the cases, and a wrong number in any of them is seen."""
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
                moved.write_text(cases.replace(f"../../packaging/prometheus/{rules.name}", str(copy)))
                for match in re.finditer(r"(?<= [<>] )[\d.]+$|(?<= >= )\d+$", text, re.M):
                    other = "-9e9" if text[match.start() - 2] == "<" else "9e9"
                    copy.write_text(text[:match.start()] + other + text[match.end():])
                    done = self.promtool("test", "rules", moved)
                    self.assertNotEqual(done.returncode, 0, text[match.start() - 60:match.end()])
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
        time.sleep(5)
        self.assertGreater(self.samples(), before + 200)
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


class Serve(Programs):
    def setUp(self):
        super().setUp()
        self.text = "# HELP x y\n# TYPE x gauge\nx 1\n" * 3000
        self.textfile.write_text(self.text)
        self.process, self.port = self.serve()

    def tearDown(self):
        self.assertIn(self.process.poll(), (None, 0), self.said("serve"))
        self.assertNotIn("sandbox", self.said("serve"))

    def raw(self, request):
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(request)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        return answer

    def ask(self, path, method="GET"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()

    def test_pages(self):
        status, headers, text = self.ask("/metrics")
        self.assertEqual((status, text), (200, self.text))
        self.assertEqual(headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        self.assertEqual(self.ask("/metrics?x=1")[0], 200)
        self.assertEqual(self.ask("/metrics", "HEAD")[::2], (200, ""))
        self.assertIn("/metrics", self.ask("/")[2])
        self.assertEqual(self.ask("/../../etc/passwd")[0], 404)
        self.assertEqual(self.ask("/metrics", "DELETE")[0], 405)

    def test_the_page(self):
        self.assertIn("/metrics", self.ask("/status")[2])
        page = self.folder / "page.html"
        page.write_text("<!DOCTYPE html>\u00e9", encoding="utf-8")
        self.end(self.process)
        (self.folder / "serve").unlink()
        self.process, self.port = self.serve("--page", page)
        status, headers, text = self.ask("/")
        self.assertEqual((status, text), (200, page.read_text(encoding="utf-8")))
        self.assertEqual(headers["Content-Type"], "text/html; charset=utf-8")
        self.assertIn("/metrics", self.ask("/status")[2])
        page.unlink()
        self.assertIn("/metrics", self.ask("/")[2])

    def test_end(self):
        self.assertEqual(self.end(self.process), 0)

    def test_no_file(self):
        self.textfile.unlink()
        status, _, text = self.ask("/metrics")
        self.assertEqual(status, 503)
        self.assertIn("whyoom watch --textfile", text)
        os.mkfifo(self.textfile)
        self.assertEqual(self.ask("/metrics")[0], 503)
        self.textfile.unlink()
        self.textfile.write_bytes(b"x" * (2 << 20))
        self.assertEqual(self.ask("/metrics")[0], 503)

    def test_hostile_requests(self):
        for request, status in ((b"\x16\x03\x01\x02\x00\x01\n\n", b"400"), (b"GET\r\n\r\n", b"400"),
                                (b"GET metrics HTTP/1.1\r\n\r\n", b"400"),
                                (b"GET /metrics HTTP/2.0\r\n\r\n", b"400"),
                                (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"431"),
                                (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 20_000 + b"\r\n", b"431"),
                                (b"GET /metrics HTTP/1.1\n\n", b"200")):
            with self.subTest(request[:30]):
                self.assertEqual(self.raw(request).split()[1], status)

    def test_slow_and_many_clients(self):
        """Some that say nothing and some that do not listen; whoever comes is answered."""
        began = time.monotonic()
        idle = [socket.create_connection(("127.0.0.1", self.port), timeout=60) for _ in range(100)]
        for connection in idle[::2]:
            connection.send(b"GET /metr")
        for _ in range(50):
            self.assertEqual(self.ask("/metrics")[::2], (200, self.text))
        self.assertLess(time.monotonic() - began, 8, "it waited for them")
        files = len(os.listdir(f"/proc/{self.process.pid}/fd"))
        self.assertLess(files, 25)
        for connection in idle:
            try:
                self.assertEqual(connection.recv(100), b"")
            except ConnectionError:
                pass
            connection.close()
        self.assertTrue(wait_for(lambda: len(os.listdir(f"/proc/{self.process.pid}/fd")) < 8))

    def test_rights(self):
        if os.geteuid() != 0:
            self.skipTest("not root, so nothing is given up")
        self.ask("/metrics")
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        self.assertRegex(status, r"Uid:\s65534\s65534")
        self.assertRegex(status, r"CapEff:\s0+\n")
        self.assertRegex(status, r"Seccomp:\s2")

    def test_wrong_addresses(self):
        for address in ("localhost:1", "127.0.0.1", ":9753", "127.0.0.1:99999", "::1:9753",
                        f"127.0.0.1:{self.port}"):
            done = whyoom("serve", "--listen", address)
            self.assertEqual(done.status, 2, done)
            self.assertIn("listen", done.err)


if __name__ == "__main__":
    machine.TOOLS = pathlib.Path(sys.argv.pop(3)).resolve()
    harness.main()
