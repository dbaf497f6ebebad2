// A report whose long lines a pager or a terminal cut at a column, as people copy it from
// `journalctl`: the verdict stays, grows weaker or is left open, and the marks of the zones alone
// prove the fault that this program began with.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "diagnose/case_file.h"

namespace whyoom::diagnose {
namespace {

std::string cut_at(std::string_view log, std::size_t columns, std::string_view mark) {
  std::string out;
  for (const std::string_view line : cases::split_lines(log)) {
    const bool fits = line.size() <= columns;
    out.append(fits ? line : line.substr(0, columns - mark.size())).append(fits ? "" : mark);
    out.append("\n");
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
    cut.append(line.substr(0, zone ? line.find(" active_anon") : line.size())).append("\n");
  }
  ASSERT_LT(cut.size(), log.size());
  const auto events = cases::explain_log(cut);
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.back()->root_cause, "min-free-too-high");
  EXPECT_EQ(events.back()->verdict, Verdict::proved);
}

}  // namespace
}  // namespace whyoom::diagnose
