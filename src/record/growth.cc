#include "record/growth.h"

#include <algorithm>
#include <functional>
#include <limits>

namespace whyoom::record {
namespace {

constexpr std::int64_t window_ms = 600'000;  // in which a process grew
constexpr std::int64_t see_every_ms = 5'000;
constexpr Bytes least_growth(std::uint64_t{8} << 20U);
constexpr std::size_t most_names = 100'000;

}  // namespace

Bytes GrowthWatch::Seen::size_of(const Key& key) const {
  const auto found = std::ranges::find(sizes, key, &std::pair<Key, Bytes>::first);
  return found == sizes.end() ? Bytes(0) : found->second;
}

void GrowthWatch::name(const Note& process) {
  if (names_.size() < most_names && keys_.size() < most_names) {
    keys_[process.a] = {process.b, process.c};
    names_[{process.b, process.c}] = {std::string(process.text), std::string(process.more),
                                      std::string(process.detail)};
  }
}

void GrowthWatch::see(const Sample& sample) {
  former_ = window_.empty() ? Seen() : window_.back();
  // The last one always counts; of those before it one in a while.
  if (window_.size() > 1 &&
      window_.back().real_ms - window_[window_.size() - 2].real_ms < see_every_ms) {
    window_.pop_back();
  }
  Seen seen;
  seen.real_ms = sample.real_ms;
  for (const ProcessFields& process : sample.processes) {
    const auto key = keys_.find(process.of(ProcessField::id));
    if (process.has(ProcessField::id) && key != keys_.end()) {
      seen.sizes.emplace_back(key->second, to_bytes(KiB(process.of(ProcessField::rss_kib)) +
                                                    KiB(process.of(ProcessField::swap_kib))));
    }
  }
  window_.push_back(std::move(seen));
  while (window_.size() > 1 &&
         (window_.front().real_ms < sample.real_ms - window_ms || window_.size() > 1000)) {
    window_.pop_front();
  }
}

void GrowthWatch::clear() {
  names_.clear();
  window_.clear();
  former_ = {};
}

std::int64_t GrowthWatch::last_ms() const {
  return window_.empty() ? std::numeric_limits<std::int64_t>::min() : window_.back().real_ms;
}

std::vector<GrowthWatch::Process> GrowthWatch::last() const {
  std::vector<Process> result;
  if (!window_.empty()) {
    for (const auto& [key, size] : window_.back().sizes) {
      const auto name = names_.find(key);
      if (name != names_.end()) {
        result.push_back({key.first, size, &name->second});
      }
    }
  }
  return result;
}

std::vector<memory::Growth> GrowthWatch::grown(bool killed) const {
  std::vector<memory::Growth> result;
  if (window_.empty()) {
    return result;
  }
  auto sizes = window_.back().sizes;
  for (const auto& [key, size] : former_.sizes) {
    if (killed && std::ranges::find(sizes, key, &std::pair<Key, Bytes>::first) == sizes.end()) {
      sizes.emplace_back(key, size);
    }
  }
  for (const auto& [key, now] : sizes) {
    memory::Growth growth;
    growth.pid = key.first;
    growth.before = window_.front().size_of(key);
    growth.now = now;
    if (now < growth.before + least_growth) {
      continue;
    }
    growth.since_ms = window_.front().real_ms;
    growth.until_ms = window_.back().real_ms;
    const Bytes tenth = growth.before + (now - growth.before) / 10;
    for (const Seen& seen : window_) {
      growth.since_ms = seen.size_of(key) <= tenth ? seen.real_ms : growth.since_ms;
    }
    if (const auto name = names_.find(key); name != names_.end()) {
      growth.name = name->second.name;
      growth.cgroup = name->second.cgroup;
      growth.command_line = name->second.command_line;
    }
    result.push_back(std::move(growth));
  }
  std::ranges::stable_sort(result, std::greater<>(),
                           [](const memory::Growth& each) { return each.now - each.before; });
  return result;
}

}  // namespace whyoom::record
