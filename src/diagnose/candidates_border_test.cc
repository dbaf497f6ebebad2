// What names a candidate, on both sides of its border.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "diagnose/case_file.h"

namespace whyoom::diagnose {
namespace {

using Names = std::vector<std::string>;

Names named_of(std::string_view log) {
  Names names;
  for (const auto& event : cases::explain_log(log)) {
    for (const Candidate& candidate : event->candidates) {
      names.emplace_back(candidate.cause);
    }
  }
  return names;
}

const Names held_by_processes{"memory-exhausted", "min-free-too-high"};
const Names held_by_none{"kernel-unaccounted", "slab-leak", "shmem-tmpfs", "min-free-too-high"};
const Names held_by_many{"kernel-unaccounted", "slab-leak", "shmem-tmpfs", "many-processes",
                         "min-free-too-high"};

std::string kill_line(const std::string& pid, const std::string& kib, const std::string& more = "",
                      const std::string& of = "Out of memory") {
  return "[ 9.0] " + of + ": Killed process " + pid +
         " (java) total-vm:9000000kB, anon-rss:" + kib + "kB, file-rss:0kB, shmem-rss:0kB" + more +
         "\n";
}
std::string row_of(const std::string& pid, const std::string& pages, const std::string& adj) {
  return "[ 9.0] [ " + pid + "]     0   " + pid + "  9000000   " + pages +
         "      56        0             " + adj + " java\n";
}

TEST(CandidateBorders, ASmallProcessHasLessThan16MiB) {
  EXPECT_EQ(named_of(kill_line("7", "16384")), held_by_processes);
  EXPECT_EQ(named_of(kill_line("7", "16383")), held_by_many);
  EXPECT_EQ(named_of(kill_line("7", "1024")), held_by_many);
  EXPECT_EQ(named_of(kill_line("7", "1023")), held_by_none);
  EXPECT_EQ(named_of(kill_line("7", "1023", "", "Out of memory (oom_kill_allocating_task)")),
            held_by_processes)
      << "it was not chosen";
}

TEST(CandidateBorders, PageTablesAreMoreThanItHeldAndNotSmall) {
  const auto of = [](const std::string& kib, const std::string& tables) {
    return named_of(kill_line("7", kib, ", UID:0 pgtables:" + tables + "kB oom_score_adj:0"));
  };
  const Names tables{"page-tables", "min-free-too-high"};
  EXPECT_EQ(of("300", "16384"), tables);
  EXPECT_EQ(of("300", "16383"), held_by_none);
  EXPECT_EQ(of("16384", "16384"), held_by_processes);
  EXPECT_EQ(of("16384", "16385"), tables);
}

TEST(CandidateBorders, WhoWasChosenForItsScoreAdjSaysNothing) {
  EXPECT_EQ(named_of(kill_line("7", "300", ", UID:0 pgtables:9kB oom_score_adj:1")),
            held_by_processes);
  EXPECT_EQ(named_of(kill_line("7", "300", ", UID:0 pgtables:9kB oom_score_adj:0")), held_by_none);
  EXPECT_EQ(named_of(row_of("7", "75", "1") + kill_line("7", "300")), held_by_processes);
  EXPECT_EQ(named_of(row_of("7", "75", "0") + kill_line("7", "300")), held_by_none);
  EXPECT_EQ(named_of(row_of("8", "75", "1") + kill_line("7", "300")), held_by_none)
      << "another one";
  const std::string child =
      "[ 9.0] Out of memory: Kill process 8 (java) score 9 or sacrifice child\n"
      "[ 9.0] Killed process 7 (sh) total-vm:9000kB, anon-rss:300kB, file-rss:0kB\n";
  EXPECT_EQ(named_of(row_of("8", "75", "1") + child), held_by_processes);
  EXPECT_EQ(named_of(row_of("8", "75", "0") + child), held_by_none);
}

}  // namespace
}  // namespace whyoom::diagnose
