#include "diagnose/tally.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "diagnose/engine.h"
#include "logtext/wall_distance.h"

namespace whyoom::diagnose {
namespace {

// A second, 10 s, a minute, 10 min, an hour, 6 h, a day, a week, 4 weeks, 52 weeks, ten times and a
// hundred times as long, which no log leaves. Each is a multiple of the one before.
constexpr std::array<std::uint64_t, 12> spans = {
    1, 10, 60, 600, 3600, 21600, 86400, 604800, 2419200, 31449600, 314496000, 3144960000};
static_assert(std::ranges::adjacent_find(spans, [](auto less, auto more) {
                return more % less != 0;
              }) == spans.end());

// Seconds from the one to the other by the clock of the wall, or since the same boot.
std::optional<double> seconds_between(const report::Time& from, const report::Time& to) {
  if (const auto wall = logtext::seconds_between(from.wall, to.wall)) {
    return wall;
  }
  if (from.monotonic_us && to.monotonic_us && from.wall.empty() && to.wall.empty()) {
    return (static_cast<double>(*to.monotonic_us) - static_cast<double>(*from.monotonic_us)) / 1e6;
  }
  return std::nullopt;
}

std::string owner_of(const Event& event) {
  const auto& who = event.evidence.attribution;
  for (const auto* cgroup : {&who.limit, &who.victim}) {
    if (*cgroup && (*cgroup)->owner) {
      return describe(*(*cgroup)->owner);
    }
  }
  return who.limit ? who.limit->path : std::string();
}

void take_time(TallyRow& row, const report::Time& time) {
  if (row.events == 0) {
    row.first = row.last = time;
    row.seconds = 0;
    return;
  }
  const auto since_first = seconds_between(row.first, time);
  const auto since_last = seconds_between(row.last, time);
  if (!since_first || !since_last) {
    row.last = time;
    row.seconds.reset();
    return;
  }
  if (*since_first < 0) {
    row.first = time;
  } else if (*since_last > 0) {
    row.last = time;
  }
  row.seconds = seconds_between(row.first, row.last);
}

}  // namespace

void NameCount::add(const std::string& name) {
  if (name.empty()) {
    return;
  }
  if (const auto known = counts_.find(name); known != counts_.end()) {
    ++known->second;
  } else if (counts_.size() < most_names) {
    counts_.emplace(name, 1);
  } else {
    ++unnamed_;
  }
}

std::optional<std::pair<std::string, std::uint64_t>> NameCount::most() const {
  const auto found = std::ranges::max_element(
      counts_, [](const auto& a, const auto& b) { return a.second < b.second; });
  return found == counts_.end() ? std::nullopt : std::optional(std::pair(*found));
}

void Timeline::add(const report::Time& time) {
  const auto wall = logtext::parse_wall(time.wall);
  const bool by_wall = by_wall_.value_or(wall.has_value());
  double at = 0;
  if (by_wall && wall) {
    constexpr int some_leap_year = 2000;
    at = logtext::seconds_since_1970(*wall, wall->year.value_or(some_leap_year)) -
         wall->offset_seconds.value_or(0);
  } else if (!by_wall && time.monotonic_us) {
    at = static_cast<double>(*time.monotonic_us) / 1e6;
  } else {
    return;
  }
  if (!by_wall_ || at < first_at_) {
    first_ = time;
    first_at_ = at;
  }
  if (!by_wall_ || at > last_at_) {
    last_ = time;
    last_at_ = at;
  }
  by_wall_ = by_wall;
  ++bins_[static_cast<std::int64_t>(std::floor(at / static_cast<double>(span_seconds())))];
  while (bins_.rbegin()->first - bins_.begin()->first >= static_cast<std::int64_t>(most_bins) &&
         span_ + 1 < spans.size()) {
    widen();
  }
}

void Timeline::widen() {
  const std::uint64_t factor = spans[span_ + 1] / spans[span_];
  ++span_;
  std::map<std::int64_t, std::uint64_t> wider;
  for (const auto& [bin, count] : bins_) {
    const double at = static_cast<double>(bin) / static_cast<double>(factor);
    wider[static_cast<std::int64_t>(std::floor(at))] += count;
  }
  bins_ = std::move(wider);
}

std::uint64_t Timeline::span_seconds() const { return spans[span_]; }

std::vector<std::uint64_t> Timeline::bins() const {
  if (bins_.empty()) {
    return {};
  }
  const std::int64_t begin = bins_.begin()->first;
  const auto length = static_cast<std::size_t>(bins_.rbegin()->first - begin) + 1;
  std::vector<std::uint64_t> result(std::min(length, most_bins));
  for (const auto& [bin, count] : bins_) {
    result[std::min(static_cast<std::size_t>(bin - begin), result.size() - 1)] += count;
  }
  return result;
}

void Tally::add(const Event& event) {
  const report::Report& report = event.report;
  const std::string cause =
      event.root_cause == undetermined ? std::string() : std::string(event.root_cause);
  auto row = std::ranges::find_if(rows_, [&](const TallyRow& each) {
    return each.cause == cause && (!cause.empty() || each.kind == report.kind);
  });
  if (row == rows_.end()) {
    row = rows_.emplace(row);
    row->cause = cause;
    row->kind = report.kind;
  }
  const report::Time& time = report.time;
  const bool same_boot =
      events_ == 0 || (source_ == report.source && monotonic_us_ <= time.monotonic_us);
  share_a_clock_ = share_a_clock_ && (!time.wall.empty() || same_boot);
  source_ = report.source;
  monotonic_us_ = time.monotonic_us;
  take_time(*row, time);
  ++row->events;
  row->killed += report::killed_processes(report).size();
  row->panics += report.panic ? 1 : 0;
  for (const report::Victim& victim : report.victims) {
    if (const Bytes held = to_bytes(victim.resident()); held > row->biggest_size) {
      row->biggest_size = held;
      row->biggest = printable(victim.comm);
    }
  }
  row->owners.add(owner_of(event));
  hosts_.add(printable(report.host));
  timeline_.add(time);
  ++events_;
  stories_ += event.in_story <= 1 ? 1 : 0;
}

}  // namespace whyoom::diagnose
