#include "report/userspace_lines.h"

#include <array>

#include "base/fixed.h"
#include "base/text.h"
#include "base/units.h"
#include "report/after.h"

namespace whyoom::report {
namespace {

using Parser = std::optional<UserspaceKill> (*)(std::string_view text, Place at);

constexpr auto npos = std::string_view::npos;

// A plain decimal ("6.85"); no exponent, no sign.
std::optional<double> take_decimal(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && (is_digit(text[n]) || text[n] == '.')) {
    ++n;
  }
  return n <= 24 ? parse_fixed(text.substr(0, n)) : std::nullopt;
}

std::optional<double> decimal_after(std::string_view text, std::string_view key) {
  const auto rest = after(text, key);
  return rest ? take_decimal(trim_left(*rest)) : std::nullopt;
}

std::optional<std::uint64_t> padded_after(std::string_view text, std::string_view key) {
  const auto rest = after(text, key);
  return rest ? Cursor(trim_left(*rest)).take_unsigned() : std::nullopt;
}

std::uint64_t mib(std::uint64_t count) { return (Bytes(count) * (1024 * 1024)).count(); }

UserspaceKill kill_line(std::string_view killer, std::string_view text, Place at) {
  UserspaceKill line;
  line.killer = std::string(killer);
  line.what = std::string(trim(text));
  line.at = at;
  return line;
}

// "Killed X due to memory pressure for Y being 72.10% > 60.00% for > 20s with reclaim activity",
// "Marked X for killing due to memory used (N) / total (N) and swap used (N) / total (N) being ..."
std::optional<UserspaceKill> parse_systemd_oomd(std::string_view text, Place at) {
  const std::string_view start = trim_left(text);
  const bool killed = start.starts_with("Killed ");
  if (!killed && !start.starts_with("Marked ")) {
    return std::nullopt;
  }
  const std::size_t pressure = start.find(" due to memory pressure for ");
  const std::size_t used = start.find(" due to memory used (");
  const std::size_t why = pressure == npos ? used : pressure;
  if (why == npos || start.find(" being ", why) == npos) {
    return std::nullopt;
  }
  UserspaceKill line = kill_line("systemd-oomd", start, at);
  std::string_view victim = start.substr(7, why - 7);
  if (victim.ends_with(" for killing")) {
    victim.remove_suffix(12);
  }
  line.victim = std::string(trim(victim));
  const std::string_view rest = start.substr(why);
  if (pressure != npos) {
    line.pressure_percent = decimal_after(rest, " being ");
    line.pressure_limit_percent = decimal_after(rest, "% > ");
    return line;
  }
  line.mem_used = padded_after(rest, "memory used (");
  line.mem_total = padded_after(rest, "total (");
  const std::size_t swap = rest.find("swap used (");
  if (swap != npos) {
    line.swap_used = padded_after(rest.substr(swap), "swap used (");
    line.swap_total = padded_after(rest.substr(swap), "total (");
  }
  return line;
}

// "mem avail:  1200 of 17518 MiB ( 6.85%), swap free: 13345 of 47119 MiB (28.32%)"
std::optional<UserspaceKill> parse_earlyoom_facts(std::string_view start) {
  if (!start.starts_with("mem avail:")) {
    return std::nullopt;
  }
  UserspaceKill line;
  line.killer = "earlyoom";
  const std::size_t swap = start.find("swap free:");
  const std::string_view memory = start.substr(0, swap);
  const auto read = [](std::string_view part, std::string_view key, auto& used, auto& total,
                       auto& percent) {
    const auto left = padded_after(part, key);
    const auto all = padded_after(part, " of ");
    if (left && all) {
      total = mib(*all);
      used = (Bytes(mib(*all)) - Bytes(mib(*left))).count();
    }
    percent = decimal_after(part, "(");
  };
  read(memory, "mem avail:", line.mem_used, line.mem_total, line.mem_available_percent);
  if (swap != npos) {
    read(start.substr(swap), "swap free:", line.swap_used, line.swap_total, line.swap_free_percent);
  }
  return line;
}

// 'sending SIGTERM to process 9994 uid 1000 "termshark": badness 1181, VmRSS 4568 MiB'
std::optional<UserspaceKill> parse_earlyoom(std::string_view text, Place at) {
  const std::string_view start = trim_left(text);
  if (auto facts = parse_earlyoom_facts(start)) {
    return facts;
  }
  Cursor cursor(start);
  if (!cursor.take("sending SIG") || cursor.take_word().empty() || !cursor.take(" to process ")) {
    return std::nullopt;
  }
  const auto pid = take_pid(cursor);
  if (!pid) {
    return std::nullopt;
  }
  UserspaceKill line = kill_line("earlyoom", start, at);
  line.pid = pid;
  const std::string_view rest = cursor.rest();
  const std::size_t open = rest.find('"');
  std::size_t close = rest.rfind("\": oom_score");
  if (close == npos) {
    close = rest.rfind("\": badness");
  }
  if (open == npos || close == npos || close <= open) {
    return std::nullopt;
  }
  line.victim = std::string(rest.substr(open + 1, close - open - 1));
  return line;
}

// "MemAvailable [520 MiB, 8.9 %] <= ...", "Name: stress", "PID: 9828", then
// "Implementing a corrective action:" with "Sending SIGTERM to the victim".
std::optional<UserspaceKill> parse_nohang(std::string_view text, Place at) {
  const std::string_view start = trim(text);
  UserspaceKill line;
  line.killer = "nohang";
  if (start.starts_with("MemAvailable [")) {
    line.mem_available_percent = decimal_after(start, "MiB, ");
    return line;
  }
  if (start.starts_with("SwapFree [")) {
    line.swap_free_percent = decimal_after(start, "MiB, ");
    return line;
  }
  if (start.starts_with("Name:")) {
    line.victim = std::string(trim(start.substr(5)));
    return line;
  }
  if (start.starts_with("PID:")) {
    Cursor cursor(trim_left(start.substr(4)));
    line.pid = take_pid(cursor);
    return line.pid ? std::optional(line) : std::nullopt;
  }
  const bool sending = start.find("Sending SIG") != npos && start.ends_with("to the victim");
  if (sending) {
    return kill_line("nohang", start, at);
  }
  constexpr std::string_view old = "Preventing OOM: trying to send the ";
  if (start.starts_with(old)) {
    line = kill_line("nohang", start, at);
    const std::size_t to = start.find(" signal to ");
    if (to != npos) {
      const std::string_view name = start.substr(to + 11);
      line.victim = std::string(trim(name.substr(0, name.find(','))));
    }
    return line;
  }
  return std::nullopt;
}

// "oomd kill: 12.34 5.67 8.90 system.slice/x.service 12345 ruleset:[...] ... killer:... v2"
std::optional<UserspaceKill> parse_oomd(std::string_view text, Place at) {
  constexpr std::string_view key = "oomd kill: ";
  const std::string_view start = trim_left(text);
  if (!start.starts_with(key) || start.find("killer:") == npos ||
      start.find("killer:(dry)") != npos) {
    return std::nullopt;
  }
  UserspaceKill line = kill_line("oomd", start, at);
  Cursor cursor(start.substr(key.size()));
  line.pressure_percent = take_decimal(cursor.take_word());
  for (int i = 0; i < 3; ++i) {  // avg60, avg300, then the cgroup
    cursor.skip_spaces();
    line.victim = std::string(cursor.take_word());
  }
  return line;
}

// 'Eviction manager: must evict pod(s) to reclaim" resourceName="memory"', then
// '"Eviction manager: pod is evicted successfully" pod="default/x"'.
std::optional<UserspaceKill> parse_kubelet(std::string_view text, Place at) {
  const std::size_t manager = text.find("viction manager: ");
  if (manager == npos) {
    return std::nullopt;
  }
  const std::string_view rest = text.substr(manager + 17);
  UserspaceKill line;
  line.killer = "kubelet";
  if (rest.starts_with("must evict pod(s) to reclaim")) {
    if (rest.find("memory") == npos) {
      return std::nullopt;
    }
    return line;
  }
  if (rest.find("evicted successfully") == npos || !rest.starts_with("pod ")) {
    return std::nullopt;
  }
  line = kill_line("kubelet", text.substr(manager - 1), at);
  const std::size_t named = rest.find("pod=\"");
  if (named != npos) {
    const std::string_view name = rest.substr(named + 5);
    line.victim = std::string(name.substr(0, name.find('"')));
  } else {
    line.victim = std::string(rest.substr(4, rest.find(" is evicted") - 4));
  }
  return line;
}

struct Killer {
  std::string_view tag;
  Parser parse;
  bool own_sentence;  // said by nobody else: good without a tag
};

constexpr std::array<Killer, 5> kKillers{{
    {"systemd-oomd", parse_systemd_oomd, true},
    {"earlyoom", parse_earlyoom, true},
    {"nohang", parse_nohang, false},
    {"oomd", parse_oomd, true},
    {"kubelet", parse_kubelet, true},
}};

bool tag_matches(std::string_view tag, std::string_view killer) {
  if (!tag.starts_with(killer)) {
    return false;
  }
  const std::string_view rest = tag.substr(killer.size());
  return rest.empty() || rest.front() == '[' || rest.front() == '-' || rest.front() == '.';
}

}  // namespace

std::optional<UserspaceKill> parse_userspace(std::string_view text, std::string_view tag,
                                             Place at) {
  for (const Killer& killer : kKillers) {
    if (tag.empty() ? killer.own_sentence : tag_matches(tag, killer.tag)) {
      if (auto line = killer.parse(text, at)) {
        return line;
      }
    }
  }
  return std::nullopt;
}

void merge_facts(const UserspaceKill& from, UserspaceKill& into) {
  const auto take = [](auto& to, const auto& value) {
    if (!to) {
      to = value;
    }
  };
  take(into.pid, from.pid);
  take(into.pressure_percent, from.pressure_percent);
  take(into.pressure_limit_percent, from.pressure_limit_percent);
  take(into.mem_available_percent, from.mem_available_percent);
  take(into.swap_free_percent, from.swap_free_percent);
  take(into.mem_used, from.mem_used);
  take(into.mem_total, from.mem_total);
  take(into.swap_used, from.swap_used);
  take(into.swap_total, from.swap_total);
  if (into.victim.empty()) {
    into.victim = from.victim;
  }
}

}  // namespace whyoom::report
