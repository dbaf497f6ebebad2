#include "record/metrics.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.h"
#include "memory/cgroup_owner.h"
#include "memory/watermarks.h"
#include "memory/zones.h"
#include "record/headroom.h"
#include "record/scan.h"

namespace whyoom::record {
namespace {

// In the order of the table, which is the order of the text.
enum class Metric : std::uint8_t {
  headroom,
  managed,
  out_of_reach,
  min_free,
  min_free_default,
  zone_headroom,
  zone_free,
  zone_managed,
  zone_watermark,
  tasks,
  tasks_limit,
  cgroup_tasks,
  cgroup_tasks_limit,
  waiting,
  stalled,
  events,
  event_last,
  oom_kills,
  kernel_oom_kills,
  warnings,
  samples,
  lost_messages,
  lost_records,
  sample_cpu,
  ring,
  last_sample,
  start,
  kernel,
  build
};

constexpr std::string_view owner_labels = "unit, pod_uid, container_id, cgroup";
constexpr std::string_view event_labels = "cause, kind, unit, pod_uid, container_id, cgroup";

constexpr MetricInfo table[] = {
    {"whyoom_memory_headroom_bytes", "gauge", "",
     "Memory left until an ordinary request of a process fails, with what can be reclaimed."},
    {"whyoom_memory_managed_bytes", "gauge", "", "Memory that the zones of the kernel manage."},
    {"whyoom_memory_out_of_reach_bytes", "gauge", "",
     "Memory that vm.min_free_kbytes holds back beyond the kernel's own choice."},
    {"whyoom_vm_min_free_bytes", "gauge", "", "vm.min_free_kbytes as it is set."},
    {"whyoom_vm_min_free_default_bytes", "gauge", "",
     "vm.min_free_kbytes as the kernel would choose it."},
    {"whyoom_zone_headroom_bytes", "gauge", "node, zone",
     "Free and file pages of a zone above its mark (min, boost and lowmem_reserve); 0 below it."},
    {"whyoom_zone_free_bytes", "gauge", "node, zone", "Free pages of a zone."},
    {"whyoom_zone_managed_bytes", "gauge", "node, zone", "Pages of a zone that can be had."},
    {"whyoom_zone_watermark_bytes", "gauge", "node, zone, watermark",
     "A zone's marks min, low and high, without the boost."},
    {"whyoom_tasks", "gauge", "", "Threads of the whole machine."},
    {"whyoom_tasks_limit", "gauge", "setting",
     "Most threads that a setting allows: kernel.threads-max, kernel.pid_max."},
    {"whyoom_cgroup_tasks", "gauge", owner_labels,
     "Tasks of one of the fullest cgroups that has a pids.max."},
    {"whyoom_cgroup_tasks_limit", "gauge", owner_labels, "Its pids.max."},
    {"whyoom_pressure_memory_waiting_seconds_total", "counter", "",
     "Time in which a task waited for memory (PSI some)."},
    {"whyoom_pressure_memory_stalled_seconds_total", "counter", "",
     "Time in which all tasks waited for memory (PSI full)."},
    {"whyoom_events_total", "counter", event_labels,
     "Events in the kernel's log, by cause, since the recorder began to count."},
    {"whyoom_event_last_timestamp_seconds", "gauge", event_labels,
     "When there was such an event last; also of events before the recorder began to count."},
    {"whyoom_oom_kills_total", "counter", "logged",
     "OOM kills since the recorder began to count: with a line in the kernel's log, or without."},
    {"whyoom_kernel_oom_kills_total", "counter", "",
     "OOM kills since boot as the kernel counts them (vmstat oom_kill)."},
    {"whyoom_warnings_total", "counter", "kind", "Warnings of the recorder."},
    {"whyoom_recorder_samples_total", "counter", "", "Samples taken."},
    {"whyoom_recorder_lost_messages_total", "counter", "",
     "Messages of the kernel that came too fast to be recorded."},
    {"whyoom_recorder_lost_records_total", "counter", "", "Records that could not be stored."},
    {"whyoom_recorder_sample_cpu_seconds_total", "counter", "", "CPU time of the recorder."},
    {"whyoom_recorder_ring_bytes", "gauge", "", "Size of the recorder's ring on the disk."},
    {"whyoom_recorder_last_sample_timestamp_seconds", "gauge", "", "When the last sample was."},
    {"whyoom_recorder_start_timestamp_seconds", "gauge", "", "When the recorder was started."},
    {"whyoom_kernel_info", "gauge", "release", "1, with the release of the kernel (uname -r)."},
    {"whyoom_build_info", "gauge", "version", "1, with the version of the recorder."},
};
static_assert(std::size(table) == static_cast<std::size_t>(Metric::build) + 1);

constexpr std::size_t most_label = 200;
constexpr std::size_t most_names = 10'000;

// A name of others for the value of a label: cut, at the start of a character.
std::string label_of(std::string_view name) {
  std::string text = printable(name);
  if (text.size() > most_label) {
    std::size_t end = most_label;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
      --end;
    }
    text.resize(end);
  }
  return text;
}

std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') {
      out += '\\';
    }
    c == '\n' ? out += "\\n" : out += c;
  }
  return out;
}

