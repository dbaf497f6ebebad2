#include "host/sysctl_text.h"

#include <gtest/gtest.h>

#include <random>

namespace whyoom::host {
namespace {

using namespace std::string_literals;
using StatementKind = SysctlStatement::Kind;

using enum SysctlTool;

SysctlStatement only(const std::string& text, SysctlTool tool) {
  const auto reading = SysctlText::parse(text).read_as(tool);
  EXPECT_EQ(reading.statements.size(), 1U) << text;
  return reading.statements.empty() ? SysctlStatement{} : reading.statements.front();
}

std::string random_text(std::mt19937& random) {
  const std::string alphabet("ab.=#;-* \t\r\n\0\xef\xbb\xbf\xff\x0b", 18);
  std::string text;
  for (auto n = random() % 60; n > 0; --n) {
    text += alphabet[random() % alphabet.size()];
  }
  return text;
}

TEST(SysctlText, KeepsEveryByte) {
  std::mt19937 random(7);
  for (int i = 0; i < 3000; ++i) {
    const std::string text = random_text(random);
    const auto parsed = SysctlText::parse(text);
    EXPECT_EQ(parsed.text(), text);
    std::string joined;
    for (std::uint32_t line = 1; line <= parsed.line_count(); ++line) {
      joined += std::string(parsed.line(line).content) + std::string(parsed.line(line).ending);
    }
    EXPECT_EQ(joined, text);
    for (const auto tool : {systemd, procps}) {
      std::uint32_t last = 1;
      for (const auto& statement : parsed.read_as(tool).statements) {
        EXPECT_GE(statement.line, last);
        EXPECT_LE(statement.line, parsed.line_count());
        last = statement.line;
      }
    }
  }
}

// What stands on the lines but one, as a tool reads it.
std::vector<std::string> other_lines(const SysctlText& text, SysctlTool tool, std::uint32_t line) {
  std::vector<std::string> lines;
  for (const auto& statement : text.read_as(tool).statements) {
    if (statement.line != line) {
      lines.push_back(statement.path + "=" + statement.value);
    }
  }
  return lines;
}

TEST(SysctlText, AnEditDoesWhatItSaysForBothToolsOrNothing) {
  std::mt19937 random(8);
  unsigned replaced = 0;
  for (int i = 0; i < 20000; ++i) {
    const auto before = SysctlText::parse(random_text(random));
    const auto line = static_cast<std::uint32_t>(1 + random() % 4);
    auto after = before;
    const bool done = after.replace_value(line, "new").has_value();
    replaced += done ? 1 : 0;
    EXPECT_TRUE(done || after.text() == before.text());
    auto commented = before;
    const bool out = commented.comment_out(line).has_value();
    EXPECT_EQ(out, line <= before.line_count());
    for (const auto tool : {systemd, procps}) {
      EXPECT_EQ(other_lines(after, tool, line), other_lines(before, tool, line));
      EXPECT_EQ(other_lines(commented, tool, line), other_lines(before, tool, line));
      for (const auto& statement : after.read_as(tool).statements) {
        if (done && statement.line == line) {
          EXPECT_EQ(statement.value, "new") << before.text();
        }
      }
      for (const auto& statement : commented.read_as(tool).statements) {
        EXPECT_TRUE(statement.line != line || statement.kind == StatementKind::comment)
            << before.text();
      }
    }
  }
  EXPECT_GT(replaced, 1000U);
}

TEST(SysctlText, BothToolsReadTheUsualLinesAlike) {
  for (const auto tool : {systemd, procps}) {
    const auto plain = only("vm.min_free_kbytes = 65536\n", tool);
    EXPECT_EQ(plain.kind, StatementKind::assignment);
    EXPECT_EQ(plain.key, "vm.min_free_kbytes");
    EXPECT_EQ(plain.path, "vm/min_free_kbytes");
    EXPECT_EQ(plain.value, "65536");
    EXPECT_FALSE(plain.glob);
    EXPECT_EQ(only(" \tvm/min_free_kbytes=5\r\n", tool).value, "5");
    EXPECT_EQ(only("k.k=a # comment", tool).value, "a # comment");
    EXPECT_EQ(only("k.k=\"a\"", tool).value, "\"a\"");
    EXPECT_EQ(only("k.k=a\\\n", tool).value, "a\\");
    EXPECT_EQ(only("k.k=a=b", tool).value, "a=b");
    EXPECT_EQ(only("k.k=", tool).value, "");
    EXPECT_EQ(only("  # k.k=1", tool).kind, StatementKind::comment);
    EXPECT_EQ(only("; k.k=1", tool).kind, StatementKind::comment);
    EXPECT_EQ(only("k.k 1", tool).kind, StatementKind::not_an_assignment);
    EXPECT_EQ(only("-k.k=1", tool).path, "k/k");
    EXPECT_EQ(only("-k.k", tool).kind, StatementKind::exclusion);
    EXPECT_TRUE(only("k.*=1", tool).glob);
    EXPECT_TRUE(SysctlText::parse(" \n\n\t\r\n").read_as(tool).statements.empty());
    EXPECT_EQ(only("\xef\xbb\xbfk.k=1", tool).key, "\xef\xbb\xbfk.k");
  }
}

TEST(SysctlText, CountsLinesFromOne) {
  const auto reading = SysctlText::parse("\n# x\na.b=1\n\nc.d=2").read_as(procps);
  ASSERT_EQ(reading.statements.size(), 3U);
  EXPECT_EQ(reading.statements[1].line, 3U);
  EXPECT_EQ(reading.statements[2].line, 5U);
}

TEST(SysctlText, SystemdEndsLinesAtCarriageReturnAndNul) {
  const auto text = SysctlText::parse("a.b=1\rc.d=2\0e.f=3\n"s);
  const auto by_systemd = text.read_as(systemd).statements;
  ASSERT_EQ(by_systemd.size(), 3U);
  EXPECT_EQ(by_systemd[1].key, "c.d");
  EXPECT_EQ(by_systemd[2].value, "3");
  EXPECT_EQ(by_systemd[2].line, 1U);
  const auto by_procps = text.read_as(procps).statements;
  ASSERT_EQ(by_procps.size(), 1U);
  EXPECT_EQ(by_procps[0].value, "1\rc.d=2");
}

TEST(SysctlText, TheToolsDisagreeOnBlanksAndMinus) {
  EXPECT_EQ(only("\x0ck.k=1\x0b", systemd).key, "\x0ck.k");
  EXPECT_EQ(only("\x0ck.k=1\x0b", procps).key, "k.k");
  EXPECT_EQ(only("\x0ck.k=1\x0b", systemd).value, "1\x0b");
  EXPECT_EQ(only("\x0ck.k=1\x0b", procps).value, "1");
  EXPECT_EQ(only("- k.k=1", systemd).path, "k/k");
  EXPECT_EQ(only("- k.k=1", procps).path, " k/k");
  EXPECT_EQ(only("--k.k=1", systemd).path, "-k/k");
  EXPECT_EQ(only("--k.k=1", procps).path, "k/k");
}

TEST(SysctlText, SystemdGivesUpAtALineOfOneMebibyte) {
  const auto text = [](std::size_t length) {
    return SysctlText::parse("a.b=1\n#" + std::string(length - 1, 'x') + "\na.b=2\n");
  };
  const auto stopped = text(1U << 20U).read_as(systemd);
  EXPECT_EQ(stopped.stopped_at, 2U);
  EXPECT_EQ(stopped.statements.size(), 1U);
  EXPECT_EQ(text((1U << 20U) - 1).read_as(systemd).stopped_at, 0U);
  EXPECT_EQ(text(1U << 20U).read_as(procps).statements.size(), 3U);
}

std::string replaced(const std::string& before, std::uint32_t line, std::string_view value) {
  auto text = SysctlText::parse(before);
  const auto done = text.replace_value(line, value);
  if (!done) {
    EXPECT_EQ(text.text(), before);
    return "refused: " + done.error();
  }
  return text.text();
}

TEST(SysctlText, ReplacesAValueAndNothingElse) {
  EXPECT_EQ(replaced("# a\nvm.x = 1\nb.c=2", 2, "99"), "# a\nvm.x = 99\nb.c=2");
  EXPECT_EQ(replaced("\t-vm/x=\t1  \r\n", 1, "99"), "\t-vm/x=\t99  \r\n");
  EXPECT_EQ(replaced("vm.x=1 # why", 1, "99"), "vm.x=99");
  EXPECT_EQ(replaced("vm.x=", 1, "99"), "vm.x=99");
  EXPECT_EQ(replaced("vm.x = \r\n", 1, "99"), "vm.x = 99\r\n");
  EXPECT_EQ(replaced("vm.x=1\r", 1, "99"), "vm.x=99\r");
  EXPECT_EQ(replaced("vm.x=\x0b"
                     "1\n",
                     1, "99"),
            "vm.x=99\n");
  EXPECT_EQ(replaced("vm.x=1=2", 1, "a b"), "vm.x=a b");
}

TEST(SysctlText, RefusesAValueThatItCannotPlace) {
  for (const auto& [text, line] :
       std::vector<std::pair<std::string, std::uint32_t>>{{"# a=1\n", 1},
                                                          {"vm.x\n", 1},
                                                          {"-vm.x\n", 1},
                                                          {"a.b=1\n", 0},
                                                          {"a.b=1\n", 2},
                                                          {"a.b=1\rvm.x=2\n", 1},
                                                          {"a.b=1\0vm.x=2\n"s, 1},
                                                          {"x\ra.b=1\n", 1}}) {
    EXPECT_TRUE(replaced(text, line, "9").starts_with("refused")) << text;
  }
  for (const auto* value : {"", " 1", "1\n", "1\r2", "1\t"}) {
    EXPECT_TRUE(replaced("a.b=1\n", 1, value).starts_with("refused")) << value;
  }
}

TEST(SysctlText, CommentsOut) {
  const auto commented = [](const std::string& before, std::uint32_t line) {
    auto text = SysctlText::parse(before);
    EXPECT_TRUE(text.comment_out(line));
    for (const auto tool : {systemd, procps}) {
      for (const auto& statement : text.read_as(tool).statements) {
        EXPECT_TRUE(statement.line != line || statement.kind == StatementKind::comment) << before;
      }
    }
    return text.text();
  };
  EXPECT_EQ(commented("a.b=1\n  c.d=2\r\ne.f=3", 2), "a.b=1\n#   c.d=2\r\ne.f=3");
  EXPECT_EQ(commented("a.b=1", 1), "# a.b=1");
  EXPECT_EQ(commented("# a.b=1\n", 1), "# a.b=1\n");
  EXPECT_EQ(commented("a.b=1\rc.d=2\n", 1), "# a.b=1\r# c.d=2\n");
  EXPECT_EQ(commented("a.b=1\0c.d=2"s, 1), "# a.b=1\0# c.d=2"s);
  auto text = SysctlText::parse("a\n");
  EXPECT_FALSE(text.comment_out(2));
}

TEST(SysctlText, AppendsWithTheLineEndingOfTheFile) {
  const auto appended = [](const std::string& before) {
    auto text = SysctlText::parse(before);
    EXPECT_TRUE(text.append_comment("set by hand"));
    EXPECT_TRUE(text.append("vm.x", "1"));
    return text.text();
  };
  EXPECT_EQ(appended(""), "# set by hand\nvm.x = 1\n");
  EXPECT_EQ(appended("a=1\n"), "a=1\n# set by hand\nvm.x = 1\n");
  EXPECT_EQ(appended("a=1"), "a=1\n# set by hand\nvm.x = 1\n");
  EXPECT_EQ(appended("a=1\r\nb=2"), "a=1\r\nb=2\r\n# set by hand\r\nvm.x = 1\r\n");
  EXPECT_EQ(appended("a=1\r\n"), "a=1\r\n# set by hand\r\nvm.x = 1\r\n");
}

TEST(SysctlText, RefusesToAppendWhatNobodyWouldRead) {
  auto utf16 = SysctlText::parse("\xff\xfe"s + "a\0=\0"s);
  EXPECT_FALSE(utf16.append("vm.x", "1"));
  auto text = SysctlText::parse("a=1\n");
  for (const auto* key : {"", " a", "#a", ";a", "a=b", "a\nb"}) {
    EXPECT_FALSE(text.append(key, "1")) << key;
  }
  EXPECT_FALSE(text.append("a", "1\n2"));
  EXPECT_FALSE(text.append_comment("a\nb=1"));
  EXPECT_EQ(text.text(), "a=1\n");
}

}  // namespace
}  // namespace whyoom::host
