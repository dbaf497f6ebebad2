// Reports as people copy them: long lines cut at a column by a pager or a terminal, a part left out
// in the middle or at the end. The verdict stays, grows weaker or is left open, and the marks of
// the zones alone prove the fault that this program began with.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "diagnose/case_file.h"

namespace whyoom::diagnose {
namespace {

std::string cut_at(std::string_view log, std::size_t columns, std::string_view mark) {
  std::string out;
  for (const std::string_view line : cases::split_lines(log)) {
    const bool fits = line.size() <= columns + 1;  // with its newline
    out.append(fits ? line : line.substr(0, columns - mark.size()));
    out.append(fits ? "" : mark).append(fits ? "" : "\n");
  }
  return out;
}

class CutColumns : public testing::TestWithParam<std::string> {};

TEST_P(CutColumns, NeverMakeAnotherCauseSure) {
  constexpr double sure = 0.8;
  const cases::Case file = cases::load_case(cases::causes_folder() / GetParam() / "positive.case");
  for (const std::string_view mark : {">", ""}) {
    for (std::size_t columns = 72; columns <= 240; columns += 8) {
      for (const auto& event : cases::explain_log(cut_at(file.log, columns, mark))) {
        // Names that were cut at one place are one name.
        const bool same =
            event->root_cause == file.root ||
            (file.root == "unevictable" && event->root_cause == "memory-exhausted") ||
            (file.root == "memory-exhausted" && event->root_cause == "many-processes");
        if (!same && event->root_cause != undetermined) {
          EXPECT_LT(event->findings.front().confidence, sure)
              << event->root_cause << " at " << columns << " columns, mark '" << mark << "'";
        }
      }
    }
  }
}

std::vector<std::string> causes_of_reports() {
  std::vector<std::string> names;
  for (const auto& folder : std::filesystem::directory_iterator(cases::causes_folder())) {
    const auto path = folder.path() / "positive.case";
    if (std::filesystem::exists(path)) {
      const cases::Case file = cases::load_case(path);
      if (!file.root.empty() && !file.log.starts_with("== ")) {
        names.push_back(folder.path().filename().string());
      }
    }
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Cases, CutColumns, testing::ValuesIn(causes_of_reports()));

TEST(CutColumns, BehindTheMarksTheFoundingFaultIsProved) {
  const auto path = cases::causes_folder() / "min-free-too-high" / "positive.case";
  const std::string log = cases::load_case(path).log;
  std::string cut;
  for (const std::string_view line : cases::split_lines(log)) {
    const bool zone = line.find(" min:") != std::string_view::npos;
    cut.append(line.substr(0, zone ? line.find(" active_anon") : line.size()));
    cut.append(zone ? "\n" : "");
  }
  ASSERT_LT(cut.size(), log.size());
  const auto events = cases::explain_log(cut);
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.back()->root_cause, "min-free-too-high");
  EXPECT_EQ(events.back()->verdict, Verdict::proved);
}

struct Excerpt {
  const char* cause;
  bool (*has)(std::string_view line);
};

TEST(Excerpt, WithoutAPartIsProvedStill) {
  const auto is_of_node = [](std::string_view line) {
    return line.find("Node 0 active_anon") == std::string_view::npos;
  };
  const auto is_behind = [](std::string_view line) {
    return line.find("pages RAM") == std::string_view::npos &&
           line.find("pages reserved") == std::string_view::npos;
  };
  const Excerpt excerpts[] = {
      {"shmem-tmpfs", is_of_node},  // has nothing but stacks that is not in totals
      {"shmem-tmpfs", is_behind},   // the zones have all free pages, so all of RAM
      {"memory-exhausted", is_of_node},
      {"page-tables", is_of_node},
  };
  for (const Excerpt& excerpt : excerpts) {
    const auto path = cases::causes_folder() / excerpt.cause / "positive.case";
    const std::string whole = cases::load_case(path).log;
    std::string cut;
    for (const std::string_view line : cases::split_lines(whole)) {
      cut += excerpt.has(line) ? std::string(line) : std::string();
    }
    const auto events = cases::explain_log(cut);
    ASSERT_FALSE(events.empty()) << excerpt.cause;
    EXPECT_EQ(events.back()->root_cause, excerpt.cause);
    EXPECT_EQ(events.back()->verdict, Verdict::proved) << excerpt.cause;
    for (const Finding& finding : events.back()->findings) {
      for (const Proof& proof : finding.proof) {
        EXPECT_LE(proof.at.line, events.back()->report.last_line) << finding.cause;
      }
    }
  }
}

// Since 3.9 a cgroup's report has no zones, and these are all of RAM. Who had it may be many.
TEST(Excerpt, ThatEndsBeforeTheTableTellsOfTheMachine) {
  const auto path = cases::causes_folder() / "memory-exhausted" / "positive.case";
  const std::string log = cases::load_case(path).log;
  const auto events =
      cases::explain_log(log.substr(0, log.rfind('\n', log.find("Tasks state")) + 1));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]->root_cause, "memory-exhausted");
  EXPECT_EQ(events[0]->verdict, Verdict::likely);
  ASSERT_EQ(events[0]->overturned_by.size(), 1U);
}

