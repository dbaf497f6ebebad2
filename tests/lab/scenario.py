"""Scenario files: what to set, what to run, what whyoom must say.

    # One line: what this shows. It becomes the scenario's title.
    [guest]                 key = value, see GUEST below
    [run]                   the guest's script, with the functions of `init`; [run 2] is a second boot
    [expect explain]        what must hold of a report's JSON: PATH OPERATOR VALUE, see judge.py
    [expect check]          the same for the report that the script made with `report check ...`
    [expect console-1]      the same for `whyoom explain` here of the serial log of boot 1
"""
import dataclasses
import pathlib
import re

FOLDER = pathlib.Path(__file__).with_name("scenarios")
MAIN = "5.10 6.1 6.12 6.18 newest"
GUEST = {
    "memory": "512",    # MiB
    "cpus": "1",
    "append": "",       # to the kernel's command line
    "qemu": "",         # more arguments of QEMU
    "modules": "",      # to load if the kernel has them
    "disk": "0",        # MiB of an ext4 disk that lives through the boots, at /dev/vda
    "extra": "",        # files of this machine to bring along, with the libraries they need
    "monitor": "",      # a command for QEMU's monitor, given when the guest says READY
    "cuts": "0",        # so many times from READY on the disk is copied as a power cut would leave it
    "kernels": MAIN,    # of kernels.txt
    "ends": "poweroff",  # or reboot (a panic with kernel.panic set), hang (a panic without), cut, A|B
    "needs": "",        # subcommands of whyoom without which it cannot run
    "judge": "",        # a judge of its own beside the expectations: watermarks, kills
}
SECTION = re.compile(r"\[(guest|run|expect)(?: ([\w.-]+))?\]")


class Mistake(Exception):
    """A scenario file that says what nobody understands."""


@dataclasses.dataclass
class Scenario:
    name: str
    title: str
    guest: dict
    boots: list    # scripts, one a boot
    expect: dict   # report name -> [(line number, expectation)]

    def number(self, key):
        return int(self.guest[key])

    def words(self, key):
        return self.guest[key].split()


def parse(name, text):
    """The scenario in `text`. Raises Mistake with the line."""
    title, guest, boots, expect = "", dict(GUEST), [], {}
    section, argument = None, None
    for number, line in enumerate(text.splitlines(), 1):
        head = SECTION.fullmatch(line.strip())
        if head:
            section, argument = head.groups()
            if section == "run":
                boots.append([])
            elif section == "expect":
                expect.setdefault(argument, [])
        elif section == "run":
            boots[-1].append(line)
        elif line.startswith("#"):
            title = title or line.lstrip("# ")
        elif line.strip() and section == "guest":
            key, _, value = (part.strip() for part in line.partition("="))
            if key not in GUEST:
                raise Mistake(f"{name}:{number}: no such key of [guest]: {key}")
            guest[key] = value
        elif line.strip() and section == "expect":
            expect[argument].append((number, line.strip()))
        elif line.strip():
            raise Mistake(f"{name}:{number}: text before the first section")
    if not title or not boots:
        raise Mistake(f"{name}: a scenario needs a title and a [run]")
    return Scenario(name, title, guest, ["\n".join(lines) for lines in boots], expect)


def load_all(folder=FOLDER):
    return [parse(path.stem, path.read_text()) for path in sorted(folder.glob("*.scenario"))]
