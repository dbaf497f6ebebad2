#include "host/sysctl_key.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.h"

namespace whyoom::host {
namespace {

constexpr std::size_t longest_path = 4096;  // PATH_MAX: nothing longer can be opened
// Bound the work on a hostile file; no honest glob comes near.
constexpr std::size_t longest_braces = 512;
constexpr std::size_t most_alternatives = 256;

std::vector<std::string_view> components(std::string_view path) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) {
      return parts;
    }
    path.remove_prefix(slash + 1);
  }
}

// systemd's path_simplify: no "//", no "." component, no slash at the end.
std::string simplify(std::string_view path) {
  std::string result;
  for (const auto part : components(path)) {
    if (part.empty() || part == ".") {
      continue;
    }
    if (!result.empty()) {
      result += '/';
    }
    result += part;
  }
  return result;
}

bool component_matches(std::string_view pattern, std::string_view name) {
  if (!is_sysctl_glob(pattern) && pattern.find('\\') == std::string_view::npos) {
    return pattern == name;
  }
  // Both programs get here through glob(3), which asks fnmatch(3).
  return fnmatch(std::string(pattern).c_str(), std::string(name).c_str(), FNM_PERIOD) == 0;
}

// Directories that each kernel has, for the odd path that leaves one by "..".
bool is_known_directory(const std::vector<std::string_view>& path) {
  constexpr std::array<std::string_view, 6> top = {"debug", "dev", "fs", "kernel", "net", "vm"};
  return path.size() == 3 && std::find(top.begin(), top.end(), path[2]) != top.end();
}

// Follows a path or pattern from /proc/sys the way the kernel and glob(3) do.
class Walk {
 public:
  explicit Walk(std::string_view target) : goal_{"proc", "sys"} {
    const auto rest = components(target);
    goal_.insert(goal_.end(), rest.begin(), rest.end());
  }

  // The path that was walked, spelled as the pattern spells what is no wildcard.
  std::optional<std::string> reach(std::string_view pattern) {
    std::string spelled;
    const auto parts = components(pattern);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto name = step(parts[i]);
      if (!name) {
        return std::nullopt;
      }
      spelled += i == 0 ? "" : "/";
      spelled += *name;
    }
    return at_ == goal_ ? std::optional(spelled) : std::nullopt;
  }

 private:
  std::optional<std::string_view> step(std::string_view part) {
    if (at_.size() >= goal_.size() && at_ == goal_) {
      return std::nullopt;  // even a slash after the file makes it "Not a directory"
    }
    if (part.empty() || part == ".") {
      return part;
    }
    if (part == "..") {
      const bool on_the_way =
          at_.size() < goal_.size() && std::equal(at_.begin(), at_.end(), goal_.begin());
      if (!on_the_way && !is_known_directory(at_)) {
        return std::nullopt;
      }
      if (!at_.empty()) {
        at_.pop_back();
      }
      return part;
    }
    const bool known = at_.size() < goal_.size() &&
                       std::equal(at_.begin(), at_.end(), goal_.begin()) &&
                       component_matches(part, goal_[at_.size()]);
    at_.push_back(known ? goal_[at_.size()] : part);
    return at_.back();
  }

  std::vector<std::string_view> goal_;
  std::vector<std::string_view> at_ = {"proc", "sys"};
};

// Where the brace that opens at `open` closes, and its commas; empty when it does not close.
std::vector<std::size_t> brace_marks(std::string_view text, std::size_t open) {
  std::vector<std::size_t> marks = {open};
  std::size_t depth = 0;
  for (std::size_t i = open + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}' && depth-- == 0) {
      marks.push_back(i);
      return marks;
    } else if (text[i] == ',' && depth == 0) {
      marks.push_back(i);
    }
  }
  return {};
}

std::size_t first_brace(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '{') {
      return i;
    }
  }
  return std::string_view::npos;
}

}  // namespace

std::string sysctl_path_of(std::string_view key) {
  std::string path(key);
  const auto first = path.find_first_of("/.");
  if (first == std::string::npos || path[first] == '/') {
    return path;
  }
  for (char& c : path) {
    c = c == '.' ? '/' : c == '/' ? '.' : c;
  }
  return path;
}

