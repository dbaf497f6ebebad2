"""Does a report say what the scenario expects? An expectation is one line:

    PATH = VALUE        equal; VALUE is a number, a size (48M), true, false, null or a word
    PATH in A|B         one of
    PATH near VALUE     within 5 %
    PATH >= VALUE       also <=
    PATH has TEXT       a part of it

PATH goes down the JSON by dots. In a list, a number is an index (-1 the last), `any` and `all` stand
for the elements, and a word picks the elements whose cause, name, key or where is that word
(`findings.pid-max.role`; / instead of . inside a word: `settings.vm/min_free_kbytes.after`).
`status` is the exit status.
"""
import json
import re

LINE = re.compile(r"(\S+) +(=|in|near|>=|<=|has) +(.+)")
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
NEAR = 0.05
LABELS = ("cause", "name", "key", "where")


def value_of(text):
    if re.fullmatch(r"\d+(\.\d+)?[KMG]", text):
        return int(float(text[:-1]) * UNITS[text[-1]])
    try:
        return json.loads(text)
    except ValueError:
        return text


def matches(found, operator, wanted):
    if operator == "=":
        return found == value_of(wanted)
    if operator == "in":
        return found in [value_of(part.strip()) for part in wanted.split("|")]
    if operator == "has":
        return wanted in str(found)
    number = value_of(wanted)
    if not isinstance(found, (int, float)) or isinstance(found, bool):
        return False
    return {"near": abs(found - number) <= NEAR * abs(number),
            ">=": found >= number, "<=": found <= number}[operator]


def steps_into(node, step):
    """(elements, whether one suffices) below `node`; [] when there is no such thing."""
    if not (isinstance(node, dict) and step in node):
        step = step.replace("/", ".")
    if isinstance(node, dict):
        return ([node[step]] if step in node else []), False
    if not isinstance(node, list):
        return [], False
    if step in ("any", "all"):
        return node, step == "any"
    if re.fullmatch(r"-?\d+", step):
        index = int(step)
        return ([node[index]] if -len(node) <= index < len(node) else []), False
    return [item for item in node if isinstance(item, dict)
            and step in [str(item.get(label)) for label in LABELS]], True


def holds(node, path, operator, wanted, seen):
    if not path:
        seen.append(node)
        return matches(node, operator, wanted)
    below, one_suffices = steps_into(node, path[0])
    answers = [holds(item, path[1:], operator, wanted, seen) for item in below]
    return bool(answers) and (any(answers) if one_suffices else all(answers))


def complaint(answer, status, line):
    """None when the expectation holds, else a sentence. `answer` is a report's JSON."""
    parts = LINE.fullmatch(line)
    if not parts:
        return f"not an expectation: {line}"
    path, operator, wanted = parts.groups()
    seen = []
    root = {"status": status, **answer}
    if holds(root, path.split("."), operator, wanted, seen):
        return None
    found = ", ".join(json.dumps(value, ensure_ascii=False)[:80] for value in seen[:8])
    return f"{line}: it is {found}" if seen else f"{line}: there is no such thing"


def complaints(name, text, status, lines):
    """Everything that is wrong with the report called `name`."""
    try:
        answer = json.loads(text)
    except ValueError as error:
        return [f"{name}: no JSON, status {status}: {error}: {text[:200]!r}"]
    found = (complaint(answer, status, line) for _, line in lines)
    return [f"{name}: {text}" for text in found if text]
