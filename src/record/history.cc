#include "record/history.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "record/bounds.h"
#include "record/scan.h"
#include "record/warnings.h"
#include "record/wire.h"

namespace whyoom::record {
namespace {

constexpr std::int64_t gap_ms = 30'000;
constexpr std::size_t most_growth = 5;
constexpr std::size_t most_points = 1'000'000, most_events = 20'000;
constexpr std::size_t most_boots = 2000;  // a ring has fewer segments
constexpr std::size_t most_curves = 64, most_curve_points = 4096;
constexpr std::size_t most_names = 100'000;

// Settings are unsigned but for one.
std::string value_text(std::string_view key, std::uint64_t value) {
  return key == "kernel.panic" ? std::to_string(static_cast<std::int64_t>(unzigzag(value)))
                               : std::to_string(value);
}

}  // namespace

bool looks_like_oom_panic(const HistoryBoot& boot) {
  return !boot.ended_in_order && boot.pressed && boot.last.machine.of(Field::panic_on_oom) > 0;
}

std::string end_text(const HistoryBoot& boot, bool running) {
  if (boot.ended_in_order) {
    return tr("the recorder was ended in order");
  }
  if (running) {
    return tr("goes on");
  }
  std::string text =
      tr("ended without a mark of an orderly end: a panic, a reset, a power cut, or a recorder "
         "that was killed");
  const auto left = headroom_of(boot.last, boot.page);
  if (left) {
    text += tr(". At the last sample {} were left before requests fail", human(left->left));
  }
  const KiB min_free(boot.last.machine.of(Field::min_free_kbytes));
  const KiB own = default_min_free_of(boot.last, boot.page);
  if (own.count() > 0 && min_free > own + own / 4) {
    text += tr("; vm.min_free_kbytes held back {} ({} of RAM), the kernel's own choice is {}",
               human(to_bytes(min_free)), percent(share(to_bytes(min_free), boot.ram)),
               human(to_bytes(own)));
  }
  if (looks_like_oom_panic(boot)) {
    text += tr(", and vm.panic_on_oom was {}: it likely ended in an OOM panic",
               std::to_string(boot.last.machine.of(Field::panic_on_oom)));
  }
  return text;
}

void HistoryBuilder::begin_boot(const Note& note) {
  history_.newer += note.a > format_version ? 1 : 0;
  growth_.begin_segment();
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

// Of a process that grew twice the larger one counts.
void HistoryBuilder::see_growth(bool killed) {
  if (history_.boots.empty() ||
      std::exchange(grown_at_ms_, growth_.last_ms()) == growth_.last_ms()) {
    return;
  }
  std::vector<memory::Growth>& all = history_.boots.back().growth;
  const auto size = [](const memory::Growth& each) { return each.now - each.before; };
  for (memory::Growth& growth : growth_.grown(killed)) {
    const auto known = std::ranges::find(all, growth.pid, &memory::Growth::pid);
    if (known == all.end()) {
      all.push_back(std::move(growth));
    } else if (size(growth) >= size(*known)) {
      *known = std::move(growth);
    }
  }
  std::ranges::stable_sort(all, std::greater<>(), size);
  all.resize(std::min(all.size(), most_growth));
}

namespace {

// Against its limit; one without a limit is less than any that is half full.
double fullness(const FullGroup& group, Bytes ram) {
  const Bytes memory = group.memory.value_or(Bytes(0));
  double full = share(memory, ram) / 2;
  full = group.memory_max ? std::max(full, share(memory, *group.memory_max)) : full;
  return group.pids && group.pids_max
             ? std::max(full, share(Pages(*group.pids), Pages(*group.pids_max)))
             : full;
}

}  // namespace

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
    FullGroup& group = boot.cgroups.back();
    for (const GrowthWatch::Process& process : growth_.last()) {
      if (is_at_or_below(process.name->cgroup, group.path) && process.size > group.size) {
        group.pid = process.pid;
        group.process = process.name->name;
        group.size = process.size;
      }
    }
  }
  std::ranges::stable_sort(boot.cgroups, std::greater<>(),
                           [&boot](const FullGroup& group) { return fullness(group, boot.ram); });
}

void HistoryBuilder::see_cgroup_curves(const Sample& sample) {
  for (const CgroupFields& fields : sample.cgroups) {
    const auto path = cgroups_.find(fields.of(CgroupField::id));
    if (!fields.has(CgroupField::id) || !fields.has(CgroupField::current) ||
        path == cgroups_.end()) {
      continue;
    }
    if (curves_.size() >= most_curves && !curves_.contains(path->second)) {
      curves_.erase(
          std::ranges::min_element(curves_, {}, [](const auto& each) { return each.second.peak; }));
    }
    CgroupCurve& curve = curves_[path->second];
    const Bytes memory = to_bytes(KiB(fields.of(CgroupField::current)));
    const auto limit = fields.get(CgroupField::max);
    curve.limit = limit ? std::optional(to_bytes(KiB(*limit))) : std::nullopt;
    curve.peak = std::max(curve.peak, memory);
    curve.points.push_back({sample.real_ms, memory});
    if (curve.points.size() >= most_curve_points) {
      for (std::size_t i = 0; i + 1 < curve.points.size(); i += 2) {
        const bool second = curve.points[i].memory < curve.points[i + 1].memory;
        curve.points[i / 2] = curve.points[i + (second ? 1 : 0)];
      }
      curve.points.resize(curve.points.size() / 2);
      curve.hold_ms *= 2;
    }
  }
}

