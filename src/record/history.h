// What a ring tells: boot after boot, how much memory there was, what happened, what grew.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/units.h"
#include "memory/recorded.h"
#include "record/boot_clocks.h"
#include "record/growth.h"
#include "record/headroom.h"
#include "record/sample.h"
#include "record/segment.h"

namespace whyoom::record {

struct HistoryPoint {
  std::int64_t real_ms = 0;
  std::size_t boot = 0;                // index of History::boots
  Bytes free, available, left, reach;  // `left`: headroom; `reach`: what no ordinary request gets
  std::uint64_t some_avg10 = 0, tasks = 0;
};

// A note that people want to see, with what it says as a sentence.
struct HistoryEvent {
  std::int64_t real_ms = 0;
  Kind kind = Kind::trouble;
  std::string text;
};

// One of the fullest at the last sample; what is not known, or has no limit, is empty.
struct FullGroup {
  std::string path;
  std::optional<Bytes> memory, memory_max;
  std::optional<std::uint64_t> pids, pids_max;
  // Of its processes that were recorded the biggest; pid 0: none.
  std::uint64_t pid = 0;
  std::string process{};
  Bytes size{};
};

struct HistoryBoot {
  std::string id, release;
  PageSize page;
  std::int64_t first_ms = 0, last_ms = 0;
  std::uint64_t samples = 0, messages = 0;
  Bytes ram;
  bool ended_in_order = false;  // the recorder's last word is that it was told to end
  bool pressed = false;         // at the last sample little was left, or tasks were stalled
  Sample last;
  std::vector<memory::Growth> growth;  // up to a kill, or to its end; the largest first
  std::vector<FullGroup> cgroups;
};

// The memory of a cgroup that was one of the fullest.
struct CgroupCurve {
  struct Point {
    std::int64_t real_ms = 0;
    Bytes memory;
  };
  std::string path;
  Bytes peak;
  std::optional<Bytes> limit;     // memory.max, as it was last
  std::vector<Point> points;      // thinned out, the larger of two is kept
  std::int64_t hold_ms = 30'000;  // how long a point holds when the next one is not there
};

// No samples for a while in one boot.
struct HistoryGap {
  std::int64_t from_ms = 0, to_ms = 0;
};

struct History {
  // The ring as a whole, whatever part of it is shown; no segments: there is none.
  std::uint64_t segments = 0;
  Bytes bytes;
  std::int64_t first_ms = 0, last_ms = 0;
  std::vector<HistoryBoot> boots;
  std::vector<HistoryPoint> points;
  std::vector<HistoryEvent> events;
  std::vector<HistoryGap> gaps;
  std::vector<CgroupCurve> cgroups;  // the highest peak first
  SegmentAccount account;            // of all segments
  std::uint64_t newer = 0;  // segments by a newer version: what this one knows of them is there
  bool cut = false;         // there are more points or events than are kept
};

struct HistoryOptions {
  std::int64_t since_ms = std::numeric_limits<std::int64_t>::min();
  std::int64_t until_ms = std::numeric_limits<std::int64_t>::max();
  // Where the wall clock was set in a boot, all its times are as that was last. Empty: as recorded.
  BootTimes began{};
  // A line of /dev/kmsg of that boot, and when it was said; may be empty.
  std::function<void(std::size_t boot, std::string_view line, std::int64_t said_ms)> message{};
};

class HistoryBuilder {
 public:
  explicit HistoryBuilder(HistoryOptions options) : options_(std::move(options)) {}
  // In order, the oldest first.
  void add(std::string_view segment);
  History take();

 private:
  void sample(const Sample& sample);
  void note(const Note& note);
  void message(const Note& note);
  void begin_boot(const Note& note);
  void end_boot();
  void see_growth(bool killed);
  void see_cgroups();
  void see_cgroup_curves(const Sample& sample);
  template <class Record>
  Record dated(Record record) const;
  void add_event(const Note& note, std::string text);

  HistoryOptions options_;
  History history_;
  GrowthWatch growth_;
  std::map<std::uint64_t, std::string> cgroups_;  // paths by id
  std::int64_t grown_at_ms_ = std::numeric_limits<std::int64_t>::min();
  std::optional<std::int64_t> last_sample_ms_;  // of this boot
  Pace pace_{1000, true};
  bool asleep_ = false;
  bool only_one_ = false;  // `watch --once` ended: the next sample comes when it comes
  std::optional<std::int64_t> began_ms_;  // of this boot
  std::map<std::string, CgroupCurve, std::less<>> curves_;
};

// "2026-11-29 05:12:00Z"
std::string utc_text(std::int64_t real_ms);

// How a boot ended, for people: "ended in order", or that there is no mark of it and what the last
// sample says to that. `running`: it is the machine's own.
std::string end_text(const HistoryBoot& boot, bool running);
// The boot ended without a mark, and its last sample looks like an OOM that panicked.
bool looks_like_oom_panic(const HistoryBoot& boot);

}  // namespace whyoom::record