// The stacks of threads can be what no other counter shows.
TEST(Excerpt, WithoutTheStacksTheKernelsShareIsLikely) {
  const auto path = cases::causes_folder() / "kernel-unaccounted" / "positive.case";
  const std::string whole = cases::load_case(path).log;
  std::string cut;
  for (const std::string_view line : cases::split_lines(whole)) {
    const std::size_t stack = line.find(" kernel_stack:");
    cut.append(line.substr(0, stack)).append(stack == line.npos ? "" : "\n");
  }
  const auto events = cases::explain_log(cut);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]->root_cause, "kernel-unaccounted");
  EXPECT_EQ(events[0]->verdict, Verdict::likely);
}

// A fork bomb behind a pager that cut the stacks of the threads and the names: so many processes
// need so many page tables, and that is not what filled the memory.
TEST(Excerpt, PageTablesOfManyProcessesAreTheirNumber) {
  const auto root = [](int processes, const std::string& tables, const std::string& end) {
    std::string log =
        "[ 9.0] init invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), "
        "order=0, oom_score_adj=0\n"
        "[ 9.1] Mem-Info:\n"
        "[ 9.1] active_anon:100 inactive_anon:6000 isolated_anon:0\n"
        "[ 9.1]  active_file:10 inactive_file:10 isolated_file:0\n"
        "[ 9.1]  unevictable:0 dirty:0 writeback:0\n"
        "[ 9.1]  slab_reclaimable:500 slab_unreclaimable:5000\n"
        "[ 9.1]  mapped:10 shmem:20 pagetables:11000\n"
        "[ 9.1]  sec_pagetables:0 bounce:0\n"
        "[ 9.1]  free:300 free_pcp:20 free_cma:0\n"
        "[ 9.1] Node 0 active_anon:400kB inactive_anon:24000kB active_file:40kB>\n"
        "[ 9.1] Node 0 DMA32 free:1200kB boost:0kB min:1300kB low:1624kB high:1948kB>\n"
        "[ 9.1] lowmem_reserve[]: 0 0 0 0\n"
        "[ 9.1] 60 total pagecache pages\n"
        "[ 9.1] 0 pages in swap cache\n"
        "[ 9.1] Free swap  = 0kB\n"
        "[ 9.1] Total swap = 0kB\n"
        "[ 9.1] 32768 pages RAM\n"
        "[ 9.1] 0 pages HighMem/MovableOnly\n"
        "[ 9.1] 6000 pages reserved\n"
        "[ 9.1] Tasks state (memory values in pages):\n"
        "[ 9.1] [  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes "
        "swapents oom_>\n";
    for (int pid = 1000; pid < 1000 + processes; ++pid) {
      log += "[ 9.1] [   " + std::to_string(pid) + "]     0  " + std::to_string(pid) +
             "      500       10       10        0         0  " + tables + "        0   >\n";
    }
    const auto events = cases::explain_log(log + end);
    return std::pair(std::string(events.at(0)->root_cause), events.at(0)->verdict);
  };
  const std::string killed = "[ 9.1] Out of memory: Killed process 1001 (hog) total-vm:2000kB\n";
  using Says = std::pair<std::string, Verdict>;
  EXPECT_EQ(root(20, "2252800", killed), Says("page-tables", Verdict::proved));
  EXPECT_EQ(root(20, "2252800", ""), Says("page-tables", Verdict::likely)) << "the table may go on";
  EXPECT_EQ(root(700, "57344", killed), Says(undetermined, Verdict::undetermined));
}