std::string three_digits(std::uint64_t thousandths) {
  const std::string rest = std::to_string(thousandths % 1000);
  return std::to_string(thousandths / 1000) + "." + std::string(3 - rest.size(), '0') + rest;
}
std::string seconds_of_us(std::uint64_t us) { return three_digits(us / 1000); }
std::string seconds_of_ms(std::int64_t ms) {
  return three_digits(ms < 0 ? 0 : static_cast<std::uint64_t>(ms));
}

// What the zones' min is above what it would be with the kernel's own choice.
Bytes held_back(const Sample& sample, KiB chosen, PageSize page) {
  if (KiB(sample.machine.of(Field::min_free_kbytes)) <= chosen) {
    return Bytes(0);
  }
  Pages usual;
  const auto sizes = zone_sizes_of(sample);
  for (const auto& marks : memory::watermarks(sizes, chosen, memory::default_scale_factor, page,
                                              memory::rules_for(""))) {
    usual += marks.min;
  }
  return out_of_reach(sample, page) - to_bytes(usual, page);
}

}  // namespace

std::span<const MetricInfo> metric_table() { return table; }

Owner owner_of_cgroup(std::string_view path) {
  Owner result;
  const auto owner = memory::cgroup_owner(path);
  if (!owner || (!owner->unit && !owner->pod && !owner->container)) {
    result.cgroup = label_of(path);
    return result;
  }
  result.pod_uid = label_of(owner->pod.value_or(""));
  result.container_id = label_of(owner->container.value_or(""));
  // The scope of a container says the same once more; a user's container is what that user calls
  // it.
  if ((!owner->pod && !owner->container) || owner->uid) {
    result.unit = label_of(owner->unit.value_or(""));
  }
  return result;
}

// The text: a metric's head, then its series.
class Metrics::Text {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string>>;

