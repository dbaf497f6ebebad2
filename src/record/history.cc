#include "record/history.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/human.h"
#include "record/scan.h"
#include "record/warnings.h"
#include "record/wire.h"

namespace whyoom::record {
namespace {

constexpr std::int64_t window_ms = 600'000;  // in which a process grew
constexpr std::int64_t see_every_ms = 5'000;
constexpr std::int64_t gap_ms = 30'000;
constexpr Bytes least_growth(std::uint64_t{8} << 20U);
constexpr std::size_t most_growth = 5;
constexpr std::size_t most_points = 1'000'000, most_events = 20'000;
constexpr std::size_t most_boots = 2000;  // a ring has fewer segments
// From 1970 to 9999, and three centuries: what a damaged or forged record says is kept within.
constexpr std::int64_t last_real_ms = 253'402'300'799'000;
constexpr std::uint64_t longest_boot_ms = 10'000'000'000'000;
constexpr std::size_t most_names = 100'000;

std::string two(std::int64_t number) { return (number < 10 ? "0" : "") + std::to_string(number); }

// Settings are unsigned but for one.
std::string value_text(std::string_view key, std::uint64_t value) {
  return key == "kernel.panic" ? std::to_string(static_cast<std::int64_t>(unzigzag(value)))
                               : std::to_string(value);
}

template <class Record>
Record within_bounds(Record record) {
  record.real_ms = std::clamp(record.real_ms, std::int64_t{0}, last_real_ms);
  record.boot_ms = std::min(record.boot_ms, longest_boot_ms);
  return record;
}

}  // namespace

std::string utc_text(std::int64_t real_ms) {
  constexpr std::int64_t day_s = 86'400;
  const std::int64_t seconds = real_ms / 1000 - (real_ms % 1000 < 0 ? 1 : 0);
  const std::int64_t days = seconds / day_s - (seconds % day_s < 0 ? 1 : 0);
  const std::int64_t of_day = seconds - days * day_s;
  // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
  const std::int64_t shifted = days + 719'468;
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const std::int64_t of_era = shifted - era * 146'097;
  const std::int64_t year_of_era =
      (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  const std::int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_part = (5 * of_year + 2) / 153;
  const std::int64_t day = of_year - (153 * month_part + 2) / 5 + 1;
  const std::int64_t month = month_part < 10 ? month_part + 3 : month_part - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  return std::to_string(year) + "-" + two(month) + "-" + two(day) + " " + two(of_day / 3600) + ":" +
         two(of_day / 60 % 60) + ":" + two(of_day % 60) + "Z";
}

bool looks_like_oom_panic(const HistoryBoot& boot) {
  return !boot.ended_in_order && boot.pressed && boot.last.machine.of(Field::panic_on_oom) > 0;
}

std::string end_text(const HistoryBoot& boot, bool running) {
  if (boot.ended_in_order) {
    return "the recorder was ended in order";
  }
  if (running) {
    return "goes on";
  }
  std::string text =
      "ended without a mark of an orderly end: a panic, a reset, a power cut, or a "
      "recorder that was killed";
  const auto left = headroom_of(boot.last, boot.page);
  if (left) {
    text += ". At the last sample " + human(left->left) + " were left before requests fail";
  }
  const KiB min_free(boot.last.machine.of(Field::min_free_kbytes));
  const KiB own = default_min_free_of(boot.last, boot.page);
  if (own.count() > 0 && min_free > own + own / 4) {
    text += "; vm.min_free_kbytes held back " + human(to_bytes(min_free)) + " (" +
            percent(share(to_bytes(min_free), boot.ram)) + " of RAM), the kernel's own choice is " +
            human(to_bytes(own));
  }
  if (looks_like_oom_panic(boot)) {
    text += ", and vm.panic_on_oom was " +
            std::to_string(boot.last.machine.of(Field::panic_on_oom)) +
            ": it likely ended in an OOM panic";
  }
  return text;
}

void HistoryBuilder::begin_boot(const Note& note) {
  history_.newer += note.a > format_version ? 1 : 0;
  keys_.clear();
  if (!history_.boots.empty() && history_.boots.back().id == note.text) {
    return;
  }
  if (history_.boots.size() >= most_boots) {
    history_.cut = true;
    return;
  }
  end_boot();
  HistoryBoot boot;
  boot.id = note.text;
  boot.release = note.more;
  if (note.c > 0 && note.c <= (1U << 20U)) {
    boot.page = PageSize{static_cast<std::uint32_t>(note.c)};
  }
  boot.first_ms = boot.last_ms = note.real_ms;
  history_.boots.push_back(std::move(boot));
}

void HistoryBuilder::see_processes(const Sample& sample) {
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

// Of the processes of the last sample, against the oldest that is kept; of a kill also of the one
// before: its line can come behind a sample without the killed one. Of a process that grew twice
// the larger one counts.
void HistoryBuilder::see_growth(bool killed) {
  if (history_.boots.empty() || window_.empty() ||
      std::exchange(grown_at_ms_, window_.back().real_ms) == window_.back().real_ms) {
    return;
  }
  HistoryBoot& boot = history_.boots.back();
  const auto size_in = [](const Seen& seen, const Key& key) {
    const auto found = std::ranges::find(seen.sizes, key, &std::pair<Key, Bytes>::first);
    return found == seen.sizes.end() ? Bytes(0) : found->second;
  };
  auto sizes = window_.back().sizes;
  for (const auto& [key, size] : former_.sizes) {
    if (killed && std::ranges::find(sizes, key, &std::pair<Key, Bytes>::first) == sizes.end()) {
      sizes.emplace_back(key, size);
    }
  }
  for (const auto& [key, now] : sizes) {
    Growth growth;
    growth.pid = key.first;
    growth.before = size_in(window_.front(), key);
    growth.now = now;
    const auto known = std::ranges::find(boot.growth, growth.pid, &Growth::pid);
    const Bytes least = known == boot.growth.end() ? least_growth : known->now - known->before;
    if (now < growth.before + std::max(least, least_growth)) {
      continue;
    }
    growth.since_ms = window_.front().real_ms;
    growth.until_ms = window_.back().real_ms;
    const Bytes tenth = growth.before + (now - growth.before) / 10;
    for (const Seen& seen : window_) {
      growth.since_ms = size_in(seen, key) <= tenth ? seen.real_ms : growth.since_ms;
    }
    const Name& name = names_[key];
    growth.name = name.name;
    growth.cgroup = name.cgroup;
    growth.command_line = name.command_line;
    if (known != boot.growth.end()) {
      boot.growth.erase(known);
    }
    boot.growth.push_back(std::move(growth));
  }
  std::ranges::sort(boot.growth, std::greater<>(),
                    [](const Growth& each) { return each.now - each.before; });
  boot.growth.resize(std::min(boot.growth.size(), most_growth));
}

void HistoryBuilder::see_cgroups() {
  if (history_.boots.empty() || history_.boots.back().samples == 0) {
    return;
  }
  HistoryBoot& boot = history_.boots.back();
  for (const CgroupFields& fields : boot.last.cgroups) {
    const auto path = cgroups_.find(fields.of(CgroupField::id));
    if (!fields.has(CgroupField::id) || path == cgroups_.end()) {
      continue;
    }
    const auto kib = [&fields](CgroupField field) {
      const auto value = fields.get(field);
      return value ? std::optional(to_bytes(KiB(*value))) : std::nullopt;
    };
    boot.cgroups.push_back({path->second, kib(CgroupField::current), kib(CgroupField::max),
                            fields.get(CgroupField::pids), fields.get(CgroupField::pids_max)});
  }
}

void HistoryBuilder::end_boot() {
  see_growth(false);
  see_cgroups();
  cgroups_.clear();
  last_sample_ms_.reset();
  pace_ = Pace(1000, true);
  window_.clear();
  former_ = {};
  names_.clear();
}

void HistoryBuilder::sample(const Sample& sample) {
  last_sample_ms_ = sample.real_ms;
  if (sample.real_ms < options_.since_ms || history_.boots.empty()) {
    return;
  }
  HistoryBoot& boot = history_.boots.back();
  if (boot.samples > 0 && sample.real_ms - boot.last_ms > gap_ms && !asleep_) {
    history_.gaps.push_back({boot.last_ms, sample.real_ms});
  }
  asleep_ = false;
  boot.first_ms = boot.samples == 0 ? sample.real_ms : boot.first_ms;
  boot.last_ms = sample.real_ms;
  boot.ended_in_order = false;
  ++boot.samples;
  boot.last = sample;
  boot.ram = to_bytes(KiB(sample.machine.of(Field::mem_total)));
  const auto left = headroom_of(sample, boot.page);
  pace_.see(sample, left);
  boot.pressed = pace_.is_near();
  see_processes(sample);
  if (history_.points.size() >= most_points) {  // the oldest half goes
    history_.cut = true;
    history_.points.erase(history_.points.begin(),
                          history_.points.begin() + static_cast<std::ptrdiff_t>(most_points / 2));
  }
  HistoryPoint point;
  point.real_ms = sample.real_ms;
  point.boot = history_.boots.size() - 1;
  point.free = to_bytes(KiB(sample.machine.of(Field::mem_free)));
  point.available = to_bytes(KiB(sample.machine.of(Field::mem_available)));
  point.left = left ? left->left : Bytes(0);
  point.reach = out_of_reach(sample, boot.page);
  point.some_avg10 = sample.machine.of(Field::psi_some_avg10);
  point.tasks = sample.machine.of(Field::tasks);
  history_.points.push_back(point);
}

void HistoryBuilder::add_event(const Note& note, std::string text) {
  if (note.real_ms < options_.since_ms || history_.boots.empty()) {
    return;
  }
  if (history_.events.size() >= most_events) {
    history_.cut = true;
    history_.events.erase(history_.events.begin(),
                          history_.events.begin() + static_cast<std::ptrdiff_t>(most_events / 2));
  }
  history_.events.push_back({note.real_ms, history_.boots.size() - 1, note.kind, note.a, note.b,
                             note.c, std::move(text)});
}

void HistoryBuilder::message(const Note& note) {
  const auto line = scan_kmsg(note.text);
  Note said = note;
  said.real_ms = line ? said_at_ms(note, *line, last_sample_ms_) : note.real_ms;
  if (said.real_ms < options_.since_ms) {
    return;
  }
  ++history_.boots.back().messages;
  if (options_.message) {
    options_.message(history_.boots.size() - 1, note.text, said.real_ms);
  }
  if (line && line->by_kernel() && tells_kill(line->text)) {
    add_event(said, std::string(line->text));
    see_growth(true);
  }
}

void HistoryBuilder::note(const Note& note) {
  if (note.kind == Kind::segment) {
    begin_boot(note);
    return;
  }
  if (history_.boots.empty()) {  // the head is damaged
    begin_boot({});
  }
  switch (note.kind) {
    case Kind::process:
      if (names_.size() < most_names && keys_.size() < most_names) {
        keys_[note.a] = {note.b, note.c};
        names_[{note.b, note.c}] = {std::string(note.text), std::string(note.more),
                                    std::string(note.detail)};
      }
      break;
    case Kind::kmsg:
      message(note);
      break;
    case Kind::cgroup:
      if (cgroups_.size() < most_names) {
        cgroups_[note.a] = note.text;
      }
      break;
    case Kind::kmsg_gap:
      add_event(note, std::to_string(note.a) + " messages of the kernel are not recorded");
      break;
    case Kind::setting:
      add_event(note, std::string(note.text) + " was changed from " +
                          value_text(note.text, note.a) + " to " + value_text(note.text, note.b));
      break;
    case Kind::clock: {
      const auto moved = static_cast<std::int64_t>(unzigzag(note.a));
      add_event(note, std::string("the clock was set ") + (moved < 0 ? "back" : "forward") +
                          " by " + seconds(static_cast<double>(moved < 0 ? -moved : moved) / 1000));
      break;
    }
    case Kind::asleep:
      asleep_ = true;
      add_event(note, "the machine slept for " + seconds(static_cast<double>(note.a) / 1000));
      break;
    case Kind::stopped:
      history_.boots.back().ended_in_order = true;
      add_event(note, "the recorder was ended");
      break;
    case Kind::kill:
      if (note.c > 0) {
        add_event(note, "the kernel counted " + plural(note.c, "OOM kill", "OOM kills") +
                            " that no line of its log tells of");
      }
      break;
    case Kind::warning:
    case Kind::trouble:
      add_event(note, std::string(note.text));
      break;
    case Kind::segment:
    case Kind::sample:
    case Kind::publish:
      break;
  }
}

void HistoryBuilder::add(std::string_view segment) {
  const SegmentAccount account =
      read_segment(segment, {[this](const Sample& each) { sample(within_bounds(each)); },
                             [this](const Note& each) { note(within_bounds(each)); }});
  SegmentAccount& sum = history_.account;
  sum.records += account.records;
  sum.samples += account.samples;
  sum.lost_samples += account.lost_samples;
  sum.unknown += account.unknown;
  sum.damaged_bytes += account.damaged_bytes;
  sum.damages += account.damages;
}

History HistoryBuilder::take() {
  end_boot();
  return std::move(history_);
}

}  // namespace whyoom::record
