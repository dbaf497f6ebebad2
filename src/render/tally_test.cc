#include "render/tally.h"

#include <gtest/gtest.h>

#include "render/layout.h"
#include "render/test_samples.h"

namespace whyoom::render {
namespace {

std::string tally_text(const diagnose::Tally& tally, Detail detail = {}, unsigned width = 100) {
  return to_text(tally_document(tally, detail), {.width = width});
}

// One event of a cause, at a time of the day.
diagnose::Event tallied(std::string_view cause, const std::string& time, std::string host = "a") {
  diagnose::Event event;
  event.root_cause = cause;
  event.report.time.wall = time.empty() ? "" : "Nov 23 " + time;
  event.report.host = std::move(host);
  return event;
}

diagnose::Event killing(diagnose::Event event, std::string comm, std::uint64_t anon_kib) {
  report::Victim victim;
  victim.comm = std::move(comm);
  victim.anon_rss_kib = anon_kib;
  event.report.victims = {victim};
  return event;
}

TEST(TallyText, TheMostFrequentFirst) {
  diagnose::Tally tally;
  tally.add(tallied("undetermined", "07:00:00"));
  tally.add(killing(tallied("slab-leak", "07:00:00"), "db", 2048));
  tally.add(killing(tallied("slab-leak", "09:00:00", "b"), "web|\x1b[31m", 4096));
  diagnose::Event panic = tallied("slab-leak", "08:00:00");
  panic.report.panic.emplace();
  tally.add(panic);
  EXPECT_EQ(tally_text(tally, {}, 200), R"(4 events in 4 stories on 2 hosts
  events  cause                   first            last             every  whose
       3  slab-leak               Nov 23 07:00:00  Nov 23 09:00:00    1 h  1 kernel panic; 2 killed, the biggest web|\x1b[31m with 4 MiB
       1  undetermined: oom-kill  Nov 23 07:00:00

Nov 23 07:00:00 to Nov 23 09:00:00, a column for 10 min
  |:     .     .|

)");
}

TEST(TallyText, NamesTheOwnerThatComesMostOften) {
  diagnose::Tally tally;
  const auto of = [](const std::string& path) {
    auto event = sample::memcg_event();
    event->report.time.wall = "Nov 23 08:12:53";
    event->report.victims.clear();
    event->report.memcg->limit_path = event->report.memcg->task_path = path;
    event->evidence.attribution = memory::attribute(event->evidence);
    return event;
  };
  const auto web = of("/system.slice/web.service");
  tally.add(*web);
  const std::string one = tally_text(tally);
  EXPECT_NE(one.find("web.service\n"), std::string::npos) << one;
  tally.add(*web);
  tally.add(*of("/system.slice/db.service"));
  const std::string two = tally_text(tally);
  EXPECT_NE(two.find("web.service (2) and 1 other\n"), std::string::npos) << two;
}

TEST(TallyText, SixCausesAndTheRestInOneLine) {
  diagnose::Tally tally;
  const std::string_view causes[] = {"slab-leak", "no-swap",      "tmpfs",     "page-tables",
                                     "hugepages", "cgroup-limit", "fork-bomb", "fd-limit"};
  for (const std::string_view cause : causes) {
    tally.add(tallied(cause, "07:00:00"));
  }
  tally.add(tallied(causes[7], "07:00:00"));
  const std::string text = tally_text(tally);
  // The last two that came but for the one that came twice.
  EXPECT_NE(text.find("  and 2 events of 2 other causes: --summary --all\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("       2  fd-limit "), std::string::npos) << text;
  EXPECT_EQ(text.find("fork-bomb"), std::string::npos) << text;
  EXPECT_NE(tally_text(tally, {.all = true}).find("fork-bomb"), std::string::npos);
  EXPECT_NE(to_markdown(tally_document(tally, {.page = true})).find("fork-bomb"),
            std::string::npos);
  // All at one moment: no line of time.
  EXPECT_EQ(text.find("a column for"), std::string::npos) << text;
}

TEST(TallyText, TimesThatShareNoClockAreLeftOut) {
  diagnose::Tally tally;
  for (const char* source : {"a.log", "b.log"}) {
    diagnose::Event event = tallied("slab-leak", "");
    event.report.source = source;
    event.report.time.monotonic_us = 5'000'000;
    tally.add(event);
  }
  EXPECT_EQ(tally_text(tally), R"(2 events in 2 stories
  events  cause      whose
       2  slab-leak

)");
}

// A quarter of the fullest column, a half, three quarters, all of it.
TEST(TallyText, DrawsEachSpan) {
  diagnose::Tally tally;
  for (int second = 0; second < 5; ++second) {
    for (int i = 0; i < second; ++i) {
      tally.add(tallied("slab-leak", "07:00:0" + std::to_string(second)));
    }
  }
  tally.add(tallied("slab-leak", "07:00:06"));
  const auto picture = [&tally] {
    const std::string text = tally_text(tally);
    return text.substr(text.find('|'));
  };
  EXPECT_EQ(picture(), "|.:*# .|\n\n");
  tally.add(tallied("slab-leak", "07:00:04"));
  EXPECT_EQ(picture(), "|.:*# .|\n\n");  // of five 20 %, 40 %, 60 %
  for (int i = 0; i < 5; ++i) {
    tally.add(tallied("slab-leak", "07:00:04"));
  }
  EXPECT_EQ(picture(), "|..:# .|\n\n");  // of ten 10 %, 20 %, 30 %
}

}  // namespace
}  // namespace whyoom::render
