#include "report/userspace_lines.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/fixed.h"
#include "base/text.h"
#include "base/units.h"
#include "report/after.h"
#include "report/android_lines.h"

namespace whyoom::report {
namespace {

// `text`: without blanks around it. `tagged`: the line is the killer's; else only its sentence says
// so. `out` is the line's when true is returned; what is written to it begins with the killer.
using Parser = bool (*)(std::string_view text, Place at, bool tagged, UserspaceKill& out);

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

Bytes mib(std::uint64_t count) { return Bytes(count) * (1024 * 1024); }

// Of systemd-oomd, what stands around a kill: "Memory pressure for X is 64.15% > 1.00% for > 30s
// with reclaim activity", and what it says when it got an error from it: "Failed to kill any
// cgroup(s) under X based on pressure: No such device", "Failed to kill any cgroups based on swap".
bool parse_oomd_around(std::string_view text, Place at, UserspaceKill& out) {
  Cursor cursor(text);
  if (cursor.take("Memory pressure for /")) {
    const std::size_t is = text.find(" is ");
    const std::string_view numbers = text.substr(std::min(is, text.size()));
    out.killer = "systemd-oomd";
    out.victim = text.substr(20, is - 20);
    out.pressure_percent = decimal_after(numbers, " is ");
    out.pressure_limit_percent = decimal_after(numbers, "% > ");
    return out.pressure_limit_percent && numbers.find(" with reclaim activity") != npos;
  }
  if (!cursor.take("Failed to kill any cgroup")) {
    return false;
  }
  begin_kill("systemd-oomd", text, at, out);
  out.failed = true;
  cursor.take("(s)") || cursor.take("s");
  if (cursor.take(" under /")) {
    const std::size_t start = text.size() - cursor.rest().size() - 1;
    const std::size_t end = text.find(" based on pressure", start);
    out.victim = text.substr(start, end - start);
    return end != npos;
  }
  out.victim = "/";
  return cursor.take(" based on swap");
}

// "Killed X due to memory pressure for Y being 72.10% > 60.00% for > 20s with reclaim activity",
// "Marked X for killing due to memory used (N) / total (N) and swap used (N) / total (N) being ..."
// A journal cuts them for the console, and so does who copies them from a terminal. Behind its own
// name "Killed /x" is of no other sentence.
bool parse_systemd_oomd(std::string_view text, Place at, bool tagged, UserspaceKill& out) {
  if (!text.starts_with("Killed ") && !text.starts_with("Marked ")) {
    return parse_oomd_around(text, at, out);
  }
  constexpr std::string_view due = " due to memory ";
  constexpr std::size_t name = 7;
  const bool of_path = tagged && text.substr(name).starts_with('/');
  const bool paged = of_path && text.ends_with('>');
  const std::size_t why = text.find(due, name);
  if (why == npos && (paged || (of_path && text.front() == 'K'))) {
    begin_kill("systemd-oomd", text, at, out);
    out.victim = text.substr(name, text.find_first_of(" >", name) - name);
    return true;
  }
  if (why == npos) {
    return false;
  }
  std::string_view rest = text.substr(why + due.size());
  if (rest.ends_with('>')) {  // so a pager marks it
    rest.remove_suffix(1);
  }
  constexpr std::string_view pressure = "pressure for /";
  const bool used = rest.starts_with("used (");
  const bool pressed =
      rest.starts_with(pressure) || (rest.starts_with("pressure") && pressure.starts_with(rest));
  const bool cut = text[name] == '/' && (used || pressed);
  if (!cut && !paged &&
      (rest.find(" being ") == npos || !(used || rest.starts_with("pressure for ")))) {
    return false;
  }
  begin_kill("systemd-oomd", text, at, out);
  std::string_view victim = text.substr(name, why - name);
  if (victim.ends_with(" for killing")) {
    victim.remove_suffix(12);
  }
  out.victim = trim(victim);
  if (!used) {
    out.pressure_percent = decimal_after(rest, " being ");
    if (out.pressure_percent.value_or(0) > 100) {  // no share of a time: of 6.0-rc1, of mistake
      out.pressure_percent.reset();
    }
    out.pressure_limit_percent = decimal_after(rest, "% > ");
    return true;
  }
  const auto read = [](std::string_view part, std::string_view key, auto& bytes) {
    Cursor cursor(after(part, key).value_or(""));
    const auto number = cursor.take_unsigned();
    if (cursor.take(')')) {  // else it is cut
      bytes = number;
    }
  };
  read(rest, "used (", out.mem_used);
  read(rest, "total (", out.mem_total);
  if (const auto swap = after(rest, "swap ")) {
    read(*swap, "used (", out.swap_used);
    read(*swap, "total (", out.swap_total);
  }
  return true;
}

// "mem avail:  1200 of 17518 MiB ( 6.85%), swap free: 13345 of 47119 MiB (28.32%)"; the old ones
// say only that it was short.
bool parse_earlyoom_facts(std::string_view text, UserspaceKill& out) {
  const bool old =
      text.starts_with("Out of memory! avail: ") || text.starts_with("Out of memory! mem min: ");
  if (!old && !text.starts_with("mem avail:")) {
    return false;
  }
  out.killer = "earlyoom";
  if (old) {
    return true;
  }
  const std::size_t swap = text.find("swap free:");
  const std::string_view memory = text.substr(0, swap);
  const auto read = [](std::string_view part, std::string_view key, auto& used, auto& total,
                       auto& percent) {
    const auto left = padded_after(part, key);
    const auto all = padded_after(part, " of ");
    if (left && all) {
      total = mib(*all).count();
      used = (mib(*all) - mib(*left)).count();
    }
    percent = decimal_after(part, "(");
  };
  read(memory, "mem avail:", out.mem_used, out.mem_total, out.mem_available_percent);
  if (swap != npos) {
    read(text.substr(swap), "swap free:", out.swap_used, out.swap_total, out.swap_free_percent);
  }
  return true;
}

// "process 9994 did not exit", "kill failed: Timer expired", "dryrun, not actually sending any
// signal" behind the announcement of a kill (kill.c).
bool is_undone(std::string_view text) {
  return (text.starts_with("process ") && text.ends_with(" did not exit")) ||
         text.starts_with("kill failed: ") || text.starts_with("kill() failed: ") ||
         text.starts_with("dryrun, not actually ") ||
         text.starts_with("Warning: Could not kill process: ");
}

// Before 1.3: "Killing process 5874 (bash)" as /proc/PID/stat has it, "Killing process 5874 bash",
// "Killing process: bash, pid: 5874, badness: 538, ..",
// "Killing process 'bash' with signal 15, pid: 5874, badness: 538, ..",
// 'killing process 5874 "bash" with signal 15: badness 538, ..'
bool parse_earlyoom_old(std::string_view text, bool tagged, UserspaceKill& out) {
  out.needs_facts = !tagged && text.find("badness") == npos;
  std::string_view name = text;
  Cursor cursor(text);
  cursor.take(' ');
  out.pid = take_pid(cursor);
  if (out.pid) {
    name = cursor.rest();
  } else {
    const std::size_t pid = text.rfind(", pid: ");
    cursor = Cursor(pid == npos ? std::string_view() : text.substr(pid + 7));
    out.pid = take_pid(cursor);
    name = text.substr(0, pid);
  }
  name = name.substr(0, name.rfind(" with signal "));
  name.remove_prefix(std::min(name.find_first_not_of(" :'\""), name.size()));
  name = name.substr(0, name.find_last_not_of("'\"") + 1);
  const bool enclosed = name.size() > 2 && name.starts_with('(') && name.ends_with(')');
  out.victim = enclosed ? name.substr(1, name.size() - 2) : name;
  return out.pid && !out.victim.empty();
}

// 'sending SIGTERM to process 9994 uid 1000 "termshark": badness 1181, VmRSS 4568 MiB'
bool parse_earlyoom(std::string_view text, Place at, bool tagged, UserspaceKill& out) {
  if (parse_earlyoom_facts(text, out)) {
    return true;
  }
  if (is_undone(text)) {
    out.killer = "earlyoom";
    out.undone = true;
    return true;
  }
  Cursor cursor(text);
  if (cursor.take("process ") && (out.pid = take_pid(cursor)) && cursor.take(" exited after ")) {
    out.killer = "earlyoom";
    out.done = true;
    return true;
  }
  cursor = Cursor(text);
  if (cursor.take("Killing process") || cursor.take("killing process")) {
    begin_kill("earlyoom", text, at, out);
    return parse_earlyoom_old(cursor.rest(), tagged, out);
  }
  if (!cursor.take("sending SIG") || cursor.take_word().empty() || !cursor.take(" to process ")) {
    return false;
  }
  begin_kill("earlyoom", text, at, out);
  out.pid = take_pid(cursor);
  const std::string_view rest = cursor.rest();
  const std::size_t open = rest.find('"');
  std::size_t close = rest.rfind("\": oom_score");
  if (close == npos) {
    close = rest.rfind("\": badness");
  }
  if (!out.pid || close == npos || close <= open) {
    return false;
  }
  out.victim = rest.substr(open + 1, close - open - 1);
  return true;
}

// The victim of nohang: "Name: stress", "PID: 9828", in 0.2 "PID: 9828, name: stress, badness:
// 727", in 0.1 "Victim is stress, pid: 9828, badness: 727".
bool parse_nohang_victim(std::string_view text, bool tagged, UserspaceKill& out) {
  Cursor cursor(text);
  if (tagged && cursor.take("Name:")) {
    out.killer = "nohang";
    out.victim = trim(cursor.rest());
    return true;
  }
  const bool last = cursor.take("Victim is ");
  if (!last && !cursor.take("PID:")) {
    return false;
  }
  out.killer = "nohang";
  std::string_view name = cursor.rest();
  if (last) {
    cursor = Cursor(after(name, ", pid: ").value_or(""));
  }
  cursor.skip_spaces();
  out.pid = take_pid(cursor);
  const bool named = last || cursor.take(", name: ") || cursor.take(", Name: ");
  if (named) {
    name = last ? name : cursor.rest();
    for (const std::string_view end : {", pid: ", ", badness: ", ", state: "}) {
      name = name.substr(0, name.rfind(end));
    }
    out.victim = name;
  }
  return out.pid && (tagged || named);
}

// Behind "Sending SIGTERM to the victim".
bool is_undone_of_nohang(std::string_view text) {
  return text == "Selected process died before corrective action" ||
         text == "Cannot send a signal: PermissionError" ||
         text == "Cannot execute the command in the new thread";
}

// "MemAvailable [520 MiB, 8.9 %] <= ...", the victim, then "Implementing a corrective action:" with
// "Sending SIGTERM to the victim", in some versions "; OK; response time: 12 ms" behind it, or
// "Executing the command: systemctl restart x".
bool parse_nohang(std::string_view text, Place at, bool tagged, UserspaceKill& out) {
  if (tagged && is_undone_of_nohang(text)) {
    out.killer = "nohang";
    out.undone = true;
    return true;
  }
  if (text.starts_with("Executing the command: ")) {
    begin_kill("nohang", text, at, out);
    out.needs_facts = out.by_command = true;
    return true;
  }
  const bool memory = text.starts_with("MemAvailable [");
  if (memory || text.starts_with("SwapFree [")) {
    out.killer = "nohang";
    (memory ? out.mem_available_percent : out.swap_free_percent) = decimal_after(text, "MiB, ");
    return true;
  }
  if (parse_nohang_victim(text, tagged, out)) {
    return true;
  }
  constexpr std::string_view to = " to the victim";
  const std::size_t at_victim = text.starts_with("Send") ? text.find(to) : npos;
  if (at_victim != npos) {
    const std::string_view behind = text.substr(at_victim + to.size());
    begin_kill("nohang", text, at, out);
    out.needs_facts = !tagged;
    return text.find(" SIG") < at_victim && (behind.empty() || behind.front() == ';') &&
           behind.find("no such process") == npos;
  }
  if (!text.starts_with("Preventing OOM: trying to send the ")) {
    return false;
  }
  begin_kill("nohang", text, at, out);
  const std::string_view name = after(text, " signal to ").value_or("");
  out.victim = trim(name.substr(0, name.find(',')));
  return true;
}

// "oomd kill: 12.34 5.67 8.90 system.slice/x.service 12345 ruleset:[...] ... killer:... v2"
bool parse_oomd(std::string_view text, Place at, bool /*tagged*/, UserspaceKill& out) {
  Cursor cursor(text);
  if (!cursor.take("oomd kill: ") || text.find("killer:") == npos ||
      text.find("killer:(dry)") != npos) {
    return false;
  }
  begin_kill("oomd", text, at, out);
  out.pressure_percent = take_decimal(cursor.take_word());
  for (int i = 0; i < 3; ++i) {  // avg60, avg300, then the cgroup
    cursor.skip_spaces();
    out.victim = cursor.take_word();
  }
  return true;
}

// 'Eviction manager: must evict pod(s) to reclaim" resourceName="memory"', then
// '"Eviction manager: pod is evicted successfully" pod="default/x"'.
bool parse_kubelet(std::string_view text, Place at, bool /*tagged*/, UserspaceKill& out) {
  const std::size_t manager = text.find("viction manager: ");
  if (manager == npos) {
    return false;
  }
  const std::string_view rest = text.substr(manager + 17);
  if (rest.starts_with("must evict pod(s) to reclaim")) {
    out.killer = "kubelet";
    return rest.find("memory") != npos;
  }
  if (rest.find("evicted successfully") == npos || !rest.starts_with("pod ")) {
    return false;
  }
  begin_kill("kubelet", text.substr(manager - std::min<std::size_t>(manager, 1)), at, out);
  out.needs_facts = true;  // or it was evicted for another reason than memory
  const auto named = after(rest, "pod=\"");
  out.victim = named ? named->substr(0, named->find('"'))
                     : rest.substr(4, std::max<std::size_t>(rest.find(" is evicted"), 4) - 4);
  return true;
}

// '[talos] Sending SIGKILL to cgroup {.., "cgroup": "/sys/fs/cgroup/kubepods/..."}' of Talos Linux
// from 1.12 on (its OOMController).
bool parse_talos(std::string_view text, Place at, bool /*tagged*/, UserspaceKill& out) {
  Cursor cursor(text);
  cursor.take("[talos] ");
  if (!cursor.take("Sending SIGKILL to cgroup {")) {
    return false;
  }
  begin_kill("Talos", text, at, out);
  cursor = Cursor(after(cursor.rest(), R"("cgroup": ")").value_or(""));
  cursor.take("/sys/fs/cgroup");
  out.victim = cursor.take_until("\"").value_or("");
  return !out.victim.empty();
}

struct Killer {
  std::string_view tag;
  Parser parse;
  std::string_view begins;  // with one of these a line without a tag begins; empty: with any
};

constexpr std::array<Killer, 8> userspace_killers{{
    {"systemd-oomd", parse_systemd_oomd, "FKM"},
    {"earlyoom", parse_earlyoom, "KOWdkmps"},
    {"nohang", parse_nohang, "EMPSV"},
    {"oomd", parse_oomd, "o"},
    {"kubelet", parse_kubelet, ""},
    {android_killer, parse_android, "DEFIKVWls"},
    {"lmkd", parse_android, "l"},
    {"talos", parse_talos, "[S"},
}};

// For each first character the killers of userspace_killers whose line it can be, as bits.
constexpr auto killers_by_first = [] {
  std::array<std::uint8_t, 256> killers{};
  for (std::size_t c = 0; c < killers.size(); ++c) {
    for (std::size_t i = 0; i < userspace_killers.size(); ++i) {
      const std::string_view begins = userspace_killers[i].begins;
      const bool can = begins.empty() || begins.find(static_cast<char>(c)) != npos;
      killers[c] = static_cast<std::uint8_t>(killers[c] | (can ? 1U << i : 0U));
    }
  }
  return killers;
}();

bool tag_matches(std::string_view tag, std::string_view killer) {
  if (!tag.starts_with(killer)) {
    return false;
  }
  const std::string_view rest = tag.substr(killer.size());
  return rest.empty() || rest.front() == '[' || rest.front() == '-' || rest.front() == '.';
}

}  // namespace

void begin_kill(std::string_view killer, std::string_view text, Place at, UserspaceKill& out) {
  out.killer = killer;
  out.what = text;
  out.at = at;
}

std::optional<UserspaceKill> parse_userspace(std::string_view text, std::string_view tag,
                                             Place at) {
  const bool kernel = tag == "kernel";
  const bool tagged = !tag.empty() && !kernel;
  unsigned can = 0;
  for (std::size_t i = 0; tagged && i < userspace_killers.size(); ++i) {
    can |= tag_matches(tag, userspace_killers[i].tag) ? 1U << i : 0U;
  }
  if (tagged && can == 0) {
    return std::nullopt;  // nearly all lines of some logs
  }
  text = trim(text);
  if (text.empty() || (kernel && !text.starts_with(android_killer) && !is_of_the_driver(text))) {
    return std::nullopt;
  }
  can = tagged ? can : killers_by_first[static_cast<unsigned char>(text.front())];
  UserspaceKill line;
  for (; can != 0; can &= can - 1) {
    if (userspace_killers[static_cast<std::size_t>(std::countr_zero(can))].parse(text, at, tagged,
                                                                                 line)) {
      return line;
    }
    if (!line.killer.empty()) {
      line = UserspaceKill();
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
