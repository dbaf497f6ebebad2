// When something in the logs of a host was, on the wall.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "linux/log_sources.h"
#include "report/report.h"

namespace whyoom::app {

// By this machine's clock, as strftime() writes it.
std::string local_text(std::time_t moment, const char* format);

// "2026-11-23T07:41:32.123456Z"
std::string iso_utc(std::int64_t at_us);

// The journal's JSON counts microseconds since 1970.
std::optional<std::int64_t> journal_clock(std::string_view wall);

// Of the boot that the clock is of: what the kernel counts since then, with an estimate of the wall
// clock to the second. Nothing where the machine slept, so that nobody knows.
std::optional<std::int64_t> date_since_boot(report::Time& time, const linux::MachineClock& clock);

}  // namespace whyoom::app
