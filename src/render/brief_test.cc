#include "render/brief.h"

#include <gtest/gtest.h>

#include "render/layout.h"
#include "render/phrase.h"
#include "render/remedies.h"
#include "render/screen.h"
#include "render/test_samples.h"

namespace whyoom::render {
namespace {

std::string brief_text(const diagnose::Event& lead, const std::vector<Follower>& others = {}) {
  return to_text(brief(story_of(lead, others, 0), 80), {.width = 80});
}

TEST(Brief, AnswerFixHistoryAndPicture) {
  EXPECT_EQ(brief_text(*sample::min_free_event(),
                       {{"oom-panic", "init", "", "panic", "deadlocked", "dmesg.log:562", 0.68}}),
            R"(vm.min_free_kbytes was 801980 kB (80 % of RAM) while the kernel's own choice is
45056 kB: zone DMA32 had 787688 kB free and needed more than 789252 kB.
cause: min-free-too-high, proved, confidence 99 %

Fix: Set vm.min_free_kbytes to the kernel's own choice
    whyoom fix vm.min_free_kbytes=45056

What happened: dmesg.log:412-491, kernel 5.10.0-32-cloud-amd64
  [6.580963]  out of memory, killed hog (pid 137)
     +0.68 s  oom-panic, for init: panic, cause deadlocked
  In all 2 events

Zones
  zone   = free  | needed            free  needs over
  DMA    [===================|]  15.4 MiB    16.2 MiB  short by 796 kB
  DMA32  [=============== |   ]   769 MiB     771 MiB  short by 1564 kB
  Biggest: hog 173 MiB, nginx 4.69 MiB
also: There is no swap: anonymous memory cannot leave RAM.

)");
}

// Nothing lacks, and there is nothing to do: one empty line follows the answer.
TEST(Brief, APartWithoutContentLeavesNoGap) {
  diagnose::Event event;
  event.report.kind = report::Kind::limit_reached;
  event.evidence.report = &event.report;
  EXPECT_EQ(brief_text(event).find("\n\n\n"), std::string::npos) << brief_text(event);
}

TEST(Brief, WhatIsSwappedOutIsNotResident) {
  const auto event = sample::min_free_event();
  event->evidence.attribution.top.front().swap = Bytes(std::uint64_t{2} << 30U);
  EXPECT_NE(brief_text(*event).find("Biggest: hog 173 MiB and 2 GiB swapped, nginx"),
            std::string::npos)
      << brief_text(*event);
}

diagnose::Remedy remedy_giving(const char* title, std::optional<Bytes> gives) {
  diagnose::Remedy remedy{Message("{}", title), {}};
  remedy.gives = gives;
  return remedy;
}

TEST(Fixes, TheRootsFirstThenWhatGivesMostBack) {
  using diagnose::Role;
  std::vector<diagnose::Finding> findings(4);
  for (diagnose::Finding& finding : findings) {
    finding.cause = "a-cause";
  }
  findings[0].role = Role::root;
  findings[0].remedies = {remedy_giving("unknown", std::nullopt),
                          remedy_giving("small", Bytes(1 << 20))};
  findings[1].role = Role::contributing;
  findings[1].remedies = {remedy_giving("little", Bytes(2 << 20))};
  findings[2].role = Role::consequence;
  findings[2].remedies = {remedy_giving("nothing", std::nullopt)};
  findings[3].role = Role::contributing;
  findings[3].remedies = {remedy_giving("much", Bytes(9 << 20))};
  std::string titles;
  for (const Fix& fix : fixes(findings)) {
    titles += fix.title + "; ";
  }
  EXPECT_EQ(titles,
            "small: up to 1 MiB; unknown; much: up to 9 MiB; little: up to 2 MiB; nothing; ");
}

TEST(Fixes, AfterARestartNoProcessOfThenIsNamed) {
  std::vector<diagnose::Finding> findings(1);
  findings[0].role = diagnose::Role::root;
  findings[0].remedies = {
      {Message("Protect less"), {ShellCommand("echo 0 | sudo tee /proc/{}/oom_score_adj", 7)}},
      {Message("Look"), {ShellCommand("cat /proc/meminfo")}}};
  EXPECT_EQ(fixes(findings).front().commands.size(), 1U);
  const auto after = fixes(findings, true);
  ASSERT_EQ(after.size(), 2U);
  EXPECT_EQ(after[0].title, "Protect less");
  EXPECT_TRUE(after[0].commands.empty());
  EXPECT_EQ(after[1].commands.size(), 1U);
}

TEST(Brief, OfAnOpenCauseWhatWouldSettleIt) {
  EXPECT_EQ(brief_text(*sample::cut_event()),
            R"(The whole machine was out of memory, not a cgroup. hog (pid 137) was killed and
held 173 MiB. What filled it, or kept it out of reach, is not in these lines.
incomplete: the log lacks its first line, Mem-Info, the zones, the task table,
            the constraint line

What would settle it: the lines before it, from "invoked oom-killer" on
  - on that machine: journalctl -k, after a restart journalctl -k -b -1

What happened: dmesg.log:7
  out of memory, killed hog (pid 137)

)");
}

TEST(Brief, AnyEventFitsTheScreen) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const auto event = sample::random_event(seed);
    for (const unsigned width : {60U, 80U, 200U}) {
      const std::string text = to_text(brief(story_of(*event, {}, 0), width), {.width = width});
      EXPECT_LE(rows_of(text, width), width < 80 ? 26U : 20U) << "seed " << seed << "\n" << text;
    }
  }
}

TEST(Screen, SentencesAndLines) {
  EXPECT_EQ(first_sentences("One. Two 1.5 GiB. Three.", 2), "One. Two 1.5 GiB.");
  EXPECT_EQ(first_sentences("One.", 3), "One.");
  EXPECT_EQ(clipped("one two three four", 9, 2), "one two ...");
  EXPECT_EQ(clipped("One. Two three four.", 9, 2), "One.") << "a sentence is whole, or left out";
  EXPECT_EQ(clipped("one two", 9, 1), "one two");
  EXPECT_EQ(first_sentences("一。二有 1.5 GiB。三。", 2), "一。二有 1.5 GiB。");
  EXPECT_EQ(first_sentences("一。", 3), "一。");
  EXPECT_EQ(clipped("一二三四五六七八", 6, 2), "一二三四 ...");
  EXPECT_EQ(rows_of("12345678\n\n1\n", 4), 4U);
}

}  // namespace
}  // namespace whyoom::render
