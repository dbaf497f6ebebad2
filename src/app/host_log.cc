#include "app/host_log.h"

#include <algorithm>
#include <ctime>
#include <optional>
#include <utility>

#include "app/host_clock.h"
#include "app/log_streams.h"
#include "app/ring_history.h"
#include "app/when.h"
#include "base/language.h"
#include "base/shell.h"
#include "base/text.h"
#include "diagnose/engine.h"
#include "diagnose/story.h"
#include "host/counters.h"
#include "host/host_names.h"
#include "host/read_host.h"
#include "linux/now_reading.h"
#include "report/event_merge.h"
#include "report/log_reader.h"
#include "report/log_span.h"
#include "report/witness.h"

namespace whyoom::app {
namespace {

using Clock = report::EventCopy::Clock;

constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t day_us = 86400 * second_us;

std::int64_t in_year(const WallTime& wall, int year) {
  std::tm broken{};
  broken.tm_year = year - 1900;
  broken.tm_mon = wall.month - 1;
  broken.tm_mday = wall.day;
  broken.tm_hour = wall.hour;
  broken.tm_min = wall.minute;
  broken.tm_isdst = -1;
  const std::time_t seconds =
      wall.offset_seconds ? ::timegm(&broken) - *wall.offset_seconds : std::mktime(&broken);
  return static_cast<std::int64_t>(seconds) * second_us +
         static_cast<std::int64_t>(wall.second * 1e6);
}

// Syslog's classic time has no year: the last one in which it is not younger than its file.
std::int64_t epoch_us(const WallTime& wall, std::int64_t newest_us) {
  if (wall.year) {
    return in_year(wall, *wall.year);
  }
  const auto seconds = static_cast<std::time_t>(newest_us / second_us);
  std::tm broken{};
  ::gmtime_r(&seconds, &broken);
  const int year = broken.tm_year + 1900;
  for (const int candidate : {year + 1, year}) {
    if (const std::int64_t at = in_year(wall, candidate); at <= newest_us + day_us) {
      return at;
    }
  }
  return in_year(wall, year - 1);
}

// A command of a remedy is for the machine whose log it is. Of a disk that one does not run, so
// that only the change of a setting is left, on the disk.
void put_on_disk(std::vector<diagnose::Remedy>& remedies, const std::string& root) {
  const auto is_setting = [](const diagnose::Remedy& remedy) { return remedy.setting.has_value(); };
  const bool any = std::ranges::any_of(remedies, is_setting);
  std::erase_if(remedies, [&](const diagnose::Remedy& remedy) {  // the same by hand
    return any && !is_setting(remedy) && !remedy.commands.empty();
  });
  const auto where = ShellOperand::from(root);
  for (diagnose::Remedy& remedy : remedies) {
    const auto key = remedy.setting ? ShellOperand::from(remedy.setting->key) : std::nullopt;
    remedy.commands.clear();
    if (where && key) {
      remedy.commands = {
          ShellCommand("sudo whyoom fix --root {} {}={}", *where, *key, remedy.setting->value)};
    }
  }
}

class HostLog {
 public:
  HostLog(const HostRoot& root, const HostLogOptions& options) : root_(root), options_(options) {}

  tl::expected<void, std::string> read();
  void explain_all(const std::function<void(std::unique_ptr<diagnose::Event>)>& sink);
  render::Summary account();

 private:
  void begin(const linux::LogSource& source);
  void data(std::string_view chunk);
  void end(const linux::LogEnd& end);
  void found(report::Report&& report);
  [[nodiscard]] linux::MachineClock source_clock() const;
  void date(report::Time& time, const std::string& boot, report::EventCopy* seen) const;
  void add_witness(const linux::LogEnd& last, const report::InputAccount& input,
                   const report::LogSpan::Ends& ends);
  [[nodiscard]] bool knows_zone(const report::Time& last) const;
  [[nodiscard]] std::optional<std::uint64_t> kills_since_boot() const;
  [[nodiscard]] bool stopped() const { return options_.stop && options_.stop(); }

  const HostRoot& root_;
  const HostLogOptions& options_;
  linux::MachineClock clock_;
  report::EventMerge merge_;
  render::Summary account_;

