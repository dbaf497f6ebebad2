#include "render/json_writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "base/text.h"

namespace whyoom::render {
namespace {

using Library = nlohmann::ordered_json;

std::string sample(bool indented, std::size_t depth) {
  JsonWriter json(indented, depth);
  json.document([&] {
    json("text", "a \"b\" \\ c\x01");
    json.number("whole", 802889728.0);
    json("real", 5.0);
    json("nothing", nullptr);
    json.array("empty", [] {});
    json.object("inside", [&] {
      json("size", KiB(2));
      json("words", std::vector<std::string>{"a", "b"});
      json.object("none", std::optional<int>(), [](int) {});
    });
    json.list("list", std::vector{1, -2}, [&](int each) { json("n", each); });
    json.values("values", std::vector{true, false}, [](bool each) { return each; });
  });
  return json.take();
}

TEST(JsonWriter, WritesAsTheLibraryDoes) {
  const auto same = Library::parse(sample(false, 0));
  EXPECT_EQ(sample(false, 0), same.dump());
  EXPECT_EQ(sample(true, 0), same.dump(2));
  EXPECT_EQ(same["text"], "a \"b\" \\ c\\x01");
  EXPECT_EQ(same["whole"].dump(), "802889728");
  EXPECT_EQ(same["inside"]["size"], 2048);
  EXPECT_NE(sample(true, 2).find("\n      \"text\""), std::string::npos);
}

// Every byte at every place, also where a text is looked at in pieces.
TEST(JsonWriter, NoByteOfATextIsLeftOut) {
  for (const std::size_t size : {1U, 7U, 8U, 9U, 16U, 21U}) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 1; byte < 256; ++byte) {
        std::string text(size, 'x');
        text[at] = static_cast<char>(byte);
        JsonWriter json(false);
        json.document([&] { json("v", text); });
        ASSERT_EQ(Library::parse(json.take())["v"], printable(text)) << byte << " of " << size;
      }
    }
  }
}

TEST(JsonWriter, NumbersAreReadBackAsTheyWere) {
  std::mt19937_64 random(1);
  const auto written = [](double value) {
    JsonWriter json(false);
    json.document([&] { json("v", value); });
    return Library::parse(json.take())["v"];
  };
  for (int i = 0; i < 20000; ++i) {
    const double value =
        std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 1900) - 1000);
    ASSERT_EQ(written(value).get<double>(), value);
    ASSERT_TRUE(written(value).is_number_float());
  }
  EXPECT_TRUE(written(std::numeric_limits<double>::infinity()).is_null());
  JsonWriter json(false);
  json.document([&] { json("time", 5.886517); });
  EXPECT_EQ(json.take(), R"({"time":5.886517})");
}

TEST(JsonWriter, IsTakenInSteps) {
  JsonWriter json(true);
  json.begin_object();
  json.begin_array("events");
  std::string text = json.take();
  json.raw("1");
  text += json.take();
  json.end(']');
  json.raw("input", "{}");
  json.end('}');
  EXPECT_EQ(text + json.take(), "{\n  \"events\": [\n    1\n  ],\n  \"input\": {}\n}");
}

}  // namespace
}  // namespace whyoom::render
