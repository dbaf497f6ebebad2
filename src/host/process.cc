#include "host/process.h"

#include <algorithm>

#include "base/text.h"
#include "host/lines.h"

namespace whyoom::host {
namespace {

constexpr std::uint64_t pf_kthread = 0x00200000;  // include/linux/sched.h, since 2.6.26

// Takes one line; false at the end. What does not end in a newline was cut.
bool take_line(std::string_view& rest, std::string_view& line) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) {
    return false;
  }
  line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return true;
}

// "  1234 kB"
std::optional<KiB> size_kb(std::string_view text) {
  const auto value = parse_number<std::uint64_t>(next_word(text));
  if (!value || next_word(text) != "kB") {
    return std::nullopt;
  }
  return KiB(*value);
}

struct SizeField {
  std::string_view key;
  std::optional<KiB> Process::*member;
};
constexpr SizeField size_fields[] = {
    {"VmRSS", &Process::rss},          {"RssAnon", &Process::rss_anon},
    {"RssShmem", &Process::rss_shmem}, {"VmSwap", &Process::swap},
    {"VmPTE", &Process::page_tables},  {"VmSize", &Process::size},
    {"VmLck", &Process::locked},
};

void status_size(std::string_view key, std::string_view value, Process& process) {
  const auto size = size_kb(value);
  if (!size) {
    return;
  }
  if (key == "VmPMD") {
    process.page_tables = process.page_tables.value_or(KiB(0)) + *size;
    return;
  }
  for (const SizeField& field : size_fields) {
    if (field.key == key) {
      process.*field.member = *size;
      return;
    }
  }
}

constexpr std::uint64_t unlimited = UINT64_MAX;  // RLIM_INFINITY

std::optional<std::uint64_t> limit_value(std::string_view word) {
  return word == "unlimited" ? unlimited : parse_number<std::uint64_t>(word);
}

std::optional<std::uint64_t> soft_limit(std::string_view rest) {
  const auto soft = limit_value(next_word(rest));
  return limit_value(next_word(rest)) ? soft : std::nullopt;
}

// In status a newline of a name is "\n", and a backslash two of them (fs/proc/array.c
// proc_task_name()).
SmallText name_in_status(std::string_view text) {
  std::string name;
  while (!text.empty()) {
    const bool escaped = text.starts_with("\\n") || text.starts_with("\\\\");
    name += !escaped ? text[0] : text[1] == 'n' ? '\n' : '\\';
    text.remove_prefix(escaped ? 2 : 1);
  }
  return SmallText(name);
}

// The lines of status that say what stat says too. Only newer kernels, as 6.18, name the kernel
// threads there, in the last of them: without it stat has to be read, and is believed.
struct WhatStatSays {
  std::string_view name, state;
  std::optional<std::int32_t> ppid;

  void take(std::string_view key, std::string_view value, Process& process) {
    if (key == "Name") {
      name = value.substr(std::min<std::size_t>(value.size(), 1));  // the tab
    } else if (key == "State") {
      state = next_word(value);
    } else if (key == "PPid") {
      ppid = parse_number<std::int32_t>(trim(value));
    } else if (key == "Kthread" && state.size() == 1 && ppid) {
      process.comm = name_in_status(name);
      process.state = state.front();
      process.ppid = ppid;
      process.kernel_thread = trim(value) == "1";
    }
  }
};

}  // namespace

std::string path_of(std::int32_t pid, ProcessFile file) {
  constexpr std::string_view names[] = {"stat",   "status",    "limits",
                                        "cgroup", "oom_score", "oom_score_adj"};
  std::string path = "/proc/";
  path += std::to_string(pid);
  path += '/';
  path += names[static_cast<std::size_t>(file)];
  return path;
}

// pid (comm) state ppid pgrp session tty tpgid flags minflt cminflt majflt cmajflt utime stime
// cutime cstime priority nice num_threads itrealvalue starttime ...
bool parse_stat(std::string_view text, Process& process) {
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');  // the name may have brackets of its own
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return false;
  }
  const auto pid = parse_number<std::int32_t>(trim(text.substr(0, open)));
  std::string_view rest = text.substr(close + 1);
  const std::string_view state = next_word(rest);
  const auto ppid = parse_number<std::int32_t>(next_word(rest));
  if (!pid || state.size() != 1 || !ppid) {
    return false;
  }
  process.pid = *pid;
  process.comm = SmallText(text.substr(open + 1, close - open - 1));
  process.state = state.front();
  process.ppid = *ppid;
  // The kernel ends the line: without its end the last number may be half of one.
  constexpr int flags_field = 9, threads_field = 20, first_field = 5;
  for (int field = first_field; field <= threads_field; ++field) {
    const std::string_view word = next_word(rest);
    if (word.empty() || rest.empty()) {
      break;
    }
    if (field == flags_field) {
      process.kernel_thread = (parse_number<std::uint64_t>(word).value_or(0) & pf_kthread) != 0;
    } else if (field == threads_field) {
      process.threads = parse_number<std::uint32_t>(word);
    }
  }
  return true;
}

bool parse_status(std::string_view text, Process& process) {
  bool any = false;
  std::string_view line;
  WhatStatSays own;
  while (take_line(text, line)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
      continue;
    }
    const std::string_view key = line.substr(0, colon);
    std::string_view value = line.substr(colon + 1);
    if (key == "Uid") {
      process.uid = parse_number<std::uint32_t>(next_word(value));
      any = any || process.uid.has_value();
    } else if (key == "Threads") {
      // What comes after it says nothing of memory. It is also in stat.
      if (!process.threads) {
        process.threads = parse_number<std::uint32_t>(trim(value));
      }
      break;
    } else if (key.starts_with("Vm") || key.starts_with("Rss")) {
      status_size(key, value, process);
    } else {
      own.take(key, value, process);
    }
  }
  return any;
}

std::optional<std::string_view> pids_cgroup(std::string_view text) {
  std::optional<std::string_view> unified;
  std::optional<std::string_view> pids;
  std::string_view line;
  while (take_line(text, line)) {
    Cursor cursor(line);
    const auto id = cursor.take_unsigned();
    if (!id || !cursor.take(':')) {
      continue;
    }
    const auto controllers = cursor.take_until(":");
    if (!controllers || !cursor.take(':')) {
      continue;
    }
    std::string_view path = cursor.rest();
    constexpr std::string_view deleted = " (deleted)";
    if (path.ends_with(deleted)) {
      path.remove_suffix(deleted.size());
    }
    if (!path.starts_with('/')) {
      continue;
    }
    if (*id == 0 && controllers->empty()) {
      unified = path;
    }
    if (has_part(*controllers, "pids")) {
      pids = path;
    }
  }
  return pids ? pids : unified;
}

std::optional<std::uint64_t> parse_limit(std::string_view text, std::string_view name) {
  std::optional<std::uint64_t> result;
  std::string_view line;
  while (take_line(text, line)) {
    if (line.starts_with(name)) {
      const auto limit = soft_limit(line.substr(name.size()));
      result = limit ? limit : result;
    }
  }
  return result == unlimited ? std::nullopt : result;
}

}  // namespace whyoom::host
