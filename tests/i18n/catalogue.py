#!/usr/bin/env python3
"""Holds the catalogues of translations (po/*.po) against the sources.

Usage: catalogue.py SOURCE_DIR             says what is wrong, status 1 when something is
       catalogue.py --missing SOURCE_DIR   prints the entries that po/zh_CN.po lacks
       catalogue.py --self-test            breaks each rule and looks whether it is seen

A text is for people when it is marked (tr, translated, Message, plural), and also when it is a
literal of several words in a file that `NOT_TOLD` does not name: a sentence that nobody marked is
seen. tests/i18n/english.txt has the literals that stay English.
"""
import errno
import os
import pathlib
import re
import sys
import unicodedata

# Literals there are no sentences of this program: names, what other programs print, tables.
NOT_TOLD = (
    "src/kernel/", "src/logtext/", "src/record/", "src/report/", "src/host/sysctl_setters.cc",
    "src/app/build_info.cc",  # of a report of a fault: names
    "src/linux/recorder/",  # kept on the disk, told to hooks and the journal: English
    "src/base/language.cc", "src/base/shell.h", "src/base/suggest.cc", "src/render/html.cc", "src/render/html_script.h",
    "src/render/html_style.h",
    "src/render/json", "src/render/check_json.cc", "src/render/whatif_json.cc",
    "src/app/completion_scripts.cc", "src/app/mcp.cc", "src/app/metrics.cc", "src/app/metrics_feed.cc",
    "src/publish/",  # another program, for administrators of fleets: English
    "src/linux/http_server", "src/linux/syscall_filter.cc",
    "src/advise/deployment.cc",  # files for other programs
    "src/diagnose/cgroup_commands.h",  # commands
    "src/advise/play.cc",
)
TOKEN = re.compile("|".join([
    r"//[^\n]*", r"/\*.*?\*/", r'R"(?P<d>[^()\\ ]{0,16})\((?P<raw>.*?)\)(?P=d)"',
    r'"(?P<s>(?:[^"\\\n]|\\.)*)"', r"'(?:[^'\\\n]|\\.)+'", r"(?P<ws>\s+)", r"[A-Za-z_]\w*", "."]),
    re.S)
HEADINGS = [f"## {title}" for title in ("症状", "机制", "证据", "修复", "看似却不是")]
MARKS = {"tr", "translated", "Message"}
SENTENCE = re.compile(r"[A-Za-z]{2,}[,;:]? +[a-z]{2,}|\b[a-z]{2,} +[A-Za-z]{2,}")
OF_THE_SYSTEM = {os.strerror(number) for number in errno.errorcode}
ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "'": "'"}


def unescaped(text):
    return re.sub(r"\\(.)", lambda m: ESCAPES.get(m.group(1), m.group(0)), text)


def tokens(source):
    """(kind, text, line): adjacent literals are one."""
    out, line = [], 1
    for match in TOKEN.finditer(source):
        text = match.group(0)
        if match.group("s") is not None or match.group("raw") is not None:
            own = match.group("raw")
            own = unescaped(match.group("s")) if own is None else own
            if out and out[-1][0] == "s":
                out[-1] = ("s", out[-1][1] + own, out[-1][2])
            else:
                out.append(("s", own, line))
        elif match.group("ws") is None and not text.startswith(("//", "/*")):
            out.append(("t", text, line))
        line += text.count("\n")
    return out


def first_argument(found, at):
    """Literals of the first argument of the call whose bracket stands at `at`."""
    depth, literals = 0, []
    for kind, text, _ in found[at:]:
        if kind == "s":
            if depth == 1:
                literals.append(text)
            continue
        depth += (text in "([{") - (text in ")]}")
        if depth == 0 or (depth == 1 and text == ","):
            break
    return literals


