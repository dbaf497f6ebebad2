#include "linux/recorder/recorder.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "base/text.h"
#include "linux/clock.h"
#include "linux/file_system.h"
#include "linux/log_sources.h"
#include "linux/recorder/kernel_messages.h"
#include "linux/recorder/sampler.h"
#include "linux/recorder/service.h"
#include "linux/recorder/stay_alive.h"
#include "linux/recorder/store.h"
#include "linux/recorder/wakeups.h"
#include "linux/run_child.h"
#include "record/headroom.h"
#include "record/segment.h"
#include "record/warnings.h"
#include "record/wire.h"

namespace whyoom::linux {
namespace {

using record::Field;
using record::Kind;
using record::Note;

constexpr std::uint64_t sync_every_ms = 30'000;    // far from trouble
constexpr std::uint64_t urgent_after_ms = 10'000;  // a kernel event
constexpr unsigned least_wait_ms = 100;            // after a trigger of pressure
// Metrics: scrapes come each fifteen seconds or more seldom. While all is calm that will do for
// what changes slowly; what happened is not to wait for it.
constexpr std::uint64_t publish_every_ms = 5000, publish_calm_ms = 15'000;
constexpr std::uint64_t publish_after_ms = 250;  // a kill: its report is whole then
constexpr std::uint64_t never = ~std::uint64_t{0};

// The last message of this boot that the store has.
std::optional<std::uint64_t> last_message(const std::string& path, const std::string& boot) {
  std::optional<std::uint64_t> last;
  const auto segments = open_ring(path);
  for (std::size_t i = segments ? segments->size() : 0; i > 0 && !last; --i) {
    const std::string bytes = read_segment_file((*segments)[i - 1]);
    bool other_boot = false;
    record::read_segment(bytes, {[](const record::Sample&) {},
                                 [&](const Note& note) {
                                   if (note.kind == Kind::segment) {
                                     other_boot = note.text != boot;
                                   } else if (note.kind == Kind::kmsg && !other_boot) {
                                     last = note.a;
                                   }
                                 }});
    if (other_boot) {
      break;
    }
  }
  return last;
}

// What the recorder before this one saw last, of whatever boot.
std::optional<record::Sample> last_sample(const std::string& path) {
  std::optional<record::Sample> last;
  const auto segments = open_ring(path);
  for (std::size_t i = segments ? segments->size() : 0; i > 0 && !last; --i) {
    record::read_segment(
        read_segment_file((*segments)[i - 1]),
        {[&last](const record::Sample& sample) { last = sample; }, [](const Note&) {}});
  }
  return last;
}

std::uint64_t cpu_us() {
  return static_cast<std::uint64_t>(clock_now(CLOCK_THREAD_CPUTIME_ID) /
                                    std::chrono::microseconds(1));
}

class Recorder {
 public:
  Recorder(const RecorderOptions& options, RingWriter ring, const MachineClock& clock)
      : options_(options),
        sampler_(page_size()),
        store_(options, std::move(ring), clock.boot, sampler_),
        lookout_(page_size()),
        pace_(options.interval_ms, options.fixed_interval),
        messages_(last_message(options.ring.path, clock.boot)),
        hook_(options.hook) {}

  tl::expected<void, std::string> run();

 private:
  void sample(bool first);
  void check_clocks();
  void check_kills();
  void warn();
  void read_messages();
  void tell_lost(const std::optional<record::MessageBudget::Summary>& lost);
  void wait(std::uint64_t until_ms);
  void tend_children();
  void start_metrics();
  void publish(bool due);
  void publish_by(std::uint64_t ms) { publish_by_ms_ = std::min(publish_by_ms_, ms); }
  void tell_manager();

  void event(Urgency urgency, std::string_view kind, std::string_view text);

  const RecorderOptions& options_;
  Sampler sampler_;
  Store store_;
  record::Lookout lookout_;
  record::Pace pace_;
  KernelMessages messages_;
  Hook hook_;
  ServiceManager manager_;
  Wakeups wakeups_;

