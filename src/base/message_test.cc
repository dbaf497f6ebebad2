#include "base/message.h"

#include <gtest/gtest.h>

namespace whyoom {
namespace {

TEST(Message, FillsInOrderAndByNumber) {
  EXPECT_EQ(Message("{} of {}", 3, "x").str(), "3 of x");
  EXPECT_EQ(Message("{2} before {1}", "a", "b").str(), "b before a");
  EXPECT_EQ(Message("plain").str(), "plain");
  EXPECT_TRUE(Message().empty());
}

TEST(Message, ArgumentsAreNotPatterns) { EXPECT_EQ(Message("{} {}", "{}", "x").str(), "{} x"); }

TEST(Message, AWrongCatalogueDoesNoHarm) {
  EXPECT_EQ(Message::fill("{9} {} {} {", {"a"}), " a  {");
  EXPECT_EQ(Message::fill("{0}{x}", {"a"}), "");
}

}  // namespace
}  // namespace whyoom
