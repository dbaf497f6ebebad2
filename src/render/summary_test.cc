#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "render/layout.h"
#include "render/phrase.h"
#include "render/render.h"

namespace whyoom::render {
namespace {

LogSource kern_log() {
  LogSource source;
  source.name = "/var/log/kern.log";
  source.read = true;
  source.events = 1;
  source.lines = 5000;
  source.from.wall = "Nov 23 07:00:00";
  source.to.wall = "Nov 23 09:00:00";
  return source;
}

TEST(Sources, SayHowFarTheyReachAndWhatIsMissing) {
  std::vector<LogSource> sources{kern_log(), {}, kern_log(), kern_log()};
  sources[1].name = "journal";
  sources[1].gap = "no access\x1b[2J";
  sources[2].gap = "it is cut";
  sources[2].to = sources[2].from;
  sources[3].from = sources[3].to = {};
  const std::string reached = "read: /var/log/kern.log: 1 event in 5,000 lines, ";
  EXPECT_EQ(to_text(log_sources(sources), {.width = 200}),
            reached + "from Nov 23 07:00:00 to Nov 23 09:00:00\n" +
                "not read: journal: no access\\x1b[2J\n" + reached + "Nov 23 07:00:00\n" +
                "but: it is cut\n" + reached + "no time in it\n");
  sources.assign(22, kern_log());
  const std::string many = to_text(log_sources(sources), {.width = 200});
  EXPECT_TRUE(many.ends_with("09:00:00\nand 2 more logs\n")) << many;
}

TEST(Sources, InTheClosingLines) {
  Summary all;
  all.lines = 1;
  all.events_left_out = 3;
  all.sources = {kern_log()};
  EXPECT_EQ(to_text(summary(all, {}), {.width = 200}),
            "no events in 1 line (0 bytes)\n"
            "left out: 3 older events, for which there was no room; --until and a FILE show them\n"
            "read: /var/log/kern.log: 1 event in 5,000 lines, from Nov 23 07:00:00 to Nov 23 "
            "09:00:00\n");
  EXPECT_EQ(to_text(summary(all, {.page = true}), {.width = 200}).substr(0, 31),
            "No events in 1 line (0 bytes).\n");
  all.events = 1;
  EXPECT_EQ(to_text(summary(all, {.brief = true}), {.width = 200}).substr(0, 58),
            "1 event in 1 line (0 bytes); -v shows the whole proof\nleft");
}

TEST(Sources, InJson) {
  Summary all;
  all.bytes = 7;
  all.events_left_out = 3;
  all.damage = {{"a.log:7", "a line is cut"}};
  all.damage_more = 2;
  const auto without = nlohmann::json::parse(json_input(all, false));
  EXPECT_FALSE(without.contains("sources"));
  EXPECT_EQ(without["damage"][0]["at"], "a.log:7");
  EXPECT_EQ(without["damage_more"], 2);
  LogSource unread;
  unread.name = "journal";
  unread.gap = "no access";
  all.sources = {kern_log(), unread};
  const auto json = nlohmann::json::parse(json_input(all, true));
  EXPECT_EQ(json["events_left_out"], 3);
  EXPECT_EQ(json["sources"][0]["lines"], 5000);
  EXPECT_EQ(json["sources"][0]["from"]["wall"], "Nov 23 07:00:00");
  EXPECT_EQ(json["sources"][0]["gap"], nullptr);
  EXPECT_EQ(json["sources"][1], nlohmann::json::parse(R"({"name": "journal", "events": null,
    "lines": null, "from": null, "to": null, "gap": "no access"})"));
}

TEST(LimitHeadline, NamesEachLimit) {
  using What = report::LimitReached::What;
  report::Report report;
  EXPECT_EQ(limit_headline(report), "a limit of the kernel reached");
  const std::pair<What, const char*> rows[] = {
      {What::tcp_memory, "TCP sockets out of memory"},
      {What::tcp_orphans, "too many TCP sockets of no process"},
      {What::conntrack, "table of tracked connections full"},
      {What::file_max, "no more open files"},
      {What::neighbour, "table of neighbours full"},
      {What::cma, "contiguous memory refused"},
      {What::swiotlb, "bounce buffer refused"}};
  for (const auto& [what, words] : rows) {
    report.limit_reached.emplace().what = what;
    report.limit_reached->count = 1;
    EXPECT_EQ(limit_headline(report), words);
    report.limit_reached->count = 12;
    EXPECT_EQ(limit_headline(report), std::string(words) + ", 12 times");
  }
}

}  // namespace
}  // namespace whyoom::render
