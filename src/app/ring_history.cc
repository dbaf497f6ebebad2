#include "app/ring_history.h"

#include <map>
#include <utility>

#include "diagnose/engine.h"
#include "diagnose/story.h"
#include "linux/recorder/ring.h"
#include "report/log_reader.h"

namespace whyoom::app {

tl::expected<RingHistory, std::string> read_ring(const std::string& store, std::int64_t since_ms,
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
  result.found = !segments->empty();
  struct OfBoot {
    std::size_t boot = 0;
    report::Report report;
  };
  std::vector<OfBoot> reports;
  std::map<std::size_t, std::unique_ptr<report::LogReader>> readers;  // one for each boot
  record::HistoryOptions options;
  options.since_ms = since_ms;
  options.message = [&](std::size_t boot, std::string_view line) {
    auto& reader = readers[boot];
    if (!reader) {
      for (auto& [other, former] : readers) {
        if (former) {
          former->finish();
          former.reset();
        }
      }
      reader = std::make_unique<report::LogReader>("the recorder's ring",
                                                   [&reports, boot](report::Report&& report) {
                                                     reports.push_back({boot, std::move(report)});
                                                   });
    }
    reader->feed(line);
    reader->feed("\n");
  };
  record::HistoryBuilder builder(std::move(options));
  for (const linux::RingSegment& segment : *segments) {
    builder.add(linux::read_segment_file(segment));
  }
  for (auto& [boot, reader] : readers) {
    if (reader) {
      reader->finish();
    }
  }
  result.history = builder.take();
  diagnose::StoryBuilder story;
  for (auto& [boot, report] : reports) {
    // As the clock stood when the boot was seen last: who looks at a curve thinks in its times.
    if (report.time.monotonic_us && boot < result.history.boots.size()) {
      const record::Sample& last = result.history.boots[boot].last;
      const auto stamp_ms = static_cast<std::int64_t>(*report.time.monotonic_us / 1000);
      report.time.wall =
          record::utc_text(last.real_ms - static_cast<std::int64_t>(last.boot_ms) + stamp_ms);
    }
    const diagnose::StoryContext& context = story.next(report);
    result.events.push_back(diagnose::explain(std::move(report), context));
  }
  return result;
}

std::string last_boot_words(const std::string& store, const std::string& running_boot) {
  const auto segments = linux::open_ring(store);
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
    std::string text = "The boot before this one was last seen at " +
                       record::utc_text(boot.last_ms) + "; it " + end_text(boot, false);
    return text + ". `whyoom history` shows it";
  }
  return {};
}

}  // namespace whyoom::app
