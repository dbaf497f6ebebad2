#!/usr/bin/env python3
"""A report as one page in HTML: it says what text says, is well-formed, asks for nothing, and
nothing in a log becomes markup. Usage: test_html.py PROGRAM SOURCE_DIR"""
import base64, hashlib, html.parser, os, pathlib, re, unittest

import harness
from harness import whyoom

VOID = {"meta", "br"}
KNOWN = {"html", "head", "meta", "title", "style", "body", "main", "article", "h1", "h2", "h3", "p",
         "span", "pre", "code", "div", "table", "thead", "tbody", "tr", "th", "td", "svg", "rect",
         "details", "summary", "a", "script", "ul", "li"}


class Page(html.parser.HTMLParser):
    """Raises on what is not closed, not known, or asks for something."""

    def __init__(self, text):
        super().__init__()
        self.open, self.words, self.scripts, self.ids, self.links = [], [], [], set(), set()
        self.feed(text)
        self.close()
        assert len(self.scripts) == 1
        assert not self.open, self.open
        assert self.links <= self.ids, self.links - self.ids

    def handle_starttag(self, tag, attrs):
        assert tag in KNOWN, tag
        for name, value in attrs:
            assert name not in ("src", "style") and not name.startswith("on"), (tag, name)
            assert name != "href" or value.startswith("#"), value
            if name == "id":
                assert value not in self.ids, value
                self.ids.add(value)
            if name == "href":
                self.links.add(value[1:])
        if tag == "script":
            assert not self.scripts and not attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag == "rect", tag

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        if "script" in self.open:
            self.scripts.append(data)
        elif "style" not in self.open:
            self.words.append(data)

    def quoted(self):
        """The lines of the logs, by their numbers."""
        lines = {}
        for words in self.words:
            found = re.fullmatch(r" *(\d+)  (.*)\n", words)
            if found:
                lines[int(found[1])] = found[2]
        return lines

    def text(self):
        return " ".join(" ".join(self.words).split())


