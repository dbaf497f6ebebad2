#include "report/event_merge.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>
#include <unordered_set>
#include <utility>

#include "report/fingerprint.h"

namespace whyoom::report {
namespace {

// Events that share a key, compared one by one: a container that is killed every minute has many.
constexpr std::size_t most_compared = 64;
// A report has a key for each of its zones and victims. In all so many events are compared with it.
constexpr std::size_t most_compared_in_all = 512;
// What an entry of the index takes.
constexpr std::size_t bytes_of_key = 96;

// Two copies of one event share at least one of these.
std::vector<std::uint64_t> keys_of(const Report& report) {
  std::vector<std::uint64_t> keys;
  const auto add = [&](std::uint64_t what, auto... values) {
    Hash hash;
    hash.add(what);
    (hash.add(values), ...);
    keys.push_back(hash.value());
  };
  if (report.time.monotonic_us) {
    add(1, *report.time.monotonic_us);
  }
  for (const Victim& victim : report.victims) {
    if (victim.pid > 0) {
      add(2, static_cast<std::uint64_t>(victim.pid));
    }
  }
  if (const auto& free = report.totals.get(kernel::Field::free)) {
    add(3, free->value);
  }
  for (const Zone& zone : report.zones) {
    if (const auto& free = zone.fields.get(kernel::Field::free)) {
      add(4, static_cast<std::uint64_t>(zone.node), std::string_view(zone.name), free->value);
    }
  }
  if (report.memcg && report.memcg->stats.size() >= 2) {
    add(5, report.memcg->stats[0].value, report.memcg->stats[1].value);
  }
  if (const std::string words = words_of(report); !words.empty()) {
    add(6, std::string_view(words));
  }
  if (report.trigger && report.totals.empty() && report.victims.empty()) {
    add(7, std::string_view(report.trigger->comm));
  }
  return keys;
}

// `a` shall stand for the event, not `b`.
bool is_better(const EventCopy& a, const EventCopy& b) {
  const bool verified = a.report.unverified.empty();
  if (verified != b.report.unverified.empty()) {
    return verified;
  }
  if (a.by_kernel != b.by_kernel) {
    const EventCopy& sure = a.by_kernel ? a : b;
    const EventCopy& other = a.by_kernel ? b : a;
    const bool keeps =
        missing_parts(sure.report).empty() || !more_complete(other.report, sure.report);
    return keeps == a.by_kernel;
  }
  return more_complete(a.report, b.report);
}

// What the kept copy lacks: its clocks, the host, the boot. By whom it is stays: of a text log's
// copy that tells more the kernel's own log has not said that.
void fill_from(EventCopy& kept, EventCopy& other) {
  if (kept.report.unverified.empty() && !other.report.unverified.empty()) {
    return;
  }
  Report& report = kept.report;
  const Report& spare = other.report;
  if (report.time.wall.empty()) {
    report.time.wall = spare.time.wall;
  }
  if (!report.time.monotonic_us) {
    report.time.monotonic_us = spare.time.monotonic_us;
  }
  if (report.host.empty()) {
    report.host = spare.host;
  }
  if (report.boot.empty()) {
    report.boot = spare.boot;
  }
  if (other.at_us && (!kept.at_us || other.clock < kept.clock)) {
    kept.at_us = other.at_us;
    kept.clock = other.clock;
  }
  if (kept.by_kernel) {
    kept.of_kernel.reset();
  } else if (other.by_kernel) {
    kept.of_kernel = std::make_shared<Report>(std::move(other.report));
  } else if (!kept.of_kernel) {
    kept.of_kernel = std::move(other.of_kernel);
  }
}

std::size_t bytes_of(const EventCopy& event) {
  return bytes_held(event.report) + (event.of_kernel ? bytes_held(*event.of_kernel) : 0);
}

constexpr std::int64_t unknown_time = std::numeric_limits<std::int64_t>::min();

std::int64_t minus(std::int64_t a, std::uint64_t b) {
  std::int64_t result = 0;
  return __builtin_sub_overflow(a, b, &result) ? unknown_time : result;
}

// When each boot began, so that its events sort by their own exact clock.
std::unordered_map<std::string, std::int64_t> boot_times(const std::deque<EventCopy>& events) {
  std::unordered_map<std::string, std::pair<EventCopy::Clock, std::int64_t>> best;
  for (const EventCopy& event : events) {
    const Report& report = event.report;
    if (report.boot.empty() || !report.time.monotonic_us || !event.at_us) {
      continue;
    }
    const std::pair found(event.clock, minus(*event.at_us, *report.time.monotonic_us));
    const auto [known, fresh] = best.emplace(report.boot, found);
    known->second = fresh ? found : std::min(known->second, found);
  }
  std::unordered_map<std::string, std::int64_t> times;
  for (const auto& [boot, begin] : best) {
    times.emplace(boot, begin.second);
  }
  return times;
}

}  // namespace

std::size_t bytes_held(const Report& report) {
  std::size_t bytes =
      sizeof(EventCopy) + report.zones.size() * sizeof(Zone) + report.nodes.size() * sizeof(Node) +
      report.tasks.size() * sizeof(Task) + report.slab.size() * (sizeof(SlabRow) + 32) +
      report.victims.size() * sizeof(Victim) + report.hugepages.size() * sizeof(Hugepages) + 512;
  for (const Zone& zone : report.zones) {
    bytes += zone.buddy.size() * sizeof(BuddyBlock) + zone.lowmem_reserve.size() * 8;
  }
  bytes += report.stack ? report.stack->functions.size() * 64 : 0;
  if (report.memcg) {
    bytes += (report.memcg->stats.size() + report.memcg->children.size()) * sizeof(MemcgStat);
  }
  bytes += report.overcommit
               ? report.overcommit->requests.size() * sizeof(OvercommitRefused::Request)
               : 0;
  bytes += (report.zones.size() + report.victims.size() + 4) * bytes_of_key;
  for (const LogLine& line : report.lines) {
    bytes += sizeof(LogLine) + line.text.size();
  }
  return bytes + report.damage.size() * 96;
}

std::optional<std::uint32_t> EventMerge::find(const EventCopy& seen) const {
  std::unordered_set<std::uint32_t> compared;
  for (const std::uint64_t key : keys_of(seen.report)) {
    const auto known = by_key_.find(key);
    if (known == by_key_.end()) {
      continue;
    }
    const auto& numbers = known->second;
    const std::size_t oldest = numbers.size() - std::min(numbers.size(), most_compared);
    for (std::size_t i = numbers.size(); i-- > oldest;) {
      if (compared.size() >= most_compared_in_all) {
        return std::nullopt;
      }
      if (compared.insert(numbers[i]).second && same_event(events_[numbers[i]], seen)) {
        return numbers[i];
      }
    }
  }
  return std::nullopt;
}

void EventMerge::index(std::uint32_t number) {
  for (const std::uint64_t key : keys_of(events_[number].report)) {
    auto& numbers = by_key_[key];
    // A better copy brings its keys again; twice in a list does no harm.
    if (numbers.empty() || numbers.back() != number) {
      numbers.push_back(number);
    }
  }
}

void EventMerge::add(EventCopy&& seen) {
  const auto& until = left_out_until_[seen.by_kernel ? 1 : 0];
  if (until && seen.at_us.value_or(unknown_time) <= *until) {
    ++left_out_;
    return;
  }
  if (const auto known = find(seen)) {
    ++copies_;
    EventCopy& kept = events_[*known];
    held_bytes_ -= bytes_of(kept);
    if (is_better(seen, kept)) {
      std::swap(seen, kept);
    }
    fill_from(kept, seen);
    held_bytes_ += bytes_of(kept);
    index(*known);
  } else {
    held_bytes_ += bytes_of(seen);
    events_.push_back(std::move(seen));
    index(static_cast<std::uint32_t>(events_.size() - 1));
  }
  if (held_bytes_ > budget_) {
    drop_oldest();
  }
}

void EventMerge::drop_oldest() {
  std::ranges::sort(events_, {}, [](const EventCopy& s) {
    return std::pair(s.by_kernel, s.at_us.value_or(unknown_time));
  });
  std::size_t dropped = 0;
  while (dropped + 1 < events_.size() && held_bytes_ > budget_ / 4 * 3) {
    const EventCopy& oldest = events_[dropped];
    held_bytes_ -= bytes_of(oldest);
    left_out_until_[oldest.by_kernel ? 1 : 0] = oldest.at_us.value_or(unknown_time);
    ++dropped;
  }
  left_out_ += dropped;
  events_.erase(events_.begin(), events_.begin() + static_cast<std::ptrdiff_t>(dropped));
  by_key_.clear();
  for (std::uint32_t number = 0; number < events_.size(); ++number) {
    index(number);
  }
}

std::vector<EventCopy> EventMerge::take() {
  const auto boots = boot_times(events_);
  const auto moment = [&](const EventCopy& event) {
    const auto boot = boots.find(event.report.boot);
    if (boot == boots.end() || !event.report.time.monotonic_us) {
      return event.at_us.value_or(unknown_time);
    }
    std::int64_t at = 0;
    return __builtin_add_overflow(boot->second, *event.report.time.monotonic_us, &at)
               ? std::numeric_limits<std::int64_t>::max()
               : at;
  };
  std::vector<std::pair<std::int64_t, std::size_t>> order;
  order.reserve(events_.size());
  for (std::size_t i = 0; i < events_.size(); ++i) {
    order.emplace_back(moment(events_[i]), i);
  }
  std::ranges::sort(order);
  std::vector<EventCopy> sorted;
  sorted.reserve(events_.size());
  for (const auto& [at, number] : order) {
    sorted.push_back(std::move(events_[number]));
  }
  events_.clear();
  by_key_.clear();
  held_bytes_ = 0;
  return sorted;
}

}  // namespace whyoom::report