  linux::LogSource source_;  // the one that is being read
  std::unique_ptr<report::LogReader> reader_;
  report::LogSpan span_;
  std::uint64_t events_ = 0;
  report::Witnesses witnesses_;
  std::vector<bool> zone_known_;  // by source
};

tl::expected<void, std::string> HostLog::read() {
  const linux::LogSink sink{.begin = [this](const linux::LogSource& source) { begin(source); },
                            .data = [this](std::string_view chunk) { data(chunk); },
                            .end = [this](const linux::LogEnd& last) { end(last); },
                            .stop = [this] { return stopped(); }};
  const auto done = read_log_streams(root_, sink, [this](const linux::MachineClock& clock) {
    clock_ = clock;
    witnesses_.host = clock_.host;
    if (clock_.booted_us > 0) {
      witnesses_.booted_us = clock_.booted_us;
    }
  });
  return done ? tl::expected<void, std::string>() : tl::unexpected(done.error());
}

void HostLog::begin(const linux::LogSource& source) {
  linux::now_reading(source.name);
  source_ = source;
  span_ = {};
  events_ = 0;
  reader_ = std::make_unique<report::LogReader>(
      source.name, [this](report::Report&& report) { found(std::move(report)); },
      report::LogReader::Copies::handed_on);
  if (options_.keep_lines) {
    reader_->keep_lines();
  }
  reader_->skip_lines(source.first_line);
  reader_->distrust(source.unverified);
}

void HostLog::data(std::string_view chunk) {
  span_.feed(chunk);
  reader_->feed(chunk);
}

// The recorder's files can be of other boots.
linux::MachineClock HostLog::source_clock() const {
  return source_.kind == linux::LogSource::Kind::recorder ? source_.clock : clock_;
}

// Finds when a time of this source was, and writes its wall clock as people read it.
void HostLog::date(report::Time& time, const std::string& boot, report::EventCopy* seen) const {
  std::optional<std::int64_t> at;
  auto clock = Clock::exact;
  const bool of_kernel = source_.kind == linux::LogSource::Kind::ring ||
                         source_.kind == linux::LogSource::Kind::recorder;
  if (const auto journal = journal_clock(time.wall)) {
    at = journal;
    time.wall = iso_utc(*journal);
  } else if (const auto wall = logtext::parse_wall(time.wall)) {
    at = epoch_us(*wall, source_.modified_us.value_or(clock_.now_us));
    clock = wall->offset_seconds ? Clock::exact : Clock::no_zone;
  } else if (const auto since_boot =
                 of_kernel ? date_since_boot(time, source_clock()) : std::nullopt) {
    at = since_boot;
    clock = Clock::estimate;
  } else if (source_.modified_us) {
    at = source_.modified_us;
    clock = Clock::estimate;
  } else if (of_kernel) {
    at = clock_.now_us;
    clock = Clock::estimate;
  }
  if (seen != nullptr) {
    seen->at_us = at;
    seen->clock = clock;
    if (of_kernel && boot.empty()) {
      seen->report.boot = source_clock().boot;
    }
  }
}

void HostLog::found(report::Report&& report) {
  ++events_;
  report::EventCopy seen;
  seen.source = static_cast<std::uint32_t>(account_.sources.size());
  report::Time time = std::move(report.time);
  seen.report = std::move(report);
  date(time, seen.report.boot, &seen);
  seen.by_kernel = seen.report.unverified.empty() &&
                   (source_.kind == linux::LogSource::Kind::ring ||
                    source_.kind == linux::LogSource::Kind::recorder ||
                    source_.kind == linux::LogSource::Kind::journal || linux::is_dump(source_));
  seen.report.time = std::move(time);
  merge_.add(std::move(seen));
}

// A log that lost something can have lost any event.
void HostLog::add_witness(const linux::LogEnd& last, const report::InputAccount& input,
                          const report::LogSpan::Ends& ends) {
  if (!last.read || last.lost > 0 || input.lines_lost > 0 || !witnesses_.booted_us) {
    return;
  }
  if (source_.kind == linux::LogSource::Kind::ring && ends.from.monotonic_us &&
      *ends.from.monotonic_us < std::uint64_t{1} << 60U) {
    // Time that the machine slept makes the moment too late, never too early. The buffer is read
    // after the clock was.
    witnesses_.logs.push_back(
        {source_.name, *witnesses_.booted_us + static_cast<std::int64_t>(*ends.from.monotonic_us),
         clock_.now_us});
  }
  if (source_.kind == linux::LogSource::Kind::journal && last.gap.empty() && !clock_.boot.empty() &&
      ends.last_boot == clock_.boot) {
    // Of other boots there may be none: only this one counts.
    const auto first =
        ends.first_boot == clock_.boot ? journal_clock(ends.from.wall) : witnesses_.booted_us;
    const auto to = journal_clock(ends.to.wall);
    if (first && to) {
      witnesses_.logs.push_back({source_.name, *first, *to, true});
    }
  }
}

// A file is changed when its last line is written: a wall clock without a zone that then shows that
// time was read as it was meant.
bool HostLog::knows_zone(const report::Time& last) const {
  constexpr std::int64_t near_us = 600 * second_us;
  const auto wall = logtext::parse_wall(last.wall);
  if (!wall || !source_.modified_us) {
    return false;
  }
  const std::int64_t at = epoch_us(*wall, *source_.modified_us);
  return at <= *source_.modified_us + near_us && at >= *source_.modified_us - near_us;
}

std::optional<std::uint64_t> HostLog::kills_since_boot() const {
  const auto text = root_.files->read("/proc/vmstat");
  if (!text || !witnesses_.booted_us) {
    return std::nullopt;
  }
  const host::Vmstat vmstat = host::parse_vmstat({*text, 0, nullptr});
  return vmstat.oom_kill ? std::optional(vmstat.oom_kill->value) : std::nullopt;
}

void HostLog::end(const linux::LogEnd& last) {
  report::InputAccount input = reader_->finish();
  reader_.reset();
  report::LogSpan::Ends ends = last.whole ? last.whole->ends : span_.ends();
  if (last.whole) {
    input.bytes = last.whole->bytes;
    input.lines = last.whole->lines;
  }
  account_.add(source_.name, input);
  // The framer counts what is overwritten too, but only around events.
  account_.lines_lost += std::max(input.lines_lost, last.lost) - input.lines_lost;
  add_witness(last, input, ends);
  zone_known_.push_back(knows_zone(ends.to));
  date(ends.from, ends.first_boot, nullptr);
  date(ends.to, ends.last_boot, nullptr);
  account_.sources.push_back({source_.name, last.read, events_, input.lines, std::move(ends.from),
                              std::move(ends.to), last.gap.str()});
}

void HostLog::explain_all(const std::function<void(std::unique_ptr<diagnose::Event>)>& sink) {
  diagnose::StoryBuilder story;
  witnesses_.kills = kills_since_boot();  // after the logs: it counts all that they tell
  const auto names = host::own_names(*root_.files);
  std::vector<report::EventCopy> events = merge_.take();
  std::vector<const report::Report*> reports;
  reports.reserve(events.size());
  for (const report::EventCopy& seen : events) {
    reports.push_back(&seen.report);
  }
  // A capture and a copy of another machine have no ring.
  auto recorded = root_.name == "/" ? recall(reports)
                                    : std::vector<std::optional<memory::Recorded>>(events.size());
  const auto now = memory::host_as_it_is(
      host::read_marks(*root_.files),
      root_.kind == HostKind::copy ? tr("the copy of the host") : tr("this host as it is now"));
  for (std::size_t i = 0; i < events.size(); ++i) {
    report::EventCopy& seen = events[i];
    if (stopped()) {
      return;
    }
    if (seen.report.unverified.empty()) {
      const bool sure = seen.clock == Clock::exact ||
                        (seen.source < zone_known_.size() && zone_known_[seen.source]);
      seen.report.unverified = report::not_confirmed(seen, sure, witnesses_);
      if (!seen.report.unverified.empty() && seen.of_kernel) {
        seen.report = std::move(*seen.of_kernel);  // what a text log says beyond it is made up
      }
    }
    if (seen.report.host.empty() && !names.empty()) {  // the ring buffer and dumps name none
      seen.report.host = names.front();
    }
    const bool is_ours = names.empty() || std::ranges::find(names, seen.report.host) != names.end();
    if (is_ours && !recorded[i]) {
      recorded[i] = now;
    }
    const diagnose::StoryContext& context = story.next(seen.report);
    auto event = diagnose::explain(std::move(seen.report), context, std::move(recorded[i]));
    if (root_.kind == HostKind::disk) {
      for (diagnose::Finding& finding : event->findings) {
        put_on_disk(finding.remedies, root_.name);
      }
    }
    sink(std::move(event));
  }
}

render::Summary HostLog::account() {
  account_.copies = merge_.copies();
  account_.events_left_out = merge_.left_out();
  return std::move(account_);
}

}  // namespace

tl::expected<render::Summary, std::string> read_host_log(
    const HostRoot& root, const HostLogOptions& options,
    const std::function<void(std::unique_ptr<diagnose::Event>)>& sink) {
  HostLog log(root, options);
  if (const auto done = log.read(); !done) {
    return tl::unexpected(done.error());
  }
  log.explain_all(sink);
  return log.account();
}

}  // namespace whyoom::app
