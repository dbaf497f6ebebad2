#include "explain/open_story.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "diagnose/case_file.h"

namespace whyoom::explain {
namespace {

const std::string kill =
    "[ 9.000000] Out of memory: Killed process 7 (hog) total-vm:900000kB, anon-rss:500000kB, "
    "file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:68kB oom_score_adj:0\n";
const std::string head =
    "[ 9.100000] java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n";
const std::string counters = "[ 9.100001] Mem-Info:\n[ 9.100002] active_anon:1 inactive_anon:2\n";

// The first line of the event that a story of all events of `log` is told by.
LineNumber lead_of(const std::string& log) {
  auto events = diagnose::cases::explain_log(log);
  OpenStory story(std::move(events.at(0)));
  for (std::size_t i = 1; i < events.size(); ++i) {
    story.add(std::move(events[i]));
  }
  return story.story().lead.report.first_line;
}

TEST(OpenStory, IsToldByTheEventThatSaysMost) {
  EXPECT_EQ(lead_of(kill + head), 1U) << "it names who was killed";
  EXPECT_EQ(lead_of(kill + head + counters), 2U) << "it has numbers";
  EXPECT_EQ(lead_of(kill + head +
                    "[ 9.100001] Out of memory and no killable processes...\n"
                    "[ 9.100002] Kernel panic - not syncing: System is deadlocked on memory\n"),
            2U)
      << "it has its end";
  EXPECT_EQ(lead_of(head), 1U);
}

TEST(OpenStory, AStallIsNoFailureThatIsOver) {
  const auto stall = [](const std::string& second, const std::string& name) {
    return "[" + second + ".693973] " + name +
           ": page allocation stalls for 87950ms, order:0, "
           "mode:0x24201ca(GFP_HIGHUSER_MOVABLE|__GFP_COLD)\n";
  };
  auto events = diagnose::cases::explain_log(stall("176", "mysqld") + stall("178", "ksmtuned"));
  ASSERT_EQ(events.size(), 2U);
  OpenStory story(std::move(events[0]));
  story.add(std::move(events[1]));
  const auto told = story.story();
  ASSERT_EQ(told.others.size(), 1U);
  EXPECT_EQ(told.others[0].kind, "page-allocation-stall");
  EXPECT_EQ(told.others[0].outcome, "");
}

}  // namespace
}  // namespace whyoom::explain