def texts_of(source):
    """What is marked, and all literals, each with its line."""
    marked, literals, elsewhere = {}, {}, set()
    found = tokens(source)
    for i, (kind, text, line) in enumerate(found):
        if kind == "s":
            literals.setdefault(text, line)
            continue
        if text in MARKS:
            # Message(..), Message name(..), Message{..}
            named = text == "Message" and i + 2 < len(found) and re.match(r"\w", found[i + 1][1])
            at = i + (2 if named else 1)
            if at < len(found) and found[at][1] in ("(", "{") and found[at][0] == "t":
                for each in first_argument(found, at):
                    marked.setdefault(each, line)
        elif text == "ShellCommand" and found[i + 1][1] == "(":
            elsewhere.update(first_argument(found, i + 1))
        elif text == "plural" and found[i + 1][1] == "(":
            depth, arguments = 0, [[]]
            for k, t, _ in found[i + 1:]:
                if k == "t":
                    depth += (t in "([{") - (t in ")]}")
                    if depth == 0:
                        break
                    if depth == 1 and t == ",":
                        arguments.append([])
                        continue
                elif depth == 1:
                    arguments[-1].append(t)
            if len(arguments) == 3 and arguments[2]:
                elsewhere.update(arguments[1] + arguments[2])
                marked.setdefault("{} " + arguments[2][0], line)
    for text in elsewhere:  # of commands, and what stands in a pattern of plural()
        literals.pop(text, None)
    return marked, literals


def is_worded(text):
    """Has a word of English: names with marks or capitals inside are none."""
    return re.search(r"(?<![\w./=-])[A-Za-z]?[a-z]+(?![\w./=-])", text) is not None


def read_sources(root):
    marked, sentences, everything = {}, {}, set()
    for path in sorted((root / "src").rglob("*")):
        if path.suffix not in (".cc", ".h") or "test" in path.stem or "bench" in path.stem:
            continue
        name = str(path.relative_to(root))
        own, literals = texts_of(path.read_text(encoding="utf-8"))
        for text, line in own.items():
            if is_worded(text):
                marked.setdefault(text, f"{name}:{line}")
        everything |= set(own) | set(literals)
        if not name.startswith(NOT_TOLD):
            for text, line in literals.items():
                if SENTENCE.search(text):
                    sentences.setdefault(text, f"{name}:{line}")
    return marked, sentences, everything


def read_catalogue(path):
    """Entries in order; the complaints are about its form."""
    entries, complaints, field, number = [], [], None, 0
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = re.fullmatch(r'(msgid |msgstr |)"((?:[^"\\]|\\.)*)"', line)
        if match is None:
            if line:
                complaints.append(f"{path.name}:{number}: the compiler cannot read this: {line}")
            continue
        if match.group(1):
            field = match.group(1).strip()
            if field == "msgid":
                entries.append({"msgid": "", "msgstr": "", "line": number})
        entries[-1][field] += unescaped(match.group(2))
    return [entry for entry in entries if entry["msgid"]], complaints


def arguments_of(text):
    used, following = set(), 0
    for match in re.finditer(r"\{(\d?)\}", text):
        if match.group(1):
            used.add(int(match.group(1)))
        else:
            following += 1
            used.add(following)
    return used


def check_form(english, chinese):
    if not chinese:
        yield "has no translation"
        return
    if arguments_of(english) != arguments_of(chinese):
        yield "does not take the same {}"
    if english.endswith("\n") != chinese.endswith("\n"):
        yield "ends its line otherwise"
    for char in chinese:
        if ord(char) >= 0x80 and unicodedata.east_asian_width(char) not in "WF":
            yield f"has '{char}', which is one column or two, as the terminal likes"
    if re.search(r"[\u4e00-\u9fff] ?[,;:?!.](\s|$|[\u4e00-\u9fff])", chinese):
        yield "has punctuation of ASCII behind Chinese"


def complaints_of(marked, sentences, everything, entries, stay_english):
    known = {}
    for entry in entries:
        english, where = entry["msgid"], f"po/zh_CN.po:{entry['line']}"
        if english in known:
            yield f"{where}: a second time: {english!r}"
        known[english] = entry
        if english not in everything and english not in OF_THE_SYSTEM:
            yield f"{where}: no source has this text: {english!r}"
        for why in check_form(english, entry["msgstr"]):
            yield f"{where}: {why}: {english!r}"
    for text, where in {**sentences, **marked}.items():
        if text not in known and text not in stay_english:
            yield f"{where}: not translated: {text!r}"
    for text in stay_english:
        if text not in everything:
            yield f"tests/i18n/english.txt: no source has this text: {text!r}"


