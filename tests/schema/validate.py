#!/usr/bin/python3
"""validate.py SCHEMA FILE...

Checks output of whyoom against its JSON Schema. A FILE holds one object of a command (--format
json; its keys tell which) or one event a line (--format ndjson); "-" is standard input. Exit status: 0 all is
valid, 1 something is not, 2 wrong use, 77 the jsonschema module is not there.
"""
import json
import os
import sys

SYSTEM_PYTHON = "/usr/bin/python3"  # has Debian's python3-jsonschema, another python may not

try:
    import jsonschema
except ImportError:
    if sys.executable != SYSTEM_PYTHON and os.access(SYSTEM_PYTHON, os.X_OK):
        os.execv(SYSTEM_PYTHON, [SYSTEM_PYTHON, *sys.argv])
    print("skipped: python3-jsonschema is not installed", file=sys.stderr)
    sys.exit(77)


def no_constant(name):
    raise ValueError(f"{name} is not JSON")


def no_duplicates(pairs):
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"twice in one object: {[n for n in names if names.count(n) > 1][0]}")
    return result


def parse(text):
    return json.loads(text, parse_constant=no_constant, object_pairs_hook=no_duplicates)


def kind_of(value):
    """Which part of the schema describes it."""
    for key, kind in (("kind", "event"), ("events", "explain"), ("not_read", "lint"),
                      ("settings", "what_if"), ("vendors", "vendors"), ("host", "check"),
                      ("fix", "fix"), ("fixes", "fixes")):
        if isinstance(value, dict) and key in value:
            return kind
    return "event"


def objects(text):
    """(line, kind, value) of each JSON value; a line of ndjson is an event."""
    try:
        value = parse(text)
        return [(1, kind_of(value), value)]
    except ValueError as error:
        lines = [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
        if len(lines) < 2:
            raise error
    if not all(line.startswith("{") for _, line in lines):
        raise ValueError("neither one object nor one event a line")
    return [(n, "event", parse(line)) for n, line in lines]


def check(validators, name, text):
    if not text.strip():
        return []  # ndjson of a log without events
    problems = []
    for line, kind, value in objects(text):
        for error in validators[kind].iter_errors(value):
            where = "/".join(str(part) for part in error.absolute_path) or "(top)"
            problems.append(f"{name}:{line}: {where}: {error.message[:300]}")
    return problems


def validators_of(path):
    """kind: what judges it, by the schema in that file."""
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validators = {"explain": jsonschema.Draft202012Validator(schema)}
    kinds = {"event", "what_if", "vendors", "check", "fix", "fixes", "lint"}
    for kind in kinds & schema["$defs"].keys():
        part = {"$schema": schema["$schema"], "$ref": f"#/$defs/{kind}", "$defs": schema["$defs"]}
        validators[kind] = jsonschema.Draft202012Validator(part)
    return validators


def problems_of(validators, names):
    problems = []
    for name in names:
        try:
            if name == "-":
                text = sys.stdin.buffer.read().decode("utf-8")
            else:
                with open(name, "rb") as file:
                    text = file.read().decode("utf-8")
            problems += check(validators, name, text)
        except (OSError, ValueError) as error:
            problems.append(f"{name}: {error}")
    return problems


def main(arguments):
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    problems = problems_of(validators_of(arguments[0]), arguments[1:])
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(arguments) - 1} checked, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
