// The small files of /proc and /sys, one parser each: load, pressure, the kernel's command line,
// choices in brackets, lists of numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/place.h"
#include "base/units.h"
#include "host/lines.h"

namespace whyoom::host {

// Of /proc/loadavg: every thread on the machine, also those that a container cannot see.
Maybe<std::uint64_t> parse_tasks(Lines lines);

// Of a memory.pressure: in how many per cent of the last minute all tasks waited.
Maybe<double> parse_stalled(Lines lines);

// /proc/spl/kstat/zfs/arcstats: what ZFS keeps in memory, outside of the kernel's own counters.
// Source: OpenZFS module/zfs/arc.c arc_stats.
struct ZfsArc {
  Maybe<Bytes> size;         // now
  Maybe<Bytes> least, most;  // what it shrinks to under pressure, and may grow to
};
ZfsArc parse_arcstats(Lines lines);

struct CommandLine {
  std::vector<std::string> words;
  Place at{};
  // The value of the last "name=value"; nullopt when there is none. "-" and "_" are the same to the
  // kernel.
  [[nodiscard]] std::optional<std::string_view> value_of(std::string_view name) const;
  // All words, with a blank between.
  [[nodiscard]] std::string str() const;
};
CommandLine parse_command_line(Lines lines);

// "always [madvise] never" -> "madvise"
Maybe<std::string> parse_choice(Lines lines);
// One line of text, trimmed; empty when there is none.
Maybe<std::string> parse_line(Lines lines);
// "256\t256\t32" -> 256, 256, 32. Nothing when one of them is no number.
Maybe<std::vector<std::int64_t>> parse_numbers(Lines lines);
// "0x0007", "7", "Y", "N"
Maybe<std::uint64_t> parse_flags(Lines lines);

}  // namespace whyoom::host
