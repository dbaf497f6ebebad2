#include "report/victim_lines.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/language.h"
#include "base/text.h"
#include "logtext/logger_notices.h"
#include "report/after.h"
#include "report/kernel_line.h"

namespace whyoom::report {
namespace {

constexpr std::string_view killed_mark = "Killed process ";
// With a name of 15 bytes, each of them written as \xNN.
constexpr std::size_t longest_name = 4 * longest_comm;
constexpr std::string_view kill_mark = "ill process ";  // from 2.6.19 to 2.6.35 with a small k

// Texts of mm/oom_kill.c; the two in small letters from 2.6.18 to 2.6.35.
using Reason = Panic::Reason;
constexpr std::array<std::pair<std::string_view, Reason>, 6> oom_panics{{
    {"Out of memory: compulsory panic_on_oom is enabled", Reason::panic_on_oom_compulsory},
    {"Out of memory: system-wide panic_on_oom is enabled", Reason::panic_on_oom_system_wide},
    {"out of memory. Compulsory panic_on_oom is selected", Reason::panic_on_oom_compulsory},
    {"out of memory. panic_on_oom is selected", Reason::panic_on_oom_system_wide},
    {"System is deadlocked on memory", Reason::deadlocked},
    {"Out of memory and no killable processes", Reason::no_killable},
}};
constexpr std::size_t shortest_panic = std::string_view("Out of memory").size();

struct Prefix {
  bool known = false;
  bool memcg = false;
  bool allocating_task = false;
  std::optional<ConstraintKind> constraint;
};

// What the kernel says before it names the victim, or nothing. A log can begin inside of it; any
// other word before it makes the line somebody else's: it can hold names that users choose.
std::optional<Prefix> read_prefix(std::string_view text) {
  using Known = std::pair<std::string_view, Prefix>;
  static constexpr std::array<Known, 6> all{{
      {"Memory cgroup out of memory: ", {true, true, false, {}}},
      {"Out of memory (oom_kill_allocating_task): ", {true, false, true, {}}},
      {"Out of memory: ", {true, false, false, {}}},
      {"Out of Memory: ", {true, false, false, {}}},
      // To 2.6.35.
      {"No available memory in cpuset: ", {true, false, false, ConstraintKind::cpuset}},
      {"No available memory (MPOL_BIND): ", {true, false, false, ConstraintKind::mempolicy}},
  }};
  std::string_view start = trim_left(text);
  start.remove_prefix(start.starts_with("... ") ? 4 : 0);  // somebody's mark of an excerpt
  if (start.empty()) {
    return Prefix{};
  }
  // "memory: " is the end of several: what they do not say alike is not known.
  std::optional<Prefix> found;
  for (const auto& [words, prefix] : all) {
    if (!words.ends_with(start)) {
      continue;
    }
    const bool same = !found || (found->known && found->memcg == prefix.memcg &&
                                 found->allocating_task == prefix.allocating_task &&
                                 found->constraint == prefix.constraint);
    found = same && start.size() > 2 ? prefix : Prefix{};
  }
  return found;
}

}  // namespace

std::optional<VictimLine> parse_kill_intent(std::string_view text, Place at) {
  const std::size_t start = text.find(kill_mark);
  if (start == std::string_view::npos || start == 0 ||
      (text[start - 1] != 'K' && text[start - 1] != 'k')) {
    return std::nullopt;
  }
  Cursor cursor(text.substr(start + kill_mark.size()));
  const auto pid = take_pid(cursor);
  const auto prefix = read_prefix(text.substr(0, start - 1));
  if (!pid || !cursor.take(" (") || !prefix) {
    return std::nullopt;
  }
  const std::string_view rest = cursor.rest();
  constexpr std::string_view behind_name = ") score ";
  const std::size_t score = rest.substr(0, longest_name + behind_name.size()).rfind(behind_name);
  if (score == std::string_view::npos) {
    return std::nullopt;  // "Kill process %d (%s) sharing same memory"
  }
  VictimLine line;
  line.victim.pid = *pid;
  line.victim.comm = std::string(rest.substr(0, score));
  Cursor number(rest.substr(score + 8));
  line.victim.score = number.take_signed();
  line.victim.permille = number.rest().starts_with(" or sacrifice child");  // "or a child" before
  line.victim.memcg = prefix->memcg;
  line.victim.allocating_task = prefix->allocating_task;
  line.victim.at = at;
  line.constraint = prefix->constraint;
  return line;
}

namespace {

// Where the name ends: the rightmost place where one of the known tails begins.
std::size_t find_name_end(std::string_view rest) {
  // The last stands in articles that mix the two lines of a kill.
  static constexpr std::array<std::string_view, 5> tails{") total-vm:", ") vsz:", "), UID ",
                                                         "), total-vm:", ") score "};
  for (const auto tail : tails) {
    const std::size_t at = rest.substr(0, longest_name + tail.size()).rfind(tail);
    if (at != std::string_view::npos) {
      return at;
    }
  }
  const std::string_view trimmed = trim_right(rest);
  const std::size_t behind = trimmed.ends_with(").") ? 2 : trimmed.ends_with(')') ? 1 : 0;
  if (behind > 0 && trimmed.size() - behind <= longest_comm) {
    return trimmed.size() - behind;
  }
  // A post goes on behind the line: "Killed process 2592 (mysql).In this case ...".
  const std::size_t early = trimmed.substr(0, longest_comm + 2).rfind(").");
  return early == std::string_view::npos && behind > 0 ? trimmed.size() - behind : early;
}

// Somebody left out what stands behind the name, or some of it: "(crosvm) ....".
std::size_t find_shortened_end(std::string_view rest) {
  const std::size_t close = rest.substr(0, longest_comm + 1).rfind(')');
  const bool left_out = close != std::string_view::npos && close > 0 &&
                        (rest.substr(close + 1).starts_with(" ... ") ||
                         rest.substr(close + 1).find_first_not_of(" .,") == std::string_view::npos);
  return left_out ? close : std::string_view::npos;
}

void read_victim_fields(std::string_view tail, VictimLine& line) {
  Victim& victim = line.victim;
  victim.total_vm_kib = kib_after(tail, "total-vm:");
  if (!victim.total_vm_kib) {
    victim.total_vm_kib = kib_after(tail, "vsz:");
  }
  victim.anon_rss_kib = kib_after(tail, "anon-rss:");
  victim.file_rss_kib = kib_after(tail, "file-rss:");
  victim.shmem_rss_kib = kib_after(tail, "shmem-rss:");
  victim.pgtables_kib = kib_after(tail, "pgtables:");
  for (const std::string_view key : {" UID:", " UID "}) {
    Cursor cursor(after(tail, key).value_or(""));
    if (const auto uid = take_uid(cursor)) {
      victim.uid = uid;
    }
  }
  victim.oom_score_adj = int_after(tail, "oom_score_adj:", -1000, 1000);
  for (const bool there : {victim.total_vm_kib.has_value(), victim.anon_rss_kib.has_value(),
                           victim.file_rss_kib.has_value(), victim.shmem_rss_kib.has_value(),
                           victim.pgtables_kib.has_value(), victim.uid.has_value(),
                           victim.oom_score_adj.has_value()}) {
    line.fields += there ? 1 : 0;
  }
}

}  // namespace

std::optional<VictimLine> parse_victim(std::string_view text, Place at) {
  const std::size_t start = text.find(killed_mark);
  if (start == std::string_view::npos) {
    return std::nullopt;
  }
  Cursor cursor(text.substr(start + killed_mark.size()));
  const auto pid = take_pid(cursor);
  const auto prefix = read_prefix(text.substr(0, start));
  if (!pid || !prefix) {
    return std::nullopt;
  }
  VictimLine line;
  Victim& victim = line.victim;
  victim.pid = *pid;
  victim.at = at;
  if (cursor.take(", UID ")) {  // el6 has it before the name
    victim.uid = take_uid(cursor);
    cursor.take(',');
  }
  cursor.skip_spaces();
  const bool named = cursor.take('(');
  const std::string_view rest = cursor.rest();
  // Somebody took the name out.
  const bool nameless = !named && prefix->known && rest.starts_with("total-vm:");
  std::size_t end = named ? find_name_end(rest) : nameless ? 0 : std::string_view::npos;
  if (named && end == std::string_view::npos && prefix->known) {
    end = find_shortened_end(rest);
  }
  const bool goes_on = end == std::string_view::npos && rest.find(')') != std::string_view::npos;
  if ((!named && !nameless && !rest.empty()) || (goes_on && !prefix->known)) {
    return std::nullopt;  // a sentence about a process, not the kernel's
  }
  victim.comm = std::string(rest.substr(0, end));
  victim.memcg = prefix->memcg;
  victim.allocating_task = prefix->allocating_task;
  line.has_prefix = prefix->known;
  line.constraint = prefix->constraint;
  if (end != std::string_view::npos) {
    const bool uid_first = victim.uid.has_value();
    read_victim_fields(rest.substr(end + (named ? 1 : 0)), line);
    const std::string_view tail = trim(rest.substr(end));
    line.name_alone = tail == ")" || tail == ").";
    line.complete = tail == ")." || victim.oom_score_adj || (victim.file_rss_kib && uid_first);
  }
  return line;
}

std::size_t kill_behind_words(std::string_view text) {
  constexpr std::string_view key = "emory: Kill";
  const std::size_t found = text.find(key);
  if (found == std::string_view::npos) {
    return 0;
  }
  const std::size_t end = found + key.size() - 4;
  std::size_t start = 0;
  for (const std::string_view words :
       {"Memory cgroup out of memory: ", "Out of memory: ", "Out of Memory: "}) {
    if (start == 0 && text.substr(0, end).ends_with(words)) {
      start = end - words.size();
    }
  }
  const std::string_view before = trim_right(text.substr(0, start));
  if (before.empty() || before.ends_with("...") || logtext::may_be_in_a_name(before)) {
    return 0;
  }
  const auto last = static_cast<unsigned char>(before.back());
  // A mark, a label in brackets or a clock; a word is of a sentence.
  const std::string_view word = before.substr(before.rfind(' ') + 1);
  const bool is_clock =
      is_digit(word.front()) && is_digit(word.back()) && word.find(':') != std::string_view::npos;
  if (last < 0x80 && !is_clock &&
      std::string_view(":>|-\"'`()[]#*=/").find(before.back()) == std::string_view::npos) {
    return 0;
  }
  const KernelLine read = read_line(text.substr(start));
  const auto* kill = std::get_if<VictimLine>(&read.part);
  constexpr unsigned some = 3;
  if (kill == nullptr || (read.kind == &kill_intent && read.fullness != Fullness::whole) ||
      (read.kind == &victim_line && kill->fields < some)) {
    return 0;
  }
  const std::string_view behind =
      trim(text.substr(std::min(text.size() - start, read.ends) + start));
  const bool goes_on =
      std::ranges::any_of(behind, is_alnum) && read_line(behind).kind != &victim_line;
  return goes_on ? 0 : start;
}

std::optional<std::string_view> parse_group(std::string_view text) {
  constexpr std::string_view head = "Tasks in ";
  constexpr std::string_view tail = " are going to be killed due to memory.oom.group set";
  const std::string_view start = trim_left(text);
  const std::size_t end = start.rfind(tail);
  if (!start.starts_with(head) || end == std::string_view::npos || end < head.size()) {
    return std::nullopt;
  }
  return start.substr(head.size(), end - head.size());
}

std::optional<Victim> parse_reaped(std::string_view text, Place at) {
  Cursor cursor(trim_left(text));
  const auto pid = cursor.take("oom_reaper: reaped process ") ? take_pid(cursor) : std::nullopt;
  if (!pid) {
    return std::nullopt;
  }
  Victim victim;
  victim.pid = *pid;
  victim.reaped = true;
  victim.at = at;
  const std::string_view name = cursor.rest();
  // What the name holds ends at the last of the kernel's own words; a cut line has none of them.
  const std::size_t end = std::min(name.rfind("), now anon-rss:"), name.rfind(')'));
  if (name.starts_with(" (") && end != std::string_view::npos && end > 2) {
    victim.comm = std::string(name.substr(2, end - 2));
  }
  return victim;
}

bool is_victim_exiting(std::string_view text) {
  const std::size_t victim = text.find(": OOM victim ");
  return victim != std::string_view::npos && read_prefix(text.substr(0, victim + 2)) &&
         text.find("is already exiting") != std::string_view::npos;
}

std::optional<Panic> parse_oom_panic(std::string_view text, Place at, bool& whole) {
  constexpr std::string_view key = "Kernel panic - not syncing: ";
  const std::string_view start = trim_left(text);
  // "---[ end Kernel panic - not syncing: ... ]---" closes the dump of the same panic.
  if (!start.starts_with(key)) {
    return std::nullopt;
  }
  std::string_view what = trim(start.substr(key.size()));
  what.remove_suffix(what.ends_with('>') ? 1 : 0);  // a pager's mark
  Panic panic;
  panic.text = std::string(what);
  panic.at = at;
  whole = true;
  for (const auto& [known, reason] : oom_panics) {
    if (what.starts_with(known)) {
      panic.reason = reason;
      return panic;
    }
  }
  // A wrap or the end of a pager's line cut it.
  whole = false;
  bool any = false;
  for (const auto& [known, reason] : oom_panics) {
    if (what.size() >= shortest_panic && known.starts_with(what)) {
      panic.reason = any && panic.reason != reason ? Reason::none : reason;
      any = true;
    }
  }
  return any ? std::optional(panic) : std::nullopt;
}

Sysrq parse_sysrq(std::string_view text) {
  const std::string_view start = trim_left(text);
  const bool sysrq =
      start.starts_with("sysrq:") || start.starts_with("SysRq :") || start.starts_with("SysRq:");
  if (sysrq && start.find("Manual OOM execution") != std::string_view::npos) {
    return Sysrq::manual_oom;
  }
  if (sysrq && start.find("Show Memory") != std::string_view::npos) {
    return Sysrq::show_memory;
  }
  return start.find("OOM request ignored") != std::string_view::npos ? Sysrq::nothing_eligible
                                                                     : Sysrq::none;
}

namespace {

// Behind the fields of a victim, "total-vm:1kB, anon-rss:1kB, UID:0", which end the line.
std::size_t end_of_fields(std::string_view text) {
  std::size_t end = text.find(") total-vm:");
  std::size_t at = end == std::string_view::npos ? text.size() : end + 1;
  while (at < text.size()) {
    const std::size_t key = std::min(text.find_first_not_of(" ,", at), text.size());
    const std::size_t blank = std::min(text.find_first_of(" ,", key), text.size());
    std::string_view field = text.substr(key, blank - key);
    field.remove_suffix(field.ends_with("kB") ? 2 : 0);
    if (field.find(':') == std::string_view::npos || !is_digit(field.back())) {
      break;
    }
    end = at = blank;
  }
  return end;
}

bool read_oom_panic(std::string_view text, Place at, KernelLine& out) {
  bool whole = false;
  auto panic = parse_oom_panic(text, at, whole);
  if (!panic) {
    return false;
  }
  out.fullness = whole_if(whole);
  out.score = whole ? 2 : panic->reason != Reason::none ? 1 : 0;
  out.part = std::move(*panic);
  return true;
}

bool read_kill_intent(std::string_view text, Place at, KernelLine& out) {
  auto line = parse_kill_intent(text, at);
  if (!line) {
    return false;
  }
  constexpr std::string_view last = " child";
  const std::size_t end = text.find(last, text.find(") score "));
  const bool whole = end != std::string_view::npos;
  out.fullness = whole_if(whole);
  out.score = whole ? 2 : 1;
  out.ends = whole ? end + last.size() : end;
  out.part = std::move(*line);
  return true;
}

bool read_victim(std::string_view text, Place at, KernelLine& out) {
  auto line = parse_victim(text, at);
  if (!line) {
    return false;
  }
  out.score = static_cast<int>(line->fields) + (line->victim.comm.empty() ? 0 : 1);
  out.fullness = line->complete              ? Fullness::whole
                 : line->victim.file_rss_kib ? Fullness::extensible
                                             : Fullness::partial;
  if (!line->complete && out.score == 0) {
    out.damage.emplace_back(tr("the line of the victim is cut"));
  }
  out.ends = line->fields == 0 ? std::string_view::npos : end_of_fields(text);
  out.part = std::move(*line);
  return true;
}

// "VM: killing process sshd", on some architectures "sshd(123)": until 2.6.28, on some longer, a
// page fault that got no memory killed its own process (arch/*/mm/fault.c do_page_fault()).
bool read_fault_victim(std::string_view text, Place at, KernelLine& out) {
  Cursor cursor(text);
  if (!cursor.take("VM: killing process ") && !cursor.take("VM: Killing process ")) {
    return false;
  }
  std::string_view name = cursor.rest();
  const std::size_t open = name.ends_with(')') ? name.rfind('(') : std::string_view::npos;
  cursor = Cursor(name.substr(std::min(open + 1, name.size())));
  const auto pid = open == std::string_view::npos ? std::nullopt : take_pid(cursor);
  name = name.substr(0, pid ? open : std::string_view::npos);
  if (name.empty() || name.size() > longest_comm) {
    return false;
  }
  auto& line = out.part.emplace<VictimLine>();
  line.victim.pid = pid.value_or(0);
  line.victim.comm = std::string(name);
  line.victim.at = at;
  line.has_prefix = true;  // no cgroup's limit
  return true;
}

bool read_group(std::string_view text, Place /*at*/, KernelLine& out) {
  if (!parse_group(text)) {
    out.kind = &unknown_line;
    return false;
  }
  return true;
}

bool read_reaped(std::string_view text, Place at, KernelLine& out) {
  auto victim = parse_reaped(text, at);
  if (victim) {
    out.part.emplace<VictimLine>().victim = std::move(*victim);
  }
  return victim.has_value();
}

bool read_restart(std::string_view text, Place at, KernelLine& out) {
  Cursor cursor(text);
  const auto seconds = cursor.take("Rebooting in ") ? cursor.take_unsigned() : std::nullopt;
  if (!seconds || !cursor.take(" second")) {
    return false;
  }
  out.part.emplace<Panic>().restart_seconds = Read<std::uint64_t>{*seconds, at};
  return true;
}

bool read_sysrq(std::string_view text, Place /*at*/, KernelLine& out) {
  const Sysrq sysrq = parse_sysrq(text);
  out.part = sysrq;
  return sysrq != Sysrq::none;
}

}  // namespace

const LineKind kill_intent{.read = read_kill_intent, .stage = Stage::victim};
const LineKind victim_line{.read = read_victim, .stage = Stage::victim};
const LineKind fault_victim{.read = read_fault_victim, .stage = Stage::victim};
const LineKind kill_group{.read = read_group, .stage = Stage::victim};
const LineKind reaped{.read = read_reaped, .stage = Stage::victim};
const LineKind victim_exiting{
    .read = [](std::string_view text, Place, KernelLine&) { return is_victim_exiting(text); },
    .stage = Stage::victim};
const LineKind no_killable{.stage = Stage::victim};
const LineKind oom_panic{.read = read_oom_panic, .stage = Stage::victim};
// What the kernel says behind the stack of the panic (kernel/panic.c).
const LineKind panic_restart{
    .read = read_restart,
    .stage = Stage::victim,
    .lacks = [](const OpenEvent& e,
                const KernelLine&) { return e.report.panic && !e.report.panic->restart_seconds; },
    .put =
        [](OpenEvent& e, KernelLine& read) {
          e.report.panic->restart_seconds = read.as<Panic>().restart_seconds;
          return true;
        }};
const LineKind panic_halt{
    .stage = Stage::victim,
    .lacks = [](const OpenEvent& e,
                const KernelLine&) { return e.report.panic && !e.report.panic->halted_at; },
    .put =
        [](OpenEvent& e, KernelLine& read) {
          e.report.panic->halted_at = read.at;
          return true;
        }};
const LineKind sysrq_line{.read = read_sysrq, .stage = Stage::victim};

}  // namespace whyoom::report