  record::Sample now_;
  bool any_ = false;
  std::uint64_t now_ms_ = 0, synced_ms_ = 0, urgent_until_ms_ = 0;
  std::uint64_t published_ms_ = 0, publish_by_ms_ = never;
  std::uint64_t manager_told_ms_ = 0;
  std::int64_t began_ms_ = 0;                // since 1970
  std::uint64_t cost_us_ = 0, used_us_ = 0;  // of CPU: since the sample before, and in all
  std::int64_t clock_offset_ms_ = 0;
  std::uint64_t asleep_ms_ = 0;
  std::optional<std::uint64_t> kills_at_start_, kills_;
  std::uint64_t kills_told_ = 0, kills_silent_ = 0;
  bool kill_came_ = false, waited_ = false;
  unsigned publish_soon_ = 0;
  int stopped_by_ = 0;
};

void Recorder::event(Urgency urgency, std::string_view kind, std::string_view text) {
  options_.tell(urgency, text);
  publish_by(now_ms_ + publish_after_ms);
  if (!hook_.call(kind, printable(text), now_ms_)) {
    options_.tell(Urgency::error, "the hook is too slow; it was not called for this");
  }
}

// A wall clock that was set, and time that the machine slept through.
void Recorder::check_clocks() {
  constexpr std::int64_t moved_ms = 1500;
  constexpr std::uint64_t slept_ms = 1000;
  const std::int64_t offset = now_.real_ms - static_cast<std::int64_t>(now_.boot_ms);
  // Both of now: a sample can take seconds to be read.
  const std::uint64_t boot_ms = clock_ms(CLOCK_BOOTTIME);
  const std::uint64_t asleep = boot_ms - std::min(boot_ms, clock_ms(CLOCK_MONOTONIC));
  const std::int64_t moved = offset - clock_offset_ms_;
  if (any_ && (moved > moved_ms || moved < -moved_ms)) {
    Note about = note_of_now(Kind::clock);
    about.a = record::zigzag(static_cast<std::uint64_t>(moved));
    store_.put(about);
    record::FixedText<128> text;
    text << "the clock was set " << (moved < 0 ? "back" : "forward") << " by "
         << static_cast<std::uint64_t>(moved < 0 ? -moved : moved) / 1000 << " s";
    options_.tell(Urgency::notice, text.view());
  }
  if (any_ && asleep > asleep_ms_ + slept_ms) {
    Note about = note_of_now(Kind::asleep);
    about.a = asleep - asleep_ms_;
    store_.put(about);
  }
  clock_offset_ms_ = offset;
  asleep_ms_ = asleep;
}

// Kills that the counter tells of and no line of the kernel does.
void Recorder::check_kills() {
  const auto kills = now_.machine.get(Field::oom_kill);
  if (!kills) {
    return;
  }
  if (!kills_at_start_) {
    kills_at_start_ = kills_ = kills;
    kills_told_ = 0;
    return;
  }
  const std::uint64_t since = *kills - std::min(*kills, *kills_at_start_);
  // The line of a kill comes a little later than its count: it has until the next sample.
  const std::uint64_t before = *kills_ - std::min(*kills_, *kills_at_start_);
  const std::uint64_t silent = std::min(since, before) - std::min({since, before, kills_told_});
  if (*kills != *kills_ || silent > kills_silent_) {
    Note about = note_of_now(Kind::kill);
    about.a = *kills_;
    about.b = *kills;
    about.c = silent > kills_silent_ ? silent - kills_silent_ : 0;
    store_.put(about);
    kill_came_ = true;
    if (about.c > 0) {
      record::FixedText<160> text;
      text << "the kernel counted " << about.c
           << " OOM kills that no line of its log tells of (vmstat oom_kill " << *kills << ")";
      event(Urgency::warning, "oom-kill-silent", text.view());
    }
    kills_silent_ = std::max(silent, kills_silent_);
  }
  kills_ = kills;
}

void Recorder::warn() {
  std::array<std::string_view, record::most_cgroups> paths;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    paths[i] = sampler_.cgroups().fullest()[i].path.view();
  }
  const auto warnings = lookout_.look(now_, paths);
  for (const record::SettingChange& change : lookout_.changes()) {
    urgent_until_ms_ = now_ms_ + urgent_after_ms;  // what it does shows soon
    Note about = note_of_now(Kind::setting);
    about.a = change.before;
    about.b = change.after;
    about.text = change.key;
    store_.put(about);
    record::FixedText<160> text;
    text << change.key << " was changed from " << change.before << " to " << change.after;
    options_.tell(Urgency::notice, text.view());
  }
  for (const record::Warning& warning : warnings) {
    Note about = note_of_now(Kind::warning);
    about.a = static_cast<std::uint64_t>(warning.kind);
    about.text = warning.text.view();
    store_.put(about);
    event(Urgency::warning, record::name(warning.kind), warning.text.view());
  }
}

void Recorder::sample(bool first) {
  now_ms_ = clock_ms(CLOCK_MONOTONIC);
  store_.check(now_ms_);
  // What a kill, a wait for memory, or a setting that was changed, did shows in all the numbers;
  // and one that may be the last has all of them.
  const bool whole = kill_came_ || std::exchange(waited_, false) || now_ms_ < urgent_until_ms_ ||
                     pace_.is_falling();
  first ? sampler_.take_first(now_) : sampler_.take(now_, pace_.closeness(), whole);
  now_.machine.set(Field::cost_us, cost_us_);
  check_clocks();
  store_.put(now_);
  check_kills();
  warn();
  pace_.see(now_, lookout_.headroom());
  const bool urgent =
      pace_.is_near() || pace_.is_falling() || !any_ || now_ms_ < urgent_until_ms_ || kill_came_;
  if (std::exchange(kill_came_, false)) {
    urgent_until_ms_ = now_ms_ + urgent_after_ms;
  }
  if (urgent || now_ms_ - synced_ms_ >= sync_every_ms) {
    synced_ms_ = now_ms_;
    store_.sync();
  }
  any_ = true;
  const bool calm = pace_.closeness() == record::Closeness::calm;
  // Samples come a little early or late.
  publish(first ||
          now_ms_ + least_wait_ms >= published_ms_ + (calm ? publish_calm_ms : publish_every_ms));
  const std::uint64_t used_us = cpu_us();
  cost_us_ = used_us - std::exchange(used_us_, used_us);
}

// Metrics, where they are due, or something happened.
void Recorder::publish(bool due) {
  if (options_.metrics_file.empty() || (!due && now_ms_ < publish_by_ms_)) {
    return;
  }
  published_ms_ = now_ms_;
  // What happened stays to be told at its time: its report may not be whole yet.
  if (now_ms_ >= publish_by_ms_) {
    publish_by_ms_ = publish_soon_ > 0 ? now_ms_ + 2 * publish_after_ms : never;
    publish_soon_ -= std::min(publish_soon_, 1U);
  }
  store_.publish_metrics(began_ms_);
}

void Recorder::tend_children() {
  if (const std::string_view what = hook_.tend(now_ms_); !what.empty()) {
    options_.tell(Urgency::error, what);
  }
  if (options_.metrics_file.empty()) {
    return;
  }
  store_.metrics().read();
  if (!options_.once) {
    start_metrics();
  }
  if (const std::string_view what = store_.metrics().trouble(); !what.empty()) {
    options_.tell(Urgency::warning, what);
  }
}

void Recorder::tell_lost(const std::optional<record::MessageBudget::Summary>& lost) {
  if (!lost) {
    return;
  }
  Note gap = note_of_now(Kind::kmsg_gap);
  gap.a = lost->count;
  gap.text = lost->example;
  store_.put(gap);
  record::FixedText<256> text;
  text << lost->count << " messages of the kernel are not recorded: they came too fast";
  if (!lost->example.empty()) {
    text << ", such as: " << lost->example;
  }
  options_.tell(Urgency::warning, text.view());
}

void Recorder::read_messages() {
  constexpr unsigned most_at_once = 5000;  // but at the start: what is old must not look new
  for (unsigned i = 0; !any_ || i < most_at_once; ++i) {
    const KernelMessages::Next next = messages_.next(now_ms_);
    tell_lost(next.lost);
    if (!next.line) {
      return;
    }
    Note line = note_of_now(Kind::kmsg);
    line.a = next.line->sequence;
    line.text = next.line->line;
    store_.put(line);
    publish_by(now_ms_ + publish_every_ms);
    if (any_ && next.line->by_kernel() && record::tells_kill(next.line->text)) {
      ++kills_told_;
      kill_came_ = true;
      publish_soon_ = 2;
      event(Urgency::warning, "oom-kill", next.line->text);
    }
  }
}

// That it lives, and how things are. It wakes another process: not each time while all is calm.
void Recorder::tell_manager() {
  constexpr std::uint64_t calm_every_ms = 10'000;
  const std::uint64_t every_ms = std::min(calm_every_ms, manager_.alive_every_ms().value_or(never));
  if (!manager_.is_there() ||
      (manager_told_ms_ != 0 && pace_.closeness() == record::Closeness::calm &&
       now_ms_ - manager_told_ms_ < every_ms)) {
    return;
  }
  manager_told_ms_ = now_ms_;
  record::FixedText<256> status;
  status << "WATCHDOG=1\nSTATUS=" << lookout_.state().view();
  manager_.send(status.view());
}

// Until the next sample is due, or something happens that is a reason for one.
void Recorder::wait(std::uint64_t until_ms) {
  const std::uint64_t began = now_ms_;
  const bool publishes = !options_.metrics_file.empty();
  do {
    now_ms_ = clock_ms(CLOCK_MONOTONIC);
    std::uint64_t next_ms = publishes ? std::min(until_ms, publish_by_ms_) : until_ms;
    if (const auto alive_ms = manager_.alive_every_ms()) {
      next_ms = std::min(next_ms, manager_told_ms_ + *alive_ms);
    }
    const Wakeups::Reasons reasons = wakeups_.wait(next_ms - std::min(next_ms, now_ms_));
    now_ms_ = clock_ms(CLOCK_MONOTONIC);
    publish(false);
    if (now_ms_ - manager_told_ms_ >= manager_.alive_every_ms().value_or(never)) {
      tell_manager();
    }
    if (reasons.signal) {
      stopped_by_ = wakeups_.take_signal();
      tend_children();
    } else if (reasons.text) {
      store_.metrics().read();
    }
    if (reasons.message) {
      read_messages();
    }
    if (reasons.pressure) {
      waited_ = true;
      until_ms = std::min(until_ms, began + least_wait_ms);
    }
  } while (stopped_by_ == 0 && !kill_came_ && now_ms_ < until_ms);
}

void Recorder::start_metrics() {
  if (store_.start_metrics()) {
    wakeups_.watch_texts(store_.metrics().fd());
    publish_by(now_ms_ + publish_every_ms);
  }
}

tl::expected<void, std::string> Recorder::run() {
  if (!sampler_.sees_memory()) {
    return tl::unexpected(std::string("/proc/meminfo cannot be read: nothing to record"));
  }
  wakeups_.watch_messages(messages_.fd());
  if (messages_.fd() < 0) {
    options_.tell(Urgency::warning,
                  "/dev/kmsg cannot be read (CAP_SYSLOG): the kernel's reports are not recorded");
  }
  now_ms_ = clock_ms(CLOCK_MONOTONIC);
  began_ms_ = static_cast<std::int64_t>(clock_ms(CLOCK_REALTIME));
  if (store_.ring().cut_bytes() > 0) {
    record::FixedText<128> text;
    text << "the last recorder ended half-way through a record; " << store_.ring().cut_bytes()
         << " bytes were cut off";
    store_.trouble(text.view());
  }
  read_messages();
  start_metrics();
  if (const auto earlier = last_sample(options_.ring.path)) {
    lookout_.begin_after(*earlier);
  }
  used_us_ = cpu_us();
  sample(true);
  if (store_.error() != 0) {
    return tl::unexpected("nothing can be written to " + printable(options_.ring.path) + ": " +
                          errno_text(store_.error()));
  }
  options_.tell(Urgency::notice, lookout_.state().view());
  manager_.send("READY=1");
  if (!options_.once) {
    stay_alive([this](std::string_view what) { options_.tell(Urgency::notice, what); });
  }
  if (options_.once) {
    store_.metrics().wait_for_text();
    tend_children();
  }
  while (!options_.once && stopped_by_ == 0) {
    tell_manager();
    const unsigned next_ms = pace_.next_ms();
    store_.write_held(next_ms <= 1000 && pace_.closeness() == record::Closeness::calm);
    wait(now_ms_ + next_ms);
    if (stopped_by_ == 0) {
      sample(false);
      tell_lost(messages_.lost(now_ms_));
      tend_children();
    }
  }
  tell_lost(messages_.lost(now_ms_, true));
  Note end = note_of_now(Kind::stopped);
  end.a = static_cast<std::uint64_t>(stopped_by_);
  store_.put(end);
  manager_.send("STOPPING=1");
  store_.close();
  return {};
}

}  // namespace

tl::expected<void, std::string> record_machine(RecorderOptions options) {
  if (!options.hook.empty() && options.hook[0].find('/') == std::string::npos) {
    const char* path = std::getenv("PATH");
    const std::string program = find_program(options.hook[0], path == nullptr ? "" : path);
    if (program.empty()) {
      return tl::unexpected("there is no program " + printable(options.hook[0]) + " in PATH");
    }
    options.hook[0] = program;
  }
  if (!options.hook.empty() && !is_program(options.hook[0])) {
    return tl::unexpected("the hook " + printable(options.hook[0]) +
                          " is no program that can be run here");
  }
  options.ring.path = absolute_path(options.ring.path);
  auto ring = RingWriter::open(options.ring);
  if (!ring) {
    return tl::unexpected(ring.error());
  }
  return std::make_unique<Recorder>(options, std::move(*ring), machine_clock())->run();
}

}  // namespace whyoom::linux
