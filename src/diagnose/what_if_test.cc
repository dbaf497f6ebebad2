// What the remedies of real and made reports would have done.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/shared_for_test.h"
#include "diagnose/case_file.h"

namespace whyoom::diagnose {
namespace {

const Remedy* first_remedy(const Event& event, std::string_view cause) {
  for (const Finding& finding : event.findings) {
    if (finding.cause == cause && !finding.remedies.empty()) {
      return &finding.remedies.front();
    }
  }
  return nullptr;
}

TEST(RemedyWhatIf, TheKernelsDefaultHelpsInEveryLabCaseOfTheFault) {
  WHYOOM_SHARED_OR_SKIP(lab, "lab");
  std::size_t checked = 0;
  for (const auto& entry : std::filesystem::directory_iterator(lab)) {
    const auto log = entry.path() / "console.log";
    if (!std::filesystem::exists(log)) {
      continue;
    }
    for (const auto& event : cases::explain_log(test::read_file(log))) {
      if (event->root_cause != "min-free-too-high") {
        continue;
      }
      const Remedy* remedy = first_remedy(*event, "min-free-too-high");
      const std::string what =
          entry.path().filename().string() + " line " + std::to_string(event->report.first_line);
      ASSERT_NE(remedy, nullptr) << what;
      ASSERT_TRUE(remedy->what_if && remedy->what_if->request) << what;
      EXPECT_FALSE(remedy->what_if->request->passes_before) << what;
      EXPECT_TRUE(remedy->what_if->request->passes_after) << what;
      EXPECT_LT(remedy->what_if->out_of_reach_after, remedy->what_if->out_of_reach_before) << what;
      ++checked;
    }
  }
  EXPECT_GT(checked, 20U);
}

// A setting that is the remedy of the root lets the request pass, or it is no remedy.
TEST(RemedyWhatIf, OfTheRootOfEveryCaseHelps) {
  std::size_t checked = 0;
  for (const auto& path : cases::case_paths()) {
    for (const auto& event : cases::explain_log(cases::load_case(path).log)) {
      const Remedy* remedy = first_remedy(*event, event->root_cause);
      // More RAM of a 32-bit machine is high memory, which the kernel's own requests cannot use.
      if (remedy == nullptr || !remedy->what_if || !remedy->what_if->request ||
          remedy->assume.starts_with("ram=")) {
        continue;
      }
      const std::string what = path.parent_path().filename().string() + "/" +
                               path.filename().string() + " " + std::string(event->root_cause);
      EXPECT_TRUE(remedy->what_if->request->passes_after) << what;
      ++checked;
    }
  }
  EXPECT_GT(checked, 10U);
}

TEST(RemedyWhatIf, EveryRemedyThatIsAKnownSettingHasOne) {
  for (const auto& path : cases::case_paths()) {
    for (const auto& event : cases::explain_log(cases::load_case(path).log)) {
      const memory::Machine& machine = event->evidence;
      for (const Finding& finding : event->findings) {
        for (const Remedy& remedy : finding.remedies) {
          memory::Settings settings;
          const bool known =
              remedy.setting &&
              memory::apply_setting(
                  settings, remedy.setting->key + "=" + std::to_string(remedy.setting->value),
                  machine);
          EXPECT_TRUE(!known || remedy.what_if) << finding.cause;
          EXPECT_TRUE(remedy.assume.empty() || remedy.what_if) << finding.cause;
        }
      }
    }
  }
}

}  // namespace
}  // namespace whyoom::diagnose
