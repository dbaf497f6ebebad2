"""The pages of section 5 of the manual, made of what describes the formats already: whyoom-ring(5) and whyoom.conf(5) of
the Markdown below docs/formats, whyoom-json(5) of the schema. examples.py compares and writes them."""
import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAN = ROOT / "docs" / "man"
MARKDOWN = {  # the page: what it is made of, and what it is about
    "whyoom-ring.5": (ROOT / "docs/formats/ring.md", "what the recorder of whyoom keeps on the disk",
                      ["whyoom-watch(1)", "whyoom-history(1)"]),
    "whyoom.conf.5": (ROOT / "docs/formats/conf.md", "settings of the recorder of whyoom and of its server",
                      ["whyoom-config(1)", "whyoom-watch(1)", "whyoom-serve(1)", "whyoom-history(1)"]),
}
SCHEMA = ROOT / "docs/schema/whyoom-1.schema.json"


def version():
    return re.search(r"project\(whyoom VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text())[1]


def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("^", "\\(ha").replace("~", "\\(ti")
    text = text.replace("'", "\\(aq").replace("`", "\\(ga")
    return "\\&" + text if text.startswith(".") else text


def inline(text):
    """A line of Markdown: code is bold, **words** too, of a link its words stay."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    parts = re.split(r"(`[^`]*`|\*\*[^*]*\*\*)", text)
    out = "".join("\\fB" + roff(part.strip("`*")) + "\\fR" if part[:1] in "`*" and len(part) > 2 else roff(part)
                  for part in parts if part)
    return "\\&" + out if out.startswith(("'", ".")) else out


def table(rows):
    """The widest column shares what is left of the line; its cells are wrapped."""
    cells = [[cell.strip() for cell in row.strip().strip("|").split("|")] for row in rows]
    del cells[1]  # the rule below the head
    count = len(cells[0])
    widest = [max(len(row[i]) if i < len(row) else 0 for row in cells) for i in range(count)]
    wrapped = [i for i in range(count) if widest[i] > 24] or [count - 1]
    share = max(12, (70 - sum(w for i, w in enumerate(widest) if i not in wrapped) - 3 * count) // len(wrapped))

    def form(letter):
        return " ".join(f"{letter}w({share}n)" if i in wrapped else letter for i in range(count))

    out = [".TS", "tab(|);", form("lb"), form("l") + "."]
    for number, row in enumerate(cells):
        row += [""] * (count - len(row))
        out.append("|".join(f"T{{\n{inline(cell)}\nT}}" if i in wrapped and cell else inline(cell)
                            for i, cell in enumerate(row)))
        if number == 0:
            out.append("_")
    return out + [".TE"]


def body(markdown):
    """Headings below the first, paragraphs, lists, tables and blocks of code."""
    out, lines, fresh = [], markdown.split("\n")[1:], True
    i = 0
    while i < len(lines):
        line = lines[i]
        if line.startswith("```"):
            end = lines.index("```", i + 1)
            out += [".PP", ".RS 4", ".nf", *(roff(each) for each in lines[i + 1:end]), ".fi", ".RE"]
            i, fresh = end + 1, True
            continue
        if line.startswith("|"):
            end = next(j for j in range(i, len(lines) + 1) if j == len(lines) or not lines[j].startswith("|"))
            out += [".PP", *table(lines[i:end])]
            i, fresh = end, True
            continue
        if line.startswith("#"):
            out.append(".SH " + roff(line.lstrip("# ").upper()))
            fresh = False
        elif line.startswith("- "):
            out += [".IP \\(bu 2", inline(line[2:])]
            fresh = False
        elif line.startswith("<!--"):
            pass
        elif line:
            out += ([".PP"] if fresh else []) + [inline(line.strip())]
            fresh = False
        else:
            fresh = not (out and out[-1].startswith(".SH"))
        i += 1
    return out


def page(name, about, description, others):
    stem, section = name.rsplit(".", 1)
    return "\n".join([
        "'\\\" t", ".\\\" Made by tests/docs/format_pages.py; `./dev docs` renews it.",
        f'.TH {roff(stem.upper())} {section} "" "whyoom {version()}" "File Formats"',
        ".SH NAME", f"{roff(stem)} \\- {roff(about)}", ".SH DESCRIPTION", *description, ".SH SEE ALSO",
        ",\n".join("\\fB" + roff(other[:-3]) + "\\fR" + other[-3:] for other in ["whyoom(1)", *others]), ""])


def type_of(node):
    """What a value can be, in words."""
    if "$ref" in node:
        return node["$ref"].rsplit("/", 1)[-1].replace("#", "")
    if "const" in node:
        return json.dumps(node["const"])
    for key in ("oneOf", "anyOf"):
        if key in node:
            return " or ".join(type_of(each) for each in node[key])
    kinds = node.get("type", "any")
    text = " or ".join([kinds] if isinstance(kinds, str) else kinds)
    if "items" in node:
        text = text.replace("array", "array of " + type_of(node["items"]))
    return text


def members(node, depth=0):
    out = []
    for name, each in node.get("properties", {}).items():
        out += [".TP", f"\\fB{roff(name)}\\fR ({inline(type_of(each))})", inline(each.get("description", "")) or "\\&"]
        if "enum" in each:
            out += [".br", "One of " + ", ".join(roff(json.dumps(word)) for word in each["enum"]) + "."]
        inner = each if "properties" in each else each.get("items", {})
        if "properties" in inner and depth < 3:
            out += [".RS", *members(inner, depth + 1), ".RE"]
    return out


def json_page():
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    out = [inline(schema["description"].replace("$defs/", "")), ".PP",
           "The schema itself (JSON Schema 2020\\-12) is", f"\\fI{roff('/usr/share/whyoom/' + SCHEMA.name)}\\fR.",
           ".SH THE OBJECT", *members(schema), ".SH ITS PARTS"]
    for name, each in schema["$defs"].items():
        out += [".SS " + roff(name), inline(each.get("description", "")), *members(each)]
    return page("whyoom-json.5", "what whyoom writes for programs", out,
                ["whyoom-explain(1)", "whyoom-check(1)", "whyoom-whatif(1)", "whyoom-fix(1)"])


def pages():
    """Each page with what it is to hold."""
    for name, (source, about, others) in MARKDOWN.items():
        if source.exists():
            yield MAN / name, page(name, about, body(source.read_text(encoding="utf-8")), others)
    yield MAN / "whyoom-json.5", json_page()
