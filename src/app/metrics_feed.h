// From the records of the recorder to metrics: kernel lines become events, events are explained,
// and all of it is counted. It has no clock: what it says follows from the records alone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "diagnose/story.h"
#include "record/metrics.h"
#include "record/segment.h"
#include "report/log_reader.h"

namespace whyoom::app {

class MetricsFeed {
 public:
  // `publish` gets the text whenever the records ask for it.
  MetricsFeed(std::string version, std::function<void(const std::string&)> publish);

  // A segment that was recorded before: its events are told of, and not counted.
  void read_former(std::string_view segment);
  void feed(std::string_view records) { stream_.feed(records); }

 private:
  void sample(const record::Sample& sample);
  void note(const record::Note& note);
  void begin_boot(std::string_view boot);
  void line(const record::Note& note);
  void event(report::Report&& report);
  void end_former(std::uint64_t boot_ms);

  std::function<void(const std::string&)> publish_;
  record::Metrics metrics_;
  record::SegmentSink sink_;
  record::RecordStream stream_;
  bool former_ = false;
  bool live_ = false;  // a record came since

  std::optional<std::string> boot_;
  std::unique_ptr<report::LogReader> reader_;
  diagnose::StoryBuilder story_;
  std::optional<std::int64_t> last_sample_ms_;  // of this boot
  std::optional<std::uint64_t> last_sequence_;
  std::int64_t line_ms_ = 0;        // when the last line was written
  std::uint64_t line_boot_ms_ = 0;  // when it was read
};

}  // namespace whyoom::app
