"""deploy/duckdb: the queries over events, by DuckDB (npm's package), against what is known of the archive.

Run it with: test_duckdb.py PROGRAM SOURCE_DIR TOOLS_DIR
"""
import collections
import datetime
import json
import pathlib
import re

import adapter
import tools

QUERIES = ["by_cause", "by_host", "by_kernel", "by_day", "new_causes", "fix_first"]


class Queries(adapter.Case):
    least_parts = 2
    part_mib = 64

    def explain(self):
        for line in self.parts.read_text().splitlines():
            name, span, file = line.split("\t")
            done = tools.run("env", f"WHYOOM={pathlib.Path(adapter.PROGRAM).resolve()}",
                             adapter.SOURCE / "deploy/part.sh", self.out, name, span, file)
            self.assertEqual(done.returncode, 0, done)

    def test_queries(self):
        self.assertEqual({path.stem for path in (adapter.SOURCE / "deploy/duckdb").glob("*.sql")},
                         {"events", *QUERIES})
        modules = tools.modules(adapter.TOOLS, "@duckdb/node-api")
        self.explain()
        # A part that was read twice, and an event without anything.
        first = sorted(self.out.glob("*.ndjson"))[0]
        (self.out / "again.ndjson").write_text(first.read_text())
        (self.out / "other.ndjson").write_text(json.dumps({"id": "f" * 32, "kind": "oom-kill", "host": "other",
                                                           "root_cause": "undetermined", "time": {
                                                               "wall": "Nov  3 07:41:32"}}) + "\n")
        # An event each 20 seconds since November 1, 00:00: the last third is new.
        since = "2026-11-01 01:06:40"
        done = tools.run("node", adapter.SOURCE / "tests/fleet/duckdb.mjs", modules, adapter.SOURCE / "deploy/duckdb",
                         f"{self.out}/*.ndjson", since, *QUERIES)
        self.assertEqual(done.returncode, 0, done)
        out = json.loads(done.stdout)
        rows = {name: out[name]["rows"] for name in QUERIES}
        causes = collections.Counter(event.cause for event in self.truth)
        causes["undetermined"] += 1
        self.assertEqual({row["root_cause"]: int(row["events"]) for row in rows["by_cause"]}, dict(causes))
        hosts = collections.Counter(event.host for event in self.truth)
        hosts["other"] += 1
        self.assertEqual({row["host"]: int(row["events"]) for row in rows["by_host"]}, dict(hosts))
        self.assertEqual(sum(int(row["events"]) for row in rows["by_kernel"]), len(self.truth) + 1)
        days = collections.Counter()
        for row in rows["by_day"]:
            days[row["day"]] += int(row["events"])
        self.assertEqual(set(days), {"2026-11-01", f"{datetime.date.today().year}-11-03"})
        old = {(event.host, event.cause) for event in self.truth[:200]}
        new = collections.Counter(cause for host, cause in
                                  {(event.host, event.cause) for event in self.truth[200:]} - old)
        found = {row["root_cause"]: int(row["hosts"]) for row in rows["new_causes"]}
        found.pop("undetermined", None)
        self.assertEqual(found, dict(new))
        pairs = collections.Counter((event.host, event.cause) for event in self.truth)
        self.assertEqual(len(rows["fix_first"]), 100)
        for row in rows["fix_first"]:
            self.assertEqual(int(row["events"]), pairs[(row["host"], row["root_cause"])])
        self.assertTrue(rows["fix_first"][0]["by_a_setting"])
        catalogue = {path.name for path in (adapter.SOURCE / "src/diagnose/causes").iterdir()}
        named = set(re.findall(r"'([a-z]+(?:-[a-z]+)+)'",
                                             (adapter.SOURCE / "deploy/duckdb/fix_first.sql").read_text()))
        self.assertEqual(named - catalogue, set())
        print(", ".join(f"{name} {out[name]['ms']} ms" for name in QUERIES))


if __name__ == "__main__":
    adapter.main()
