#include "linux/log_sources.h"

#include <algorithm>
#include <ctime>

#include "base/language.h"
#include "base/text.h"
#include "linux/clock.h"
#include "linux/dir_files.h"
#include "linux/journal.h"
#include "linux/kernel_ring.h"
#include "linux/log_files.h"
#include "linux/recorder/machine_ring.h"
#include "linux/recorder/ring.h"
#include "linux/recorder/ring_log.h"

namespace whyoom::linux {
namespace {

std::int64_t now_us(clockid_t clock) { return clock_now(clock) / std::chrono::microseconds(1); }

}  // namespace

bool is_dump(const LogSource& source) {
  using Kind = LogSource::Kind;
  const std::string_view name = last_part(source.name);
  return source.kind == Kind::pstore || source.kind == Kind::crash ||
         (source.kind == Kind::file && name.starts_with("dmesg"));
}

void tell_unread(const LogSink& sink, const LogSource& source, Message gap) {
  sink.begin(source);
  sink.end({false, std::move(gap), 0, std::nullopt});
}

MachineClock machine_clock() {
  MachineClock clock;
  const std::int64_t monotonic = now_us(CLOCK_MONOTONIC);
  clock.booted_us = now_us(CLOCK_REALTIME) - monotonic;
  clock.suspended_us =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, now_us(CLOCK_BOOTTIME) - monotonic));
  if (auto files = DirFiles::open("/")) {
    if (const auto id = files->read("/proc/sys/kernel/random/boot_id")) {
      std::ranges::copy_if(trim(*id), std::back_inserter(clock.boot), is_hex_digit);
    }
    clock.host = trim(files->read("/proc/sys/kernel/hostname").value_or(""));
  }
  return clock;
}

namespace {

void read_recorded(const LogSink& sink) {
  if (const auto ring = machine_ring()) {
    read_recorder(sink, *ring);
  } else {
    tell_unread(sink, {LogSource::Kind::recorder, std::string(default_ring), std::nullopt},
                Message("{}; what it recorded is not known", ring.error()));
  }
}

}  // namespace

tl::expected<void, std::string> read_log_sources(const std::string& root, const LogSink& sink,
                                                 const LogLimits& limits) {
  auto files = DirFiles::open(root);
  if (!files) {
    return tl::unexpected(tr(files.error().text));
  }
  LogFiles logs(*files, sink, limits);
  if (root == "/") {
    read_journal(sink, limits);
    if (!sink.stop()) {
      read_kernel_ring(sink);
    }
    if (!sink.stop()) {
      read_recorded(sink);
    }
  } else {
    read_journal_of_copy(*files, sink, limits);
  }
  for (const auto part :
       {&LogFiles::read_syslog, &LogFiles::read_pstore, &LogFiles::read_crashes}) {
    if (!sink.stop()) {
      (logs.*part)();
    }
  }
  return {};
}

}  // namespace whyoom::linux
