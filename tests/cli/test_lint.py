#!/usr/bin/env python3
"""`whyoom lint`: configuration before it reaches a host."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import harness

SYSTEM_PYTHON = "/usr/bin/python3"  # has Debian's python3-jsonschema
PACKAGE = "@microsoft/jest-sarif@1.0.0-beta.0"  # brings the schema of SARIF 2.1.0

# What each kind of file says wrongly, and the rules that must see it.
BAD = {
    "etc/sysctl.d/90-db.conf": (
        "# of a runbook\nvm.min_free_kbytes = 1048576\nvm.nr_hugepage = 1280\n"
        "kernel.pid_max = 65535\nvm.panic_on_oom = 1\nvm.swappiness = 1\nvm.swappiness = 10\n",
        ["min-free-too-high 2:1", "misspelt-key 3:1", "limit-lowered 4:1", "panic-on-oom 5:1",
         "set-twice 6:1"]),
    "db/tuned.conf": ("[main]\nsummary=x\n[sysctl]\nvm.min_free_kbytes=1048576\n",
                      ["min-free-too-high 4:1"]),
    "user-data": ("#cloud-config\nwrite_files:\n  - path: /etc/sysctl.d/x.conf\n    content: |\n"
                  "      vm.min_free_kbytes = 1048576\nruncmd:\n"
                  "  - sysctl -w vm.nr_hugepages=9999\n",
                  ["min-free-too-high 5:7", "hugepages-too-many 7:15"]),
    "pod.yaml": ("apiVersion: v1\nkind: Pod\nspec:\n  securityContext:\n    sysctls:\n"
                 "    - name: vm.min_free_kbytes\n      value: '1048576'\n  containers:\n"
                 "  - name: a\n    args: [java, -Xmx2g]\n    resources:\n      limits:\n"
                 "        memory: 2Gi\n",
                 ["pod-sysctl 6:13", "min-free-too-high 6:13", "heap-above-limit 10:18"]),
    "daemonset.yaml": ("kind: DaemonSet\nspec:\n  template:\n    spec:\n      initContainers:\n"
                       "      - command: [sh, -c, 'sysctl -w vm.min_free_kbytes=1048576']\n",
                       ["min-free-too-high 6:38"]),
    "group_vars/all.yml": ("sysctl_config:\n  vm.min_free_kbytes: 1048576\n"
                           "  vm.overcommit_memory: 2\n",
                           ["min-free-too-high 2:3", "overcommit-limit 3:3"]),
    "tasks.yml": ("- name: Reserve\n  ansible.posix.sysctl:\n    name: vm.min_free_kbytes\n"
                  "    value: '64M'\n",
                  ["value-refused 3:11"]),
    "setup.sh": ("#!/bin/sh\nsysctl -w vm.min_free_kbytes=1048576\n", ["min-free-too-high 2:11"]),
}

# The same kinds with nothing wrong.
GOOD = {
    "etc/sysctl.d/90-db.conf": "# ours\nvm.min_free_kbytes = 67584\nvm.nr_hugepages = 100\n"
                               "-kernel.pid_max = 4194304\nvm.panic_on_oom = 0\n"
                               "net.ipv4.conf.all.rp_filter = 1\nnet/core/somaxconn = 1024\n"
                               "kernel.core_pattern = |/usr/bin/x %p\n",
    "db/tuned.conf": "[main]\ninclude=throughput-performance\n[vm]\ntransparent_hugepages=never\n"
                     "[sysctl]\nvm.swappiness=10\nvm.dirty_ratio=40 # per cent\n",
    "user-data": "#cloud-config\npackages: [nginx]\nwrite_files:\n  - path: /etc/x.conf\n"
                 "    content: |\n      a = 1\nruncmd:\n  - [sysctl, -p, /etc/sysctl.d/x.conf]\n"
                 "  - sysctl -w vm.swappiness=10\n",
    "pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {labels: {net.example.com/x: y}}\nspec:\n"
                "  securityContext:\n    sysctls:\n    - name: net.core.somaxconn\n"
                "      value: '1024'\n  containers:\n  - name: a\n    args: [java, -Xmx1400m]\n"
                "    resources:\n      limits:\n        memory: 2Gi\n",
    "group_vars/all.yml": "sysctl_config:\n  vm.min_free_kbytes: 67584\n  vm.overcommit_memory: 1\n"
                          "users: &u\n  - a\nothers: *u\n",
    "setup.sh": "#!/bin/sh\nset -e\nsysctl -w vm.swappiness=10\nsysctl --system\n",
}


class Lint(harness.Case):
    def put(self, files):
        for name, content in files.items():
            path = self.scratch / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content[0] if isinstance(content, tuple) else content, encoding="utf-8")

    def lint(self, *args, **more):
        return harness.whyoom("lint", *args, cwd=self.scratch, **more)

    def found(self, *args):
        return [f"{each['rule']} {each['line']}:{each['column']}"
                for each in self.lint("--format", "json", *args).json["findings"]]

    def test_each_kind_of_file(self):
        self.put(BAD)
        for name, (_, rules) in BAD.items():
            with self.subTest(name):
                self.assertEqual(self.found("--ram", "4G", name), rules)
                self.assertEqual(self.lint("--ram", "4G", name).status, 1)

    def test_near_misses_say_nothing(self):
        self.put(GOOD)
        for name in GOOD:
            with self.subTest(name):
                for ram in ([], ["--ram", "4G,64G"]):
                    result = self.lint(*ram, "--fail-on", "note", name)
                    self.check(result, 0, "0 findings")
        result = self.lint("--ram", "4G", ".")
        self.check(result, 0, "in 6 files")

    def test_what_is_said(self):
        self.put({"x.conf": "vm.min_free_kbytes = 1048576\n"})
        result = self.lint("--ram", "4G,200G", "x.conf")
        self.check(result, 1)
        self.assertEqual(result.out, """\
