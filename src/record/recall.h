// What a ring knows of events that a log tells of: the machine in the moments before each.
//
// An event is found by its boot and by the kernel's own stamp, and only where the ring has lines of
// /dev/kmsg of that time: they tell how the stamps and the clock of the samples go together (one
// drifts, and one stands still while the machine sleeps). The sample is the last one before the
// event that does not count its kill. Numbers that change by themselves are of use for a few
// seconds. The marks of the zones come from settings: these have to be the same in the first sample
// behind the event, or, where there is none, the machine must have been near trouble already.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "memory/recorded.h"
#include "record/growth.h"
#include "record/sample.h"

namespace whyoom::record {

struct Asked {
  std::string boot;         // its id, as the ring has it
  std::uint64_t at_us = 0;  // the kernel's stamp of the first line
};

class Recall {
 public:
  explicit Recall(const std::vector<Asked>& asked);
  // In order, the oldest first.
  void add(std::string_view segment);
  // What comes next can still say something of this one.
  [[nodiscard]] bool is_open(std::size_t asked) const { return open_events_[asked]; }
  // All have been added.
  void finish() { settle_all(nullptr); }
  // What is known by now of one of those that were asked, once; empty: nothing.
  std::optional<memory::Recorded> take(std::size_t asked);
  // All have been added: one for each that was asked.
  std::vector<std::optional<memory::Recorded>> take();

 private:
  // An event whose sample was found; what comes behind it says how far that one holds. The events
  // of a spree share a sample: as the numbers of a report each of them would take kilobytes.
  using Moments = std::vector<memory::RecordedMoment>;
  struct Found {
    std::size_t asked = 0;
    std::shared_ptr<const Sample> sample;
    std::uint64_t age_ms = 0;
    memory::Recorded recorded{};               // as far as it is known by now
    std::shared_ptr<const Moments> moments{};  // shared as the sample is
    PageSize page{};
    bool fresh = false;  // its numbers are those of the event
  };
  struct At {
    std::uint64_t at_us = 0;
    std::size_t asked = 0;
  };
  void begin(const Note& segment);
  void see(const Sample& sample);
  void see(const Note& note);
  void line(const Note& note);
  void find(const At& event);
  // Of the first `count` samples that are kept, by their age at the last of these.
  std::shared_ptr<const Moments> moments(std::size_t count);
  void settle(Found& found, const Sample* after);
  void settle_all(const Sample* after);

  std::vector<bool> open_events_;
  std::map<std::size_t, Found> answers_;                      // by the event
  std::map<std::string, std::deque<At>, std::less<>> asked_;  // by boot and stamp

  std::string boot_, release_;
  PageSize page_;
  std::deque<At>* open_ = nullptr;                     // of this boot
  std::deque<std::shared_ptr<const Sample>> samples_;  // the last of this boot
  std::vector<Found> found_;
  std::shared_ptr<const Sample> moments_of_;
  std::shared_ptr<const Moments> moments_;
  GrowthWatch growth_;
  // By how much CLOCK_BOOTTIME is ahead of the kernel's stamps, and when that was seen.
  std::optional<std::int64_t> ahead_ms_;
  std::uint64_t ahead_seen_ms_ = 0;
};

// A sample as the numbers of a report, all with `at` as their place.
report::Report as_report(const Sample& sample, PageSize page, Place at);

}  // namespace whyoom::record
