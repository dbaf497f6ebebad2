#include "app/foreign_json.h"

#include <gtest/gtest.h>

#include <string>

namespace whyoom::app {
namespace {

TEST(ForeignJson, NestsAsDeepAsAnythingThatIsAskedFor) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(parse_json(nested(64)).is_array());
  EXPECT_TRUE(parse_json(nested(65)).is_discarded());
  EXPECT_TRUE(parse_json("[" + nested(60) + "," + nested(60) + "]").is_array());
  const std::string text = std::string(100, '[') + R"(\")" + std::string(100, '{');
  EXPECT_EQ(parse_json("[\"" + text + "\"]").size(), 1U) << "in a string nothing nests";
  EXPECT_TRUE(parse_json("[1").is_discarded());
}

}  // namespace
}  // namespace whyoom::app
