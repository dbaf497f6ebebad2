#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

#include "logtext/test_samples.h"

namespace whyoom::logtext {
namespace {

// What frames begin with, and what only looks like it.
constexpr std::array<std::string_view, 43> log_pieces{
    "[",
    "]",
    " ",
    "  ",
    "kernel:",
    "kernel[0]:",
    "KERNEL:",
    "host",
    "T12",
    "[   T12]",
    "[ 3057]",
    "[3057]",
    "3057",
    "[   12.345678]",
    "[   12.34]",
    "12.345678]",
    "(0)[12:hog]",
    "-(1)[3:x]",
    "systemd-oomd[44]:",
    "earlyoom[500]: ",
    "last message repeated 2 times",
    "message repeated 2 times: [ x y]",
    "printk: 5 messages dropped",
    "** 7 printk messages dropped **",
    "Missed 3 kernel messages",
    "hog invoked oom-killer: gfp_mask=0xcc0",
    "-",
    "|",
    "/",
    "[/b]",
    "lowmem_reserve[]: 0 1",
    "[b]",
    "{",
    "[{\"a\":1}",
    "<4>",
    "&lt;4&gt;",
    "\t",
    "=3D",
    "\\n[   12.345678] a long line of the kernel that was in a string, with much behind it",
    "a text of some length, which a line needs before anybody looks for more than one in it",
    "'",
    "\"",
    "0     0  3057  897"};

bool same(const Got& a, const Got& b) {
  return a.text == b.text && a.number == b.number && a.monotonic_us == b.monotonic_us &&
         a.wall == b.wall && a.host == b.host && a.caller == b.caller && a.tag == b.tag &&
         a.origin == b.origin && a.handed_on == b.handed_on && a.framed == b.framed &&
         a.continued == b.continued && a.embedded == b.embedded && a.lost_before == b.lost_before;
}

// A blank at the end of a line changes nothing, but the line is then no plain one and goes the long
// way through the frames.
void expect_same_with_blanks(const std::array<std::string, 4>& lines) {
  Collector plain, padded;
  LineNumber number = 0;
  for (const std::string& line : lines) {
    ++number;
    plain.line(line, number);
    padded.line(line + " ", number);
  }
  const Framed one = plain.finish();
  const Framed other = padded.finish();
  ASSERT_EQ(one.lines.size(), other.lines.size()) << lines[0] << '\n' << lines[1];
  for (std::size_t i = 0; i < one.lines.size(); ++i) {
    EXPECT_TRUE(same(one.lines[i], other.lines[i])) << lines[0] << '\n'
                                                    << lines[1] << '\n'
                                                    << one.lines[i].text << '\n'
                                                    << other.lines[i].text;
  }
  EXPECT_EQ(one.damage.size(), other.damage.size());
}

TEST(PlainLines, GoTheShortWayToTheSameEnd) {
  std::mt19937 random(1);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same lines each time
  const auto piece = [&random] { return std::string(log_pieces[random() % log_pieces.size()]); };
  for (int round = 0; round < 20000; ++round) {
    std::array<std::string, 4> lines;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      lines[i] = i == 2 ? "               " : "[   12.34567" + std::to_string(i) + "]";
      lines[i] += random() % 8 == 0 ? "" : " ";
      for (auto pieces = random() % 6; pieces > 0; --pieces) {
        lines[i] += piece() + (random() % 2 == 0 ? " " : "");
      }
      lines[i] += random() % 2 == 0 ? "end" : "";
    }
    expect_same_with_blanks(lines);
  }
}

TEST(PlainLines, ATimeOfManyDigitsOrBlanks) {
  for (const char* time : {"[123456789012.345678]", "[1234567890123.345678]", "[.345678]",
                           "[              1.345678]", "[1.34567]", "[1.3456789]", "[1.34567x]"}) {
    const std::string line = std::string(time) + " Mem-Info:";
    expect_same_with_blanks({line, "[    1.345678] rest", "x", line});
  }
}

}  // namespace
}  // namespace whyoom::logtext
