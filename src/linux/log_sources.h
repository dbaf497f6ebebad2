// Where a host keeps its kernel's messages, read one after the other: the journal of all boots
// (with what killers in user space say), the kernel's ring buffer, the recorder's ring, the files
// of syslog, what pstore saved, what kdump saved. Private helpers: journal.h, kernel_ring.h,
// log_files.h, recorder/ring_log.h.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/message.h"
#include "report/log_span.h"

namespace whyoom::linux {

// The clocks of the machine whose logs they are, as far as known, and which machine it is.
struct MachineClock {
  std::string boot;                // id as the journal writes it; empty = not known
  std::int64_t booted_us = 0;      // when the monotonic clock was 0, since 1970
  std::uint64_t suspended_us = 0;  // time that the monotonic clock does not count
  std::string host{};              // its name; empty = not known
  std::int64_t now_us = 0;         // when the logs were taken, since 1970
};

struct LogSource {
  enum class Kind : std::uint8_t { journal, ring, file, pstore, crash, recorder };
  Kind kind = Kind::file;
  std::string name;                         // "journal", "/dev/kmsg", "/var/log/kern.log.2.gz"
  std::optional<std::int64_t> modified_us;  // of a file, since 1970
  LineNumber first_line = 0;  // of an excerpt: so many lines stood before what is there
  // Who else can write it: "/var/log/kern.log: user 1000 can write it"; empty: nobody besides root
  // and the services that write logs.
  Message unverified{};
  MachineClock clock{};  // of the recorder: that of the boot whose messages they are
};

// A copy of the kernel's own buffer: each line of it is the kernel's.
bool is_dump(const LogSource& source);

// What an excerpt cannot tell of the log that it was taken from.
struct WholeLog {
  std::uint64_t bytes = 0, lines = 0;
  report::LogSpan::Ends ends;
};

struct LogEnd {
  bool read = true;               // false: nothing could be read
  Message gap;                    // what is not known because of that; empty = no gap
  std::uint64_t lost = 0;         // messages overwritten while they were read
  std::optional<WholeLog> whole;  // when this was an excerpt
};

// begin and end are called once for each source, data between them.
struct LogSink {
  std::function<void(const LogSource&)> begin;
  std::function<void(std::string_view)> data;
  std::function<void(const LogEnd&)> end;
  std::function<bool()> stop;  // true: nobody wants more
};

// A log of which nothing can be read.
void tell_unread(const LogSink& sink, const LogSource& source, Message gap);

struct LogLimits {
  std::uint64_t most_bytes = std::uint64_t{4} << 30U;  // of all files, decompressed
  std::size_t most_files = 1000;
  int most_silent_ms = 60'000;  // of journalctl
};

MachineClock machine_clock();

// `root` "/" is this machine; of another directory only files are read (those of a journal by
// journalctl). The error says what is
// wrong with the directory.
tl::expected<void, std::string> read_log_sources(const std::string& root, const LogSink& sink,
                                                 const LogLimits& limits = {});

}  // namespace whyoom::linux
