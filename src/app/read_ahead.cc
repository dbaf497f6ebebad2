#include "app/read_ahead.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "linux/now_reading.h"
#include "report/event_merge.h"
#include "report/turning_reader.h"

namespace whyoom::app {
namespace {

// Bytes of reports that wait for their turn: in all logs, and in the one whose turn it is.
constexpr std::size_t most_waiting = std::size_t{12} << 20U;
constexpr std::size_t most_of_current = std::size_t{4} << 20U;
// With so many of the one whose turn it is, to tell them is what all wait for: the processors are
// left to that.
constexpr std::size_t enough_to_tell = std::size_t{1} << 20U;
// Whoever waits for them is woken for so many, or after `between_progress`: to change from one
// thread to another costs as much as to read a small report.
constexpr std::size_t worth_waking = std::size_t{128} << 10U;
constexpr std::chrono::milliseconds between_progress{100};

ReadAhead::Log read_part(const linux::Input& input, const report::ByteRange& part,
                         const ReadAhead::Sink& sink) {
  report::RangeReader reader(input.path(), part, sink.found);
  bool enough = false;
  auto result = input.read({.data =
                                [&](std::string_view chunk) {
                                  sink.progress(input.position());
                                  enough = !reader.feed(chunk);
                                },
                            .quiet = [] {},
                            .stop = [&] { return enough || sink.stop(); },
                            .from = reader.from(),
                            .refuse_archives = true});
  return {reader.finish(), std::move(result)};
}

ReadAhead::Log read_whole(const linux::Input& input, bool keep_lines, const ReadAhead::Sink& sink) {
  // Copies in other logs can only be told where all events come together, in their order.
  report::TurningReader reader(input.path(), sink.found);
  if (keep_lines) {
    reader.keep_lines();
  }
  std::uint64_t fed = 0;
  auto result = input.read({.data =
                                [&](std::string_view chunk) {
                                  fed += chunk.size();
                                  sink.progress(input.size() > 0 ? input.position() : fed);
                                  reader.feed(chunk);
                                },
                            .pass_over =
                                [&](std::string_view text) {
                                  sink.progress(input.position());
                                  return reader.pass_over(text);
                                },
                            .quiet =
                                [&] {
                                  reader.idle();
                                  sink.quiet();
                                },
                            .stop = sink.stop,
                            .refuse_archives = true});
  return {reader.finish(), std::move(result)};
}

}  // namespace

ReadAhead::ReadAhead(const std::vector<linux::Input>& inputs, linux::Workers& workers, How how)
    : inputs_(inputs), workers_(workers), how_(how), channels_(inputs.size()) {}

ReadAhead::~ReadAhead() {
  for (Channel& channel : channels_) {
    drop(channel);
  }
  std::unique_lock lock(mutex_);
  for (const Channel& channel : channels_) {
    more_.wait(lock, [&channel] { return !channel.begun || channel.done; });
  }
}

ReadAhead::Log ReadAhead::read_log(const linux::Input& input, const Sink& sink) const {
  return how_.part ? read_part(input, *how_.part, sink) : read_whole(input, how_.keep_lines, sink);
}

void ReadAhead::begin_up_to(std::size_t last) {
  for (; next_ < inputs_.size() && next_ <= last; ++next_) {
    if (inputs_[next_].can_be_read_again()) {
      workers_.run([this, index = next_] { work(index); });
      channels_[next_].begun = true;
    }
  }
}

void ReadAhead::work(std::size_t index) {
  Channel& channel = channels_[index];
  std::optional<Log> log;
  std::exception_ptr error;
  try {
    log = read_log(inputs_[index],
                   {.found = [&](report::Report&& report) { put(channel, std::move(report)); },
                    .quiet = [] {},
                    .stop = [&channel] { return channel.dropped.load(); },
                    .progress = [](std::uint64_t) {}});
  } catch (...) {
    error = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  channel.log = std::move(log);
  channel.error = std::move(error);
  channel.done = true;
  more_.notify_all();  // while it is locked: the channel may be gone behind it
}

void ReadAhead::put(Channel& channel, report::Report&& report) {
  const std::size_t size = report::bytes_held(report);
  // A thread that reads alone does so for the log that is told, so more would only leave the cache.
  const std::size_t room = workers_.count() == 1 ? enough_to_tell : most_waiting;
  std::unique_lock lock(mutex_);
  less_.wait(lock, [&] {
    const bool has_room = waiting_ < room;
    const bool is_current = &channel == current_;
    const bool is_wanted =
        is_current || current_ == nullptr || current_->bytes + told_now_ < enough_to_tell;
    return channel.dropped || (has_room && is_wanted) ||
           (is_current && channel.bytes < std::min(room, most_of_current));
  });
  if (!channel.dropped) {
    channel.bytes += size;
    waiting_ += size;
    channel.reports.push_back(std::move(report));
    if (channel.bytes >= worth_waking) {
      more_.notify_all();
    }
  }
}

// What there is, or nothing after some time. False: there is no more.
bool ReadAhead::take(Channel& channel, std::deque<report::Report>& reports) {
  reports.clear();
  {
    std::unique_lock lock(mutex_);
    more_.wait_for(lock, between_progress,
                   [&channel] { return channel.done || !channel.reports.empty(); });
    told_now_ = 0;
    if (channel.done && channel.reports.empty()) {
      return false;
    }
    reports.swap(channel.reports);
    told_now_ = std::exchange(channel.bytes, 0);
    waiting_ -= told_now_;
  }
  less_.notify_all();
  return true;
}

void ReadAhead::drop(Channel& channel) {
  {
    const std::lock_guard lock(mutex_);
    channel.dropped = true;
    channel.reports.clear();
    waiting_ -= std::exchange(channel.bytes, 0);
  }
  less_.notify_all();
}

ReadAhead::Log ReadAhead::read(std::size_t index, const Sink& sink) {
  linux::now_reading(inputs_[index].path());
  if (workers_.count() > 0) {
    begin_up_to(index + 2 * workers_.count());
  }
  Channel& channel = channels_[index];
  {
    const std::lock_guard lock(mutex_);
    current_ = &channel;
  }
  less_.notify_all();
  if (!channel.begun) {
    return read_log(inputs_[index], sink);
  }
  struct Guard {
    ReadAhead& self;
    Channel& channel;
    ~Guard() { self.drop(channel); }
  } const guard{*this, channel};
  for (std::deque<report::Report> reports; take(channel, reports);) {
    sink.progress(inputs_[index].position());
    for (report::Report& report : reports) {
      sink.found(std::move(report));
    }
    if (sink.stop()) {
      drop(channel);
    }
  }
  if (channel.error) {
    std::rethrow_exception(channel.error);
  }
  return std::move(*channel.log);
}

}  // namespace whyoom::app