  void head(Metric metric) {
    info_ = &table[static_cast<std::size_t>(metric)];
    add("# HELP ", info_->name, " ", info_->help, "\n# TYPE ", info_->name, " ", info_->type, "\n");
  }
  void series(const Labels& labels, const std::string& value) {
    add(info_->name);
    char before = '{';
    for (const auto& [name, text] : labels) {
      add(std::string_view(&before, 1), name, "=\"", escaped(text), "\"");
      before = ',';
    }
    add(labels.empty() ? " " : "} ", value, "\n");
  }
  void series(const Labels& labels, std::uint64_t value) { series(labels, std::to_string(value)); }
  template <class Value>
  void only(Metric metric, const Value& value) {
    head(metric);
    series({}, value);
  }
  void only(Metric metric, Bytes value) { only(metric, value.count()); }
  // Nothing where the number is not known.
  void only(Metric metric, const std::optional<std::uint64_t>& value) {
    if (value) {
      only(metric, *value);
    }
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void add(std::initializer_list<std::string_view> parts) {
    for (const std::string_view part : parts) {
      text_ += part;
    }
  }
  template <class... Parts>
  void add(const Parts&... parts) {
    add({std::string_view(parts)...});
  }

  std::string text_;
  const MetricInfo* info_ = nullptr;
};

namespace {

using Labels = std::vector<std::pair<std::string_view, std::string>>;

Labels labels_of(const Owner& owner) {
  return {{"unit", owner.unit},
          {"pod_uid", owner.pod_uid},
          {"container_id", owner.container_id},
          {"cgroup", owner.cgroup}};
}

const Owner& other_owner() {
  static const Owner other{"other", "other", "other", "other"};
  return other;
}

}  // namespace

const Owner& Metrics::bounded(const Owner& owner) {
  if (!owners_.contains(owner) && owners_.size() >= most_owners) {
    return other_owner();
  }
  return *owners_.insert(owner).first;
}

void Metrics::take_cgroups(const Sample& sample) {
  tasks_.clear();
  for (const CgroupFields& cgroup : sample.cgroups) {
    const auto limit = cgroup.get(CgroupField::pids_max);
    const auto known = cgroups_.find(cgroup.of(CgroupField::id));
    if (!limit || *limit == 0 || known == cgroups_.end()) {
      continue;
    }
    const Tasks now{cgroup.of(CgroupField::pids), *limit};
    Tasks& told = tasks_[bounded(known->second)];
    // Of several with one owner the fullest.
    const auto share = [](const Tasks& tasks) {
      return static_cast<double>(tasks.now) /
             static_cast<double>(std::max<std::uint64_t>(tasks.limit, 1));
    };
    if (told.limit == 0 || share(now) > share(told)) {
      told = now;
    }
  }
}

void Metrics::take(const Sample& sample) {
  now_ = sample;
  ++samples_;
  cost_us_ += sample.machine.of(Field::cost_us);
  take_cgroups(sample);
}

void Metrics::take(const Note& note) {
  switch (note.kind) {
    case Kind::segment:
      cgroups_.clear();
      release_ = label_of(note.more);
      if (note.c > 0 && note.c <= (1U << 20U)) {
        page_ = PageSize{static_cast<std::uint32_t>(note.c)};
      }
      break;
    case Kind::cgroup:
      if (cgroups_.size() < most_names) {
        cgroups_[note.a] = owner_of_cgroup(note.text);
      }
      break;
    case Kind::kmsg: {
      const auto line = scan_kmsg(note.text);
      kills_logged_ += line && line->by_kernel() && tells_kill(line->text) ? 1 : 0;
      break;
    }
    case Kind::kmsg_gap:
      lost_messages_ += note.a;
      break;
    case Kind::kill:
      kills_silent_ += note.c;
      break;
    case Kind::warning:
      if (note.a > 0 && note.a < warnings_.size()) {
        ++warnings_[note.a];
      }
      break;
    case Kind::publish:
      published_ = note;
      break;
    case Kind::sample:
    case Kind::process:
    case Kind::setting:
    case Kind::clock:
    case Kind::asleep:
    case Kind::stopped:
    case Kind::trouble:
      break;
  }
}

void Metrics::take(EventKey event, std::int64_t real_ms, bool counted) {
  event.owner = bounded(event.owner);
  if (events_.size() >= most_event_series && !events_.contains(event)) {
    event.owner = other_owner();
  }
  Series& series = events_[std::move(event)];
  series.count += counted ? 1 : 0;
  series.last_ms = std::max(series.last_ms, real_ms);
}

void Metrics::tell_memory(Text& out) const {
  if (const auto room = headroom_of(*now_, page_)) {
    out.only(Metric::headroom, room->left);
    out.only(Metric::managed, room->managed);
  }
  const auto set = now_->machine.get(Field::min_free_kbytes);
  if (!set) {
    return;
  }
  const KiB chosen = default_min_free_of(*now_, page_);
  const bool known = chosen > KiB(0);
  if (known) {
    out.only(Metric::out_of_reach, held_back(*now_, chosen, page_));
  }
  out.only(Metric::min_free, to_bytes(KiB(*set)));
  if (known) {
    out.only(Metric::min_free_default, to_bytes(chosen));
  }
}

void Metrics::tell_zones(Text& out) const {
  const auto each = [&](const auto& tell) {
    for (const ZoneFields& zone : now_->zones) {
      const auto name = memory::zone_name(static_cast<kernel::ZoneClass>(zone.of(ZoneField::zone)));
      if (zone.has(ZoneField::managed) && !name.empty()) {
        tell(zone, Labels{{"node", std::to_string(zone.of(ZoneField::node))},
                          {"zone", std::string(name)}});
      }
    }
  };
  const auto bytes = [this](const ZoneFields& zone, ZoneField field) {
    return to_bytes(Pages(zone.of(field)), page_);
  };
  out.head(Metric::zone_headroom);
  each([&](const ZoneFields& zone, const Labels& labels) {
    out.series(labels, to_bytes(left_in(zone), page_).count());
  });
  for (const auto& [metric, field] : {std::pair{Metric::zone_free, ZoneField::free},
                                      std::pair{Metric::zone_managed, ZoneField::managed}}) {
    out.head(metric);
    each([&, field = field](const ZoneFields& zone, const Labels& labels) {
      out.series(labels, bytes(zone, field).count());
    });
  }
  out.head(Metric::zone_watermark);
  each([&](const ZoneFields& zone, Labels labels) {
    labels.emplace_back("watermark", "");
    for (const auto& [name, field] :
         {std::pair{"min", ZoneField::min}, std::pair{"low", ZoneField::low},
          std::pair{"high", ZoneField::high}}) {
      labels.back().second = name;
      out.series(labels, bytes(zone, field).count());
    }
  });
}

void Metrics::tell_tasks(Text& out) const {
  out.only(Metric::tasks, now_->machine.get(Field::tasks));
  out.head(Metric::tasks_limit);
  for (const auto& [setting, field] : {std::pair{"kernel.threads-max", Field::threads_max},
                                       std::pair{"kernel.pid_max", Field::pid_max}}) {
    if (const auto limit = now_->machine.get(field)) {
      out.series({{"setting", setting}}, *limit);
    }
  }
  if (tasks_.empty()) {
    return;
  }
  out.head(Metric::cgroup_tasks);
  for (const auto& [owner, tasks] : tasks_) {
    out.series(labels_of(owner), tasks.now);
  }
  out.head(Metric::cgroup_tasks_limit);
  for (const auto& [owner, tasks] : tasks_) {
    out.series(labels_of(owner), tasks.limit);
  }
}

void Metrics::tell_pressure(Text& out) const {
  if (const auto some = now_->machine.get(Field::psi_some_us)) {
    out.only(Metric::waiting, seconds_of_us(*some));
  }
  if (const auto full = now_->machine.get(Field::psi_full_us)) {
    out.only(Metric::stalled, seconds_of_us(*full));
  }
}

void Metrics::tell_events(Text& out) const {
  const auto labels = [](const EventKey& key) {
    Labels all{{"cause", key.cause}, {"kind", key.kind}};
    const Labels owner = labels_of(key.owner);
    all.insert(all.end(), owner.begin(), owner.end());
    return all;
  };
  if (!events_.empty()) {
    out.head(Metric::events);
    for (const auto& [key, series] : events_) {
      out.series(labels(key), series.count);
    }
    out.head(Metric::event_last);
    for (const auto& [key, series] : events_) {
      out.series(labels(key), seconds_of_ms(series.last_ms));
    }
  }
  out.head(Metric::oom_kills);
  out.series({{"logged", "true"}}, kills_logged_);
  out.series({{"logged", "false"}}, kills_silent_);
  if (now_) {
    out.only(Metric::kernel_oom_kills, now_->machine.get(Field::oom_kill));
  }
  out.head(Metric::warnings);
  for (std::size_t i = 1; i < warnings_.size(); ++i) {
    out.series({{"kind", std::string(name(static_cast<WarningKind>(i)))}}, warnings_[i]);
  }
}

void Metrics::tell_recorder(Text& out) const {
  out.only(Metric::samples, samples_);
  out.only(Metric::lost_messages, lost_messages_);
  if (published_) {
    out.only(Metric::lost_records, published_->b);
  }
  out.only(Metric::sample_cpu, three_digits(cost_us_ / 1000));
  if (published_) {
    out.only(Metric::ring, published_->a);
  }
  if (now_) {
    out.only(Metric::last_sample, seconds_of_ms(now_->real_ms));
  }
  if (published_) {
    out.only(Metric::start, seconds_of_ms(static_cast<std::int64_t>(published_->c)));
  }
  if (!release_.empty()) {
    out.head(Metric::kernel);
    out.series({{"release", release_}}, 1);
  }
  out.head(Metric::build);
  out.series({{"version", version_}}, 1);
}

std::string Metrics::text() const {
  Text out;
  if (now_) {
    tell_memory(out);
    tell_zones(out);
    tell_tasks(out);
    tell_pressure(out);
  }
  tell_events(out);
  tell_recorder(out);
  return out.take();
}

}  // namespace whyoom::record
