#include "diagnose/min_free_steps.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "memory/whatif.h"

namespace whyoom::diagnose {
namespace {

using Why = MinFreeStep::Why;

constexpr double most_between = 8;
constexpr std::string_view key = "vm.min_free_kbytes";

memory::WhatIf what_if_at(const Event& event, KiB value) {
  return memory::what_if(event.evidence, {.min_free_kbytes = value});
}

bool passes(const Event& event, KiB value) {
  const auto request = what_if_at(event, value).request;
  return request && request->passes_after;
}

std::optional<KiB> advised(const Event& event) {
  for (const Finding& finding : event.findings) {
    for (const Remedy& remedy : finding.remedies) {
      if (finding.role != Role::ruled_out && remedy.setting && remedy.setting->key == key &&
          remedy.setting->value > 0) {
        return KiB(static_cast<std::uint64_t>(remedy.setting->value));
      }
    }
  }
  return std::nullopt;
}

// The first value above `good` at which the request fails; `bad` is one.
KiB first_to_fail(const Event& event, KiB good, KiB bad) {
  while (bad - good > KiB(1)) {
    const KiB middle = good + (bad - good) / 2;
    (passes(event, middle) ? good : bad) = middle;
  }
  return bad;
}

MinFreeStep step_at(const Event& event, KiB value, Why why) {
  const memory::WhatIf result = what_if_at(event, value);
  MinFreeStep step{.value = value, .why = why};
  step.out_of_reach = result.out_of_reach_after;
  step.within_reach = result.within_reach_after;
  step.passes = result.request ? std::optional(result.request->passes_after) : std::nullopt;
  Pages largest;
  for (const memory::ZoneChange& zone : result.zones) {
    if (zone.eligible && zone.managed > largest) {
      largest = zone.managed;
      step.free = share(zone.after.usable, zone.managed);
      step.needed = share(zone.after.floor, zone.managed);
    }
  }
  return step;
}

}  // namespace

std::vector<MinFreeStep> min_free_steps(const Event& event) {
  const auto wanted = advised(event);
  const auto& now = event.evidence.min_free;
  if (!wanted || !now || now->value.count() == 0 || event.evidence.cgroup) {
    return {};
  }
  std::map<KiB, Why> values;
  if (event.evidence.default_min_free) {
    values.emplace(*event.evidence.default_min_free, Why::kernel_choice);
  }
  values.insert_or_assign(*wanted, Why::advised);
  values.insert_or_assign(now->value, Why::as_it_was);
  if (passes(event, *wanted) && !passes(event, now->value) && *wanted < now->value) {
    const KiB limit = first_to_fail(event, *wanted, now->value);
    values.emplace(limit, Why::first_to_fail);
  }
  // Between and around them, in steps of one kind, but not beside one of them.
  const KiB low = values.begin()->first / 2;
  const KiB high = values.rbegin()->first * 2;
  const std::map<KiB, Why> named = values;
  std::uint64_t factor = 2;
  while (share(high, low) > std::pow(static_cast<double>(factor), most_between)) {
    factor *= 2;
  }
  for (KiB value = std::max(low, KiB(64)); value < high; value = value * factor) {
    const bool beside = std::ranges::any_of(named, [value](const auto& each) {
      const double ratio = 1.0 / share(value, each.first);
      return ratio > 0.75 && ratio < 1.34;
    });
    if (!beside) {
      values.emplace(value, Why::between);
    }
  }
  std::vector<MinFreeStep> steps;
  steps.reserve(values.size());
  for (const auto& [value, why] : values) {
    steps.push_back(step_at(event, value, why));
  }
  return steps;
}

}  // namespace whyoom::diagnose
