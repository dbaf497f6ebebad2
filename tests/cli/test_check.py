#!/usr/bin/env python3
"""`whyoom check` and `whyoom whatif` on this machine and on copies of other hosts."""
import json
import os
import pathlib
import shutil
import subprocess
import unittest

import harness
from harness import whyoom


def host_of_case(case, root, over=False):
    """Writes the host of a case file below a directory; `over` what is there already."""
    text = (harness.SOURCE / "src" / "diagnose" / "causes" / case).read_text(encoding="utf-8")
    for part in ("\n" + text.split("---\n", 1)[1]).split("\n== ")[1:]:
        path, _, content = part.partition("\n")
        path, _, status = path.partition(" @ ")
        path, _, link = path.partition(" -> ")
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if over and not path.endswith("/"):
            target.unlink(missing_ok=True)
        if link:
            target.symlink_to(link)
        elif path.endswith("/"):
            target.mkdir(exist_ok=True)
        else:
            target.write_text(content + "\n", encoding="utf-8")
        if status:
            mode, owners = status.split()
            target.chmod(int(mode, 8))
            if os.geteuid() == 0:
                os.chown(target, *map(int, owners.split(":")))


class Check(harness.Case):
    def tree(self, case):
        root = self.scratch / case.replace("/", "-")
        host_of_case(case, root)
        return root

    def findings(self, root):
        result = whyoom("check", "--root", root, "--format", "json")
        found = json.loads(result.out)
        named = {f["cause"]: f for f in found["findings"] if f["role"] != "ruled-out"}
        self.assertEqual(result.status, 1 if named else 0, result)
        return found, named

    def test_the_fault_before_it_fails(self):
        root = self.tree("min-free-too-high/positive-host.case")
        found, named = self.findings(root)
        self.assertEqual(named["min-free-too-high"]["role"], "risk")
        setting = found["host"]["min_free_kbytes"]
        self.assertEqual((setting["value"], setting["kernel_default"]), (600000, 45056))
        self.assertEqual([line["file"] for line in setting["set_by"] if line["wins"]],
                         ["/etc/sysctl.d/99-sysctl.conf"])
        remedy = named["min-free-too-high"]["remedies"][0]
        self.assertEqual(remedy["commands"], ["sudo whyoom fix vm.min_free_kbytes=45056"])
        self.assertIn("/etc/sysctl.conf:2 sets it to 600000", remedy["title"])

    def test_in_text(self):
        root = self.tree("min-free-too-high/positive-host.case")
        result = whyoom("check", "--root", root, "--width", "80")
        self.check(result, 1, out="3 min_free_kbytes")
        for text in ("1 Memory", "2 Threads", "4 On OOM", "the kernel's own choice here is 45056 kB",
                     "What to do"):
            self.assertIn(text, result.out)
        commands = [line for line in result.out.splitlines() if line.startswith("    sudo ")]
        for line in result.out.splitlines():
            self.assertTrue(len(line) <= 80 or line in commands, line)

    def test_fails_now(self):
        _, named = self.findings(self.tree("min-free-too-high/positive-host-fails-now.case"))
        self.assertEqual(named["min-free-too-high"]["role"], "root")

    def test_the_kernels_own_choice_is_no_finding(self):
        root = self.tree("min-free-too-high/near-miss-host.case")
        _, named = self.findings(root)
        self.assertNotIn("min-free-too-high", named)

    def test_markdown(self):
        root = self.tree("min-free-too-high/positive-host.case")
        self.check(whyoom("check", "--root", root, "--format", "markdown"), 1,
                   out="## 3 min\\_free\\_kbytes")

    def test_what_if_on_a_host(self):
        root = self.tree("min-free-too-high/positive-host.case")
        result = whyoom("whatif", "vm.min_free_kbytes=default", "--root", root, "--format", "json")
        self.assertEqual(result.status, 0, result)
        answer = json.loads(result.out)
        self.assertEqual(answer["settings"]["vm.min_free_kbytes"], {"before": 600000, "after": 45056})
        self.assertTrue(answer["request"]["passes_after"])
        self.assertGreater(answer["kills_from"]["value"], 600000)
        self.assertIsNone(answer["event"])
        self.assertTrue(answer["gaps"])
        self.check(whyoom("whatif", "vm.min_free_kbytes=default", "--root", root), 0,
                   out="the kernel starts to kill when vm.min_free_kbytes reaches")

    def test_what_if_without_zones_says_what_is_missing(self):
        root = self.tree("min-free-too-high/positive-host.case")
        (root / "proc" / "zoneinfo").unlink()
        result = whyoom("whatif", "vm.min_free_kbytes=64M", "--root", root, "--format", "json")
        self.assertEqual(result.status, 0, result)
        answer = json.loads(result.out)
        self.assertEqual(answer["zones"], [])
        self.assertIsNone(answer["request"])
        self.assertTrue(any("zoneinfo" in gap["what"] for gap in answer["gaps"]))

    def test_a_half_empty_host(self):
        whole = self.tree("min-free-too-high/positive-host.case")
        paths = [p for p in whole.rglob("*") if p.is_file() and not p.is_symlink()]
        self.assertGreater(len(paths), 8)
        for path in paths:
            root = self.scratch / "half"
            shutil.copytree(whole, root, symlinks=True)
            (root / path.relative_to(whole)).unlink()
            found, _ = self.findings(root)
            if str(path.relative_to(whole)).startswith("proc/sys/vm/min_free"):
                self.assertTrue(any("min_free_kbytes" in gap["what"] for gap in found["gaps"]))
            shutil.rmtree(root)

    def test_a_capture_gives_the_same_findings(self):
        for case in ("min-free-too-high/positive-host.case", "min-free-drift/positive.case"):
            root = self.tree(case)
            capture = self.scratch / (case.replace("/", "-") + ".tar.gz")
            result = whyoom("capture", "--root", root, "-o", capture)
            self.check(result, 0, err="`whyoom --root` reads it")
            self.assertEqual(capture.stat().st_mode & 0o777, 0o600)
            self.assertEqual(self.findings(capture), self.findings(root))
            self.check(whyoom("capture", "--root", root, "-o", capture), 2, err="File exists")
            self.check(whyoom("whatif", "ram=+1G", "--root", capture), 0)

    def test_a_capture_is_a_tar_that_other_programs_read(self):
        root = self.tree("min-free-too-high/positive-host.case")
        capture, out = self.scratch / "c.tar.gz", self.scratch / "out"
        self.check(whyoom("capture", "--root", root, "-o", capture), 0)
        out.mkdir()
        unpack = subprocess.run(f"tar -xzf {capture} -C {out}", shell=True, check=False,
                                capture_output=True)
        self.assertEqual(unpack.returncode, 0, unpack.stderr)
        _, named = self.findings(out)
        self.assertIn("min-free-too-high", named)

    def test_a_capture_of_this_machine(self):
        capture = self.scratch / "here.tar.gz"
        self.check(whyoom("capture", "-o", capture), 0)
        found, _ = self.findings(capture)
        self.assertGreater(found["host"]["threads"]["now"], 0)
        names = subprocess.run(f"tar -tzf {capture}", shell=True, check=True,
                               capture_output=True).stdout.decode()
        self.assertNotIn("environ", names)
        self.assertNotRegex(names, r"proc/\d+/cmdline")

    def test_a_damaged_capture(self):
        root = self.tree("min-free-drift/positive.case")
        capture = self.scratch / "c.tar.gz"
        self.check(whyoom("capture", "--root", root, "-o", capture), 0)
        data = capture.read_bytes()
        for size in (0, 4, len(data) // 2, len(data) - 3):
            cut = self.file(f"cut-{size}", data[:size])
            result = whyoom("check", "--root", cut)
            self.assertEqual(result.status, 2, result)
            self.assertTrue(result.err.startswith("whyoom: "), result)
        self.check(whyoom("check", "--root", self.file("text", "no tar\n")), 2, err="whyoom: ")

    def test_whyoom_alone_tells_the_story_in_order(self):
        root = self.tree("min-free-too-high/positive-host.case")
        (root / "var" / "log").mkdir(parents=True)
        shutil.copy(self.spree, root / "var" / "log" / "kern.log")
        (root / "etc").mkdir(exist_ok=True)
        (root / "etc" / "hostname").write_text("# ours\ndb1\n")
        result = whyoom("--root", root, "--width", "80")
        self.check(result, 1, out="and 5 more events after it")
        places = [result.out.index(text) for text in (
            "What happened on db1", "Why: ", "Is it still so?", "Yes: vm.min_free_kbytes is",
            "3 min_free_kbytes", "<- the cause", "4 On OOM", "What to do", "sudo whyoom fix vm.min_free_kbytes=45056")]
        self.assertEqual(places, sorted(places))
        self.assertEqual(result.out.count("<- the cause"), 1)
        answer = json.loads(whyoom("--root", root, "--format", "json").out)
        self.assertEqual(answer["check"]["host"]["name"], "db1")
        self.assertEqual(len(answer["events"]), 6)
        self.assertEqual(answer["events"][0]["root_cause"], "min-free-too-high")
        self.assertEqual(answer["check"]["host"]["min_free_kbytes"]["value"], 600000)

    def test_whyoom_alone_on_a_repaired_host(self):
        root = self.tree("min-free-too-high/near-miss-host.case")
        (root / "var" / "log").mkdir(parents=True)
        shutil.copy(self.spree, root / "var" / "log" / "kern.log")
        self.check(whyoom("--root", root), 1, out="Is it still so? No: vm.min_free_kbytes is 45056 kB")

    def test_no_host_there(self):
        self.check(whyoom("check", "--root", self.scratch / "none"), 2, err="No such file")
        self.check(whyoom("check", "--root", self.scratch), 2, err="no /proc of a host in it")
        self.check(whyoom("whatif", "ram=+1G", "--root", self.scratch), 2, err="no /proc of a host")
        named = self.scratch / "a\x1b[2J"
        named.mkdir()
        self.check(whyoom("check", "--root", named), 2, err="a\\x1b[2J: no /proc of a host in it")

    def test_a_posted_meminfo(self):
        post = self.file("post.txt", "memory is full, and no process has it?\n"
                         "# cat /proc/meminfo\nMemTotal: 26809844 kB\nMemFree: 194184 kB\n"
                         "HugePages_Total: 12816\nHugePages_Free: 12816\nHugePages_Rsvd: 0\n"
                         "Hugepagesize: 2048 kB\n# sysctl vm.min_free_kbytes\n"
                         "vm.min_free_kbytes = 67584\n")
        self.check(whyoom("explain", post), 0, err="what it shows: whyoom check --root")
        found, named = self.findings(post)
        self.assertEqual(list(named), ["hugepages-reserved"])
        self.check(whyoom("--root", post), 1, out="98 % of RAM are reserved as huge pages")
        self.assertEqual(found["host"]["min_free_kbytes"]["value"], 67584)
        self.assertEqual(len(found["gaps"]), 1, "what nobody posted is one gap")
        piped = whyoom("check", "--root", "-", stdin=post.read_bytes())
        self.check(piped, 1, out="98 % of RAM are reserved as huge pages")
        little = self.file("little.txt", "MemTotal: 4554744 kB\nMemFree: 2155620 kB\n")
        self.check(whyoom("check", "--root", little), 0,
                   out="Nothing wrong was found in what could be read of this host.")
        self.check(whyoom("check", "--root", "-", stdin=b"MemTotal: 4554744 kB\nMemFree: 155620 kB\n"), 0,
                   out="What could be read does not tell how much memory this host has left")
        self.check(whyoom("check", "--root", self.file("a.txt", "help!\n")), 2,
                   err="no capture of `whyoom capture`, and nothing that shows a host stands in it: /proc/meminfo")

    def test_posted_limits_of_a_shell(self):
        post = self.file("post.txt", "-bash: fork: retry: Resource temporarily unavailable\n"
                         "[trinity@localhost ~]$ ulimit -a\nopen files                      (-n) 1024\n"
                         "max user processes              (-u) 3\n"
                         "virtual memory          (kbytes, -v) unlimited\n")
        self.check(whyoom("explain", post), 0, err="or --root FILE, a text with its ulimit -a")
        found, named = self.findings(post)
        self.assertEqual(list(named), ["rlimit-nproc"])
        self.assertEqual(found["posted"], ["ulimit -a"])
        usual = self.file("usual.txt", post.read_text().replace("-u) 3", "-u) 4096"))
        self.check(whyoom("check", "--root", usual), 0,
                   out="ulimit of the shell: tasks of its user 4,096, open files 1,024, address space\n    unlimited.")

    def test_posted_numbers_of_two_machines(self):
        post = self.file("post.txt", "MemTotal: 2097152 kB\nMemFree: 1977304 kB\nMemAvailable: 1994764 kB\n"
                         "AnonPages: 7721928 kB\nShmem: 1584000 kB\n")
        text = whyoom("check", "--root", post, "--width", "200")
        self.check(text, 0, out="7.36 GiB of AnonPages are more than the 2 GiB of MemTotal")
        self.assertIn("1 Memory\n  Not known: the numbers of /proc/meminfo contradict each other (below).", text.out)

    def test_a_posted_unit(self):
        post = self.file("post.txt", "fork: retry: Resource temporarily unavailable\n"
                         "$ systemctl status docker\n● docker.service - Docker\n"
                         "    Tasks: 502 (limit: 512)\n   Memory: 1.9G (max: 2.0G)\n"
                         "   CGroup: /system.slice/docker.service\n$ free -m\n")
        found, named = self.findings(post)
        self.assertEqual(list(named), ["cgroup-pids-max"])
        self.assertEqual(found["posted"], ["systemctl status docker.service"])
        text = whyoom("check", "--root", post).out
        for part in ("has 502 of 512 tasks (98 %) that\n     pids.max allows", "has 1.9 GiB of the 2 GiB",
                     "systemctl set-property -- docker.service TasksMax=1024",
                     "3 min_free_kbytes\n  Not in the text.", "\nread: systemctl status docker.service\nnot read: "):
            self.assertIn(part, text)
        self.assertNotIn("pstore", text)
        roomy = self.file("roomy.txt", post.read_text().replace("502", "52"))
        self.check(whyoom("check", "--root", roomy), 0,
                   out="What is in the text shows no fault, and is too little to say that there is none.")

    def test_this_machine(self):
        result = whyoom("check", "--format", "json")
        self.assertIn(result.status, (0, 1), result)
        host = json.loads(result.out)["host"]
        running = int(pathlib.Path("/proc/sys/vm/min_free_kbytes").read_text(encoding="ascii"))
        self.assertEqual(host["min_free_kbytes"]["value"], running)
        self.assertEqual(host["page_size"], os.sysconf("SC_PAGE_SIZE"))
        self.assertGreater(host["threads"]["now"], 0)
        self.assertTrue(host["zones"])

    def dead_namespaces(self):
        result = whyoom("check", "--format", "json", "--all")
        self.assertIn(result.status, (0, 1), result)
        return [finding["summary"] for finding in result.json["findings"]
                if finding["cause"] == "pid-namespace-dead"]

    def shell_of_unshare(self, *options):
        """A shell behind unshare that has run one command."""
        shell = subprocess.Popen(
            ["unshare", "--pid", *options, "sh", "-c", "/bin/true; echo done; read end"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(shell.communicate)
        if shell.stdout.readline() != b"done\n":
            shell.communicate()
            self.skipTest("no PID namespaces for this user here: " +
                          (shell.stderr.read() if not shell.stderr.closed else b"").decode())
        return shell

    @unittest.skipUnless(shutil.which("unshare"), "no unshare here")
    def test_a_pid_namespace_that_has_ended(self):
        self.assertEqual(self.dead_namespaces(), [])
        self.shell_of_unshare("--fork")  # inhabited
        self.assertEqual(self.dead_namespaces(), [])
        dead = self.shell_of_unshare()
        self.assertIn(f"(pid {dead.pid})", "".join(self.dead_namespaces()))

    @unittest.skipIf(harness.nobody(), harness.nobody())
    def test_this_machine_as_nobody(self):
        done = subprocess.run([*harness.AS_NOBODY, harness.program_for_all(), "check", "--format",
                               "json"], capture_output=True, check=False, timeout=60)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        self.assertTrue(json.loads(done.stdout)["host"]["zones"])

    def test_hosts_of_real_kernels(self):
        shared = harness.shared()
        trees = sorted(shared.glob("lab/*/before")) + sorted(shared.glob("lab/*/after"))
        if not trees:
            self.skipTest(f"no hosts in {shared}")
        for tree in trees:
            with self.subTest(tree=tree):
                found, named = self.findings(tree)
                setting = found["host"]["min_free_kbytes"]
                if tree.name == "before":
                    self.assertEqual(setting["value"], setting["kernel_default"])
                    self.assertNotIn("min-free-too-high", named)
                else:
                    self.assertIn("min-free-too-high", named)
                    self.assertEqual(setting["kernel_default"], 45056)


if __name__ == "__main__":
    harness.main()