def read_english(root):
    path = root / "tests" / "i18n" / "english.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [unescaped(line) for line in lines if line and not line.startswith("#")]


def check_page(path, text):
    """A page of a cause in Chinese: the id, and the headings of README.md in their order."""
    found = re.findall(r"^#+ .*$", text, flags=re.M)
    if found != [f"# {path.parent.name}", *HEADINGS]:
        yield f"{path}: the headings are {found}"
    if re.search(r"(?:near-miss|positive)\S*\.case", text):
        yield f"{path}: cases are told of in README.md alone"


def check_pages(root):
    for home in sorted((root / "src" / "diagnose" / "causes").iterdir()):
        page = home / "README.zh_CN.md"
        if page.exists():
            yield from check_page(page, page.read_text(encoding="utf-8"))
        elif home.is_dir():
            yield f"{page}: is not there"


def check(root):
    entries, complaints = read_catalogue(root / "po" / "zh_CN.po")
    marked, sentences, everything = read_sources(root)
    found = list(complaints_of(marked, sentences, everything, entries, read_english(root)))
    return complaints + found + list(check_pages(root)), len(entries)


def missing(root):
    entries, _ = read_catalogue(root / "po" / "zh_CN.po")
    known = {entry["msgid"] for entry in entries} | set(read_english(root))
    marked, sentences, _ = read_sources(root)
    for text, where in sorted({**sentences, **marked}.items(), key=lambda item: item[1]):
        if text not in known:
            shown = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            print(f'\nmsgid "{shown}"\nmsgstr ""')


def self_test():
    source = '''tr("one {}", x); Message("two " "more"); out(tr(a ? "three" : "four"));
      plural(n, "cat", "cats"); table{"five words in all"}; f("id"); // "no comment is"
      const Message open("six"); tr(R"(raw text)");'''
    marked, literals = texts_of(source)
    if set(marked) != {"one {}", "two more", "three", "four", "{} cats", "six", "raw text"}:
        sys.exit(f"marked: {sorted(marked)}")
    if "five words in all" not in literals or "no comment is" in literals:
        sys.exit(f"literals: {sorted(literals)}")
    cases = {  # a translation of "a {} of {}\n" -> a part of the complaint
        "{2}之{1}\n": "", "{}之{}\n": "", "": "no translation", "{}之\n": "same {}",
        "{}之{}{3}\n": "same {}", "{}之{}": "ends its line", "{}“{}\n": "one column or two",
        "{}之, {}\n": "punctuation of ASCII"}
    for chinese, wanted in cases.items():
        why = list(check_form("a {} of {}\n", chinese))
        if len(why) != (wanted != "") or any(wanted not in each for each in why):
            sys.exit(f"{chinese!r}: {why}")
    page = "\n".join(["# a-cause", *HEADINGS])
    path = pathlib.Path("a-cause", "README.zh_CN.md")
    for text, wanted in ((page, 0), (page.replace("机制", "机理"), 1), (page + "\n`positive.case`", 1)):
        if len(list(check_page(path, text))) != wanted:
            sys.exit(f"{text}: {list(check_page(path, text))}")
    text = {"a cat": "x.cc:1"}
    for entries, stay, wanted in (
            ([], [], ["not translated"]), ([], ["a cat"], []),
            ([{"msgid": "a cat", "msgstr": "猫", "line": 1}], [], []),
            ([{"msgid": "a cat", "msgstr": "猫", "line": 1}] * 2, [], ["a second time"]),
            ([{"msgid": "a dog", "msgstr": "狗", "line": 1}], ["a cat"], ["no source"]),
            ([], ["a cat", "a dog"], ["no source"])):
        found = list(complaints_of(text, {}, {"a cat"}, entries, stay))
        if len(found) != len(wanted) or any(w not in f for w, f in zip(wanted, found)):
            sys.exit(f"{entries} {stay}: {found}")


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return 0
    if sys.argv[1] == "--missing":
        missing(pathlib.Path(sys.argv[2]))
        return 0
    complaints, count = check(pathlib.Path(sys.argv[1]))
    print("\n".join(complaints))
    print(f"{count} texts in po/zh_CN.po, {len(complaints)} complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
