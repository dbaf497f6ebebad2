"""Judges that compare whyoom's arithmetic with what the kernel then did.

watermarks: reports `whatif-N` (whyoom's answer) and `zoneinfo-N` (the kernel's) for each setting N.
kills:      reports `whatif` (the value that kills, as predicted), `step`, and `climb` (the values
            tried; the last one killed).
"""
import json
import re

MARKS = ("min", "low", "high", "promo")
ZONE = re.compile(r"Node (\d+), zone +(\w+)")
TRIED = re.compile(r"load\[\d+\]: at (\d+)$", re.M)


def zones_of(text):
    """{(node, zone): {mark: pages, "protection": [pages]}} of /proc/zoneinfo."""
    zones, zone = {}, None
    for line in text.splitlines():
        head = ZONE.match(line)
        field = re.match(r" +(min|low|high|promo|managed) +(\d+)$", line)
        reserve = re.match(r" +protection: \(([\d, ]+)\)", line)
        if head:
            zone = zones.setdefault((int(head[1]), head[2]), {})
        elif field:
            zone.setdefault(field[1], int(field[2]))
        elif reserve:
            zone["protection"] = [int(number) for number in reserve[1].split(",")]
    return zones


def compare_zone(setting, predicted, real, page, reserve_at):
    """One sentence for each number of one zone that differs."""
    wrong = []
    after = predicted["after"]
    for mark in MARKS:
        if real.get(mark) is not None and after.get(mark) != real[mark] * page:
            wrong.append(f"{setting} zone {predicted['name']} {mark}: predicted {after.get(mark)}, "
                         f"the kernel has {real[mark] * page} bytes")
    reserve = real["protection"][reserve_at] * page if real.get("protection") else None
    if reserve is not None and after["lowmem_reserve"] != reserve:
        wrong.append(f"{setting} zone {predicted['name']} reserve: predicted "
                     f"{after['lowmem_reserve']}, the kernel has {reserve} bytes")
    return wrong


def watermarks(kernel, reports):
    page = int(reports["page-size"][1]) if "page-size" in reports else 4096
    settings = sorted(name.removeprefix("whatif-") for name in reports if name.startswith("whatif-"))
    if not settings:
        return ["no setting was tried"]
    wrong, numbers = [], 0
    for setting in settings:
        try:
            answer = json.loads(reports[f"whatif-{setting}"][1])
            real = zones_of(reports[f"zoneinfo-{setting}"][1])
        except (ValueError, KeyError) as error:
            wrong.append(f"{setting}: no answer: {error}")
            continue
        names = list(dict.fromkeys(name for _, name in real))
        # The reserve that whyoom tells is the one against an ordinary request for user memory.
        reserve_at = names.index("Movable") if "Movable" in names else len(names) - 1
        for predicted in answer["zones"]:
            zone = real[(predicted["node"], predicted["name"])]
            if zone.get("managed"):
                numbers += 1
                wrong += compare_zone(setting, predicted, zone, page, reserve_at)
    return wrong[:12] if wrong or numbers else ["no zone was compared"]


def kills(kernel, reports):
    """The prediction must be within one step of what happened: somewhere between the last value that
    did nothing and the one that killed."""
    missing = {"whatif", "climb", "step"} - set(reports)
    if missing:
        return [f"the guest gave no {', '.join(sorted(missing))}"]
    predicted = json.loads(reports["whatif"][1])["kills_from"]
    tried = TRIED.findall(reports["climb"][1])
    step = int(reports["step"][1])
    if not predicted or not tried or "refused" in reports["climb"][1]:
        return [f"no value to compare: predicted {predicted}, climb said "
                f"{reports['climb'][1][-200:]!r}"]
    off = int(tried[-1]) - predicted["value"]
    if -step <= off <= 2 * step:
        return []
    return [f"predicted a kill from {predicted['value']} kB, it came at {tried[-1]} kB "
            f"({off:+} kB, the step is {step})"]


JUDGES = {"watermarks": watermarks, "kills": kills}
