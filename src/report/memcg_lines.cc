#include "report/memcg_lines.h"

#include <array>
#include <utility>

#include "base/text.h"

namespace whyoom::report {
namespace {

constexpr std::string_view kTaskIn = "Task in ";
constexpr std::string_view kKilled = "killed as a result of limit of ";

std::optional<std::string> path_of(std::string_view text) {
  const std::string_view path = trim(text);
  if (!path.starts_with('/')) {
    return std::nullopt;
  }
  return std::string(path);
}

std::optional<std::uint64_t> number_after(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  return Cursor(text.substr(at + key.size())).take_unsigned();
}

std::optional<std::uint64_t> kib_after(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  Cursor cursor(text.substr(at + key.size()));
  const auto value = cursor.take_unsigned();
  return value && cursor.take("kB") ? value : std::nullopt;
}

}  // namespace

std::optional<TaskInLine> parse_task_in(std::string_view text) {
  const std::string_view start = trim_left(text);
  TaskInLine line;
  const std::size_t killed = start.rfind(kKilled);
  if (killed != start.find(kKilled)) {
    return std::nullopt;  // one of the two names holds the kernel's own words
  }
  if (start.starts_with(kTaskIn)) {
    line.task_path = path_of(start.substr(kTaskIn.size(), killed == std::string_view::npos
                                                              ? std::string_view::npos
                                                              : killed - kTaskIn.size()));
  } else if (killed != 0) {
    return std::nullopt;
  }
  if (killed != std::string_view::npos) {
    line.limit_path = path_of(start.substr(killed + kKilled.size()));
  }
  if (!line.task_path && !line.limit_path) {
    return std::nullopt;
  }
  return line;
}

std::optional<std::string_view> parse_limit_reached(std::string_view text) {
  constexpr std::string_view key = "Memory limit reached of cgroup ";
  const std::string_view start = trim(text);
  if (!start.starts_with(key)) {
    return std::nullopt;
  }
  return start.substr(key.size());
}

std::optional<MemcgCounterLine> parse_memcg_counter(std::string_view text) {
  using Form = std::pair<std::string_view, MemcgLine>;
  static constexpr std::array<Form, 4> forms{{
      {"memory: usage ", MemcgLine::memory},
      {"memory+swap: usage ", MemcgLine::memsw},
      {"swap: usage ", MemcgLine::swap},
      {"kmem: usage ", MemcgLine::kmem},
  }};
  const std::string_view start = trim_left(text);
  for (const auto& [key, which] : forms) {
    if (start.starts_with(key)) {
      MemcgCounterLine line;
      line.which = which;
      line.usage_kib = kib_after(start, "usage ");
      line.limit_kib = kib_after(start, "limit ");
      line.failcnt = number_after(start, "failcnt ");
      if (!line.usage_kib && !line.limit_kib) {
        return std::nullopt;
      }
      return line;
    }
  }
  return std::nullopt;
}

namespace {

// "cache:0KB"
std::optional<MemcgStat> parse_inline_stat(std::string_view token, Place at) {
  const std::size_t colon = token.find(':');
  if (colon == std::string_view::npos || colon == 0 || !token.ends_with("KB")) {
    return std::nullopt;
  }
  for (const char c : token.substr(0, colon)) {
    if ((c < 'a' || c > 'z') && c != '_') {
      return std::nullopt;
    }
  }
  const auto kib = parse_number<std::uint64_t>(token.substr(colon + 1, token.size() - colon - 3));
  if (!kib) {
    return std::nullopt;
  }
  return MemcgStat{std::string(token.substr(0, colon)), to_bytes(KiB(*kib)).count(), true, at};
}

// The path can hold ": " itself, so the values are taken from the right.
std::size_t find_first_stat(std::string_view rest) {
  std::size_t at = rest.rfind(": cache:");
  if (at == std::string_view::npos) {
    at = rest.rfind(": rss:");
  }
  return at;
}

bool counts_events(std::string_view name) {
  if (name.starts_with("total_")) {
    name.remove_prefix(6);
  }
  static constexpr std::array<std::string_view, 13> prefixes{
      "workingset_", "pgfault", "pgmajfault", "pgscan",  "pgsteal",  "pgrefill", "pgact",
      "pgdeact",     "pglazy",  "pgpgin",     "pgpgout", "pgdemote", "pgpromote"};
  static constexpr std::array<std::string_view, 10> others{
      "thp_", "numa_", "pswp", "swpin", "swpout", "zswpin", "zswpout", "zswpwb", "oom_", "nr_"};
  for (const auto prefix : prefixes) {
    if (name.starts_with(prefix)) {
      return true;
    }
  }
  for (const auto prefix : others) {
    if (name.starts_with(prefix)) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::optional<MemcgStatsLine> parse_memcg_stats(std::string_view text, Place at) {
  constexpr std::string_view key = "Memory cgroup stats for ";
  const std::string_view start = trim(text);
  if (!start.starts_with(key)) {
    // 3.x and el6-era: "Memory cgroup stats: cache:..."
    return std::nullopt;
  }
  const std::string_view rest = start.substr(key.size());
  MemcgStatsLine line;
  const std::size_t first = find_first_stat(rest);
  if (first == std::string_view::npos) {
    line.path = std::string(rest.substr(0, rest.size() - (rest.ends_with(':') ? 1 : 0)));
    line.malformed = !rest.ends_with(':');
    return line;
  }
  line.path = std::string(rest.substr(0, first));
  Cursor cursor(rest.substr(first + 1));
  for (;;) {
    cursor.skip_spaces();
    const std::string_view token = cursor.take_word();
    if (token.empty()) {
      break;
    }
    if (auto stat = parse_inline_stat(token, at)) {
      line.stats.push_back(std::move(*stat));
    } else {
      line.malformed = true;
    }
  }
  return line;
}

std::optional<MemcgStat> parse_memcg_stat(std::string_view text, Place at) {
  const std::string_view start = trim(text);
  const std::size_t blank = start.find(' ');
  if (blank == std::string_view::npos || blank == 0 || blank > 48 || start.front() < 'a' ||
      start.front() > 'z') {
    return std::nullopt;
  }
  const std::string_view name = start.substr(0, blank);
  for (const char c : name) {
    if ((c < 'a' || c > 'z') && !is_digit(c) && c != '_' && c != '.') {
      return std::nullopt;
    }
  }
  const auto value = parse_number<std::uint64_t>(start.substr(blank + 1));
  if (!value) {
    return std::nullopt;
  }
  return MemcgStat{std::string(name), *value, !counts_events(name), at};
}

}  // namespace whyoom::report
