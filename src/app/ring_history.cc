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

// What can be asked a ring about an event; empty: nothing.
std::optional<record::Asked> question_of(const report::Report& event) {
  return !event.boot.empty() && event.time.monotonic_us && event.unverified.empty()
             ? std::optional(record::Asked{event.boot, *event.time.monotonic_us})
             : std::nullopt;
}

// The segments as they were when they were read first: the recorder goes on writing.
class Ring {
 public:
  explicit Ring(const std::vector<linux::Descriptor>& segments)
      : segments_(segments), sizes_(segments.size(), std::string::npos) {}
  [[nodiscard]] std::size_t size() const { return segments_.size(); }
  [[nodiscard]] std::string read(std::size_t index) {
    std::string bytes = linux::read_segment_file(segments_[index]);
    sizes_[index] = std::min(sizes_[index], bytes.size());
    bytes.resize(sizes_[index]);
    return bytes;
  }

 private:
  const std::vector<linux::Descriptor>& segments_;
  std::vector<std::size_t> sizes_;
};

// Answers in the order of the events; of the ring it is as far ahead as that takes.
class Recorded {
 public:
  Recorded(Ring& ring, const std::vector<record::Asked>& asked) : ring_(ring), recall_(asked) {}
  std::optional<memory::Recorded> of(std::size_t asked) {
    for (; recall_.is_open(asked) && next_ < ring_.size(); ++next_) {
      recall_.add(ring_.read(next_));
    }
    if (recall_.is_open(asked)) {
      recall_.finish();
    }
    return recall_.take(asked);
  }

 private:
  Ring& ring_;
  record::Recall recall_;
  std::size_t next_ = 0;
};

using ReportTaker = std::function<void(report::Report&&, std::size_t boot)>;

// The reports in the messages of the ring, dated, each with the index of its boot.
record::History read_reports(Ring& ring, record::HistoryOptions options, const ReportTaker& take) {
  WallClock clock;
  std::unique_ptr<report::LogReader> reader;  // of one boot
  std::size_t boot_read = 0;
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
                                                     take(std::move(report), boot_read);
                                                   });
    }
    clock.see(line, said_ms);
    reader->feed(line);
    reader->feed("\n");
  };
  record::HistoryBuilder builder(std::move(options));
  for (std::size_t i = 0; i < ring.size(); ++i) {
    builder.add(ring.read(i));
  }
  if (reader) {
    reader->finish();
  }
  return builder.take();
}

struct Stamp {
  std::size_t boot = 0;
  std::uint64_t at_us = 0;
};

// `stamps` are those of the reports as read_reports() told them before: what the recorder knew of
// an event stands before and behind it, and is gathered as the ring goes by.
void explain_reports(Ring& ring, const record::HistoryOptions& options,
                     const record::History& history, const std::vector<Stamp>& stamps,
                     const EventTaker& take) {
  std::vector<record::Asked> asked;
  asked.reserve(stamps.size());
  for (const Stamp& stamp : stamps) {
    asked.push_back({history.boots[stamp.boot].id, stamp.at_us});
  }
  Recorded recorded(ring, asked);
  diagnose::StoryBuilder story;
  std::size_t at = 0;
  read_reports(ring, options, [&](report::Report&& report, std::size_t boot) {
    report.boot = history.boots[boot].id;
    const diagnose::StoryContext& context = story.next(report);
    auto numbers = question_of(report) ? recorded.of(at) : std::nullopt;
    ++at;
    take(diagnose::explain(std::move(report), context, std::move(numbers)));
  });
}

tl::expected<std::vector<linux::Descriptor>, std::string> open_machine_ring() {
  const auto path = linux::machine_ring();
  return path ? linux::open_ring(*path) : tl::unexpected(path.error());
}

}  // namespace

std::vector<std::optional<memory::Recorded>> recall(
    const std::vector<const report::Report*>& events) {
  std::vector<std::optional<memory::Recorded>> result(events.size());
  std::vector<record::Asked> asked;
  std::vector<std::size_t> whose;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (auto question = question_of(*events[i])) {
      asked.push_back(std::move(*question));
      whose.push_back(i);
    }
  }
  const auto segments = asked.empty() ? std::vector<linux::Descriptor>() : open_machine_ring();
  if (!segments) {
    return result;
  }
  record::Recall recall(asked);
  for (const linux::Descriptor& segment : *segments) {
    recall.add(linux::read_segment_file(segment));
  }
  auto answers = recall.take();
  for (std::size_t i = 0; i < whose.size(); ++i) {
    result[whose[i]] = std::move(answers[i]);
  }
  return result;
}

tl::expected<record::History, std::string> read_ring(const std::string& store,
                                                     record::HistoryOptions options,
                                                     linux::SandboxChoice sandbox,
                                                     const EventTaker& take) {
  const auto segments = linux::open_ring(store);
  if (!segments) {
    return tl::unexpected(segments.error());
  }
  std::vector<int> files;
  for (const linux::Descriptor& segment : *segments) {
    files.push_back(segment.get());
  }
  if (const auto done = linux::enter_sandbox(files, sandbox); !done) {
    return tl::unexpected(done.error());
  }
  Bytes size;
  Ring ring(*segments);
  record::BootClocks clocks;
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const std::string bytes = ring.read(i);
    size += Bytes(bytes.size());
    clocks.add(bytes);
  }
  record::BootClocks::Result times = clocks.take();
  options.began = std::move(times.began);
  std::vector<Stamp> stamps;
  auto result = read_reports(ring, options, [&](report::Report&& report, std::size_t boot) {
    stamps.push_back({boot, report.time.monotonic_us.value_or(0)});
  });
  result.segments = segments->size();
  result.bytes = size;
  result.first_ms = times.first_ms;
  result.last_ms = times.last_ms;
  if (!stamps.empty()) {
    explain_reports(ring, options, result, stamps, take);
  }
  return result;
}

std::string last_boot_words(const std::string& running_boot) {
  const auto segments = open_machine_ring();
  if (!segments || segments->empty()) {
    return {};
  }
  record::HistoryBuilder builder({});
  for (const linux::Descriptor& segment : *segments) {
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
