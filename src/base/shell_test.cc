#include "base/shell.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>

#include "base/text.h"

namespace whyoom {
namespace {

// What a template may be made of.
template <class Pattern, class Text>
concept made_of = std::is_constructible_v<Pattern, Text>;

// Only a literal can become code for a shell.
static_assert(made_of<ShellPattern<>, const char (&)[3]>);
static_assert(!made_of<ShellPattern<>, std::string>);
static_assert(!made_of<ShellPattern<>, std::string_view>);
static_assert(!made_of<ShellPattern<>, const char*>);
static_assert(!made_of<ShellLiteral, std::string>);
static_assert(!made_of<ShellWord, std::string>);
static_assert(!std::is_constructible_v<ShellCommand, std::string>);
static_assert(!std::is_constructible_v<ShellCommand, ShellPattern<ShellWord>, std::string>);

std::string show(std::string_view name) {
  const auto word = ShellWord::from(name);
  return word ? ShellCommand("systemctl show -- {}", *word).text() : "";
}

TEST(ShellCommand, PlainWordsStayBare) {
  EXPECT_EQ(show("user@1000.service"), "systemctl show -- user@1000.service");
  EXPECT_EQ(show("nginx.service"), "systemctl show -- nginx.service");
  EXPECT_EQ(show("/sys/fs/cgroup/a-b_c"), "systemctl show -- /sys/fs/cgroup/a-b_c");
  EXPECT_EQ(show("-.slice"), "systemctl show -- -.slice");
}

TEST(ShellCommand, WhatAShellReadsIsQuoted) {
  EXPECT_EQ(show("x';touch PWNED;'.scope"), R"(systemctl show -- 'x'\'';touch PWNED;'\''.scope')");
  EXPECT_EQ(show(R"(dev-disk-by\x2dlabel.mount)"),
            R"(systemctl show -- 'dev-disk-by\x2dlabel.mount')");
  EXPECT_EQ(show("$(id)`id`"), "systemctl show -- '$(id)`id`'");
  EXPECT_EQ(show("=ls"), "systemctl show -- '=ls'");
  EXPECT_EQ(show("~root"), "systemctl show -- '~root'");
  EXPECT_EQ(show("caf\xc3\xa9"), "systemctl show -- 'caf\xc3\xa9'");
}

TEST(ShellCommand, AnArgumentCanBeAPartOfAWord) {
  const auto path = ShellWord::from("/a b");
  ASSERT_TRUE(path);
  EXPECT_EQ(ShellCommand("cat /sys/fs/cgroup{}/pids.max", *path).text(),
            "cat '/sys/fs/cgroup/a b/pids.max'");
  EXPECT_EQ(ShellCommand("echo {} | sudo tee /proc/{}/oom_score_adj", 0U, 17U).text(),
            "echo 0 | sudo tee /proc/17/oom_score_adj");
  EXPECT_EQ(ShellCommand("sudo whyoom fix {}={}", ShellLiteral("vm.swappiness"), -1).text(),
            "sudo whyoom fix vm.swappiness=-1");
}

TEST(ShellCommand, ALiteralStaysAsItIs) {
  EXPECT_EQ(ShellCommand("find / -exec ls -d {} + | grep -E '^(a|b)'").text(),
            "find / -exec ls -d {} + | grep -E '^(a|b)'");
}

TEST(ShellCommand, AnArgumentThatHoldsBracesIsNotFilledAgain) {
  const auto first = ShellWord::from("{}");
  const auto second = ShellWord::from("b");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(ShellCommand("ls -- {} {}", *first, *second).text(), "ls -- '{}' b");
}

TEST(ShellCommand, GivesTheWordsWhenItNeedsNoShell) {
  using Words = std::vector<std::string>;
  const auto unit = ShellWord::from("x';touch PWNED;'.scope");
  ASSERT_TRUE(unit);
  EXPECT_EQ(ShellCommand("systemctl show -p MemoryMax -- {}", *unit).argv(),
            (Words{"systemctl", "show", "-p", "MemoryMax", "--", "x';touch PWNED;'.scope"}));
  EXPECT_EQ(ShellCommand("uname -m").argv(), (Words{"uname", "-m"}));
  EXPECT_FALSE(ShellCommand("lsmod | tail").argv());
  EXPECT_FALSE(ShellCommand("grep -E 'a|b' x").argv());
  EXPECT_FALSE(ShellCommand("cat /proc/[0-9]*/status").argv());
  EXPECT_FALSE(ShellCommand("LC_ALL=C ls").argv());
  EXPECT_FALSE(ShellCommand("systemctl set-property -- {} MemoryMax=<bytes>", *unit).argv());
}

TEST(ShellWord, IsOnlyWhatItLooksLike) {
  using namespace std::literals;
  for (const std::string_view name :
       {""sv, "a\nb"sv, "a\tb"sv, "a\x1b[0m"sv, "a\0b"sv, "\x7f"sv, "\xff"sv, "\xc3"sv,
        "\xc2\x85"sv, "\xe2\x80\xae"sv, "\xe2\x81\xa6"sv, "\xe2\x80\x8e"sv, "\xe2\x80\x8b"sv,
        "\xef\xbb\xbf"sv, "\xe2\x80\xa8"sv}) {
    EXPECT_FALSE(ShellWord::from(name)) << printable(name);
  }
  EXPECT_TRUE(ShellWord::from(std::string(ShellWord::most_bytes, 'x')));
  EXPECT_FALSE(ShellWord::from(std::string(ShellWord::most_bytes + 1, 'x')));
}

// What `shell` makes of a script: all of its standard output.
std::optional<std::string> output_of(const char* shell, const std::string& script) {
  std::array<char, 32> name{"/tmp/whyoom-shell-XXXXXX"};
  const int file = ::mkstemp(name.data());
  if (file < 0) {
    return std::nullopt;
  }
  ::close(file);
  std::ofstream(name.data(), std::ios::binary) << script;
  const std::string line = std::string(shell) + " " + name.data() + " 2>&1";
  std::string text;
  if (FILE* pipe = ::popen(line.c_str(), "r")) {
    std::array<char, 65536> part{};
    while (const std::size_t n = std::fread(part.data(), 1, part.size(), pipe)) {
      text.append(part.data(), n);
    }
    const int status = ::pclose(pipe);
    ::unlink(name.data());
    return status == 0 ? std::optional(text) : std::nullopt;
  }
  ::unlink(name.data());
  return std::nullopt;
}

// Mostly what means something to some shell.
std::vector<std::string> hostile_words(std::size_t count) {
  constexpr std::array<std::string_view, 34> parts{
      "'", "\"", "\\",   "$",   "`",    "!",        "!!", "$(id)", "${x}", ";",  "&", "|",
      "<", ">",  "*",    "?",   "[a]",  "{a,b}",    "~",  "#",     " ",    "  ", "-", "--",
      "=", "%1", "^a^b", "\\n", "$'a'", "\xc3\xa9", "(",  ")",     "a",    "{}"};
  std::mt19937 random(11);
  std::vector<std::string> words;
  while (words.size() < count) {
    std::string word;
    for (std::size_t n = 1 + random() % 12; n > 0; --n) {
      word += random() % 4 == 0 ? std::string(1, static_cast<char>(' ' + random() % 95))
                                : std::string(parts[random() % parts.size()]);
    }
    words.push_back(word);
  }
  return words;
}

// Each word comes out of the shell as it went in, alone and as a part of a longer one.
void expect_same_bytes(const char* shell, const std::string& preamble) {
  const auto format = ShellWord::from("%s\\0");
  ASSERT_TRUE(format);
  std::string script = preamble;
  std::string wanted;
  for (const std::string& text : hostile_words(5000)) {
    const auto word = ShellWord::from(text);
    ASSERT_TRUE(word) << text;
    script += ShellCommand("printf -- {} {} x={}", *format, *word, *word).text() + "\n";
    wanted += text + '\0' + "x=" + text + '\0';
  }
  EXPECT_TRUE(output_of(shell, script) == wanted) << shell;
}

TEST(ShellCommand, ShGetsTheSameBytes) { expect_same_bytes("/bin/sh", ""); }

TEST(ShellCommand, BashGetsTheSameBytes) {
  if (::access("/bin/bash", X_OK) != 0) {
    GTEST_SKIP() << "no bash";
  }
  expect_same_bytes("/bin/bash --norc", "");
  // As a person has it at a terminal: '!' calls an earlier command back.
  expect_same_bytes("/bin/bash --norc", "HISTFILE=\nset -o history\nset -o histexpand\n");
}

}  // namespace
}  // namespace whyoom
