#include "advise/play.h"

#include <gtest/gtest.h>

namespace whyoom::advise {
namespace {

TEST(Play, NamesOfHosts) {
  for (const char* name : {"db1", "db-1.example.com", "10.0.0.7", "A_b", "7"}) {
    EXPECT_TRUE(is_host_name(name)) << name;
  }
  const std::string longest(253, 'a');
  EXPECT_TRUE(is_host_name(longest));
  EXPECT_FALSE(is_host_name(longest + "a"));
  for (const char* name :
       {"", "-db1", ".db1", "_db1", "db1:all", "all,!db1", "db*", "a b", "a'b", "a\nb", "{{ x }}",
        "a#b", "db[1:9]", "\xc3\xa9", "@file", "a/b", "$x", "a\\"}) {
    EXPECT_FALSE(is_host_name(name)) << name;
  }
}

TEST(Play, Batches) {
  EXPECT_EQ(parse_batches("1, 10%,25%"), (std::vector<std::string>{"1", "10%", "25%"}));
  EXPECT_EQ(parse_batches("100%"), (std::vector<std::string>{"100%"}));
  for (const char* text : {"", "0", "1,", "101%", "%", "x", "1;2", "-1", "99999999999", "0%"}) {
    EXPECT_FALSE(parse_batches(text)) << text;
  }
}

TEST(Play, EachHostIsOneQuotedLine) {
  const std::string play = play_text({"min-free-too-high", "", {"db1", "db2"}, {"1", "50%"}});
  EXPECT_NE(play.find("    whyoom_found:\n      - 'db1'\n      - 'db2'\n  tasks:\n"), play.npos);
  EXPECT_NE(play.find("  serial: ['1', '50%']\n"), play.npos);
  EXPECT_NE(play.find("    whyoom_words: ['--cause', 'min-free-too-high']\n"), play.npos);
  EXPECT_EQ(play.find("{fix}"), play.npos);
}

TEST(Play, AValueIsNoTemplate) {
  const std::string play =
      play_text({"min-free-too-high", "kernel.x=it's {{ 7 }} {hosts}{cause}", {"db1"}, {"1"}});
  EXPECT_NE(play.find("whyoom_words: [!unsafe 'kernel.x=it''s {{ 7 }} {hosts}{cause}']\n"),
            play.npos);
}

}  // namespace
}  // namespace whyoom::advise
