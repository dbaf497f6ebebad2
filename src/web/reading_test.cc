#include "web/reading.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "report/line_order.h"

namespace whyoom::web {
namespace {

using render::Format;

std::string example(const char* name) {
  std::ostringstream text;
  text << std::ifstream(std::string(WHYOOM_SOURCE_DIR) + "/examples/" + name).rdbuf();
  return text.str();
}

std::string kill(const std::string& name, int at) {
  return "[ " + std::to_string(at) + ".0] Out of memory: Killed process 7 (" + name +
         ") total-vm:900000kB, anon-rss:500000kB, file-rss:0kB, shmem-rss:0kB\n";
}

nlohmann::json list_of(Reading& reading, const std::string& name, std::string_view text,
                       std::size_t piece = 1000) {
  reading.begin_log(name);
  for (std::size_t at = 0; at < text.size(); at += piece) {
    reading.feed(text.substr(at, piece));
  }
  reading.end_log("");
  reading.finish();
  return nlohmann::json::parse(reading.take());
}

TEST(Reading, AListOfStoriesAndEachOfThem) {
  Reading reading(std::nullopt);
  const auto list = list_of(reading, "a.log", example("min-free-killed.log"));
  ASSERT_EQ(list["stories"].size(), 1U);
  EXPECT_EQ(list["stories"][0]["cause"], "min-free-too-high");
  EXPECT_EQ(list["stories"][0]["verdict"], "proved");
  EXPECT_TRUE(list["remarks"].empty());
  EXPECT_TRUE(reading.story_part(0).starts_with("<article class=\"story\">"));
  EXPECT_NE(reading.story(0, Format::markdown).find("## "), std::string::npos);
  EXPECT_TRUE(reading.story(0, Format::html).ends_with("</html>\n"));
  const auto json = nlohmann::json::parse(reading.story(0, Format::json));
  EXPECT_EQ(json["events"][0]["root_cause"], "min-free-too-high");
  EXPECT_TRUE(reading.story_part(1).empty());
}

TEST(Reading, TheNewestLineMayComeFirst) {
  Reading reading(std::nullopt);
  const auto list = list_of(reading, "a.log", report::turned(example("min-free-killed.log")));
  ASSERT_EQ(list["stories"].size(), 1U);
  EXPECT_EQ(list["stories"][0]["verdict"], "proved");
}

TEST(Reading, SeveralAreAddedUp) {
  Reading reading(std::nullopt);
  const auto list = list_of(reading, "a.log", kill("a", 1) + kill("b", 5000) + kill("c", 9000));
  EXPECT_EQ(list["stories"].size(), 3U);
  EXPECT_NE(reading.summary_part().find("class=\"summary\""), std::string::npos);
}

TEST(Reading, SaysWhyThereIsNothing) {
  Reading reading(std::nullopt);
  reading.begin_log("empty");
  reading.end_log("");
  reading.begin_log("cut.gz");
  reading.feed("hello\n");
  reading.end_log("it ends early");
  const auto list = list_of(reading, "<b>.log", "nothing\n");
  ASSERT_EQ(list["remarks"].size(), 3U);
  EXPECT_EQ(list["remarks"][0], "empty: the file is empty");
  EXPECT_EQ(list["remarks"][1], "cut.gz: it ends early");
  EXPECT_NE(std::string(list["remarks"][2]).find("no OOM event found in 2 lines of 3 files"),
            std::string::npos);
}

TEST(Reading, AFormatComesAsItIsWritten) {
  Reading reading(Format::ndjson);
  reading.begin_log("a.log");
  reading.feed(kill("a", 1));
  reading.end_log("");
  const std::string first = reading.take();
  EXPECT_EQ(nlohmann::json::parse(first)["source"]["file"], "a.log");
  reading.finish();
  EXPECT_EQ(reading.take(), "");
  EXPECT_EQ(reading.found(), 1U);
}

}  // namespace
}  // namespace whyoom::web
