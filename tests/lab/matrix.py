"""docs/support-matrix.md: what the lab found, kernel by kernel. Made from every result that lies in the
lab's cache, so partial runs add up; a result of another package version than the newest one seen
for its kernel does not count."""
import datetime
import fnmatch
import json

import kernels

SIGNS = {"PASS": "✓", "FAIL": "**✗**", "SKIP": "–"}


def results_below(folder):
    found = {}
    for path in sorted(folder.glob("*/*/result.json")):
        result = json.loads(path.read_text())
        result["day"] = datetime.date.fromtimestamp(path.stat().st_mtime).isoformat()
        found[result["kernel"], result["scenario"]] = result
    return found


def current(found):
    """Without the results of packages that a newer one has replaced."""
    newest = {}
    for result in found.values():
        if result["version"]:
            known = newest.get(result["kernel"])
            newest[result["kernel"]] = max(known or result, result, key=lambda each: each["day"])
    return {key: result for key, result in found.items()
            if result["version"] in ("", newest.get(result["kernel"], result)["version"])}, newest


def table(rows):
    head, *rest = rows
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rest]


def kernel_rows(listed, newest, found, reasons):
    rows = [("kernel", "architecture", "package", "version", "day", "passed", "failed", "skipped")]
    for kernel in listed:
        own = [result for (name, _), result in found.items() if name == kernel.name]
        count = [str(sum(result["verdict"] == verdict for result in own)) for verdict in SIGNS]
        known = newest.get(kernel.name)
        package = known["package"] if known else f"none: {reasons.get(kernel.name, 'not run')}"
        rows.append((kernel.name, kernel.architecture, package, known["version"] if known else "",
                     known["day"] if known else "", *count))
    return rows


def scenario_rows(cases, names, found):
    rows = [("scenario", "what happens", *names)]
    for case in cases:
        cells = [SIGNS.get(found.get((name, case.name), {}).get("verdict"), "") for name in names]
        if any(cells):
            rows.append((f"[{case.name}](../tests/lab/scenarios/{case.name}.scenario)", case.title,
                         *cells))
    return rows


def reasons_of(found, verdict):
    """{reason: [where]} in the order of the scenarios."""
    grouped = {}
    for (kernel, scenario), result in found.items():
        if result["verdict"] == verdict and result["version"] and result["reasons"]:
            text = "; ".join(result["reasons"]).replace("|", "\\|")
            grouped.setdefault((scenario, text), []).append(kernel)
    return [f"- `{scenario}` ({', '.join(names)}): {text}"
            for (scenario, text), names in sorted(grouped.items())]


def write(cases, results, path):
    listed = kernels.listed()
    planned = {(kernel.name, case.name) for kernel in listed for case in cases
               if any(fnmatch.fnmatchcase(kernel.name, name) for name in case.words("kernels"))}
    found, newest = current({key: result for key, result in results_below(results).items()
                             if key in planned})
    names = [kernel.name for kernel in listed if kernel.name in newest]
    reasons = {kernel: result["reasons"][0] for (kernel, _), result in found.items()
               if not result["version"] and result["reasons"]}
    lines = ["# What was tried on which kernel", "",
             "Made by `./dev lab` ([how](lab.md)). Each scenario is a fault that was made to happen in a virtual",
             "machine. ✓ whyoom named the right cause with the right numbers, inside the guest and from its",
             "serial log alone; ✗ it did not; – the kernel cannot do this; empty: not run.", "",
             "## Kernels", "", *table(kernel_rows(listed, newest, found, reasons)), "",
             "## Scenarios", "", *table(scenario_rows(cases, names, found))]
    for title, verdict in (("Failed", "FAIL"), ("Booted again", "PASS"), ("Skipped", "SKIP")):
        entries = reasons_of(found, verdict)
        if entries:
            lines += ["", f"## {title}", "", *entries]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
