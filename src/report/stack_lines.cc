#include "report/stack_lines.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "report/kernel_line.h"

namespace whyoom::report {
namespace {

constexpr std::string_view not_tainted_mark = " Not tainted";
constexpr std::string_view tainted_mark = " Tainted:";
constexpr std::string_view kdump_mark = " Kdump: loaded";

// Where the version string begins: the blank before " #<number>".
std::size_t find_build(std::string_view text) {
  std::size_t at = text.find(" #");
  while (at != std::string_view::npos) {
    if (at + 2 < text.size() && is_digit(text[at + 2])) {
      return at;
    }
    at = text.find(" #", at + 1);
  }
  return std::string_view::npos;
}

std::string_view last_word(std::string_view text) {
  const std::string_view trimmed = trim_right(text);
  const std::size_t blank = trimmed.find_last_of(' ');
  return blank == std::string_view::npos ? trimmed : trimmed.substr(blank + 1);
}

bool is_release(std::string_view word) {
  return word.size() >= 3 && is_digit(word.front()) && word.find('.') != std::string_view::npos;
}

// Of a release at the end of a line the last number may be cut, or a pager's '>' be the last of it.
std::string_view surely_there(std::string_view release) {
  if (release.ends_with('>')) {
    release.remove_suffix(1);
  }
  if (release.find_first_not_of("0123456789.") != std::string_view::npos) {
    return release;
  }
  const std::string_view sure = release.substr(0, release.find_last_of('.'));
  return sure.find('.') == std::string_view::npos || sure.starts_with("2.") ? std::string_view()
                                                                            : sure;
}

void read_version(std::string_view rest, bool tainted, CpuLine& line) {
  const std::size_t build = find_build(rest);
  line.complete = build != std::string_view::npos;
  const std::string_view before = trim(rest.substr(0, build));
  const std::string_view release =
      tainted || line.complete ? last_word(before) : Cursor(before).take_word();
  if (is_release(release)) {
    const bool ends_line = !line.complete && before.ends_with(release);
    line.release = std::string(ends_line ? surely_there(release) : release);
  }
}

std::optional<std::string_view> after_comm(std::string_view text, CpuLine& line) {
  Cursor cursor(trim_left(text));
  if (cursor.take("Pid: ")) {  // before 3.x
    line.pid = cursor.take_signed();
    return line.pid && cursor.take(", comm: ") ? std::optional(cursor.rest()) : std::nullopt;
  }
  if (!cursor.take("CPU: ") || !cursor.take_unsigned()) {
    return std::nullopt;
  }
  const std::size_t pid = cursor.rest().find("PID: ");
  const std::size_t comm = cursor.rest().find("Comm: ");
  if (pid == std::string_view::npos || pid > 24) {
    return std::nullopt;
  }
  line.pid = Cursor(cursor.rest().substr(pid + 5)).take_signed();
  if (comm == std::string_view::npos || comm < pid) {
    return std::string_view();
  }
  return cursor.rest().substr(comm + 6);
}

}  // namespace

std::optional<CpuLine> parse_cpu_line(std::string_view text) {
  CpuLine line;
  const auto rest = after_comm(text, line);
  if (!rest) {
    return std::nullopt;
  }
  std::size_t at = rest->rfind(not_tainted_mark);
  const bool tainted = at == std::string_view::npos;
  if (tainted) {
    at = rest->rfind(tainted_mark);
  }
  std::string_view comm = trim(rest->substr(0, at));
  if (comm.ends_with(trim_left(kdump_mark))) {
    comm = trim(comm.substr(0, comm.size() - trim_left(kdump_mark).size()));
  }
  line.comm = std::string(comm);
  if (at != std::string_view::npos) {
    const std::size_t key = tainted ? tainted_mark.size() : not_tainted_mark.size();
    read_version(rest->substr(at + key), tainted, line);
  }
  return line;
}

std::optional<std::string_view> parse_hardware(std::string_view text) {
  constexpr std::string_view key = "Hardware name:";
  const std::string_view start = trim_left(text);
  if (!start.starts_with(key)) {
    return std::nullopt;
  }
  return trim(start.substr(key.size()));
}

namespace {

constexpr std::size_t narrow_address = 8;  // digits of an address of 32 bits

bool is_symbol_char(char c) { return is_alnum(c) || c == '_' || c == '.' || c == '$'; }

// "[<ffffffff8116e5bc>]", "[c0000000003a]": an address, not a pid. Returns its digits; 0: none.
std::size_t take_address(Cursor& cursor) {
  const std::string_view rest = cursor.rest();
  if (!rest.starts_with('[')) {
    return 0;
  }
  const std::size_t close = rest.find(']');
  if (close == std::string_view::npos || close > 24 || close < 6) {
    return 0;
  }
  for (const char c : rest.substr(1, close - 1)) {
    if (!is_hex_digit(c) && c != '<' && c != '>' && c != 'x') {
      return 0;
    }
  }
  cursor.take(rest.substr(0, close + 1));
  cursor.skip_spaces();
  return close - 1 - (rest[1] == '<' ? 2 : 0);
}

bool is_offset(std::string_view after) {
  return after.starts_with("+0x") || after.starts_with(" from ") || after.starts_with(") from ") ||
         after.starts_with(")");
}

// "dump_header (mm/oom_kill.c:74)": decoded by a script.
bool is_source_place(std::string_view after) {
  return after.starts_with(" (") && after.find(':') != std::string_view::npos &&
         (after.find(".c:") != std::string_view::npos ||
          after.find(".S:") != std::string_view::npos ||
          after.find(".h:") != std::string_view::npos);
}

// " from out_of_memory+0x218/0x34c", ") from [<c03aad70>] (oom_kill_process+0xc8/0x580)"
std::string_view caller_in(std::string_view after) {
  constexpr std::string_view key = " from ";
  const std::size_t at = after.find(key);
  if (at == std::string_view::npos) {
    return {};
  }
  Cursor cursor(after.substr(at + key.size()));
  while (take_address(cursor) > 0) {
  }
  cursor.take('(');
  const std::string_view rest = cursor.rest();
  const std::string_view name = rest.substr(0, rest.find("+0x"));
  return name.size() < rest.size() && std::ranges::all_of(name, is_symbol_char)
             ? name
             : std::string_view();
}

}  // namespace

std::optional<TraceEntry> parse_trace_entry(std::string_view text) {
  Cursor cursor(trim_left(text));
  bool address = cursor.take("[] ");  // a page took "<ffffffff810a>" for a tag
  TraceEntry entry;
  while (const std::size_t digits = take_address(cursor)) {
    address = true;
    entry.narrow = digits == narrow_address;
  }
  entry.reliable = !cursor.take("? ");
  const bool paren = address && cursor.take('(');
  const std::string_view rest = cursor.rest();
  std::size_t n = 0;
  while (n < rest.size() && is_symbol_char(rest[n])) {
    ++n;
  }
  const std::string_view name = rest.substr(0, n);
  const std::string_view after = rest.substr(n);
  const bool symbol = !name.empty() && !is_digit(name.front());
  if (symbol && (is_source_place(after) || (is_offset(after) && (paren || after.front() != ')')))) {
    // "word from word" is English unless an offset follows.
    if (after.starts_with(" from ") && after.find("+0x") == std::string_view::npos) {
      return std::nullopt;
    }
    entry.function = name;
    entry.caller = caller_in(after);
    // Without addresses only 32-bit ARM names both (arch/arm dump_backtrace_entry()).
    entry.narrow = entry.narrow || (!address && !entry.caller.empty());
    return entry;
  }
  if (address) {
    entry.cut = symbol && after.empty();
    entry.function = entry.cut ? name : std::string_view();
    return entry;
  }
  return std::nullopt;
}

bool is_memcg_function(std::string_view function) {
  return function.starts_with("mem_cgroup_out_of_memory") ||
         function.starts_with("mem_cgroup_oom_synchronize");
}

bool is_oom_function(std::string_view function) {
  return is_memcg_function(function) || function.starts_with("out_of_memory") ||
         function.starts_with("oom_kill_process") || function.starts_with("dump_header");
}

void OomCaller::add(const TraceEntry& entry) {
  step(entry.function, entry.reliable);
  step(entry.caller, entry.reliable);
}

void OomCaller::step(std::string_view function, bool reliable) {
  if (function.empty()) {
    return;
  }
  const auto is_caller = [&](std::string_view name) {
    return after_oom_ == reliable && function.starts_with(name);
  };
  allocator_ = allocator_ || is_caller("__alloc_pages") || is_caller("__alloc_frozen_pages");
  // lru_gen_age_node() has one caller, into which compilers put it: kswapd_age_node(), which once
  // was age_active_anon(), or the one of that.
  kswapd_ = kswapd_ || is_caller("lru_gen_age_node") || is_caller("kswapd_age_node") ||
            is_caller("age_active_anon") || is_caller("balance_pgdat");
  // In el7's 3.10 mem_cgroup_out_of_memory() is a part of the charge.
  cgroup_ = cgroup_ || (reliable && is_memcg_function(function)) ||
            (after_kill_ == reliable && function.starts_with("__mem_cgroup_try_charge"));
  // What an unwinder is not sure of ("?") stands between entries that it is sure of; where it is
  // sure of none (el6), the entries that follow each other count.
  const auto note = [&](std::optional<bool>& after, std::string_view name) {
    if (reliable || after != true) {
      after = function.starts_with(name) ? std::optional(reliable) : std::nullopt;
    }
  };
  note(after_oom_, "out_of_memory");
  note(after_kill_, "oom_kill_process");
}

bool is_failure_function(std::string_view function) { return function.starts_with("warn_alloc"); }

bool is_stack_printer(std::string_view function) {
  return function.starts_with("dump_stack") || function.starts_with("__dump_stack") ||
         function.starts_with("show_stack") || function.starts_with("dump_backtrace") ||
         function.starts_with("unwind_backtrace") || function.starts_with("show_trace");
}

namespace {

bool read_cpu(std::string_view text, Place /*at*/, KernelLine& out) {
  auto line = parse_cpu_line(text);
  if (!line) {
    return false;
  }
  out.score = 1 + (line->release.empty() ? 0 : 1) + (line->complete ? 1 : 0);
  out.fullness = whole_if(line->complete);
  out.part = std::move(*line);
  return true;
}

// A wrap cuts "BIOS 2.0b 07/27/2017" or a pair of brackets apart.
bool read_hardware(std::string_view text, Place /*at*/, KernelLine& out) {
  const std::string_view hardware = parse_hardware(text).value_or("");
  const auto depth = std::ranges::count(hardware, '(') - std::ranges::count(hardware, ')');
  const std::size_t bios = hardware.find("BIOS");
  const std::string_view date = last_word(hardware);
  const bool dated = date.size() == 10 && date[2] == '/' && date[5] == '/';
  const bool versioned = bios != std::string_view::npos && hardware.size() > bios + 5;
  out.score = (depth == 0 ? 1 : 0) + (versioned ? 1 : 0) + (dated ? 1 : 0) +
              (bios != std::string_view::npos ? 1 : 0);
  out.fullness =
      whole_if(dated || (depth == 0 && bios == std::string_view::npos && !hardware.ends_with(',')));
  out.part.emplace<StackDump>().hardware = std::string(hardware);
  return true;
}

}  // namespace

const LineKind cpu_line{.read = read_cpu, .stage = Stage::stack};
const LineKind hardware_line{
    .read = read_hardware,
    .stage = Stage::stack,
    .lacks =
        [](const OpenEvent& e, const KernelLine&) {
          return e.report.trigger && (!e.report.stack || e.report.stack->hardware.empty());
        },
    .put =
        [](OpenEvent& e, KernelLine& read) {
          e.stack(read.at).hardware = std::move(read.as<StackDump>().hardware);
          return true;
        }};
const LineKind trace_start{.read =
                               [](std::string_view text, Place, KernelLine&) {
                                 return text.starts_with("Call Trace:") ||
                                        text.starts_with("Call trace:") ||
                                        text.starts_with("Backtrace:");
                               },
                           .stage = Stage::stack};
const LineKind trace_entry{.read = read_part<parse_trace_entry>, .stage = Stage::stack};

}  // namespace whyoom::report
