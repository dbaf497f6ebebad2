#include "linux/recorder/ring_log.h"

#include <algorithm>
#include <optional>

#include "linux/recorder/ring.h"
#include "record/scan.h"
#include "record/segment.h"

namespace whyoom::linux {
namespace {

// The messages of one boot, which can be in several segments.
class BootLog {
 public:
  BootLog(const LogSink& sink, const std::string& path) : sink_(sink), path_(path) {}

  void take(const record::Note& note) {
    if (note.kind == record::Kind::segment) {
      if (note.text != boot_) {
        finish();
        boot_ = note.text;
      }
    } else if (note.kind == record::Kind::kmsg) {
      text_.append(note.text).append("\n");
      const auto line = record::scan_kmsg(note.text);
      // Read some time after it was written, never before.
      const std::int64_t booted =
          note.real_ms * 1000 - static_cast<std::int64_t>(line ? line->at_us : 0);
      booted_us_ = line ? std::min(booted_us_.value_or(booted), booted) : booted_us_;
    } else if (note.kind == record::Kind::asleep) {
      suspended_us_ += note.a * 1000;
    } else if (note.kind == record::Kind::kmsg_gap) {
      lost_ += note.a;
    }
  }
  void finish() {
    if (!text_.empty() && !sink_.stop()) {
      LogSource source{LogSource::Kind::recorder, path_ + ", boot " + boot_.substr(0, 8),
                       std::nullopt};
      source.clock = {
          .boot = boot_, .booted_us = booted_us_.value_or(0), .suspended_us = suspended_us_};
      sink_.begin(source);
      sink_.data(text_);
      LogEnd end;
      end.lost = lost_;
      sink_.end(end);
    }
    text_.clear();
    booted_us_.reset();
    suspended_us_ = lost_ = 0;
  }

 private:
  const LogSink& sink_;
  const std::string& path_;
  std::string boot_, text_;
  std::optional<std::int64_t> booted_us_;
  std::uint64_t suspended_us_ = 0, lost_ = 0;
};

}  // namespace

void read_recorder(const LogSink& sink, const std::string& path) {
  const auto segments = open_ring(path);
  if (!segments) {
    tell_unread(sink, {LogSource::Kind::recorder, path, std::nullopt},
                Message("{}; what it recorded is not known", segments.error()));
    return;
  }
  BootLog log(sink, path);
  for (const Descriptor& segment : *segments) {
    const std::string bytes = read_segment_file(segment);
    record::read_segment(bytes, {[](const record::Sample&) {},
                                 [&log](const record::Note& note) { log.take(note); }});
  }
  log.finish();
}

}  // namespace whyoom::linux
