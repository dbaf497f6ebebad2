"""One scenario on one kernel: its guests, and the judgement of what whyoom said."""
import json
import pathlib
import shutil
import subprocess

import disk
import guest
import image
import judge
import judges
import packages
import power_cut

PASS, FAIL, SKIP = "PASS", "FAIL", "SKIP"


def keep(folder, kernel, scenario, verdict, reasons, seconds=0.0):
    """Writes and gives back the result of one scenario on one kernel."""
    result = {"kernel": kernel.name, "package": kernel.package, "version": kernel.version,
              "scenario": scenario.name, "verdict": verdict, "reasons": reasons,
              "seconds": round(seconds, 1)}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "result.json").write_text(json.dumps(result, indent=1) + "\n")
    return result


class Trial:
    def __init__(self, kernel, scenario, programs, whyoom, results):
        self.kernel, self.scenario, self.programs, self.whyoom = kernel, scenario, programs, whyoom
        self.folder = pathlib.Path(results) / kernel.name / scenario.name
        self.seconds = 0.0
        self.again = []  # guests that died before anything of ours ran in them

    def run(self):
        """Leaves result.json in the trial's folder and gives it back."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        try:
            verdict, reasons = self._verdict()
        except packages.Unavailable as reason:
            verdict, reasons = SKIP, [str(reason)]
        return keep(self.folder, self.kernel, self.scenario, verdict, reasons + self.again,
                    self.seconds)

    def _verdict(self):
        for name in self.scenario.words("needs"):
            answer = packages.run(self.whyoom, name, "--help")
            if answer.returncode or f"Usage: whyoom {name}" not in answer.stdout:
                return SKIP, [f"this whyoom has no `{name}`"]
        outcomes = self._boots()
        skip = next((outcome.skip for outcome in outcomes if outcome.skip), "")
        if skip:
            return SKIP, [skip]
        wrong = self._wrong(outcomes)
        return (FAIL, wrong) if wrong else (PASS, [])

    def _boots(self):
        scenario, outcomes = self.scenario, []
        modules = self.kernel.modules(scenario.words("modules"))
        extra = disk.with_libraries(scenario.words("extra"))
        image_file = disk.make(self.folder, scenario.number("disk"))
        for number, script in enumerate(scenario.boots, 1):
            initrd = self.folder / f"initrd-{number}"
            explain = "explain" in scenario.expect and number == len(scenario.boots)
            initrd.write_bytes(image.initramfs(self.programs, modules,
                                               f"explain_at_end={'1' * explain}\n{script}\n", extra))
            outcome = self._boot(number, initrd, image_file)
            initrd.unlink()
            outcomes.append(outcome)
            if outcome.skip or outcome.end in ("timeout", "failed"):
                break
        if image_file:
            image_file.unlink()
        return outcomes

    def _boot(self, number, initrd, image_file):
        """An emulated kernel can die at its start, before there is anything to judge (QEMU's TCG and
        kernels that rewrite their own code). It is booted once more, from the image as it came, and
        that is told."""
        for is_last in (False, True):
            outcome = guest.boot(self.kernel, self.scenario, number, initrd, self.folder, image_file)
            self.seconds += outcome.seconds
            if is_last or any(note.startswith("BOOT ") for note in outcome.notes):
                break
            self.kernel.uncompressed_image = None
            died = self.folder / f"console-{number}-died.log"
            if outcome.console.exists():
                outcome.console.rename(died)
            self.again.append(f"boot {number} died before its init and was booted again: {died.name}")
        return outcome

    def _wrong(self, outcomes):
        wanted = self.scenario.words("ends")
        wanted += wanted[-1:] * (len(self.scenario.boots) - len(wanted))
        wrong = [f"boot {number} ended by {outcome.end}, not {end}"
                 for number, (outcome, end) in enumerate(zip(outcomes, wanted), 1)
                 if outcome.end not in end.split("|")]
        wrong += [note for outcome in outcomes for note in outcome.notes if note.startswith("FAILED")]
        reports = {name: report for outcome in outcomes for name, report in outcome.reports.items()}
        for name, lines in self.scenario.expect.items():
            if name.startswith("console-"):
                number = int(name.removeprefix("console-"))
                wrong += self._from_console(outcomes[min(number, len(outcomes)) - 1].console, lines)
            elif name in reports and reports[name][0] != guest.CUT:
                status, text = reports[name]
                wrong += judge.complaints(f"{name} in the guest", text, status, lines)
            elif name != "explain" or outcomes[-1].end == "poweroff":
                wrong.append(f"{name}: the guest gave no such report")
            if name == "explain":
                wrong += self._from_console(outcomes[-1].console, lines)
        if self.scenario.number("cuts"):
            wrong += power_cut.complaints(self.whyoom, self.folder, self.scenario.number("cuts"))
        own = self.scenario.guest["judge"]
        return wrong + (judges.JUDGES[own](self.kernel, reports) if own else [])

    def _from_console(self, console, lines):
        """The same answer must come from the serial log alone, on another machine."""
        done = subprocess.run([self.whyoom, "explain", "--format", "json", console], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)
        text = done.stdout.decode("utf-8", "replace")
        (self.folder / "explain-of-console.json").write_text(text)
        return judge.complaints("explain of the serial log", text, done.returncode, lines)