// A 2.6 report without "pages RAM": the zone that is printed is a part of RAM at least, and swap
// was full only where a line says so.
TEST(Excerpts, WhatProcessesHeldIsAShareOfAtLeastTheZones) {
  const std::string log =
      "h kernel: foo invoked oom-killer: gfp_mask=0x201d2, order=0, oomkilladj=0\n"
      "h kernel: Active:16513 inactive:407 dirty:0 writeback:0 unstable:0 free:599 slab:2859 "
      "mapped:16891 pagetables:686\n"
      "h kernel: Normal free:976kB min:700kB low:1400kB high:2100kB active:54172kB "
      "inactive:1524kB present:507840kB\n"
      "h kernel: Free swap:       933400kB\n"
      "h kernel: Out of Memory: Killed process 3004 (mysqld).\n";
  const auto events = cases::explain_log(log);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]->root_cause, undetermined);
}

// The reserve of zone Normal tells of a HighMem whose line is lost: the zones are not RAM.
TEST(Excerpts, ZonesOfWhichOneIsLostAreNoAccountOfRam) {
  const auto account_of = [](const std::string& reserve) {
    const auto events = cases::explain_log(
        "kernel: ftp invoked oom-killer: gfp_mask=0xd0, order=0, oom_adj=0\n"
        "kernel: DMA free:3480kB min:64kB low:80kB high:96kB active_anon:0kB inactive_anon:0kB "
        "active_file:12kB inactive_file:52kB unevictable:0kB present:15800kB shmem:0kB "
        "slab_reclaimable:148kB slab_unreclaimable:12148kB pagetables:0kB\n"
        "kernel: lowmem_reserve[]: 0 865 " +
        reserve +
        "\n"
        "kernel: Normal free:3856kB min:3728kB low:4660kB high:5592kB active_anon:0kB "
        "inactive_anon:0kB active_file:916kB inactive_file:1068kB unevictable:0kB "
        "present:885944kB shmem:0kB slab_reclaimable:7572kB slab_unreclaimable:797376kB "
        "pagetables:0kB\n"
        "kernel: lowmem_reserve[]: 0 0 " +
        (reserve == "865 865" ? "0 0" : "17014 17014") + "\n");
    return events.at(0)->evidence.account.has_value();
  };
  EXPECT_TRUE(account_of("865 865"));
  EXPECT_FALSE(account_of("2991 2991"));
}

// Before 3.8 no block has the letters of its kinds: the check of each order is the old one.
TEST(Excerpts, BlocksWithoutKindsAreOfAKernelThatAsksEachOrder) {
  const auto root_of = [](const std::string& kinds) {
    return cases::explain_log(
               "kernel: swapper: page allocation failure. order:3, mode:0x4020\n"
               "kernel: Normal free:1032kB min:508kB low:632kB high:760kB active:2524kB "
               "inactive:16kB present:16256kB pages_scanned:89 all_unreclaimable? no\n"
               "kernel: lowmem_reserve[]: 0\n"
               "kernel: Normal: 72*4kB" +
               kinds + " 43*8kB" + kinds + " 23*16kB" + kinds + " 1*32kB" + kinds +
               " 0*64kB 0*128kB 0*256kB = 1032kB\n")
        .at(0)
        ->root_cause;
  };
  EXPECT_EQ(root_of(""), "fragmentation");
  EXPECT_EQ(root_of(" (UM)"), undetermined);
}

}  // namespace
}  // namespace whyoom::diagnose
