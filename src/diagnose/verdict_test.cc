// Verdicts on real logs: the root cause of every judged event of the lab, and reports that invite a
// wrong answer.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/shared_for_test.h"
#include "diagnose/engine.h"
#include "diagnose/story.h"
#include "report/log_reader.h"

namespace whyoom::diagnose {
namespace {

// Root causes of a log's events in order, those of failed allocations left out.
std::vector<std::string> root_causes(const std::filesystem::path& log) {
  std::vector<std::string> roots;
  StoryBuilder story;
  report::LogReader reader(log.filename(), [&](report::Report&& report) {
    const bool failure = report.kind == report::Kind::page_allocation_failure;
    const StoryContext& context = story.next(report);
    const auto event = explain(std::move(report), context);
    if (!failure) {
      roots.emplace_back(event->root_cause);
    }
  });
  reader.feed(test::read_file(log));
  reader.finish();
  return roots;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) {
    parts.push_back(part);
  }
  return parts;
}

TEST(Verdict, OfEveryJudgedEventOfTheLabIsAmongTheAccepted) {
  WHYOOM_SHARED_OR_SKIP(lab, "lab");
  std::map<std::string, std::map<std::size_t, std::set<std::string>>> accepted;
  const auto rows = split(test::read_file(lab / "expected.tsv"), '\n');
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const auto cells = split(rows[i], '\t');
    if (cells.size() >= 10 && !cells[9].empty()) {
      const auto ids = split(cells[9], '|');
      accepted[cells[0]][std::stoul(cells[1])] = {ids.begin(), ids.end()};
    }
  }
  ASSERT_FALSE(accepted.empty());
  for (const auto& [name, events] : accepted) {
    const auto roots = root_causes(lab / name / "console.log");
    for (const auto& [number, ids] : events) {
      ASSERT_LT(number, roots.size()) << name;
      EXPECT_TRUE(ids.contains(roots[number]))
          << name << " event " << number << ": " << roots[number];
    }
  }
}

TEST(Verdict, OfRealReportsThatInviteAWrongAnswer) {
  WHYOOM_SHARED_OR_SKIP(real, "corpus/real");
  // 033 and 075: 64K pages, min is 5 % of RAM by the kernel's own choice, and memory was exhausted.
  // 203: no zones in the report. 032: a page fault without a request, 9 GB free. 104: SysRq.
  const std::map<std::string, std::set<std::string>> allowed{
      {"033", {"undetermined", "memory-exhausted"}},
      {"075", {"undetermined", "memory-exhausted"}},
      {"203", {"undetermined"}},
      {"032", {"undetermined", "spurious-pagefault", "cgroup-limit", "cgroup-kernel-memory"}},
      {"104", {"sysrq"}},
  };
  std::set<std::string> seen;
  for (const auto& entry : std::filesystem::directory_iterator(real)) {
    const std::string name = entry.path().filename();
    const auto rule = allowed.find(name.substr(0, 3));
    if (rule == allowed.end()) {
      continue;
    }
    seen.insert(rule->first);
    for (const std::string& root : root_causes(entry.path())) {
      EXPECT_TRUE(rule->second.contains(root)) << name << ": " << root;
    }
  }
  EXPECT_EQ(seen.size(), allowed.size());
}

TEST(Verdict, OfNoRealReportOfTheCorpusIsMinFreeTooHigh) {
  WHYOOM_SHARED_OR_SKIP(real, "corpus/real");
  for (const auto& entry : std::filesystem::directory_iterator(real)) {
    if (entry.path().extension() == ".log") {
      for (const std::string& root : root_causes(entry.path())) {
        EXPECT_NE(root, "min-free-too-high") << entry.path().filename();
      }
    }
  }
}

// No process is left of a machine that panicked.
TEST(Verdict, OfAPanicSendsNobodyToAProcess) {
  std::size_t panics = 0, hogs = 0;
  const std::filesystem::path causes =
      std::filesystem::path(WHYOOM_SOURCE_DIR) / "src/diagnose/causes";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(causes)) {
    if (entry.path().extension() != ".case") {
      continue;
    }
    StoryBuilder story;
    report::LogReader reader(entry.path().filename(), [&](report::Report&& report) {
      const bool panicked = report.panic.has_value();
      const StoryContext& context = story.next(report);
      const auto event = explain(std::move(report), context);
      panics += panicked ? 1 : 0;
      for (const Finding& finding : event->findings) {
        hogs += panicked && finding.cause == "unkillable-hog" && !finding.remedies.empty() ? 1 : 0;
        for (const Remedy& remedy : finding.remedies) {
          for (const ShellCommand& command : remedy.commands) {
            EXPECT_FALSE(panicked && command.text().find(" /proc/") != std::string::npos &&
                         command.text().find(" /proc/sys/") == std::string::npos)
                << entry.path() << ": " << command.text();
          }
        }
      }
    });
    reader.feed(test::read_file(entry.path()));
    reader.finish();
  }
  EXPECT_GT(panics, 2U);
  EXPECT_GT(hogs, 0U);
}

}  // namespace
}  // namespace whyoom::diagnose