std::string canonical_sysctl_key(std::string_view key) {
  std::string dotted = simplify(sysctl_path_of(key));
  for (char& c : dotted) {
    c = c == '.' ? '/' : c == '/' ? '.' : c;
  }
  return dotted;
}

namespace {

constexpr std::size_t longest_key = 255;

bool is_key_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && std::ranges::all_of(name, [](char c) {
    return is_alnum(c) || std::string_view("_-+.:,@").find(c) != std::string_view::npos;
  });
}

}  // namespace

tl::expected<SysctlKey, Message> SysctlKey::parse(std::string_view text) {
  std::string path = sysctl_path_of(text.substr(text.starts_with('/') ? 1 : 0));
  const auto names = components(path);
  // The first name has no dot and no sign in front, so the dotted spelling reads as this path again
  // and no tool takes it for an option or for "ignore errors".
  const bool good =
      path.size() <= longest_key && names.size() >= 2 && std::ranges::all_of(names, is_key_name) &&
      names.front().find('.') == std::string_view::npos && names.front().front() != '-';
  if (!good) {
    return tl::unexpected(
        Message("{}: this is no sysctl; one is a file below /proc/sys, as vm.min_free_kbytes is",
                printable(text.substr(0, longest_key))));
  }
  std::string dotted = canonical_sysctl_key(path);
  return SysctlKey(std::move(dotted), std::move(path));
}

bool is_sysctl_value(std::string_view text) {
  return is_running_value(text) && !text.empty() && printable(text) == text;
}

bool is_running_value(std::string_view text) {
  constexpr std::size_t longest = 4094;
  return text.size() <= longest && std::ranges::none_of(text, [](char c) {
           return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
         });
}

std::string tool_path_of(SysctlTool tool, std::string_view key) {
  if (tool == SysctlTool::systemd) {
    return simplify(sysctl_path_of(key));
  }
  // procps 4.0.2 drops a second "-" when it makes the path.
  return sysctl_path_of(key.substr(key.starts_with('-') ? 1 : 0));
}

bool is_sysctl_glob(std::string_view text) {
  return text.find_first_of("*?[") != std::string_view::npos;
}

bool path_reaches(SysctlTool tool, std::string_view path, std::string_view target) {
  if (path.size() > longest_path) {
    return false;
  }
  // systemd 252 refuses paths with "..", procps opens whatever ends below /proc/sys.
  if (tool == SysctlTool::systemd || path.find('\\') != std::string_view::npos) {
    return path == target;
  }
  return Walk(target).reach(path).has_value();
}

std::optional<std::string> glob_reaches(SysctlTool tool, std::string_view pattern,
                                        std::string_view target) {
  if (pattern.size() > longest_path) {
    return std::nullopt;
  }
  if (tool == SysctlTool::procps) {
    return Walk(target).reach(pattern);
  }
  // systemd 252 expands braces (sysctl.d(5) does not say so), procps does not.
  for (const auto& alternative : expand_braces(pattern)) {
    auto found = Walk(target).reach(alternative);
    if (found == target) {
      return found;
    }
  }
  return std::nullopt;
}

std::vector<std::string> expand_braces(std::string_view pattern) {
  std::vector<std::string> done;
  if (pattern.size() > longest_braces) {
    return {std::string(pattern)};
  }
  std::vector<std::string> open = {std::string(pattern)};
  for (std::size_t work = 0; !open.empty() && work < most_alternatives; ++work) {
    const std::string text = std::move(open.back());
    open.pop_back();
    const auto brace = first_brace(text);
    const auto marks =
        brace == std::string::npos ? std::vector<std::size_t>{} : brace_marks(text, brace);
    // One brace without its partner and the rest is literal.
    if (marks.empty()) {
      done.push_back(text);
      continue;
    }
    const auto tail = text.substr(marks.back() + 1);
    for (std::size_t i = marks.size() - 1; i > 0; --i) {
      const auto from = marks[i - 1] + 1;
      open.push_back(text.substr(0, brace) + text.substr(from, marks[i] - from) + tail);
    }
  }
  return done;
}

