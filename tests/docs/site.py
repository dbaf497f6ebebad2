#!/usr/bin/env python3
"""The site of `./dev site`, and what must hold of it.

    site.py --build [OUT]     lays the Markdown out as the links between the documents expect it, and lets mkdocs make
                              pages of it (build/site); every link inside the pages has to lead somewhere
    site.py                   only compares: every document is in the navigation of mkdocs.yml, and nothing else is

The causes' pages are added to the navigation by themselves. Links out of the site, to sources, become words."""
import html.parser
import os
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "build/site-source"
STYLE = """
body { font-size: 1rem; }
pre, pre code { font-size: .76rem; white-space: pre; }
pre { overflow-x: auto; }
table { display: block; overflow-x: auto; font-size: .92rem; width: max-content; max-width: 100%; margin-bottom: 1rem; }
th, td { padding: .3rem .6rem; border: 1px solid #8884; vertical-align: top; }
td code, p code, li code { overflow-wrap: anywhere; }
td:first-child code { white-space: nowrap; }
img { max-width: 100%; }
"""


def documents():
    """Of the repository, with their paths from its root."""
    for pattern in ("CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md", "docs/formats/*.md", "examples/README.md",
                    "src/diagnose/causes/*/README.md"):
        yield from sorted(path.relative_to(ROOT) for path in ROOT.glob(pattern))


def navigation():
    return re.findall(r"(?m)^ +- [^:\n]+: (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"))


def complaints_of_navigation():
    named = [name for name in navigation() if name != "index.md"]
    known = [str(path) for path in documents() if "causes" not in path.parts]
    yield from (f"mkdocs.yml: {name} is not in the navigation" for name in known if name not in named)
    yield from (f"mkdocs.yml: there is no {name}" for name in named if name not in known)


def without_links_to_sources(text, path):
    """A link to a document or a picture stays; the words of one to a source, a script or a folder stay as words."""
    def judged(match):
        target = urllib.parse.urlsplit(match["target"])
        if target.scheme or not target.path or match["target"].startswith("#"):
            return match[0]
        place = pathlib.PurePosixPath(os.path.normpath(path.parent / target.path))
        if str(place) == "README.md":
            return match[0].replace("README.md", "index.md")
        kept = place in KNOWN or place.suffix in (".png", ".svg")
        return match[0] if kept else match["words"]
    return re.sub(r"(?P<words>!?\[[^\]]*\])\((?P<target>[^)\s]+)\)", lambda m: judged(m) if judged(m) != m["words"]
                  else m["words"].strip("[]"), text)


def spaced(text):
    """CommonMark takes a list or a table right behind a paragraph, and what belongs to an item two or three spaces in;
    mkdocs wants an empty line before it, and four spaces."""
    out, fenced, in_list, loose = [], False, False, False  # loose: an item has a second paragraph
    for line in text.split("\n"):
        fenced ^= line.startswith("```")
        item = re.match(r"(- |\d+\. |\|)", line)
        before = out[-1] if out else ""
        if item and not fenced and before and (loose or not re.match(r"(\s|- |\d+\. |\||<!--)", before)):
            out.append("")
        loose = not item and in_list and (loose or not line)
        in_list = bool(item) or (in_list and (not line or line.startswith("  ")))
        depth = len(line) - len(line.lstrip())
        if in_list and not fenced and 2 <= depth <= 7 and depth != 4:
            line = " " * (4 if depth < 4 else 8) + line.lstrip()
        out.append(line)
    return "\n".join(out)


def lay_out():
    shutil.rmtree(SOURCE, ignore_errors=True)
    for path in [*documents(), pathlib.Path("README.md")]:
        to = SOURCE / ("index.md" if str(path) == "README.md" else path)
        to.parent.mkdir(parents=True, exist_ok=True)
        text = (ROOT / path).read_text(encoding="utf-8")
        to.write_text(spaced(without_links_to_sources(text, path)), encoding="utf-8")
    shutil.copytree(ROOT / "docs/images", SOURCE / "docs/images")
    (SOURCE / "site.css").write_text(STYLE)
    shutil.copytree(ROOT / "docs/schema", SOURCE / "docs/schema")
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    causes = "".join(f"          - {path.parent.name}: {path}\n" for path in documents() if "causes" in path.parts)
    config = config.replace("      - Accuracy:", "      - Each cause:\n" + causes + "      - Accuracy:")
    config = re.sub(r"(?m)^(docs_dir|site_dir): (.*)$", lambda m: f"{m[1]}: {ROOT / m[2]}", config)
    (SOURCE.parent / "mkdocs.yml").write_text(config, encoding="utf-8")


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.links, self.names = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.names.add(attrs.get("id"))
        for key in ("href", "src"):
            if attrs.get(key):
                self.links.append(attrs[key])


def dead_links(site):
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    for path, page in pages.items():
        for link in page.links:
            target = urllib.parse.urlsplit(link)
            if target.scheme or target.netloc or link == "#" or path.name == "404.html":
                continue
            to = path if not target.path else pathlib.Path(os.path.normpath(path.parent / urllib.parse.unquote(target.path)))
            to = to / "index.html" if to.is_dir() else to
            if not to.exists():
                yield f"{path.relative_to(site)}: {link} leads nowhere"
            elif target.fragment and to in pages and target.fragment not in pages[to].names:
                yield f"{path.relative_to(site)}: there is no #{target.fragment} in {to.relative_to(site)}"


def build():
    lay_out()
    done = subprocess.run(["mkdocs", "build", "--quiet", "--clean", "--config-file", SOURCE.parent / "mkdocs.yml"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False)
    if done.returncode != 0:
        return [done.stdout]
    site = ROOT / "build/site"
    pages = len(list(site.rglob("*.html")))
    print(f"build/site/index.html and {pages - 1} more pages")
    return sorted(set(dead_links(site)))


KNOWN = {pathlib.PurePosixPath(path) for path in documents()}

if __name__ == "__main__":
    wrong = list(complaints_of_navigation())
    if "--build" in sys.argv:
        wrong += build()
    print("\n".join(wrong) or f"{len(navigation())} documents are in the navigation")
    sys.exit(1 if wrong else 0)
