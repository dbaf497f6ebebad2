// Every number of a report with a digit lost, and with one misread: the verdict stays, or nobody
// stakes much on another.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "diagnose/case_file.h"

namespace whyoom::diagnose {
namespace {

struct Number {
  std::size_t at = 0, length = 0;
};

std::vector<Number> numbers_in(std::string_view text) {
  constexpr std::string_view digits = "0123456789";
  std::vector<Number> out;
  for (std::size_t at = 0; at < text.size();) {
    at = text.find_first_of(digits, at);
    const std::size_t end = text.find_first_not_of(digits, at);
    if (at == std::string_view::npos || end == std::string_view::npos) {
      break;
    }
    out.push_back({at, end - at});
    at = end;
  }
  return out;
}

std::string without(std::string text, std::size_t at) { return text.erase(at, 1); }

std::string misread(std::string text, std::size_t at) {
  text[at] = text[at] == '7' ? '1' : '7';
  return text;
}

class LostDigit : public testing::TestWithParam<const char*> {};

TEST_P(LostDigit, NeverMakesAnotherCauseSure) {
  constexpr double sure = 0.8;
  const cases::Case file = cases::load_case(cases::causes_folder() / GetParam() / "positive.case");
  const auto check = [&](const std::string& text, std::size_t at) {
    for (const auto& event : cases::explain_log(text)) {
      const bool same = event->root_cause == file.root ||
                        (file.root == "unevictable" && event->root_cause == "memory-exhausted");
      if (!same && event->root_cause != undetermined) {
        const auto& root = event->findings.front();
        EXPECT_LT(root.confidence, sure)
            << event->root_cause << " at: " << text.substr(at < 60 ? 0 : at - 60, 90);
      }
    }
  };
  for (const Number& number : numbers_in(file.log)) {
    const std::size_t last = number.at + number.length - 1;
    check(without(file.log, number.at), number.at);
    check(misread(file.log, number.at), number.at);
    if (number.length > 1) {
      check(without(file.log, last), last);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, LostDigit,
    testing::Values("min-free-too-high", "memory-exhausted", "hugepages-reserved", "shmem-tmpfs",
                    "slab-leak", "kernel-unaccounted", "page-tables", "cgroup-limit",
                    "cgroup-shmem", "cgroup-page-cache", "cgroup-kernel-memory",
                    "cgroup-parent-limit", "cgroup-swap-limit", "lowmem-reserve",
                    "lowmem-exhausted", "cma-only", "movable-only", "fragmentation",
                    "balloon-or-hotplug", "unevictable", "many-processes", "watermark-raised",
                    "cpuset-nodes", "mempolicy-nodes", "swiotlb-full", "swiotlb-request"));

}  // namespace
}  // namespace whyoom::diagnose
