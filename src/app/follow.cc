#include "app/follow.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "app/host_clock.h"
#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "linux/now_reading.h"
#include "logtext/literal_scan.h"
#include "report/log_reader.h"

namespace whyoom::app {
namespace {

using Clock = std::chrono::steady_clock;
using linux::FollowedLog;
using std::chrono::seconds;

constexpr int look_ms = 200;
constexpr seconds input_quiet{1}, event_quiet{2}, story_quiet{2}, longest_story{30};
// The last line of a panic: nothing of it follows.
constexpr std::string_view end_of_panic = "---[ end Kernel panic";

struct Log {
  FollowedLog what;
  std::unique_ptr<report::LogReader> reader{};
  Clock::time_point last_data{}, last_line{};  // a line of an event
  std::uint64_t lines = 0;                     // of events
  bool open = false;                           // something was read that is not told yet
  bool caught_up = false, ended = false;
  // Lines of a new file that the reader of the old one gets, because a report was open.
  std::optional<std::uint64_t> of_new_file{};
};

class Follow {
 public:
  Follow(const FollowOptions& options, Run& run, explain::Writer& writer, Console& io)
      : options_(options), run_(run), writer_(writer), io_(io) {
    logs_.reserve(options.logs.size());  // each reader knows where its log is
    for (const FollowedLog& log : options.logs) {
      logs_.push_back({.what = log});
      renew(logs_.back(), 0);
    }
  }

  int work();

 private:
  void renew(Log& log, std::uint64_t lines_before);
  void data(Log& log, std::string_view bytes);
  void lines_before(Log& log, std::uint64_t lines);
  void caught_up(Log& log);
  void end_reports(Log& log);
  void found(const Log& log, report::Report&& report);
  void look();
  void tell();

  const FollowOptions& options_;
  Run& run_;
  explain::Writer& writer_;
  Console& io_;
  linux::MachineClock clock_ = linux::machine_clock();
  std::vector<Log> logs_;
  std::uint64_t told_ = 0;  // events
  Clock::time_point first_event_{}, last_event_{};
  bool panic_ = false;
};

void Follow::renew(Log& log, std::uint64_t lines_before) {
  if (log.reader) {
    run_.pipeline().account(log.what.name, log.reader->finish());
  }
  log.reader = std::make_unique<report::LogReader>(
      log.what.name, [this, &log](report::Report&& report) { found(log, std::move(report)); },
      report::LogReader::Copies::handed_on);
  log.reader->skip_lines(lines_before);
  log.lines = 0;
  log.of_new_file.reset();
}

void Follow::found(const Log& log, report::Report&& report) {
  if (log.what.kind != FollowedLog::Kind::file) {
    if (const auto at = journal_clock(report.time.wall)) {
      report.time.wall = iso_utc(*at);
    } else {
      date_since_boot(report.time, clock_);
    }
  }
  panic_ = panic_ || report.panic.has_value();
  const std::uint64_t before = run_.pipeline().events();
  run_.pipeline().take(std::move(report));
  if (run_.pipeline().events() > before) {
    last_event_ = Clock::now();
    first_event_ = before == told_ ? last_event_ : first_event_;
  }
}

void Follow::data(Log& log, std::string_view bytes) {
  linux::now_reading(log.what.name);
  log.reader->feed(bytes);
  log.last_data = Clock::now();
  if (log.of_new_file) {
    *log.of_new_file += logtext::count_newlines(bytes);
  }
  if (log.reader->lines_of_events() != log.lines) {
    log.lines = log.reader->lines_of_events();
    log.last_line = log.last_data;
    log.open = true;
  }
  if (log.open && bytes.find(end_of_panic) != std::string_view::npos) {
    end_reports(log);
  }
}

void Follow::lines_before(Log& log, std::uint64_t lines) {
  if (log.open) {
    log.of_new_file = lines;
  } else {
    renew(log, lines);
  }
}

void Follow::end_reports(Log& log) {
  log.open = false;
  log.reader->idle();
  if (log.of_new_file) {
    renew(log, *log.of_new_file);
  }
}

void Follow::caught_up(Log& log) {
  if (std::exchange(log.caught_up, true) || !std::ranges::all_of(logs_, &Log::caught_up)) {
    return;
  }
  std::ranges::for_each(logs_, [this](Log& each) { end_reports(each); });
  run_.pipeline().caught_up();
  tell();
  if (!options_.until_first && !std::ranges::all_of(logs_, &Log::ended)) {
    io_.tell(tr("following {}; Ctrl-C ends it", logs_.size() == 1
                                                    ? shown_name(logs_.front().what.name)
                                                    : plural(logs_.size(), "file", "files")));
    io_.errors.flush();
  }
}

void Follow::look() {
  const Clock::time_point now = Clock::now();
  for (Log& log : logs_) {
    // A journal does not say when all that it holds has come.
    if (!log.caught_up && log.what.kind == FollowedLog::Kind::journal &&
        log.last_data != Clock::time_point{} && now - log.last_data >= input_quiet) {
      caught_up(log);
    }
    if (log.open && (now - log.last_line >= event_quiet || now - log.last_data >= input_quiet)) {
      end_reports(log);
    }
  }
  if (run_.pipeline().events() > told_ &&
      (panic_ || now - last_event_ >= story_quiet || now - first_event_ >= longest_story)) {
    tell();
  }
}

void Follow::tell() {
  told_ = run_.pipeline().events();
  panic_ = false;
  writer_.quiet();
  io_.out.flush();
}

int Follow::work() {
  const auto logs = linux::FollowLogs::start(options_.logs, options_.from_start, options_.sandbox);
  if (!logs) {
    return io_.fail(logs.error());
  }
  const auto name = [this](std::size_t index) { return shown_name(logs_[index].what.name); };
  const linux::FollowSink sink{
      .data = [this](std::size_t index, std::string_view bytes) { data(logs_[index], bytes); },
      .lines_before = [this](std::size_t index,
                             std::uint64_t lines) { lines_before(logs_[index], lines); },
      .caught_up = [this](std::size_t index) { caught_up(logs_[index]); },
      .note =
          [&](std::size_t index, std::string_view text) {
            io_.tell(tr("{}: {}", name(index), printable(text)));
            io_.errors.flush();
          },
      .end =
          [&](std::size_t index, std::string_view why) {
            logs_[index].ended = true;
            if (!why.empty()) {
              run_.fail(logs_[index].what.name, printable(why));
            }
          }};
  while (!io_.out.closed() && !(options_.until_first && run_.pipeline().events() > 0) &&
         (*logs)->next(look_ms, sink)) {
    look();
  }
  for (Log& log : logs_) {
    run_.pipeline().account(log.what.name, log.reader->finish());
  }
  return run_.finish(logs_.size() == 1 ? name(0) : plural(logs_.size(), "file", "files"));
}

}  // namespace

int follow(const FollowOptions& options, Run& run, explain::Writer& writer, Console& io) {
  return Follow(options, run, writer, io).work();
}

}  // namespace whyoom::app
