// The memory cgroup part of a report, in the forms of cgroup v1 and v2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/report.h"

namespace whyoom::report {

// "Task in /a/b killed as a result of limit of /a". 3.16 prints it as two lines, so either path can
// be missing.
struct TaskInLine {
  std::optional<std::string> task_path, limit_path;
};
std::optional<TaskInLine> parse_task_in(std::string_view text);

// "Memory limit reached of cgroup /a"
std::optional<std::string_view> parse_limit_reached(std::string_view text);

enum class MemcgLine : std::uint8_t { memory, memsw, swap, kmem };
struct MemcgCounterLine {
  MemcgLine which = MemcgLine::memory;
  std::optional<std::uint64_t> usage_kib, limit_kib, failcnt;
};
// "memory: usage 980kB, limit 980kB, failcnt 4152239"
std::optional<MemcgCounterLine> parse_memcg_counter(std::string_view text);

// "Memory cgroup stats for /a: cache:0KB rss:980KB ..." (to 5.3: values on the line, in KB, which
// become bytes) or "Memory cgroup stats for /a:" (5.4 and later: one value a line follows).
struct MemcgStatsLine {
  std::string path;
  std::vector<MemcgStat> stats;
  bool malformed = false;
};
std::optional<MemcgStatsLine> parse_memcg_stats(std::string_view text, Place at);

// "anon 534147072", only after a stats line. Whether the number is bytes or a count goes by the
// name.
std::optional<MemcgStat> parse_memcg_stat(std::string_view text, Place at);

}  // namespace whyoom::report
