#include <algorithm>

#include "base/text.h"
#include "host/lines.h"
#include "host/posted_parts.h"

namespace whyoom::host {

namespace {

constexpr auto npos = std::string_view::npos;

struct LimitRow {
  std::string_view name, option;  // "max user processes              (-u) 3"
  Maybe<std::uint64_t> ShellLimits::*field;
  std::uint64_t unit = 1;
};
constexpr std::uint64_t kib = 1024;
constexpr LimitRow limit_rows[] = {
    {"max user processes", "-u) ", &ShellLimits::tasks},
    {"open files", "-n) ", &ShellLimits::open_files},
    {"virtual memory", "-v) ", &ShellLimits::address_space, kib},
    {"max locked memory", "-l) ", &ShellLimits::locked_memory, kib},
};

// "[root@db ~]# ulimit -a", "root@db:~# ulimit -u": the limits of a shell that nproc does not bind.
bool is_of_root(std::string_view before) {
  before = trim_right(before);
  return before.ends_with('#') || before.find("root@") != npos;
}

}  // namespace

void ShellText::see(std::string_view line, std::uint64_t number) {
  line = unmarked(line);
  if (const std::size_t at = line.find("ulimit -"); at != npos) {
    limits_.of_root = limits_.of_root || is_of_root(line.substr(0, at));
    return;
  }
  if (line.find("fork") != npos && line.find("Resource temporarily unavailable") != npos) {
    limits_.refused = limits_.refused
                          ? limits_.refused
                          : Read<std::uint64_t>{1, {0, static_cast<std::uint32_t>(number)}};
    return;
  }
  for (const LimitRow& row : limit_rows) {
    const std::size_t at = line.find(row.option);
    if (!line.starts_with(row.name) || at == npos) {
      continue;
    }
    const std::string_view word = trim(line.substr(at + row.option.size()));
    const auto value = parse_number<std::uint64_t>(word);
    if (!value && word != "unlimited") {
      return;
    }
    any_ = true;
    const std::uint64_t most = UINT64_MAX / row.unit;
    const std::uint64_t limit = value ? std::min(*value, most) * row.unit : UINT64_MAX;
    auto& field = limits_.*row.field;
    contradict_ = contradict_ || (field && field->value != limit);
    field = Read<std::uint64_t>{limit, {0, static_cast<std::uint32_t>(number)}};
  }
}

std::optional<ShellLimits> ShellText::limits() const {
  return any_ && !contradict_ ? std::optional(limits_) : std::nullopt;
}

}  // namespace whyoom::host