class Html(unittest.TestCase):
    def page(self, *args, stdin=""):
        done = whyoom(*args, "--format", "html", stdin=stdin)
        self.assertIn(done.status, (0, 1), done.err)
        self.assertTrue(done.out.startswith("<!DOCTYPE html>\n") and done.out.endswith("</html>\n"))
        return Page(done.out)

    def example(self, name):
        return os.path.join(harness.EXAMPLES, name)

    def test_the_answer_and_the_fix_are_there(self):
        text = self.page("explain", self.example("min-free-killed.log")).text()
        self.assertIn("vm.min_free_kbytes is too high", text)
        self.assertIn("short by 60 kB", text)
        self.assertIn("sudo whyoom fix vm.min_free_kbytes=45056", text)

    def test_the_policy_lets_its_own_script_run_and_no_other(self):
        page = whyoom("explain", self.example("min-free-killed.log"), "--format", "html").out
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
        script = re.search("(?s)<script>(.*)</script>", page)[1]
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        self.assertIn("default-src 'none'", policy)
        self.assertEqual(re.findall(r"script-src ([^;]*)", policy), [f"'sha256-{digest}'"])

    def test_what_other_values_would_have_done(self):
        text = self.page("explain", self.example("min-free-killed.log")).text()
        self.assertIn("What other values would have done at this moment", text)
        self.assertRegex(text, r"45056 .*passes the fix")
        self.assertRegex(text, r"fails as it was")
        self.assertNotIn("What other values", self.page("explain", self.example("memory-exhausted.log")).text())

    def test_numbers_lead_to_the_lines_of_the_log(self):
        for name in ("min-free-killed.log", "min-free-panic.log", "memory-exhausted.log"):
            page = self.page("explain", self.example(name))
            log = pathlib.Path(self.example(name)).read_text(encoding="utf-8").splitlines()
            self.assertTrue(page.links)
            for number, line in page.quoted().items():
                self.assertTrue(log[number - 1].endswith(line), (number, line, log[number - 1]))
            for link in page.links:
                self.assertIn(int(link.rpartition("-")[2]), page.quoted())

    def test_lines_of_several_logs_are_told_apart(self):
        # Page sees to it that no id comes twice. Read ahead by threads, and from a pipe.
        names = [self.example(name) for name in ("min-free-killed.log", "memory-exhausted.log")]
        many = self.page("explain", *names)
        piped = [self.page("explain", "-", stdin=pathlib.Path(name).read_text(encoding="utf-8")) for name in names]
        self.assertEqual(len(many.links), sum(len(page.links) for page in piped))

    def test_a_long_line_is_cut_and_a_hostile_one_is_text(self):
        log = ("[ 9.0] x invoked oom-killer: gfp_mask=0x140dca, order=0, " + "<b>\u202e" * 100000 + "\n"
               "[ 9.1] Out of memory: Killed process 7 (x) total-vm:9kB, anon-rss:5kB, file-rss:0kB\n")
        line = self.page("explain", "-", stdin=log).quoted()[1]
        self.assertIn("<b>\\xe2\\x80\\xae<b>", line)
        self.assertLess(len(line), 9000)

    def test_only_a_page_has_them(self):
        for form in ("text", "markdown", "json"):
            done = whyoom("explain", "-v", self.example("min-free-killed.log"), "--format", form)
            self.assertNotIn("The lines of the log", done.out)

    def test_cgroups_are_a_tree(self):
        log = ("[ 9.0] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"
               "oom_memcg=/user.slice,task_memcg=/user.slice/user-1000.slice/a.scope,task=x,pid=7,uid=1000\n"
               "[ 9.1] Memory cgroup out of memory: Killed process 7 (x) total-vm:9000kB, anon-rss:5000kB, "
               "file-rss:0kB\n")
        page = whyoom("explain", "-", "--format", "html", stdin=log).out
        Page(page)
        tree = re.search('(?s)<ul class="tree">.*</ul>', page)[0]
        self.assertEqual(re.findall('class="name">([^<]*)<', tree),
                         ["/", "user.slice", "user-1000.slice", "a.scope"])
        self.assertIn("killed: x (pid 7)", tree)

    def test_processes_have_the_kernels_score(self):
        text = self.page("explain", self.example("memory-exhausted.log")).text()
        self.assertIn("adj score", text)

    def test_a_host(self):
        self.assertIn("min_free_kbytes", self.page("check", "--root", self.example("host")).text())

    def test_names_from_a_log_stay_text(self):
        for name in ("<script>alert(1)", '"><img onerror=x>', "a'&b", "x</article>"):
            log = (f"[ 9.0] Out of memory: Killed process 7 ({name}) total-vm:900000kB, "
                   "anon-rss:500000kB, file-rss:0kB, shmem-rss:0kB\n")
            self.assertIn(name, self.page("explain", "-", stdin=log).text())

    def test_many_stories_are_added_up(self):
        log = "".join(f"[ {1000 * i}.0] Memory cgroup out of memory: Killed process {i} (w{i}) "
                      "total-vm:9000kB, anon-rss:8000kB, file-rss:0kB, shmem-rss:0kB\n"
                      for i in range(1, 9))
        page = whyoom("explain", "-", "--format", "html", stdin=log).out
        self.assertEqual(page.count('<article class="summary">'), 1)
        self.assertEqual(page.count('<article class="story">'), 8)

    def test_no_event(self):
        self.assertIn("No events", self.page("explain", "-", stdin="nothing\n").text())

    def test_the_samples(self):
        shared = os.environ.get("WHYOOM_SHARED")
        if not shared:
            self.skipTest("WHYOOM_SHARED is not set")
        for folder in ("hostile", "damaged", "corpus/real"):
            for path in sorted(pathlib.Path(shared, folder).rglob("*")):
                if path.is_file() and path.stat().st_size < 1 << 20:
                    done = whyoom("explain", path, "--format", "html")
                    if done.out:
                        with self.subTest(path=path.name):
                            Page(done.out)


if __name__ == "__main__":
    harness.main()
