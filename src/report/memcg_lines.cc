#include "report/memcg_lines.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/language.h"
#include "base/text.h"
#include "report/after.h"
#include "report/kernel_line.h"

namespace whyoom::report {
namespace {

constexpr std::string_view task_in_mark = "Task in ";
constexpr std::string_view killed_mark = "killed as a result of limit of ";
constexpr std::string_view host_in_place_of_path =
    "host";  // instead of a path: no cgroup's (Alibaba's kernels)

// Empty when there is none.
std::string path_of(std::string_view text) {
  const std::string_view path = trim(text);
  return path.starts_with('/') ? std::string(path) : std::string();
}

}  // namespace

std::optional<Memcg> parse_task_in(std::string_view text) {
  const std::string_view start = trim_left(text);
  Memcg line;
  const std::size_t killed = start.rfind(killed_mark);
  if (killed != start.find(killed_mark)) {
    return std::nullopt;  // one of the two names holds the kernel's own words
  }
  if (start.starts_with(task_in_mark)) {
    line.task_path = path_of(start.substr(task_in_mark.size(), killed == std::string_view::npos
                                                                   ? std::string_view::npos
                                                                   : killed - task_in_mark.size()));
  } else if (killed != 0) {
    return std::nullopt;
  }
  if (killed != std::string_view::npos) {
    const std::string_view limit = trim(start.substr(killed + killed_mark.size()));
    line.limit_path =
        limit == host_in_place_of_path ? std::string(host_in_place_of_path) : path_of(limit);
  }
  return line.task_path.empty() && line.limit_path.empty() ? std::nullopt : std::optional(line);
}

namespace {

struct Counter {
  std::string_view key;
  MemcgCounter Memcg::*which;
};
constexpr std::array<Counter, 4> memcg_counters{{
    {"memory: usage ", &Memcg::memory},
    {"memory+swap: usage ", &Memcg::memsw},
    {"swap: usage ", &Memcg::swap},
    {"kmem: usage ", &Memcg::kmem},
}};

}  // namespace

std::optional<Memcg> parse_memcg_counter(std::string_view text, Place at) {
  const std::string_view start = trim_left(text);
  for (const auto& [key, which] : memcg_counters) {
    if (start.starts_with(key)) {
      Memcg line;
      MemcgCounter& counter = line.*which;
      const auto read = [at](Maybe<std::uint64_t>& to, std::optional<std::uint64_t> value) {
        if (value) {
          to = Read<std::uint64_t>{*value, at};
        }
      };
      read(counter.usage_kib, kib_after(start, "usage "));
      read(counter.limit_kib, kib_after(start, "limit "));
      read(counter.failcnt, number_after(start, "failcnt "));
      return counter.usage_kib || counter.limit_kib ? std::optional(line) : std::nullopt;
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

// Where all words behind it are values, whichever is the first of them.
std::size_t find_values(std::string_view rest) {
  for (std::size_t at = rest.find(": "); at != std::string_view::npos;
       at = rest.find(": ", at + 1)) {
    Cursor cursor(rest.substr(at + 1));
    bool all = true;
    while (all && !cursor.rest().empty()) {
      cursor.skip_spaces();
      all = parse_inline_stat(cursor.take_word(), {}).has_value();
    }
    if (all) {
      return at;
    }
  }
  return std::string_view::npos;
}

bool counts_events(std::string_view name) {
  if (name.starts_with("total_")) {
    name.remove_prefix(6);
  }
  static constexpr std::array<std::string_view, 23> prefixes{
      "workingset_", "pgfault", "pgmajfault", "pgscan", "pgsteal", "pgrefill",
      "pgact",       "pgdeact", "pglazy",     "pgpgin", "pgpgout", "pgdemote",
      "pgpromote",   "thp_",    "numa_",      "pswp",   "swpin",   "swpout",
      "zswpin",      "zswpout", "zswpwb",     "oom_",   "nr_"};
  return std::ranges::any_of(prefixes,
                             [name](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace

std::optional<Memcg> parse_memcg_stats(std::string_view text, Place at, bool& malformed) {
  constexpr std::string_view key = "Memory cgroup stats for ";
  const std::string_view start = trim(text);
  if (!start.starts_with(key)) {
    // 3.x and el6-era: "Memory cgroup stats: cache:..."
    return std::nullopt;
  }
  const std::string_view rest = start.substr(key.size());
  Memcg line;
  const std::size_t first = find_first_stat(rest);
  if (first == std::string_view::npos) {
    // Of a cut line the path may be that of a cgroup above. Values that begin otherwise are of no
    // kernel that is known, and only end the path.
    malformed = !rest.ends_with(':');
    const std::size_t values = malformed ? find_values(rest) : rest.size() - 1;
    line.limit_path = std::string(rest.substr(0, values == std::string_view::npos ? 0 : values));
    return line;
  }
  line.limit_path = std::string(rest.substr(0, first));
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
      malformed = true;
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

namespace {

bool read_task_in(std::string_view text, Place /*at*/, KernelLine& out) {
  auto line = parse_task_in(text);
  out.fullness = Fullness::partial;
  if (!line) {
    return false;
  }
  const std::string& limit = line->limit_path;
  const std::string& path = line->task_path;
  out.score = 1;
  if (!path.empty() && !limit.empty()) {
    // The limit is of the task's own cgroup or of one above it.
    const bool whole =
        limit == "/" || limit == host_in_place_of_path || is_at_or_below(path, limit);
    out.fullness = whole_if(whole);
    out.score = whole ? 3 : 2;
  }
  out.part = std::move(*line);
  return true;
}

bool read_limit_reached(std::string_view text, Place /*at*/, KernelLine& out) {
  constexpr std::string_view key = "Memory limit reached of cgroup ";
  out.part.emplace<Memcg>().limit_path = std::string(text.substr(key.size()));
  return true;
}

bool read_memcg_counter(std::string_view text, Place at, KernelLine& out) {
  auto line = parse_memcg_counter(text, at);
  for (const auto& [key, which] : memcg_counters) {
    if (const MemcgCounter* counter = line ? &((*line).*which) : nullptr) {
      out.score +=
          (counter->usage_kib ? 1 : 0) + (counter->limit_kib ? 1 : 0) + (counter->failcnt ? 1 : 0);
      if (counter->usage_kib && !counter->limit_kib) {
        out.damage.emplace_back(tr("the counters of the cgroup are cut"));
      }
    }
  }
  out.fullness = whole_if(out.score == 3);
  if (line) {
    out.part = std::move(*line);
  }
  return line.has_value();
}

bool read_memcg_stats(std::string_view text, Place at, KernelLine& out) {
  bool malformed = false;
  auto line = parse_memcg_stats(text, at, malformed);
  if (!line) {
    return false;
  }
  out.score = static_cast<int>(line->stats.size()) - (malformed ? 2 : 0);
  out.fullness = !line->stats.empty()
                     ? whole_if(line->stats.back().name == "unevictable" && !malformed)
                 : malformed ? Fullness::partial
                             : Fullness::extensible;
  if (malformed) {
    out.damage.emplace_back(tr("the statistics of the cgroup are cut"));
  }
  out.part = std::move(*line);
  return true;
}

bool put_paths(OpenEvent& event, KernelLine& read) {
  auto& part = read.as<Memcg>();
  if (part.limit_path == host_in_place_of_path) {
    event.global_seen = true;
    return true;
  }
  Memcg& memcg = event.memcg();
  for (const auto path : {&Memcg::task_path, &Memcg::limit_path}) {
    if (!(part.*path).empty()) {
      memcg.*path = std::move(part.*path);
    }
  }
  return true;
}

bool lacks_counter(const OpenEvent& event, const KernelLine& read) {
  if (!event.is_oom() || !event.report.memcg) {
    return event.is_oom();
  }
  return std::ranges::none_of(memcg_counters, [&](const Counter& counter) {
    const MemcgCounter& known = (*event.report.memcg).*counter.which;
    const MemcgCounter& part = read.as<Memcg>().*counter.which;
    return (part.usage_kib || part.limit_kib) && (known.usage_kib || known.limit_kib);
  });
}

bool put_counter(OpenEvent& event, KernelLine& read) {
  Memcg& memcg = event.memcg();
  for (const auto& [key, which] : memcg_counters) {
    for (const auto value :
         {&MemcgCounter::usage_kib, &MemcgCounter::limit_kib, &MemcgCounter::failcnt}) {
      if (const auto& found = (read.as<Memcg>().*which).*value) {
        (memcg.*which).*value = found;
      }
    }
  }
  return true;
}

// One set for each cgroup below the one whose limit was hit: the first is the topmost.
void add_children(std::vector<MemcgStat>& sum, const std::vector<MemcgStat>& stats) {
  for (const auto& stat : stats) {
    const auto into = std::ranges::find(sum, stat.name, &MemcgStat::name);
    if (into != sum.end()) {
      into->value = (Bytes(into->value) + Bytes(stat.value)).count();
    } else if (sum.size() < most_stats) {
      sum.push_back(stat);
    }
  }
}

bool put_stats(OpenEvent& event, KernelLine& read) {
  Memcg& memcg = event.memcg();
  auto& part = read.as<Memcg>();
  if (event.first_stats && memcg.limit_path.empty()) {
    memcg.limit_path = std::move(part.limit_path);
  }
  if (part.stats.empty()) {
    event.stats_open = true;
    event.stats_framed = read.line->framed;
    memcg.hierarchical = true;
  } else if (event.first_stats) {
    memcg.stats = std::move(part.stats);
  } else {
    add_children(memcg.children, part.stats);
  }
  event.first_stats = false;
  return true;
}

bool put_stat(OpenEvent& event, KernelLine& read) {
  Memcg& memcg = *event.report.memcg;
  auto& stat = read.as<MemcgStat>();
  if (std::ranges::find(memcg.stats, stat.name, &MemcgStat::name) != memcg.stats.end()) {
    return false;
  }
  if (stat.name == "cache" || stat.name == "rss") {
    memcg.hierarchical = false;  // cgroup v1: its own values, then those with "total_"
  }
  memcg.stats.push_back(std::move(stat));
  return true;
}

}  // namespace

const LineKind task_in{.read = read_task_in,
                       .stage = Stage::memcg,
                       .opens = true,
                       .lacks =
                           [](const OpenEvent& e, const KernelLine&) {
                             return e.is_oom() &&
                                    (!e.report.memcg || (e.report.memcg->limit_path.empty() &&
                                                         !e.report.memcg->memory.usage_kib));
                           },
                       .put = put_paths,
                       .has_no_blanks = true};
const LineKind limit_reached{.read = read_limit_reached,
                             .stage = Stage::memcg,
                             .opens = true,
                             .lacks =
                                 [](const OpenEvent& e, const KernelLine&) {
                                   return e.is_oom() &&
                                          (!e.report.memcg || e.report.memcg->limit_path.empty());
                                 },
                             .put = put_paths};
const LineKind memcg_counter{.read = read_memcg_counter,
                             .stage = Stage::memcg,
                             .opens = true,
                             .lacks = lacks_counter,
                             .put = put_counter};
const LineKind memcg_stats{.read = read_memcg_stats,
                           .stage = Stage::memcg,
                           .opens = true,
                           .lacks =
                               [](const OpenEvent& e, const KernelLine& read) {
                                 return e.is_oom() &&
                                        (!read.as<Memcg>().stats.empty() || !e.report.memcg ||
                                         e.report.memcg->stats.empty());
                               },
                           .put = put_stats,
                           .has_no_blanks = true};
const LineKind memcg_stat{
    .read = read_part<parse_memcg_stat>,
    .stage = Stage::memcg,
    .lacks =
        [](const OpenEvent& e, const KernelLine& read) {
          return e.stats_open && e.report.memcg && e.report.memcg->stats.size() < most_stats &&
                 (read.line->framed == e.stats_framed || read.line->continued ||
                  read.line->number == e.last.line + 1);
        },
    .put = put_stat,
    .stands_alone = false,
    .in_record = true};

}  // namespace whyoom::report
