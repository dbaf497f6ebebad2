#include "record/warnings.h"

#include <utility>

#include "base/human.h"
#include "memory/zones.h"

namespace whyoom::record {
namespace {

constexpr Setting all_settings[] = {
    {Field::min_free_kbytes, "vm.min_free_kbytes"},
    {Field::watermark_scale_factor, "vm.watermark_scale_factor"},
    {Field::panic_on_oom, "vm.panic_on_oom"},
    {Field::overcommit_memory, "vm.overcommit_memory"},
    {Field::swappiness, "vm.swappiness"},
    {Field::threads_max, "kernel.threads-max"},
    {Field::pid_max, "kernel.pid_max"},
    {Field::panic_seconds, "kernel.panic"},
};

constexpr std::uint64_t again_after_ms = 600'000;  // a story that was told
constexpr std::uint64_t over_after_ms = 60'000;    // without trouble
constexpr std::uint64_t point_every_ms = 1000;
constexpr std::uint64_t soon_s = 60;
constexpr double short_share = 0.02, over_share = 0.05, trend_share = 0.25;
constexpr std::uint64_t shortest_trend_ms = 5000;

std::string_view name_of(const ZoneFields& zone) {
  const auto name = memory::zone_name(static_cast<kernel::ZoneClass>(zone.of(ZoneField::zone)));
  return name.empty() ? "a zone" : name;
}

// Of a limit, in per cent.
bool is_share(std::uint64_t part, std::uint64_t whole, unsigned per_cent) {
  return whole > 0 && static_cast<double>(part) * 100 >= static_cast<double>(whole) * per_cent;
}

}  // namespace

std::string_view name(WarningKind kind) {
  switch (kind) {
    case WarningKind::memory_short:
      return "memory-short";
    case WarningKind::tasks:
      return "tasks";
    case WarningKind::cgroup_pids:
      return "cgroup-pids";
    case WarningKind::min_free:
      return "min-free-raised";
    case WarningKind::throttled:
      return "cgroup-throttled";
  }
  return "unknown";
}

std::span<const Setting> settings() { return all_settings; }

Warning* Lookout::tell(Story& story, bool trouble, bool over, WarningKind kind) {
  if (trouble) {
    story.last_ms = now_ms_;
  } else if (story.open && over && now_ms_ - story.last_ms >= over_after_ms) {
    story.open = false;
  }
  if (!trouble || story.open || warning_count_ == warnings_.size()) {
    return nullptr;
  }
  story.open = true;
  if (story.told && now_ms_ - story.told_ms < again_after_ms) {
    return nullptr;
  }
  story.told = true;
  story.told_ms = now_ms_;
  Warning& warning = warnings_[warning_count_++];
  warning.kind = kind;
  warning.text.clear();
  return &warning;
}

void Lookout::look_at_memory(const Sample& now) {
  headroom_ = headroom_of(now, page_);
  if (!headroom_) {
    return;
  }
  const Headroom& room = *headroom_;
  if (points_ == 0 || now_ms_ - trend_[(points_ - 1) % trend_.size()].at_ms >= point_every_ms) {
    trend_[points_++ % trend_.size()] = {now_ms_, room.left};
  }
  // Since the oldest point that is kept.
  const Point& from = trend_[points_ > trend_.size() ? points_ % trend_.size() : 0];
  const std::uint64_t took_ms = now_ms_ - from.at_ms;
  a_second_ = took_ms >= shortest_trend_ms ? (from.left - room.left) * 1000 / took_ms : Bytes(0);
  left_s_ = a_second_ > Bytes(0) ? room.left.count() / a_second_.count() : ~0ULL;
  const bool soon = left_s_ < soon_s && room.share() < trend_share;
  Warning* warning = tell(memory_, soon || room.share() < short_share, room.share() > over_share,
                          WarningKind::memory_short);
  if (warning == nullptr) {
    return;
  }
  const ZoneFields& zone = now.zones[room.widest];
  warning->text << human(room.left) << " (" << percent(room.share())
                << " of RAM) are left before requests for memory fail; most in zone "
                << name_of(zone) << " of node " << zone.of(ZoneField::node) << ", "
                << human(room.widest_left) << " above its mark";
  if (soon) {
    warning->text << ". It falls by " << human(a_second_) << " a second: gone in " << left_s_
                  << " s";
  }
}

FixedText<160> Lookout::state() const {
  FixedText<160> text;
  if (!headroom_) {
    text << "the zones of memory are not known";
    return text;
  }
  text << human(headroom_->left) << " left before requests fail";
  if (a_second_ > Bytes(0) && left_s_ < 3600) {
    text << ", in " << left_s_ << " s as it goes";
  }
  return text;
}

void Lookout::look_at_tasks(const Sample& now) {
  const auto threads = now.machine.get(Field::threads_max);
  const auto pids = now.machine.get(Field::pid_max);
  const auto tasks = now.machine.get(Field::tasks);
  if (!tasks || (!threads && !pids)) {
    return;
  }
  const bool by_pid = pids && (!threads || *pids < *threads);
  const std::uint64_t limit = by_pid ? *pids : *threads;
  if (Warning* warning = tell(tasks_, is_share(*tasks, limit, 90), !is_share(*tasks, limit, 80),
                              WarningKind::tasks)) {
    warning->text << *tasks << " tasks of at most " << limit << " ("
                  << (by_pid ? "kernel.pid_max" : "kernel.threads-max")
                  << "). At the limit nothing can start a process or a thread: \"Cannot allocate "
                     "memory\", with memory free";
  }
}

void Lookout::look_at_settings(const Sample& now) {
  change_count_ = 0;
  for (const Setting& setting : all_settings) {
    const auto after = now.machine.get(setting.field);
    const auto before = before_.machine.get(setting.field);
    if (after && before && *after != *before && change_count_ < changes_.size()) {
      changes_[change_count_++] = {setting.key, *before, *after};
    }
  }
  const std::uint64_t before = before_.machine.of(Field::min_free_kbytes);
  const std::uint64_t after = now.machine.of(Field::min_free_kbytes);
  if (before == 0 || after <= before || warning_count_ == warnings_.size()) {
    return;
  }
  // Each raise is a story of its own.
  Warning& warning = warnings_[warning_count_++];
  warning.kind = WarningKind::min_free;
  warning.text.clear();
  const Bytes lost = out_of_reach(now, page_) - before_.out_of_reach;
  const Bytes ram = to_bytes(KiB(now.machine.of(Field::mem_total)));
  warning.text << "vm.min_free_kbytes was raised from " << before << " to " << after
               << " kB: " << human(lost) << " more (" << percent(share(lost, ram))
               << " of RAM) cannot be used";
  if (default_kib_ > 0) {
    warning.text << "; the kernel's own choice is " << default_kib_ << " kB";
  }
  warning.text << ". `whyoom check` tells what follows";
}

void Lookout::look_at_cgroup(const CgroupFields& now, std::size_t slot, std::string_view path) {
  const CgroupFields& before = before_.cgroups[slot];
  if (now.of(CgroupField::id) != before.of(CgroupField::id)) {
    pids_[slot] = {};
    throttled_[slot] = {};
    held_[slot] = 0;
  }
  const auto limit = now.get(CgroupField::pids_max);
  if (limit) {
    const std::uint64_t pids = now.of(CgroupField::pids);
    if (Warning* warning = tell(pids_[slot], is_share(pids, *limit, 90),
                                !is_share(pids, *limit, 80), WarningKind::cgroup_pids)) {
      warning->text << "cgroup " << path << " has " << pids << " tasks of at most " << *limit
                    << " (pids.max). At the limit it can start no process and no thread";
    }
  }
  const auto count = now.get(CgroupField::throttled);
  const auto last = before.get(CgroupField::throttled);
  const bool grows = count && last && *count > *last;
  constexpr unsigned long_enough = 5;
  held_[slot] = grows ? held_[slot] + 1 : 0;
  if (Warning* warning =
          tell(throttled_[slot], held_[slot] >= long_enough, !grows, WarningKind::throttled)) {
    warning->text << "cgroup " << path << " is held at its memory.high ("
                  << human(to_bytes(KiB(now.of(CgroupField::current)))) << " of "
                  << human(to_bytes(KiB(now.of(CgroupField::high))))
                  << "): its processes wait, and nothing is killed. Raise memory.high, or give it "
                     "less to do";
  }
}

Lookout::Before Lookout::needed_of(const Sample& sample) const {
  return {sample.machine, sample.cgroups, out_of_reach(sample, page_)};
}

void Lookout::begin_after(const Sample& earlier) {
  before_ = needed_of(earlier);
  known_ = true;
}

std::span<const Warning> Lookout::look(const Sample& now,
                                       const std::array<std::string_view, most_cgroups>& paths) {
  warning_count_ = 0;
  now_ms_ = now.boot_ms;
  if (first_) {
    const Before earlier = std::exchange(before_, needed_of(now));
    if (known_) {
      before_.out_of_reach = earlier.out_of_reach;
      for (const Setting& setting : all_settings) {
        before_.machine.set(setting.field, earlier.machine.get(setting.field));
      }
    }
    default_kib_ = default_min_free_of(now, page_).count();
    first_ = false;
  }
  look_at_memory(now);
  look_at_tasks(now);
  look_at_settings(now);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    look_at_cgroup(now.cgroups[i], i, paths[i]);
  }
  before_ = needed_of(now);
  return {warnings_.data(), warning_count_};
}

}  // namespace whyoom::record
