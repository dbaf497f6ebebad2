// Many events in a few rows: what went wrong, how often, from when to when, whose it was. Its size
// does not grow with the number of events.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "diagnose/event.h"

namespace whyoom::diagnose {

// How often each name came. Beyond `most` names the new ones are counted and not named.
class NameCount {
 public:
  void add(const std::string& name);
  [[nodiscard]] std::uint64_t names() const { return counts_.size() + unnamed_; }
  // The most frequent one; nothing when there is none.
  [[nodiscard]] std::optional<std::pair<std::string, std::uint64_t>> most() const;

 private:
  static constexpr std::size_t most_names = 200;
  std::map<std::string, std::uint64_t> counts_;
  std::uint64_t unnamed_ = 0;
};

// The events of one cause; of those whose cause is open, the ones of one kind.
struct TallyRow {
  std::string cause;  // "" = open
  report::Kind kind = report::Kind::oom_kill;
  std::uint64_t events = 0, killed = 0, panics = 0;
  report::Time first, last;
  std::optional<double> seconds;  // from the first to the last; empty = they share no clock
  std::string biggest;            // the victim that held most, printable(), with its size:
  Bytes biggest_size{};
  NameCount owners;  // units, containers, pods, cgroups; printable()
};

// Events in equal spans of time. The spans grow so that there are at most `most_bins`.
class Timeline {
 public:
  static constexpr std::size_t most_bins = 60;

  void add(const report::Time& time);
  [[nodiscard]] const report::Time& first() const { return first_; }
  [[nodiscard]] const report::Time& last() const { return last_; }
  [[nodiscard]] std::uint64_t span_seconds() const;
  // From the first span that has an event to the last one.
  [[nodiscard]] std::vector<std::uint64_t> bins() const;

 private:
  void widen();

  std::optional<bool> by_wall_;  // else since boot; the first event decides
  report::Time first_, last_;
  double first_at_ = 0, last_at_ = 0;
  std::size_t span_ = 0;  // which of the lengths
  std::map<std::int64_t, std::uint64_t> bins_;
};

class Tally {
 public:
  void add(const Event& event);

  [[nodiscard]] const std::vector<TallyRow>& rows() const { return rows_; }
  [[nodiscard]] const NameCount& hosts() const { return hosts_; }
  [[nodiscard]] const Timeline& timeline() const { return timeline_; }
  // False: some have no wall clock, and are of several logs or boots.
  [[nodiscard]] bool share_a_clock() const { return share_a_clock_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }
  [[nodiscard]] std::uint64_t stories() const { return stories_; }

 private:
  std::vector<TallyRow> rows_;  // as they came; there are only so many causes
  NameCount hosts_;
  Timeline timeline_;
  std::uint64_t events_ = 0, stories_ = 0;
  bool share_a_clock_ = true;
  std::string source_;  // of the last event, and its time since boot
  std::optional<std::uint64_t> monotonic_us_;
};

}  // namespace whyoom::diagnose
