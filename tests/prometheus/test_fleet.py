"""200 hosts and one Prometheus: what the rules for many hosts make of them, that one cause on many is
one notification, and how many series a host costs. With Debian's own prometheus and alertmanager.

Run it with: test_fleet.py PROGRAM SOURCE_DIR TOOLS_DIR

The hosts are texts: the recorder of this machine wrote one, and each host has it with numbers of its
own. One server shows them all, each under a path.
"""
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import servers  # noqa: E402
from servers import (Programs, free_port, get, harness, series, tool, with_share,  # noqa: E402
                     wait_for)

HOSTS = 200
GIB = 1 << 30
OWNER = 'unit="{unit}",pod_uid="",container_id="",cgroup=""'
# Of the hosts: by number, so that each sum below is known.
KILLED = 60        # the first have had a kill for vm.min_free_kbytes, in the unit java.service
CGROUP = 10        # of them, so many had one in a memory cgroup too
RAISED = 80        # have the setting at 4 GiB instead of 64 MiB
OLD_KERNEL = 50    # run the older kernel
MOST_FIXED = 60    # docs/fleet.md: series of a host of one node without events and full cgroups


def name(number):
    return f"host{number:03}"


def put(text, metric, line):
    """The text with that line for the metric."""
    text, found = re.subn(rf"(?m)^{metric}[ {{].*$", line, text)
    assert found == 1, metric
    return text


class Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 2 * HOSTS

    def handle_error(self, *_):
        pass  # who asks goes when the test ends


class Host:
    def __init__(self, template, number):
        self.number = number
        self.killed_at = None
        managed = 64 * GIB
        values = {
            "whyoom_memory_managed_bytes": managed,
            # 0.005, 0.01, ... 1.0 of it
            "whyoom_memory_headroom_bytes": managed * (number + 1) // HOSTS,
            "whyoom_vm_min_free_bytes": 4 * GIB if number < RAISED else GIB // 16,
            "whyoom_vm_min_free_default_bytes": GIB // 16,
            "whyoom_memory_out_of_reach_bytes": 4 * GIB if number < RAISED else 0,
            "whyoom_tasks": 500,
            "whyoom_recorder_last_sample_timestamp_seconds": "NOW",
        }
        release = "5.10.0-28-amd64" if number < OLD_KERNEL else "6.1.0-18-amd64"
        for metric, value in values.items():
            template = put(template, metric, f"{metric} {value}")
        self.template = put(template, "whyoom_kernel_info", f'whyoom_kernel_info{{release="{release}"}} 1')

    def text(self):
        return self.template.replace(" NOW\n", f" {time.time():.3f}\n") + self.events()

    def events(self):
        """In the form that the program gives them: test_prometheus.py holds it against the table."""
        if self.killed_at is None or self.number >= KILLED:
            return ""
        rows = [("min-free-too-high", "oom-kill", "java.service")]
        if self.number < CGROUP:
            rows.append(("cgroup-limit", "memcg-oom-kill", "app.service"))
        text = ""
        for metric, kind, value in (("whyoom_events_total", "counter", 1),
                                    ("whyoom_event_last_timestamp_seconds", "gauge",
                                     f"{self.killed_at:.3f}")):
            text += f"# TYPE {metric} {kind}\n"
            for cause, what, unit in rows:
                labels = f'cause="{cause}",kind="{what}",' + OWNER.format(unit=unit)
                text += f"{metric}{{{labels}}} {value}\n"
        return text


