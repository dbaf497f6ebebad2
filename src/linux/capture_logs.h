// The logs in a capture: excerpts as files, and an index of what they were taken from.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/files.h"
#include "linux/log_sources.h"

namespace whyoom::linux {

inline constexpr std::string_view capture_log_index = "whyoom/logs";

struct CapturedLog {
  LogSource source;
  LogEnd end;  // with `whole`
};

struct CapturedLogs {
  MachineClock clock;
  std::vector<CapturedLog> logs;
};

// "whyoom/log/1"; the first log has index 0.
std::string captured_log_name(std::size_t index);

std::string write_log_index(const CapturedLogs& logs);
std::optional<CapturedLogs> parse_log_index(std::string_view text);

// nullopt: these are no files of a capture with logs.
std::optional<CapturedLogs> captured_logs(host::Files& files);
void read_captured_logs(host::Files& files, const CapturedLogs& logs, const LogSink& sink);

}  // namespace whyoom::linux
