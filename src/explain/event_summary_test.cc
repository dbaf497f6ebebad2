#include "explain/event_summary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "render/layout.h"

namespace whyoom::explain {
namespace {

std::string id_of(unsigned number) {
  std::string digits = std::to_string(number);
  return std::string(32 - digits.size(), '0') + digits;
}

EventFacts event(unsigned number) {
  return {.id = id_of(number),
          .cause = number % 3 == 0 ? "min-free-too-high" : "memory-exhausted",
          .verdict = "proved",
          .kind = "oom-kill",
          .host = "web" + std::to_string(number % 5),
          .boot = "",
          .kernel = "6.1.0-18-amd64",
          .owner = "",
          .time = "2026-11-2" + std::to_string(number % 9) + "T07:41:32+00:00",
          .killed = number % 2};
}

std::string json_of(const std::vector<EventFacts>& events) {
  EventSummary summary;
  for (const EventFacts& facts : events) {
    summary.add(facts);
  }
  return summary.json();
}

TEST(EventSummary, IsTheSameInAnyOrderAndHoweverOftenAnEventComes) {
  std::vector<EventFacts> events;
  for (unsigned i = 0; i < 60; ++i) {
    events.push_back(event(i));
  }
  const std::string whole = json_of(events);
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<EventFacts> some = events;
    for (int i = 0; i < 20; ++i) {
      some.push_back(events[random() % events.size()]);
    }
    std::ranges::shuffle(some, random);
    ASSERT_EQ(json_of(some), whole);
  }
}

TEST(EventSummary, NoEventKilledMoreThanThereCanBe) {
  EventFacts facts = event(1);
  facts.killed = 4194304;
  EXPECT_EQ(wrong_in(facts), "");
  facts.killed = 4194305;
  EXPECT_EQ(wrong_in(facts), "killed");
}

// Two readings of one event: the one that says more stays, whichever was first.
TEST(EventSummary, TheBetterOfTwoReadingsStays) {
  EventFacts cut = event(1);
  cut.cause = "undetermined";
  cut.verdict = "undetermined";
  const std::string whole = json_of({event(1)});
  EXPECT_EQ(json_of({cut, event(1)}), whole);
  EXPECT_EQ(json_of({event(1), cut}), whole);
  EXPECT_NE(json_of({cut}), whole);

  EventFacts forged = event(1);
  forged.cause = "zram";
  forged.unverified = true;
  forged.killed = 900;
  EXPECT_EQ(json_of({forged, event(1)}), whole);
  EXPECT_EQ(json_of({event(1), forged}), whole);
}

TEST(EventSummary, AddSaysWhetherTheEventIsNew) {
  EventSummary summary;
  EXPECT_TRUE(summary.add(event(1)));
  EXPECT_FALSE(summary.add(event(1)));
  EXPECT_TRUE(summary.add(event(2)));
}

TEST(EventSummary, FirstAndLastGoByTheClockAndNotByTheText) {
  EventFacts early = event(3), late = event(6);
  early.host = late.host = "a";
  early.time = "2026-11-23T09:00:00+09:00";  // 00:00 UTC
  late.time = "2026-11-23T01:00:00+00:00";
  EventSummary summary;
  summary.add(late);
  summary.add(early);
  const std::string json = summary.json();
  EXPECT_NE(json.find(R"("first":"2026-11-23T09:00:00+09:00")"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("last":"2026-11-23T01:00:00+00:00")"), std::string::npos) << json;
}

TEST(EventSummary, SaysOnHowManyHostsAndWhichCauseLeads) {
  EventSummary summary;
  for (unsigned i = 0; i < 30; ++i) {
    summary.add(event(i));
  }
  const std::string text = render::to_text(summary.document(2), {.width = 100});
  EXPECT_NE(text.find("30 events on 5 hosts, 15 processes killed"), std::string::npos) << text;
  EXPECT_LT(text.find("memory-exhausted"), text.find("min-free-too-high")) << text;
  EXPECT_NE(text.find("and 3 more rows: --all"), std::string::npos) << text;
}

struct Forged {
  const char* what;
  void (*change)(EventFacts&);
};

TEST(EventSummary, BelievesNoForgedField) {
  EXPECT_EQ(wrong_in(event(1)), "");
  const Forged forged[] = {
      {"id", [](EventFacts& facts) { facts.id = "0"; }},
      {"id", [](EventFacts& facts) { facts.id[3] = 'G'; }},
      {"root_cause", [](EventFacts& facts) { facts.cause = ""; }},
      {"root_cause", [](EventFacts& facts) { facts.cause = "a b"; }},
      {"verdict", [](EventFacts& facts) { facts.verdict = "certain"; }},
      {"kind", [](EventFacts& facts) { facts.kind = ""; }},
      {"host", [](EventFacts& facts) { facts.host = "a\nb"; }},
      {"host", [](EventFacts& facts) { facts.host = "$(reboot)"; }},
      {"host", [](EventFacts& facts) { facts.host = std::string(300, 'a'); }},
      {"boot", [](EventFacts& facts) { facts.boot = "../x"; }},
      {"kernel", [](EventFacts& facts) { facts.kernel = "6.1\x1b[31m"; }},
      {"owner", [](EventFacts& facts) { facts.owner = std::string(2000, 'a'); }},
      {"time", [](EventFacts& facts) { facts.time = std::string(300, '1'); }},
  };
  for (const Forged& each : forged) {
    EventFacts facts = event(1);
    each.change(facts);
    EXPECT_EQ(wrong_in(facts), each.what);
  }
}

}  // namespace
}  // namespace whyoom::explain
