// What is known of a machine apart from the log that tells of an event: what was recorded of the
// moments before it, or the host as it is at another time. It stands in for what a cut report
// lacks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "memory/evidence.h"
#include "report/report.h"

namespace whyoom::host {
struct Host;
}

namespace whyoom::memory {

// A process that got larger in the minutes before. Times are milliseconds since 1970.
struct Growth {
  std::uint64_t pid = 0;
  std::string name, cgroup, command_line;
  Bytes before, now;
  std::int64_t since_ms = 0, until_ms = 0;  // when nine tenths of it came
};

// What there was of memory at a sample before the event.
struct RecordedMoment {
  double age = 0;  // seconds from the sample to the event
  Bytes free, available, out_of_reach;
};

struct Recorded {
  std::string source;  // "the recorder, 0.4 s before", as a source of Place
  // Seconds from the sample to the event. Empty: of a time that has nothing to do with the event,
  // so that there is only what stays as it is until somebody changes it, `min_free` and `ram`.
  std::optional<double> age{};
  bool posted = false;  // with the log: of about its time
  // As a report has them: totals, nodes, zones, huge pages, swap. Empty where the sample is too old
  // for numbers that change by themselves, or a setting behind them was changed since.
  std::optional<report::Report> numbers{};
  // vm.min_free_kbytes as it was before and after the event.
  std::optional<MinFree> min_free{};
  std::optional<KiB> default_min_free{};
  std::vector<Growth> grew{};  // the largest first
  Bytes ram{};
  std::vector<RecordedMoment> moments{};  // of the last samples, the oldest first
};

// A host as it is; nullopt: neither its RAM nor the setting is known. `source` as above.
std::optional<Recorded> host_as_it_is(const host::Host& host, std::string source);

// Each number that `report` lacks, from `numbers`, with source 1 in its place.
void add_numbers(report::Report& report, const report::Report& numbers);

}  // namespace whyoom::memory