// On the clock of its boot as it was set last.
template <class Record>
Record HistoryBuilder::dated(Record record) const {
  record = within_bounds(record);
  if (began_ms_) {
    record.real_ms = *began_ms_ + static_cast<std::int64_t>(record.boot_ms);
  }
  return within_bounds(record);
}

void HistoryBuilder::end_boot() {
  see_growth(false);
  see_cgroups();
  cgroups_.clear();
  last_sample_ms_.reset();
  pace_ = Pace(1000, true);
  growth_.clear();
}

void HistoryBuilder::sample(const Sample& sample) {
  last_sample_ms_ = sample.real_ms;
  if (sample.real_ms < options_.since_ms || sample.real_ms > options_.until_ms ||
      history_.boots.empty()) {
    return;
  }
  HistoryBoot& boot = history_.boots.back();
  if (boot.samples > 0 && sample.real_ms - boot.last_ms > gap_ms && !asleep_ && !only_one_ &&
      history_.gaps.size() < most_events) {
    history_.gaps.push_back({boot.last_ms, sample.real_ms});
  }
  asleep_ = only_one_ = false;
  boot.first_ms = boot.samples == 0 ? sample.real_ms : boot.first_ms;
  boot.last_ms = sample.real_ms;
  boot.ended_in_order = false;
  ++boot.samples;
  boot.last = sample;
  boot.ram = to_bytes(KiB(sample.machine.of(Field::mem_total)));
  const auto left = headroom_of(sample, boot.page);
  pace_.see(sample, left);
  boot.pressed = pace_.is_near();
  growth_.see(sample);
  see_cgroup_curves(sample);
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
  if (note.real_ms < options_.since_ms || note.real_ms > options_.until_ms ||
      history_.boots.empty()) {
    return;
  }
  if (history_.events.size() >= most_events) {
    history_.cut = true;
    history_.events.erase(history_.events.begin(),
                          history_.events.begin() + static_cast<std::ptrdiff_t>(most_events / 2));
  }
  history_.events.push_back({note.real_ms, note.kind, std::move(text)});
}

void HistoryBuilder::message(const Note& note) {
  const auto line = scan_kmsg(note.text);
  Note said = note;
  said.real_ms = line ? said_at_ms(note, *line, last_sample_ms_) : note.real_ms;
  if (said.real_ms < options_.since_ms || said.real_ms > options_.until_ms) {
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
      growth_.name(note);
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
      add_event(note, note.text.empty()
                          ? tr("{} messages of the kernel are not recorded", std::to_string(note.a))
                          : tr("{} messages of the kernel are not recorded, such as: {}",
                               std::to_string(note.a), std::string(note.text)));
      break;
    case Kind::setting:
      add_event(note, tr("{} was changed from {} to {}", std::string(note.text),
                         value_text(note.text, note.a), value_text(note.text, note.b)));
      break;
    case Kind::clock: {
      const auto moved = static_cast<std::int64_t>(unzigzag(note.a));
      add_event(note,
                tr(moved < 0 ? "the clock was set back by {}" : "the clock was set forward by {}",
                   seconds(static_cast<double>(moved < 0 ? -moved : moved) / 1000)));
      break;
    }
    case Kind::asleep:
      asleep_ = true;
      add_event(note, tr("the machine slept for {}", seconds(static_cast<double>(note.a) / 1000)));
      break;
    case Kind::stopped:
      history_.boots.back().ended_in_order = true;
      only_one_ = note.a == 0;
      if (!only_one_) {
        add_event(note, tr("the recorder was ended"));
      }
      break;
    case Kind::kill:
      if (note.c > 0) {
        add_event(note, tr("the kernel counted {} that no line of its log tells of",
                           plural(note.c, "OOM kill", "OOM kills")));
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
  const SegmentAccount account = read_segment(
      segment, {[this](const Sample& each) { sample(dated(each)); },
                [this](const Note& each) {
                  if (each.kind == Kind::segment) {
                    const auto began = options_.began.find(each.text);
                    began_ms_ =
                        began == options_.began.end() ? std::nullopt : std::optional(began->second);
                  }
                  note(dated(each));
                }});
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
  for (auto& [path, curve] : curves_) {
    curve.path = path;
    history_.cgroups.push_back(std::move(curve));
  }
  std::ranges::stable_sort(history_.cgroups, std::greater<>(), &CgroupCurve::peak);
  return std::move(history_);
}

}  // namespace whyoom::record
