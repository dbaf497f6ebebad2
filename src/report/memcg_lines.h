// The memory cgroup part of a report, in the forms of cgroup v1 and v2. A line gives the fields of
// a `Memcg` that it has.
#pragma once

#include <optional>
#include <string_view>

#include "report/report.h"

namespace whyoom::report {

struct LineKind;
extern const LineKind task_in, limit_reached, memcg_counter, memcg_stats, memcg_stat;

// "Task in /a/b killed as a result of limit of /a". 3.16 prints it as two lines, so either path can
// be missing. "limit of host" (Alibaba's kernels) is no cgroup's: `limit_path` is "host".
std::optional<Memcg> parse_task_in(std::string_view text);

// "memory: usage 980kB, limit 980kB, failcnt 4152239"
std::optional<Memcg> parse_memcg_counter(std::string_view text, Place at);

// "Memory cgroup stats for /a: cache:0KB rss:980KB ..." (to 5.3: values on the line, in KB, which
// become bytes) or "Memory cgroup stats for /a:" (5.4 and later: one value a line follows).
// `malformed`: one of the values is none.
std::optional<Memcg> parse_memcg_stats(std::string_view text, Place at, bool& malformed);

// "anon 534147072", only after a stats line. Whether the number is bytes or a count goes by the
// name.
std::optional<MemcgStat> parse_memcg_stat(std::string_view text, Place at);

}  // namespace whyoom::report
