#include "linux/recorder/store.h"

#include <unistd.h>

#include <cstring>
#include <ctime>
#include <utility>

#include "linux/clock.h"

namespace whyoom::linux {
namespace {

using record::Kind;
using record::Note;

constexpr std::uint64_t say_again_after_ms = 600'000;
constexpr std::uint64_t look_at_store_ms = 10'000;
// A sample, its names and a few notes.
constexpr std::size_t room_for_sample = std::size_t{32} << 10U;
constexpr std::size_t most_held = std::size_t{4} << 10U;
constexpr std::size_t largest_record = record::most_body + 32;

}  // namespace

PageSize page_size() { return PageSize{static_cast<std::uint32_t>(::sysconf(_SC_PAGESIZE))}; }

Note note_of_now(Kind kind) {
  Note note;
  note.kind = kind;
  note.real_ms = static_cast<std::int64_t>(clock_ms(CLOCK_REALTIME));
  note.boot_ms = clock_ms(CLOCK_BOOTTIME);
  return note;
}

Store::Store(const RecorderOptions& options, RingWriter ring, std::string boot, Sampler& sampler)
    : options_(options),
      ring_(std::move(ring)),
      boot_(std::move(boot)),
      sampler_(sampler),
      metrics_(options.metrics_file, options.ring.path) {
  ::uname(&system_);
  held_.reserve(most_held + largest_record);
}

void Store::trouble(std::string_view what) {
  options_.tell(Urgency::error, what);
  Note about = note_of_now(Kind::trouble);
  about.text = what;
  put(about);
}

// Said once, and counted until it works again.
void Store::failed(int error, std::uint64_t records) {
  not_stored_ += records;
  lost_ += records;
  if (error_ == error && now_ms_ - told_ms_ < say_again_after_ms) {
    return;
  }
  error_ = error;
  told_ms_ = now_ms_;
  record::FixedText<256> text;
  text << "nothing can be written to " << options_.ring.path << ": "
       << std::string_view(std::strerror(error)) << ". Recording goes on, and tries again";
  options_.tell(Urgency::error, text.view());
}

bool Store::begin_segment_if_needed() {
  const bool full = ring_.needs_segment(held_.size() + room_for_sample);
  if (!full && has_head_) {
    return true;
  }
  write_held();
  if (const int error = full ? ring_.begin_segment() : 0) {
    failed(error, 1);
    return false;
  }
  has_head_ = true;
  begin_anew();
  hold(encoder_.note(head()), true);
  return true;
}

// The next sample is a whole one, with all its names.
void Store::begin_anew() {
  encoder_.restart();
  for (TopProcess& process : sampler_.processes().top()) {
    process.noted = false;
  }
  for (FullCgroup& cgroup : sampler_.cgroups().fullest()) {
    cgroup.noted = false;
  }
}

Note Store::head() const {
  Note head = note_of_now(Kind::segment);
  head.a = record::format_version;
  head.b = ring_.number();
  head.c = page_size().bytes;
  head.text = boot_;
  head.more = system_.release;
  return head;
}

bool Store::start_metrics() {
  if (!metrics_.start(now_ms_)) {
    return false;
  }
  (void)metrics_.put(encoder_.note(head()));
  begin_anew();
  return true;
}

void Store::publish_metrics(std::int64_t began_ms) {
  Note about = note_of_now(Kind::publish);
  about.a = ring_.bytes();
  about.b = lost_;
  about.c = static_cast<std::uint64_t>(began_ms);
  if (!metrics_.put(encoder_.note(about)) || !metrics_.flush()) {
    begin_anew();
  }
}

void Store::hold(std::string_view record, bool has_room) {
  if (!metrics_.put(record)) {
    begin_anew();  // else it cannot read the samples that build on what it did not get
  }
  if (!has_room) {
    return;
  }
  held_ += record;
  ++held_records_;
  if (held_.size() > most_held) {
    write_held();
  }
}

void Store::write_held(bool soon) {
  constexpr unsigned most_records = 4;
  if (held_records_ == 0 || (soon && held_records_ < most_records)) {
    return;
  }
  const int error = ring_.append(held_);
  held_.clear();
  const std::uint64_t records = std::exchange(held_records_, 0);
  if (error != 0) {
    failed(error, records);
  } else if (std::exchange(error_, 0) != 0) {
    record::FixedText<128> text;
    text << "the store takes records again; " << std::exchange(not_stored_, 0) << " were lost";
    trouble(text.view());
  }
}

void Store::put(const Note& note) {
  const bool has_room = begin_segment_if_needed();
  if (has_room || metrics_.is_wanted()) {
    hold(encoder_.note(note), has_room);
    write_held();
  }
}

void Store::put(const record::Sample& sample) {
  const bool has_room = begin_segment_if_needed();
  if (has_room || metrics_.is_wanted()) {
    write_names();
    hold(encoder_.sample(sample), has_room);
  }
}

void Store::write_names() {
  for (TopProcess& process : sampler_.processes().top()) {
    if (process.id != 0 && !process.noted) {
      Note about = note_of_now(Kind::process);
      about.a = process.id;
      about.b = process.pid;
      about.c = process.start_ticks;
      about.text = process.name.view();
      about.more = process.cgroup.view();
      about.detail = process.command_line.view();
      put(about);
      process.noted = true;
    }
  }
  for (FullCgroup& cgroup : sampler_.cgroups().fullest()) {
    if (cgroup.id != 0 && !cgroup.noted) {
      Note about = note_of_now(Kind::cgroup);
      about.a = cgroup.id;
      about.text = cgroup.path.view();
      put(about);
      cgroup.noted = true;
    }
  }
}

void Store::sync() {
  write_held();
  if (const int error = ring_.sync()) {
    failed(error, 1);
  }
}

void Store::close() {
  write_held();
  ring_.close();
}

// A directory that was deleted is made again, and a segment.
void Store::check(std::uint64_t now_ms) {
  now_ms_ = now_ms;
  if (now_ms_ - looked_ms_ < look_at_store_ms) {
    return;
  }
  looked_ms_ = now_ms_;
  write_held();  // it belongs where it was meant to go
  if (!ring_.is_gone()) {
    if (ring_.close_deleted()) {
      trouble("the newest file of the store was deleted; another one was begun");
    }
    return;
  }
  auto again = RingWriter::open(options_.ring);
  if (!again) {
    if (now_ms_ - told_ms_ >= say_again_after_ms || told_ms_ == 0) {
      told_ms_ = now_ms_;
      options_.tell(Urgency::error, again.error());
    }
    return;
  }
  ring_ = std::move(*again);
  has_head_ = false;
  trouble("the store was deleted or replaced; a new one was begun");
}

}  // namespace whyoom::linux
