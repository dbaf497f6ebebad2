#include "app/ring_history.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "base/language.h"
#include "diagnose/engine.h"
#include "diagnose/story.h"
#include "linux/recorder/machine_ring.h"
#include "record/recall.h"
#include "record/scan.h"
#include "report/log_reader.h"

namespace whyoom::app {

namespace {

// When what the kernel's stamps of one boot say was, on the wall: the two run apart when the
// machine sleeps or its clock is set.
class WallClock {
 public:
  void clear() { runs_.clear(); }
  void see(std::string_view line, std::int64_t said_ms) {
    constexpr std::int64_t apart_ms = 1500;
    const auto parsed = record::scan_kmsg(line);
    if (!parsed) {
      return;
    }
    const std::int64_t ahead_ms = said_ms - static_cast<std::int64_t>(parsed->at_us / 1000);
    if (runs_.empty() || std::abs(ahead_ms - runs_.back().ahead_ms) > apart_ms) {
      runs_.push_back({parsed->at_us, ahead_ms});
    }
  }
  // Who looks at a curve thinks in its times.
  void date(report::Time& time) const {
    if (!time.monotonic_us || runs_.empty()) {
      return;
    }
    const auto next = std::ranges::upper_bound(runs_, *time.monotonic_us, {}, &Run::from_us);
    const Run& run = next == runs_.begin() ? *next : *std::prev(next);
    time.wall =
        record::utc_text(static_cast<std::int64_t>(*time.monotonic_us / 1000) + run.ahead_ms);
  }

 private:
  struct Run {
    std::uint64_t from_us = 0;
    std::int64_t ahead_ms = 0;
  };
  std::vector<Run> runs_;
};

std::vector<std::optional<memory::Recorded>> recall_from(
    const std::vector<linux::RingSegment>& segments,
    const std::vector<const report::Report*>& events) {
  std::vector<record::Asked> asked;
  std::vector<std::size_t> whose;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const report::Report& event = *events[i];
    if (!event.boot.empty() && event.time.monotonic_us && event.unverified.empty()) {
      asked.push_back({event.boot, *event.time.monotonic_us});
      whose.push_back(i);
    }
  }
  std::vector<std::optional<memory::Recorded>> result(events.size());
  if (asked.empty()) {
    return result;
  }
  record::Recall recall(asked);
  for (const linux::RingSegment& segment : segments) {
    recall.add(linux::read_segment_file(segment));
  }
  auto answers = recall.take();
  for (std::size_t i = 0; i < whose.size(); ++i) {
    result[whose[i]] = std::move(answers[i]);
  }
  return result;
}

tl::expected<std::vector<linux::RingSegment>, std::string> open_machine_ring() {
  const auto path = linux::machine_ring();
  return path ? linux::open_ring(*path) : tl::unexpected(path.error());
}

}  // namespace

std::vector<std::optional<memory::Recorded>> recall(
    const std::vector<const report::Report*>& events) {
  const bool any =
      std::ranges::any_of(events, [](const report::Report* event) { return !event->boot.empty(); });
  const auto segments = any ? open_machine_ring() : std::vector<linux::RingSegment>();
  return segments ? recall_from(*segments, events)
                  : std::vector<std::optional<memory::Recorded>>(events.size());
}

tl::expected<RingHistory, std::string> read_ring(const std::string& store, const Period& period,
                                                 linux::SandboxChoice sandbox) {
  const auto segments = linux::open_ring(store);
  if (!segments) {
    return tl::unexpected(segments.error());
  }
  std::vector<int> files;
  for (const linux::RingSegment& segment : *segments) {
    files.push_back(segment.file.get());
  }
  if (const auto done = linux::enter_sandbox(files, sandbox); !done) {
    return tl::unexpected(done.error());
  }
  RingHistory result;
  record::BootClocks clocks;
  for (const linux::RingSegment& segment : *segments) {
    const std::string bytes = linux::read_segment_file(segment);
    result.bytes += Bytes(bytes.size());
    clocks.add(bytes);
  }
  result.segments = segments->size();
  record::BootClocks::Result times = clocks.take();
  result.first_ms = times.first_ms;
  result.last_ms = times.last_ms;
  std::vector<report::Report> reports;
  std::vector<std::size_t> boots;  // of the reports
  WallClock clock;
  std::unique_ptr<report::LogReader> reader;  // of one boot
  std::size_t boot_read = 0;
  record::HistoryOptions options;
  options.since_ms = period.since_ms;
  options.until_ms = period.until_ms;
  options.began = std::move(times.began);
  options.message = [&](std::size_t boot, std::string_view line, std::int64_t said_ms) {
    if (!reader || boot != boot_read) {
      if (reader) {
        reader->finish();
      }
      boot_read = boot;
      clock.clear();
      reader = std::make_unique<report::LogReader>(tr("the recorder's ring"),
                                                   [&](report::Report&& report) {
                                                     clock.date(report.time);
                                                     reports.push_back(std::move(report));
                                                     boots.push_back(boot_read);
                                                   });
    }
    clock.see(line, said_ms);
    reader->feed(line);
    reader->feed("\n");
  };
  record::HistoryBuilder builder(std::move(options));
  for (const linux::RingSegment& segment : *segments) {
    builder.add(linux::read_segment_file(segment));
  }
  if (reader) {
    reader->finish();
  }
  result.history = builder.take();
  std::vector<const report::Report*> asked;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    reports[i].boot = result.history.boots[boots[i]].id;
    asked.push_back(&reports[i]);
  }
  auto recorded = recall_from(*segments, asked);
  diagnose::StoryBuilder story;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const diagnose::StoryContext& context = story.next(reports[i]);
    result.events.push_back(
        diagnose::explain(std::move(reports[i]), context, std::move(recorded[i])));
  }
  return result;
}

std::string last_boot_words(const std::string& running_boot) {
  const auto segments = open_machine_ring();
  if (!segments || segments->empty()) {
    return {};
  }
  record::HistoryBuilder builder({});
  for (const linux::RingSegment& segment : *segments) {
    builder.add(linux::read_segment_file(segment));
  }
  const record::History history = builder.take();
  for (std::size_t i = history.boots.size(); i > 0; --i) {
    const record::HistoryBoot& boot = history.boots[i - 1];
    if (boot.id == running_boot || boot.samples == 0) {
      continue;
    }
    if (boot.ended_in_order) {
      return {};
    }
    std::string text = tr("The boot before this one was last seen at {}; it {}",
                          record::utc_text(boot.last_ms), end_text(boot, false));
    return tr("{}. `whyoom history` shows it", text);
  }
  return {};
}

}  // namespace whyoom::app
