#include "base/message.h"

#include <gtest/gtest.h>

#include "base/language.h"

namespace whyoom {
namespace {

TEST(Message, FillsInOrderAndByNumber) {
  EXPECT_EQ(Message("{} of {}", 3, "x").str(), "3 of x");
  EXPECT_EQ(Message("{2} before {1}", "a", "b").str(), "b before a");
  EXPECT_EQ(Message("plain").str(), "plain");
  EXPECT_TRUE(Message().empty());
}

TEST(Message, ArgumentsAreNotPatterns) { EXPECT_EQ(Message("{} {}", "{}", "x").str(), "{} x"); }

TEST(Message, ASpaceBesideChineseFallsAway) {
  set_language(Language::chinese);
  EXPECT_EQ(Message::fill("本机有 {} 未知", {"3 处"}), "本机有 3 处未知");
  EXPECT_EQ(Message::fill("把 {} 设为 {}", {"它", "5"}), "把它设为 5");
  EXPECT_EQ(Message::fill("区域{} 要 {}", {"", "8 页"}), "区域要 8 页");
  EXPECT_EQ(Message::fill("区域{} 要", {" reserved"}), "区域 reserved 要");
  EXPECT_EQ(Message::fill("{} {}达到", {"a", "（在 b 之上）"}), "a（在 b 之上）达到");
  EXPECT_EQ(Message::fill("killed {} now", {"（进程）"}), "killed （进程） now");
  set_language(Language::english);
}

TEST(Message, AWrongCatalogueDoesNoHarm) {
  EXPECT_EQ(Message::fill("{9} {} {} {", {"a"}), " a  {");
  EXPECT_EQ(Message::fill("{0}{x}", {"a"}), "");
}

}  // namespace
}  // namespace whyoom
