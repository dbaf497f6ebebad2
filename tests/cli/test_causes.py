#!/usr/bin/env python3
"""`whyoom causes`: every folder of a cause is in the program, with its document."""
import harness
from harness import whyoom


class Causes(harness.Case):
    def folders(self):
        found = sorted((harness.SOURCE / "src" / "diagnose" / "causes").glob("*/cause.cc"))
        self.assertTrue(found)
        return [path.parent for path in found]

    def test_all_are_listed(self):
        result = whyoom("causes")
        self.check(result, 0)
        for folder in self.folders():
            self.assertRegex(result.out, rf"(?m)^  {folder.name} ")

    def test_the_document_of_each(self):
        for folder in self.folders():
            with self.subTest(cause=folder.name):
                text = (folder / "README.md").read_text(encoding="utf-8")
                result = whyoom("causes", folder.name, "--format", "markdown")
                self.check(result, 0)
                paragraphs = text.strip().split("\n\n")  # without those about the tests beside it
                kept = [each for each in paragraphs if ".case" not in each or each[0] in "-#|"]
                self.assertEqual(result.out, "\n\n".join(kept) + "\n")
                for width in (60, 100):
                    shown = whyoom("causes", folder.name, "--width", str(width))
                    self.check(shown, 0)
                    for line in shown.out.splitlines():
                        if not line.startswith("    "):  # code stays whole
                            self.assertLessEqual(len(line), width, line)
                    for mark in ("\n#", "](", "|--", "**", "```"):
                        self.assertNotIn(mark, shown.out)
                self.assertTrue((folder / "positive.case").exists())
                self.assertTrue((folder / "near-miss.case").exists())

    def test_a_part_of_an_id_helps_to_find_it(self):
        self.check(whyoom("causes", "min-free"), 2, err="min-free-too-high")
        self.check(whyoom("causes", "nonsense"), 2, err="`whyoom causes` lists them")


if __name__ == "__main__":
    harness.main()
