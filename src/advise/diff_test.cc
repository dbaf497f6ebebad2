#include "advise/diff.h"

#include <gtest/gtest.h>

#include <random>

namespace whyoom::advise {
namespace {

using Kind = DiffLine::Kind;

std::string shown(std::string_view before, std::string_view after) {
  std::string text;
  for (const DiffLine& line : diff("a", before, "b", after)) {
    text += line.kind == Kind::context   ? " "
            : line.kind == Kind::removed ? "-"
            : line.kind == Kind::added   ? "+"
                                         : "";
    text += line.text + "\n";
    text += line.no_newline ? "\\ No newline at end of file\n" : "";
  }
  return text;
}

// What patch(1) makes of a diff.
std::string applied(const std::vector<DiffLine>& lines, std::string_view before) {
  std::string result;
  std::size_t at = 0;  // in `before`
  std::size_t line_number = 1;
  const auto copy_line = [&](bool keep) {
    const std::size_t end = std::min(before.find('\n', at), before.size() - 1) + 1;
    if (keep) {
      result += before.substr(at, end - at);
    }
    at = end;
    ++line_number;
  };
  for (const DiffLine& line : lines) {
    if (line.kind == Kind::hunk) {
      const std::size_t comma = line.text.find_first_of(", ", 4);
      std::size_t start = std::stoul(line.text.substr(4, comma - 4));
      const bool none = line.text.compare(comma, 3, ",0 ") == 0;
      start += none ? 1 : 0;
      while (line_number < start) {
        copy_line(true);
      }
    } else if (line.kind == Kind::added) {
      result += line.text + (line.no_newline ? "" : "\n");
    } else if (line.kind == Kind::context || line.kind == Kind::removed) {
      EXPECT_EQ(before.substr(at, line.text.size()), line.text);
      copy_line(line.kind == Kind::context);
    }
  }
  return result + std::string(before.substr(at));
}

TEST(Diff, SaysNothingOfEqualTexts) { EXPECT_TRUE(diff("a", "x\n", "b", "x\n").empty()); }

TEST(Diff, ShowsAChangedLineWithItsNeighbours) {
  EXPECT_EQ(shown("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"),
            "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST(Diff, ShowsAMissingNewline) {
  EXPECT_EQ(shown("1", "1\n2\n"),
            "--- a\n+++ b\n@@ -1 +1,2 @@\n-1\n\\ No newline at end of file\n+1\n+2\n");
}

TEST(Diff, ShowsANewAndARemovedFile) {
  EXPECT_EQ(shown("", "1\n"), "--- a\n+++ b\n@@ -0,0 +1 @@\n+1\n");
  EXPECT_EQ(shown("1\n2\n", ""), "--- a\n+++ b\n@@ -1,2 +0,0 @@\n-1\n-2\n");
}

TEST(Diff, KeepsFarChangesApart) {
  const std::string before = "a\n1\n2\n3\n4\n5\n6\n7\nz\n";
  const std::string after = "b\n1\n2\n3\n4\n5\n6\n7\ny\n";
  EXPECT_EQ(shown(before, after),
            "--- a\n+++ b\n@@ -1,4 +1,4 @@\n-a\n+b\n 1\n 2\n 3\n"
            "@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-z\n+y\n");
}

// With each random pair of texts the diff, applied, gives the second one.
TEST(Diff, AppliedGivesTheSecondText) {
  std::mt19937 random(7);
  const auto text = [&random] {
    std::string lines;
    const std::size_t count = random() % 30;
    for (std::size_t i = 0; i < count; ++i) {
      lines += std::string(1, static_cast<char>('a' + random() % 4)) + "\n";
    }
    if (random() % 4 == 0) {
      lines += "end";
    }
    return lines;
  };
  for (int i = 0; i < 3000; ++i) {
    const std::string before = text();
    const std::string after = text();
    EXPECT_EQ(applied(diff("a", before, "b", after), before), after) << before << "->\n" << after;
  }
}

TEST(Diff, StaysBoundedOnLargeDifferences) {
  std::string before;
  std::string after;
  for (int i = 0; i < 20000; ++i) {
    before += "old " + std::to_string(i) + "\n";
    after += "new " + std::to_string(i) + "\n";
  }
  EXPECT_EQ(applied(diff("a", before, "b", after), before), after);
}

}  // namespace
}  // namespace whyoom::advise
