// What the recorder tells Prometheus: the text format, version 0.0.4. One table has all metrics
// with their names, types, labels and help; docs/metrics.md is made from it.
//
// Text of others comes into it only as a value of a label: made printable() and escaped, so that it
// is never a line of its own. The owners of events are bounded: those beyond `most_owners` are told
// as one, "other".
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "base/units.h"
#include "record/sample.h"
#include "record/warnings.h"

namespace whyoom::record {

struct MetricInfo {
  std::string_view name, type, labels, help;  // labels: "node, zone"
};
std::span<const MetricInfo> metric_table();

// Whose something is; an empty one is not known or does not apply.
struct Owner {
  std::string unit, pod_uid, container_id, cgroup;
  friend auto operator<=>(const Owner&, const Owner&) = default;
};
// Of a path that names none, the path itself.
Owner owner_of_cgroup(std::string_view path);

// An event that was explained, as it is counted.
struct EventKey {
  std::string cause, kind;
  Owner owner;
  friend auto operator<=>(const EventKey&, const EventKey&) = default;
};

class Metrics {
 public:
  explicit Metrics(std::string version) : version_(std::move(version)) {}

  void take(const Sample& sample);
  void take(const Note& note);
  // `counted`: it happened since this began to count; else only when it was is told.
  void take(EventKey event, std::int64_t real_ms, bool counted);

  [[nodiscard]] std::string text() const;

  static constexpr std::size_t most_owners = 50;
  // Of cause, kind and owner; after so many only cause and kind make a new one.
  static constexpr std::size_t most_event_series = 200;

 private:
  struct Series {
    std::uint64_t count = 0;
    std::int64_t last_ms = 0;
  };
  struct Tasks {
    std::uint64_t now = 0, limit = 0;
  };
  class Text;

  const Owner& bounded(const Owner& owner);
  void take_cgroups(const Sample& sample);
  void tell_memory(Text& out) const;
  void tell_zones(Text& out) const;
  void tell_tasks(Text& out) const;
  void tell_pressure(Text& out) const;
  void tell_events(Text& out) const;
  void tell_recorder(Text& out) const;

  std::string version_, release_;
  PageSize page_;
  std::optional<Sample> now_;
  std::map<std::uint64_t, Owner> cgroups_;  // by id
  std::map<Owner, Tasks> tasks_;            // of the cgroups of the last sample
  std::set<Owner> owners_;
  std::map<EventKey, Series> events_;
  std::uint64_t kills_logged_ = 0, kills_silent_ = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(WarningKind::throttled) + 1> warnings_{};
  std::uint64_t samples_ = 0, lost_messages_ = 0, cost_us_ = 0;
  std::optional<Note> published_;
};

}  // namespace whyoom::record
