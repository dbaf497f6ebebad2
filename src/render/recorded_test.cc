// A verdict that rises by what the recorder knew, and how it is told.
#include "render/recorded.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "diagnose/engine.h"
#include "record/recall_for_test.h"
#include "render/html.h"
#include "render/layout.h"
#include "render/render.h"
#include "report/log_reader.h"

namespace whyoom::render {
namespace {

using record::testing_only::kill_line;
using record::testing_only::SmallRing;

report::Report report_of_lines(const std::string& text) {
  std::vector<report::Report> found;
  report::LogReader reader(
      "kern.log", [&found](report::Report&& report) { found.push_back(std::move(report)); });
  reader.feed(text);
  reader.finish();
  return found.empty() ? report::Report() : std::move(found.front());
}

report::Report bare_kill() {
  return report_of_lines("[  100.400000] " + std::string(kill_line) + "\n");
}

std::unique_ptr<diagnose::Event> explained(const SmallRing& ring, const record::Asked& asked,
                                           report::Report&& report = bare_kill()) {
  return diagnose::explain(std::move(report), {}, ring.recall(asked));
}

std::string told(const diagnose::Event& event, unsigned width = 80) {
  Story whole{.lead = event, .others = {}, .first = {}, .last = {}, .seconds = {}};
  return to_text(story(whole, {}), {.width = width});
}

struct RecordedKill : ::testing::Test {
  SmallRing ring;
  record::Asked event;
  void happen(bool recorded_after = true) {
    ring.sample();
    ring.now_ms += 400;
    ring.line(kill_line, 0);
    event = ring.said(0);
    if (recorded_after) {
      ring.sample();
    }
  }
};

TEST_F(RecordedKill, ABareLineBecomesProvedByWhatWasRecorded) {
  EXPECT_NE(diagnose::explain(bare_kill())->verdict, diagnose::Verdict::proved);
  happen();
  const auto event = explained(ring, this->event);
  EXPECT_EQ(event->verdict, diagnose::Verdict::proved);
  EXPECT_EQ(event->root_cause, "memory-exhausted");
  EXPECT_EQ(event->stood_in, (std::vector<std::string>{"mem-info", "zones"}));
  const std::string text = told(*event);
  EXPECT_NE(text.find("the recorder, 0.4 s before"), std::string::npos) << text;
  EXPECT_NE(text.find("the log lacks its first line, Mem-Info, the zones"), std::string::npos)
      << text;
  const std::string json = json_event(*event, false);
  EXPECT_NE(json.find("\"stood_in\":[\"mem-info\",\"zones\"]"), std::string::npos) << json;
  EXPECT_NE(json.find("\"complete\":false"), std::string::npos);
}

TEST_F(RecordedKill, MemoryThatTheSettingHeldBackIsProvedSoToo) {
  ring.min_free_kib = 2'000'000;
  happen();
  const auto event = explained(ring, this->event);
  EXPECT_EQ(event->verdict, diagnose::Verdict::proved);
  EXPECT_EQ(event->root_cause, "min-free-too-high");
}

// RAM of 390 MiB in the log, counters of 4 GiB in the ring.
TEST_F(RecordedKill, NumbersThatContradictThoseOfTheLogAreNotTaken) {
  happen();
  const auto with_ram = [&](const std::string& pages) {
    return report_of_lines(
        "[  100.399000] java invoked oom-killer: "
        "gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), "
        "order=0, oom_score_adj=0\n"
        "[  100.399100] Mem-Info:\n[  100.399200] " +
        pages +
        " pages RAM\n"
        "[  100.399300] 0 pages HighMem/MovableOnly\n[  100.399400] 0 pages reserved\n"
        "[  100.400000] " +
        std::string(kill_line) + "\n");
  };
  EXPECT_EQ(explained(ring, this->event, with_ram("1048576"))->verdict, diagnose::Verdict::proved);
  const auto other = explained(ring, this->event, with_ram("100000"));
  EXPECT_TRUE(other->stood_in.empty());
  EXPECT_NE(other->verdict, diagnose::Verdict::proved);
}

TEST_F(RecordedKill, ASampleFarFromTroubleLowersNothing) {
  ring.used_up = false;
  happen();
  const auto with = explained(ring, this->event);
  const auto without = diagnose::explain(bare_kill());
  EXPECT_EQ(with->verdict, without->verdict);
  EXPECT_EQ(with->root_cause, without->root_cause);
  EXPECT_EQ(with->findings.size(), without->findings.size());
  EXPECT_TRUE(with->stood_in.empty());
}

TEST_F(RecordedKill, ACgroupsKillTakesNothingOfTheMachine) {
  happen();
  std::string line(kill_line);
  line.replace(0, 13, "Memory cgroup out of memory");
  const auto event = explained(ring, this->event, report_of_lines("[  100.400000] " + line + "\n"));
  EXPECT_TRUE(event->stood_in.empty());
  // Without a cause in the line it can be a cgroup's.
  line.erase(0, 29);
  ASSERT_TRUE(line.starts_with("Killed process")) << line;
  const auto bare = explained(ring, this->event, report_of_lines("[  100.400000] " + line + "\n"));
  EXPECT_TRUE(bare->stood_in.empty());
}

TEST_F(RecordedKill, WhatGrewStandsInTheStory) {
  ring.used_up = false;
  for (int i = 0; i < 5; ++i) {
    ring.sample();
    ring.now_ms += 5000;
  }
  ring.used_up = true;
  happen(false);
  const auto event = explained(ring, this->event);
  const std::string text = told(*event, 200);
  EXPECT_NE(text.find("java (pid 42, app.service) grew from"), std::string::npos) << text;
  EXPECT_NE(json_event(*event, false).find("\"grew\":[{\"pid\":42,\"name\":\"java\""),
            std::string::npos);
}

TEST_F(RecordedKill, APageHasTheCurveBeforeIt) {
  ring.sample();
  ring.now_ms += 2000;
  happen();
  const auto found = explained(ring, event);
  const Story whole{.lead = *found, .others = {}, .first = {}, .last = {}, .seconds = {}};
  const std::string html = to_html(story(whole, {.page = true, .html = true}), "story");
  EXPECT_NE(html.find("<svg class=\"curve\" role=\"img\""), std::string::npos) << html;
  EXPECT_NE(html.find("<span>2.4 s before</span><span>the event</span>"), std::string::npos)
      << html;
  EXPECT_NE(html.find("<rect class=\"available\" x=\"833\""), std::string::npos) << html;
  EXPECT_EQ(told(*found).find("2.4 s before"), std::string::npos);
}

TEST_F(RecordedKill, OneSampleIsNoCurve) {
  happen();
  const auto found = explained(ring, event);
  const Story whole{.lead = *found, .others = {}, .first = {}, .last = {}, .seconds = {}};
  const std::string html = to_html(story(whole, {.page = true, .html = true}), "story");
  EXPECT_EQ(html.find("<svg class=\"curve\""), std::string::npos) << html;
}

}  // namespace
}  // namespace whyoom::render
