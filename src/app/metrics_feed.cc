#include "app/metrics_feed.h"

#include <algorithm>
#include <utility>

#include "diagnose/engine.h"
#include "record/scan.h"

namespace whyoom::app {
namespace {

// A report comes in one go. Who asks for metrics in the middle of one gets it the next time.
constexpr std::uint64_t quiet_ms = 200;

record::Owner owner_of(const diagnose::Event& event) {
  const auto& who = event.evidence.attribution;
  if (event.report.fork_rejected) {
    return record::owner_of_cgroup(event.report.fork_rejected->path);
  }
  for (const auto* cgroup : {&who.limit, &who.victim}) {
    if (*cgroup) {
      return record::owner_of_cgroup((*cgroup)->path);
    }
  }
  return {};
}

}  // namespace

MetricsFeed::MetricsFeed(std::string version, std::function<void(const std::string&)> publish)
    : publish_(std::move(publish)),
      metrics_(std::move(version)),
      sink_{[this](const record::Sample& each) { sample(each); },
            [this](const record::Note& each) { note(each); }},
      stream_(sink_) {}

void MetricsFeed::read_former(std::string_view segment) {
  former_ = true;
  record::read_segment(segment, sink_);
  former_ = false;
}

void MetricsFeed::event(report::Report&& report) {
  const diagnose::StoryContext& context = story_.next(report);
  const auto event = diagnose::explain(std::move(report), context);
  metrics_.take({std::string(event->root_cause), std::string(report::name(event->report.kind)),
                 owner_of(*event)},
                line_ms_, !former_);
}

void MetricsFeed::begin_boot(std::string_view boot) {
  if (boot_ && *boot_ == boot) {
    return;
  }
  if (reader_) {
    const bool now = std::exchange(former_, true);
    reader_->finish();
    former_ = now;
  }
  boot_ = boot;
  last_sequence_.reset();
  last_sample_ms_.reset();
  reader_ = std::make_unique<report::LogReader>(
      "the recorder", [this](report::Report&& report) { event(std::move(report)); });
}

void MetricsFeed::line(const record::Note& note) {
  // The end of what was read of the ring comes once more.
  if (last_sequence_ && note.a <= *last_sequence_) {
    return;
  }
  last_sequence_ = note.a;
  line_boot_ms_ = note.boot_ms;
  const auto parsed = record::scan_kmsg(note.text);
  line_ms_ = parsed ? record::said_at_ms(note, *parsed, last_sample_ms_) : note.real_ms;
  reader_->feed(note.text);
  reader_->feed("\n");
}

void MetricsFeed::sample(const record::Sample& sample) {
  last_sample_ms_ = sample.real_ms;
  if (!former_) {
    metrics_.take(sample);
  }
}

// What is open when the first record comes was there before, unless it is being written just now.
void MetricsFeed::end_former(std::uint64_t boot_ms) {
  if (reader_ && boot_ms - std::min(boot_ms, line_boot_ms_) >= quiet_ms) {
    former_ = true;
    reader_->idle();
    former_ = false;
  }
}

void MetricsFeed::note(const record::Note& note) {
  if (!former_ && !std::exchange(live_, true)) {
    end_former(note.boot_ms);
  }
  if (note.kind == record::Kind::segment) {
    begin_boot(note.text);
  } else if (!reader_) {  // the head is damaged
    begin_boot({});
  }
  if (!former_) {
    metrics_.take(note);
  }
  switch (note.kind) {
    case record::Kind::kmsg:
      line(note);
      break;
    case record::Kind::publish:
      if (note.boot_ms - std::min(note.boot_ms, line_boot_ms_) >= quiet_ms) {
        reader_->idle();
      }
      publish_(metrics_.text());
      break;
    default:
      break;
  }
}

}  // namespace whyoom::app