class Fleet(Programs):
    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("only root may record a machine")
        done = harness.whyoom("watch", "--store", self.store, "--textfile", self.textfile, "--once")
        self.assertEqual(done.status, 0, done)
        # This machine's own events have no place in it.
        template = "".join(line for line in self.textfile.read_text().splitlines(keepends=True)
                           if not re.search("whyoom_event(s_total|_last)", line))
        self.hosts = [Host(template, number) for number in range(HOSTS)]
        self.template = template

    def serve_hosts(self):
        hosts = self.hosts

        class Page(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = hosts[int(self.path.strip("/"))].text().encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return self.listen(Page)

    def serve_hook(self):
        """Where the notifications arrive."""
        self.notifications = []
        notifications = self.notifications

        class Hook(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                notifications.append((self.path, body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        return self.listen(Hook)

    def listen(self, handler):
        server = Quiet(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server.server_address[1]

    def start_all(self):
        # The files as they are, with other waits and another receiver.
        packaging = harness.SOURCE.resolve() / "packaging/prometheus"
        for path in packaging.glob("*.rules.yml"):
            text = path.read_text(encoding="utf-8")
            (self.folder / path.name).write_text(
                re.sub(r"interval: 1m|for: \dm", lambda found: found[0].split()[0] + " 1s", text))
        routes = (packaging / "alertmanager.example.yml").read_text(encoding="utf-8")
        hook = self.serve_hook()
        for old, new in (("group_wait: 30s", "group_wait: 8s"), ("group_interval: 5m", "group_interval: 6s"),
                         ("127.0.0.1:9099", f"127.0.0.1:{hook}")):
            self.assertIn(old, routes)
            routes = routes.replace(old, new)
        (self.folder / "alertmanager.yml").write_text(routes)
        shown, alerts, self.queries = self.serve_hosts(), free_port(), free_port()
        (self.folder / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": "4s", "evaluation_interval": "1s"},
            "rule_files": [f"{self.folder}/*.rules.yml"],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alerts}"]}]}]},
            "scrape_configs": [{"job_name": "whyoom", "static_configs": [
                {"targets": [f"127.0.0.1:{shown}"],
                 "labels": {"instance": name(number), "__metrics_path__": f"/{number}"}}
                for number in range(HOSTS)]}]}))
        self.start("alertmanager", *with_share(tool("prometheus-alertmanager", "prometheus-alertmanager")),
                   f"--config.file={self.folder}/alertmanager.yml",
                   f"--storage.path={self.folder}/alerts", "--cluster.listen-address=",
                   f"--web.listen-address=127.0.0.1:{alerts}")
        return self.start("prometheus", tool("prometheus", "prometheus"),
                          f"--config.file={self.folder}/prometheus.yml",
                          f"--storage.tsdb.path={self.folder}/data",
                          f"--web.listen-address=127.0.0.1:{self.queries}")

    def ask(self, query):
        """Labels (as a sorted tuple) and value."""
        url = f"http://127.0.0.1:{self.queries}/api/v1/query?query=" + urllib.parse.quote(query)
        try:
            found = json.loads(get(url))["data"]["result"]
        except (urllib.error.URLError, OSError):
            return None
        return {tuple(sorted((key, value) for key, value in each["metric"].items() if key != "__name__")):
                float(each["value"][1]) for each in found}

    def expect(self, query, wanted):
        found = wait_for(lambda: (lambda got: got if got == wanted else None)(self.ask(query)))
        self.assertEqual(found if found is not None else self.ask(query), wanted, query)

    def test_200_hosts(self):
        prometheus = self.start_all()
        self.expect("count(whyoom_build_info)", {(): HOSTS})
        self.assertEqual(self.ask("whyoom:events_by_cause:count1h"), {})
        began = time.time()
        for host in self.hosts:
            host.killed_at = began
        # No series of an event was there before: each begins at 1.
        self.expect("whyoom:events_by_cause:count1h", {
            (("cause", "cgroup-limit"), ("kind", "memcg-oom-kill")): CGROUP,
            (("cause", "min-free-too-high"), ("kind", "oom-kill")): KILLED})
        self.expect("whyoom:hosts_by_cause:count1h", {
            (("cause", "cgroup-limit"),): CGROUP, (("cause", "min-free-too-high"),): KILLED})
        self.expect("whyoom:events_by_unit:count1h", {
            (("cause", "cgroup-limit"), ("unit", "app.service")): CGROUP,
            (("cause", "min-free-too-high"), ("unit", "java.service")): KILLED})
        self.expect('whyoom:events_by_kernel:count1h{cause="min-free-too-high"}', {
            (("cause", "min-free-too-high"), ("release", "5.10.0-28-amd64")): OLD_KERNEL,
            (("cause", "min-free-too-high"), ("release", "6.1.0-18-amd64")): KILLED - OLD_KERNEL})
        self.expect("whyoom:min_free_above_default:hosts", {(): RAISED})
        self.expect("min(whyoom:min_free_above_default:bytes)", {(): 4 * GIB - GIB // 16})
        self.expect("whyoom:memory_out_of_reach:sum", {(): RAISED * 4 * GIB})
        shares = self.ask("whyoom:memory_headroom:quantile")
        for quantile in ("0.01", "0.05", "0.25", "0.5"):
            wanted = (1 + (HOSTS - 1) * float(quantile)) / HOSTS
            self.assertAlmostEqual(shares[(("quantile", quantile),)], wanted, places=6)
        self.notified(began)
        self.no_broken_rule()
        self.counted(prometheus)

    def notified(self, began):
        """One notification a cause; of the hosts' alerts nothing comes after the fleet's."""
        def groups(alert):
            return [body for _, body in self.notifications
                    if body["groupLabels"].get("alertname") == alert and body["status"] == "firing"]

        self.assertTrue(wait_for(lambda: len(groups("WhyoomCauseSpreads")) >= 2), self.notifications)
        spread = {body["groupLabels"]["cause"]: body for body in groups("WhyoomCauseSpreads")}
        self.assertEqual(set(spread), {"min-free-too-high", "cgroup-limit"})
        # How many it were when it was told first.
        self.assertRegex(spread["min-free-too-high"]["alerts"][0]["annotations"]["summary"],
                         r"^\d+ hosts in an hour with min-free-too-high$")
        # The group goes on to take in hosts; all of them are in it by now, and it is one.
        time.sleep(9)
        kills = groups("WhyoomOomKill")
        self.assertLessEqual(len([body for body in kills
                                  if body["groupLabels"]["cause"] == "min-free-too-high"]), 1, kills)
        for path, body in self.notifications:
            self.assertEqual(path, "/page" if body["commonLabels"]["severity"] == "critical" else "/chat")
            self.assertLessEqual(len(body["alerts"]), 100)
        # 80 hosts with the setting: one.
        self.assertEqual(len(groups("WhyoomMemoryOutOfReach")), 1)
        body = groups("WhyoomMemoryOutOfReach")[0]
        self.assertEqual(len(body["alerts"]) + body["truncatedAlerts"], RAISED)
        print(f"{len(self.notifications)} notifications of {HOSTS} hosts: " + ", ".join(
            f"{body['groupLabels']} with {len(body['alerts'])}" for _, body in self.notifications))

    def no_broken_rule(self):
        answer = json.loads(get(f"http://127.0.0.1:{self.queries}/api/v1/rules"))
        broken = [(rule["name"], rule.get("lastError")) for group in answer["data"]["groups"]
                  for rule in group["rules"] if rule["health"] == "err"]
        self.assertEqual(broken, [])

    def counted(self, prometheus):
        """What docs/fleet.md says that a host costs."""
        self.expect("count(scrape_samples_scraped)", {(): HOSTS})
        zones = len(series(self.template)["whyoom_zone_free_bytes"])
        owners = len(series(self.template).get("whyoom_cgroup_tasks", []))
        fixed = len([line for line in self.template.splitlines() if line[0] != "#"])
        self.expect("count_values('series', scrape_samples_scraped)", {
            (("series", str(fixed)),): HOSTS - KILLED, (("series", str(fixed + 2)),): KILLED - CGROUP,
            (("series", str(fixed + 4)),): CGROUP})
        self.assertLessEqual(fixed - 6 * zones - 2 * owners, 30)
        self.assertLessEqual(fixed - 2 * owners - 6 * (zones - 4), MOST_FIXED)
        recorded = sum(self.ask('count({__name__=~"whyoom:.*"})').values())
        # Those for one host are five at most; those of a host with something to tell, besides.
        self.assertLessEqual(recorded, 5 * HOSTS + KILLED + CGROUP + RAISED + 40)
        document = (harness.SOURCE / "docs/fleet.md").read_text(encoding="utf-8")
        self.assertIn(f"at most {MOST_FIXED} series", document)
        memory = int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{prometheus.pid}/status").read_text())[1])
        head = json.loads(get(f"http://127.0.0.1:{self.queries}/api/v1/status/tsdb"))["data"]["headStats"]
        text = len(self.hosts[0].text())
        print(f"{fixed} series a host ({zones} zones, {owners} cgroups), {text} bytes a scrape; "
              f"{recorded:.0f} recorded; prometheus {memory} kB, {head['numSeries']} series")


class Texts(Programs):
    def test_example(self):
        """amtool takes the example of routes, and sends the alerts where it says."""
        config = harness.SOURCE.resolve() / "packaging/prometheus/alertmanager.example.yml"
        amtool = tool("amtool", "prometheus-alertmanager")
        done = subprocess.run([amtool, "check-config", config], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done)
        for severity, receiver in (("critical", "page"), ("warning", "chat")):
            done = subprocess.run([amtool, "config", "routes", "test", f"--config.file={config}",
                                   "alertname=WhyoomOomKill", f"severity={severity}"],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.stdout.strip(), receiver, done)


if __name__ == "__main__":
    servers.machine.only_in_long_runs("half a minute", "prometheus")
    servers.main()