std::optional<std::int64_t> parse_sysctl_integer(std::string_view value) {
  constexpr std::size_t longest_number = 20;  // TMPBUFLEN in kernel/sysctl.c is 22
  constexpr std::string_view blanks = " \t\n\v\f\r";
  const auto start = value.find_first_not_of(blanks);
  if (start == std::string_view::npos) {
    return std::nullopt;
  }
  value.remove_prefix(start);
  auto digits = value.substr(0, value.find_first_of(" \t\n"));
  if (digits.size() > longest_number) {
    return std::nullopt;
  }
  const bool negative = digits.starts_with('-');
  digits.remove_prefix(negative ? 1 : 0);
  int base = 10;
  if (digits.size() > 2 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')) {
    digits.remove_prefix(2);
    base = 16;
  } else if (digits.size() > 1 && digits[0] == '0') {
    base = 8;
  }
  const auto number = parse_number<std::uint64_t>(digits, base);
  if (!number || *number > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    return std::nullopt;
  }
  const auto amount = static_cast<std::int64_t>(*number);
  return negative ? -amount : amount;
}

std::optional<SysctlRange> sysctl_range(std::string_view canonical_key) {
  constexpr std::int64_t int_min = std::numeric_limits<std::int32_t>::min();
  constexpr std::int64_t int_max = std::numeric_limits<std::int32_t>::max();
  constexpr std::int64_t long_max = std::numeric_limits<std::int64_t>::max();
  struct Row {
    std::string_view key;
    SysctlRange range;
  };
  // kernel/sysctl.c, kernel/fork.c, kernel/pid.c, mm/util.c, mm/page_alloc.c, mm/hugetlb.c. Where
  // kernels differ the widest range stands: a value may still be refused.
  static constexpr std::array<Row, 22> rows = {{
      {"kernel.msgmax", {0, int_max}},  // of an IPC namespace, as harmless as kernel.domainname
      {"kernel.panic", {int_min, int_max}},
      {"kernel.pid_max", {301, 4194304}},
      {"kernel.threads-max", {1, 0x3fffffff}},  // FUTEX_TID_MASK; at least 20 before 5.4
      {"vm.admin_reserve_kbytes", {0, long_max}},
      {"vm.dirty_background_bytes", {1, long_max}},
      {"vm.dirty_background_ratio", {0, 100}},
      {"vm.dirty_bytes", {8192, long_max}},  // two pages
      {"vm.dirty_ratio", {0, 100}},
      {"vm.max_map_count", {0, int_max}},
      {"vm.min_free_kbytes", {0, int_max}},
      {"vm.nr_hugepages", {0, long_max}},
      {"vm.oom_dump_tasks", {int_min, int_max}},
      {"vm.oom_kill_allocating_task", {int_min, int_max}},
      {"vm.overcommit_kbytes", {0, long_max}},
      {"vm.overcommit_memory", {0, 2}},
      {"vm.overcommit_ratio", {int_min, int_max}},
      {"vm.panic_on_oom", {0, 2}},
      {"vm.percpu_pagelist_high_fraction", {0, int_max}},  // but not 1 to 7
      {"vm.user_reserve_kbytes", {0, long_max}},
      {"vm.watermark_boost_factor", {0, int_max}},
      {"vm.watermark_scale_factor", {1, 3000}},
  }};
  const auto row =
      std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.key == canonical_key; });
  return row == rows.end() ? std::nullopt : std::optional(row->range);
}

std::string_view sysctl_counterpart(std::string_view canonical_key) {
  // overcommit_ratio_handler() of mm/util.c, dirty_ratio_handler() of mm/page-writeback.c, and the
  // handlers beside them.
  using Pair = std::pair<std::string_view, std::string_view>;
  static constexpr std::array<Pair, 3> pairs = {
      {{"vm.dirty_background_bytes", "vm.dirty_background_ratio"},
       {"vm.dirty_bytes", "vm.dirty_ratio"},
       {"vm.overcommit_kbytes", "vm.overcommit_ratio"}}};
  for (const auto& [one, other] : pairs) {
    if (canonical_key == one || canonical_key == other) {
      return canonical_key == one ? other : one;
    }
  }
  return {};
}

bool kernel_takes(const std::optional<SysctlRange>& range, std::string_view value) {
  if (!range) {
    return true;
  }
  const auto number = parse_sysctl_integer(value);
  return number && *number >= range->least && *number <= range->most;
}

}  // namespace whyoom::host