x.conf:1:1: error: vm.min_free_kbytes=1048576 keeps 1 GiB free, 25 % of 4 GiB, where the \
kernel itself chooses 67584 kB: 1.4 GiB less are available [min-free-too-high]
    Leave the line out, or set at most 67584 kB (1 % of RAM, or the kernel's own choice where that \
is more).
1 finding, 1 setting in 1 file.
""")

    def test_a_directory_and_its_order(self):
        self.put(BAD)
        self.put({"notes.txt": "vm.x\n", ".git/x.conf": "vm.min_free_kbytes=1048576\n",
                  "other.yml": "a: [\n"})
        os.symlink("setup.sh", self.scratch / "link.sh")
        files = self.lint("--format", "json", "--ram", "4G", ".").json["files"]
        self.assertEqual(files, sorted(f"./{name}" for name in BAD))

    def test_links_in_a_directory(self):
        self.put({"etc/sysctl.d/10-a.conf": "vm.swappiness = 10\n", "secret.conf": "vm.nr_hugepage = 1\n",
                  "etc/sysctl.conf": "vm.min_free_kbytes = 8000000\n"})
        folder = self.scratch / "etc/sysctl.d"
        os.symlink("../sysctl.conf", folder / "99-sysctl.conf")
        linked = self.lint("--ram", "8G", "etc/sysctl.d")
        self.check(linked, 1, "etc/sysctl.d/99-sysctl.conf:1:1: ")
        self.assertEqual(linked.err, "")
        self.check(self.lint("--ram", "8G", "etc"), 1, "1 finding, 2 settings in 2 files")
        os.symlink("../../secret.conf", folder / "20-b.conf")
        os.symlink("/dev/null", folder / "30-masked.conf")
        self.check(self.lint("--ram", "8G", "etc/sysctl.d"), 1, "1 finding,",
                   "1 symbolic link is not followed, such as etc/sysctl.d/20-b.conf")
        os.unlink(self.scratch / "etc/sysctl.conf")
        os.symlink("../secret.conf", self.scratch / "etc/sysctl.conf")
        self.check(self.lint("--ram", "8G", "etc/sysctl.d"), 0, "0 findings, 1 setting in 1 file",
                   "2 symbolic links are not followed")

    def test_status_and_fail_on(self):
        self.put({"note.conf": "vm.min_free_kbytes = 1048576\n", "bad.conf": "vm.nr_hugepage = 1\n",
                  "error.conf": "vm.panic_on_oom = x\n"})
        for name, least, status in (("note", "note", 1), ("note", "warning", 0), ("bad", "warning", 1),
                                    ("bad", "error", 0), ("error", "error", 1), ("error", "never", 0)):
            with self.subTest(name, least=least):
                self.assertEqual(self.lint("--fail-on", least, f"{name}.conf").status, status)
        self.check(self.lint("--ignore", "misspelt-key,not-read", "bad.conf"), 0, "0 findings")
        self.check(self.lint("--ignore", "misspelt", "bad.conf"), 2, "",
                   'no rule "misspelt"; did you mean misspelt-key?')

    def test_what_cannot_be_read_is_said(self):
        self.put({"x.toml": "a = 1\n", "x.conf": "worker_processes 1;\n", "empty.txt": "",
                  "good.conf": "vm.swappiness = 10\n"})
        (self.scratch / "large.yml").write_bytes(b"a: 1\n" * 1_000_000)
        (self.scratch / "empty").mkdir()
        for name, why in (("x.toml", "no format that lint knows"), ("missing", "No such file"),
                          ("x.conf", "no format that lint knows"), ("large.yml", "too large"),
                          ("empty", "nothing to judge was found"), ("empty.txt", "no format")):
            with self.subTest(name):
                self.check(self.lint(name), 2, err=why)
        # The others are judged all the same.
        result = self.lint("good.conf", "missing")
        self.check(result, 2, "1 setting in 1 file", "missing: No such file")
        self.assertEqual(self.lint("--format", "json", "missing").json["not_read"],
                         ["missing: No such file or directory"])
        self.check(self.lint(), 2, err="FILE|DIR is missing")
        self.check(self.lint("--ram", "4X", "good.conf"), 2, err="no size from 64M to 64T")
        self.put({"y.toml": "vm.swappiness = 1\n"})
        self.check(self.lint("--as", "sysctl", "y.toml"), 0, "0 findings")

    def test_lines_that_say_nothing(self):
        self.put({"x.conf": "vm.swappiness 10\nvm.panic_on_oom=0\n",
                  "chart.yml": "{{- if .x }}\nvm.min_free_kbytes: {{ .y }}\n{{- end }}\n"})
        self.assertEqual(self.found("--as", "sysctl", "x.conf"), ["not-read 1:1"])
        self.assertEqual(self.found("chart.yml"), ["not-read 1:1", "not-literal 2:1"])

    def test_standard_input(self):
        result = self.lint("--ram", "1G", "-", stdin="vm.min_free_kbytes=524288\n")
        self.check(result, 1, "-:1:1: error: vm.min_free_kbytes=524288")
        self.check(self.lint("-", stdin="hello\n"), 2, err="standard input: this is no format")

    def test_hostile_files(self):
        deep = "a: " + "[" * 50000
        for name, content in (("deep.yml", deep), ("lists.yml", "- " * 100000),
                              ("quotes.yml", 'a: "\n' * 100000), ("keys.yml", "vm.a: 1\n" * 100000),
                              ("items.yml", "- 1\n" * 300000), ("braces.yml", "{" * 100000),
                              ("bytes.yml", bytes(range(256)) * 100),
                              ("escape.conf", "vm.\x1b[31mx = \x1b[0m1\nvm.a=\u202e1\n"),
                              ("\x1b[31m.conf", "vm.panic_on_oom = x\n")):
            with self.subTest(name):
                path = self.scratch / name
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
                for form in ("text", "json", "sarif", "github"):
                    result = self.lint("--as", "yaml" if name.endswith("yml") else "sysctl",
                                       "--format", form, name)
                    self.assertIn(result.status, (0, 1))
                    self.assertNotIn("\x1b", result.out)
                    self.assertNotIn("\u202e", result.out)
                    if form in ("json", "sarif"):
                        json.loads(result.out)

    def test_no_key_of_this_kernel_is_called_wrong(self):
        keys = [path for path in pathlib.Path("/proc/sys").rglob("*") if path.is_file()]
        lines = [f"{'/'.join(path.parts[3:])} = 1\n" for path in keys]
        self.put({"x.conf": "".join(lines)})
        wrong = [each["summary"] for each in self.lint("--format", "json", "--as", "sysctl",
                                                       "x.conf").json["findings"]
                 if each["rule"] in ("misspelt-key", "unknown-key")]
        self.assertGreater(len(lines), 100)
        self.assertEqual(wrong, [])

    def test_what_fix_writes_for_tools_is_clean(self):
        for tool, name in (("ansible", "x.yml"), ("cloud-init", "user-data"), ("kubernetes", "k.yml"),
                           ("tuned", "tuned.conf"), ("sysctl.d", "x.conf")):
            with self.subTest(tool):
                text = harness.whyoom("fix", "vm.min_free_kbytes=67584", "--output", tool).out
                self.put({name: text})
                self.assertEqual(self.lint("--ram", "4G", "--fail-on", "warning", name).status, 0)

    def test_annotations(self):
        self.put({"a,b.conf": "vm.nr_hugepage = 1\n"})
        result = self.lint("--format", "github", "a,b.conf")
        self.check(result, 1)
        self.assertTrue(result.out.startswith(
            "::warning file=a%2Cb.conf,line=1,col=1,title=misspelt-key::no kernel"), result.out)
        self.assertEqual(result.out.count("\n"), 1)

    def sarif(self):
        self.put(BAD)
        self.put({"with space.conf": "vm.nr_hugepage = 1\n"})
        return self.lint("--format", "sarif", "--ram", "4G", ".")

    def test_sarif(self):
        log = self.sarif().json
        self.assertEqual(log["version"], "2.1.0")
        run, = log["runs"]
        rules = run["tool"]["driver"]["rules"]
        self.assertEqual(len({rule["id"] for rule in rules}), len(rules))
        self.assertGreaterEqual(len(run["results"]), 10)
        for result in run["results"]:
            self.assertEqual(rules[result["ruleIndex"]]["id"], result["ruleId"])
            self.assertIn(result["level"], ("note", "warning", "error"))
            self.assertTrue(result["message"]["text"])
            place = result["locations"][0]["physicalLocation"]
            self.assertGreaterEqual(place["region"]["startLine"], 1)
            self.assertRegex(place["artifactLocation"]["uri"], r"^[A-Za-z0-9._~/%-]+$")
        self.assertIn("with%20space.conf", json.dumps(log))
        self.assertTrue(run["invocations"][0]["executionSuccessful"])
        failed = self.lint("--format", "sarif", "missing").json["runs"][0]["invocations"][0]
        self.assertFalse(failed["executionSuccessful"])

    def test_sarif_by_its_schema(self):
        """The schema of OASIS, as npm has it; the page of SARIF's own is not asked."""
        if not shutil.which("npm"):
            self.skipTest("no npm here")
        log = self.file("log.sarif", self.sarif().out)
        done = subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=self.scratch, timeout=120,
                              capture_output=True, text=True, check=False)
        packed = list(self.scratch.glob("*.tgz"))
        if done.returncode != 0 or not packed:
            self.skipTest(f"npm could not bring {PACKAGE}: {done.stderr.strip()[-200:]}")
        shutil.unpack_archive(packed[0], self.scratch / "npm", "gztar")
        schema = [path for path in (self.scratch / "npm").rglob("*.json")
                  if "physicalLocation" in path.read_text(encoding="utf-8")]
        self.assertTrue(schema)
        check = ("import json, sys\ntry:\n    import jsonschema\nexcept ImportError:\n    sys.exit(77)\n"
                 "schema, log = (json.load(open(path)) for path in sys.argv[1:])\n"
                 "kind = jsonschema.validators.validator_for(schema)\n"
                 "sys.exit('\\n'.join(e.message[:300] for e in kind(schema).iter_errors(log)) or 0)\n")
        done = subprocess.run([SYSTEM_PYTHON, "-c", check, schema[0], log], capture_output=True,
                              text=True, check=False, timeout=120)
        if done.returncode == 77:
            self.skipTest("python3-jsonschema is not installed")
        self.assertEqual(done.returncode, 0, done.stderr)
        bad = self.file("bad.sarif", log.read_text().replace('"level": "error"', '"level": "fatal"'))
        done = subprocess.run([SYSTEM_PYTHON, "-c", check, schema[0], bad], capture_output=True,
                              text=True, check=False, timeout=120)
        self.assertEqual(done.returncode, 1)

    def test_json_by_our_schema(self):
        self.put(BAD)
        names = []
        for number, args in enumerate((["--ram", "4G", "."], ["."], ["missing"])):
            names.append(self.file(f"{number}.json", self.lint("--format", "json", *args).out))
        tools = harness.SOURCE / "tests" / "schema"
        done = subprocess.run([sys.executable, tools / "validate.py",
                               harness.SOURCE / "docs/schema/whyoom-1.schema.json", *names],
                              capture_output=True, text=True, check=False, timeout=60)
        if done.returncode == 77:
            self.skipTest(done.stderr.strip())
        self.assertEqual(done.returncode, 0, done.stderr[:2000])
        bad = re.sub('"rule": "[a-z-]+"', '"rule": "of-nobody"', names[0].read_text(), count=1)
        done = subprocess.run([sys.executable, tools / "validate.py",
                               harness.SOURCE / "docs/schema/whyoom-1.schema.json",
                               self.file("bad.json", bad)],
                              capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual(done.returncode, 1)

    def action(self, **inputs):
        """The step of action.yml, as GitHub runs it."""
        bin_folder = self.scratch / "bin"
        bin_folder.mkdir(exist_ok=True)
        if not (bin_folder / "whyoom").exists():
            os.symlink(harness.PROGRAM, bin_folder / "whyoom")
        env = {f"WHYOOM_{name.upper()}": value for name, value in inputs.items()}
        return harness.Result(subprocess.run(
            ["bash", harness.SOURCE / "packaging/github/lint.sh"], cwd=self.scratch, timeout=60,
            capture_output=True, check=False,
            env={**harness.CLEAN_ENV, "PATH": f"{bin_folder}:{os.environ['PATH']}", **env}))

    def test_the_action(self):
        self.put(BAD)
        self.put({"good/x.yml": "a: 1\nvm.swappiness: 10\n"})
        result = self.action(paths="etc  setup.sh", ram="4G", sarif="out.sarif")
        self.check(result, 1, "::error file=setup.sh,line=2,col=11,title=min-free-too-high::")
        log = json.loads((self.scratch / "out.sarif").read_text(encoding="utf-8"))
        self.assertEqual(len(log["runs"][0]["results"]), result.out.count("\n"))
        self.check(self.action(paths="setup.sh", ram="4G", fail_on="never"), 0, "::error")
        self.check(self.action(paths="setup.sh", ram="4G", ignore="min-free-too-high"), 0)
        self.check(self.action(paths="good"), 0)
        self.check(self.action(), 1)  # the whole checkout
        self.check(self.action(paths="good", program="no-such-program"), 2, "::error::whyoom lint")
        self.check(self.action(paths="missing"), 2)
        # An input is no part of a command.
        self.action(paths="$(touch owned) `touch owned`", ram="4G; touch owned", sarif="a b.sarif")
        self.assertFalse((self.scratch / "owned").exists())

    def test_the_files_for_github_and_pre_commit(self):
        read = ("import json, sys, yaml\nprint(json.dumps([yaml.safe_load(open(path)) for path in "
                "sys.argv[1:]]))")
        done = subprocess.run([SYSTEM_PYTHON, "-c", read, harness.SOURCE / "action.yml",
                               harness.SOURCE / ".pre-commit-hooks.yaml"],
                              capture_output=True, text=True, check=False, timeout=60)
        if "ModuleNotFoundError" in done.stderr:
            self.skipTest("python3-yaml is not installed")
        action, hooks = json.loads(done.stdout)
        step, = action["runs"]["steps"]
        self.assertEqual(set(step["env"].values()),
                         {f"${{{{ inputs.{name} }}}}" for name in action["inputs"]})
        script = (harness.SOURCE / "packaging/github/lint.sh").read_text(encoding="utf-8")
        self.assertEqual(set(step["env"]), set(re.findall(r"WHYOOM_[A-Z_]+", script)))
        self.assertIn("packaging/github/lint.sh", step["run"])
        hook, = hooks
        self.put(BAD)
        self.put(GOOD | {"values.yaml": "{{- if .x }}\na: {{ .y }}\n"})
        paths = [str(path.relative_to(self.scratch)) for path in sorted(self.scratch.rglob("*"))
                 if path.is_file() and re.search(hook["files"], str(path.relative_to(self.scratch)))]
        self.assertIn("etc/sysctl.d/90-db.conf", paths)
        self.assertNotIn("setup.sh", paths)
        program, *words = hook["entry"].split()
        self.assertEqual(program, "whyoom")
        result = harness.whyoom(*words, "--ram", "4G", *paths, cwd=self.scratch)
        self.check(result, 1, f"in {len(paths)} files")
        self.assertNotIn("values.yaml", result.out)

    def test_chinese(self):
        self.put(BAD)
        for name in BAD:
            result = self.lint("--lang", "zh", "--ram", "4G", name)
            for line in result.out.splitlines():
                self.assertRegex(line, "[\u4e00-\u9fff]")


if __name__ == "__main__":
    sys.argv[1:3] = map(os.path.abspath, sys.argv[1:3])
    harness.main()
