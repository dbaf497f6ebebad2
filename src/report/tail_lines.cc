#include "report/tail_lines.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "report/kernel_line.h"

namespace whyoom::report {
namespace {

constexpr std::size_t npos = std::string_view::npos;

struct CountedLine {
  std::string_view phrase;
  Maybe<std::uint64_t> Tail::*field;  // nullptr: known, but nothing uses it
};

// The longer of two phrases with the same beginning comes first.
constexpr std::array<CountedLine, 13> counted_lines{{
    {" total pagecache pages", &Tail::pagecache},
    {" pages in swap cache", &Tail::swap_cache},
    {" pages RAM", &Tail::ram},
    {" pages of RAM", &Tail::ram},
    {" pages HighMem/MovableOnly", &Tail::highmem_movable},
    {" pages HighMem", &Tail::highmem_movable},
    {" pages reserved", &Tail::reserved},
    {" reserved pages", &Tail::reserved},
    {" pages cma reserved", &Tail::cma_reserved},
    {" pages hwpoisoned", &Tail::hwpoisoned},
    {" pages shared", nullptr},
    {" pages non-shared", nullptr},
    {" pages in pagetable cache", nullptr},
}};

// The number that ends right before `at`. None where it is the end of something else, as what a
// reader of pictures takes a digit for: "l30942".
std::optional<std::uint64_t> number_before(std::string_view text, std::size_t at) {
  std::size_t begin = at;
  while (begin > 0 && is_digit(text[begin - 1])) {
    --begin;
  }
  const std::string_view before = text.substr(0, begin);
  const bool apart = before.empty() || (!is_alnum(before.back()) &&
                                        std::string_view("-_,").find(before.back()) == npos);
  // Lines whose ends are lost: "Total swap = 0kB131072 pages RAM0 pages reserved".
  const bool joined =
      before.ends_with("kB") || std::ranges::any_of(counted_lines, [&](const auto& line) {
        return before.ends_with(line.phrase);
      });
  return apart || joined ? parse_number<std::uint64_t>(text.substr(begin, at - begin))
                         : std::nullopt;
}

// Each number with a blank behind it, and what that says.
bool read_counted(std::string_view text, Place at, Tail& tail) {
  bool found = false;
  for (std::size_t blank = text.find(' '); blank != std::string_view::npos;
       blank = text.find(' ', blank + 1)) {
    if (blank == 0 || !is_digit(text[blank - 1])) {
      continue;
    }
    const auto counted = std::ranges::find_if(counted_lines, [&](const CountedLine& line) {
      return text.substr(blank).starts_with(line.phrase);
    });
    const auto value = counted == counted_lines.end() ? std::nullopt : number_before(text, blank);
    if (!value) {
      continue;
    }
    found = true;
    if (counted->field != nullptr && !(tail.*counted->field)) {
      tail.*counted->field = Read<std::uint64_t>{*value, at};
    }
  }
  return found;
}

bool read_swap(std::string_view text, std::string_view key, Place at, Maybe<std::uint64_t>& into) {
  const std::size_t where = text.find(key);
  if (where == std::string_view::npos) {
    return false;
  }
  Cursor cursor(text.substr(where + key.size()));
  cursor.skip_spaces();
  if (!cursor.take('=') && !cursor.take(':')) {
    return false;
  }
  cursor.skip_spaces();
  const auto value = cursor.take_unsigned();
  if (!value || !cursor.take("kB")) {
    return false;
  }
  if (!into) {
    into = Read<std::uint64_t>{*value, at};
  }
  return true;
}

// Nothing stands behind what is said.
bool is_whole_tail(std::string_view text) {
  const std::string_view whole = trim(text);
  return whole.ends_with("kB") || whole.starts_with("Swap cache") ||
         std::any_of(counted_lines.begin(), counted_lines.end(),
                     [whole](const auto& counted) { return whole.ends_with(counted.phrase); });
}

bool is_all_of(std::string_view whole, std::string_view phrase) {
  const std::string_view number =
      whole.substr(0, whole.size() - std::min(whole.size(), phrase.size()));
  return whole.ends_with(phrase) && !number.empty() && std::ranges::all_of(number, is_digit);
}

}  // namespace

bool read_tail(std::string_view text, Place at, Tail& tail) {
  bool found = read_counted(text, at, tail);
  found = read_swap(text, "Free swap", at, tail.free_swap_kib) || found;
  found = read_swap(text, "Total swap", at, tail.total_swap_kib) || found;
  return found || trim_left(text).starts_with("Swap cache stats:") ||
         trim_left(text).starts_with("Swap cache: add ");
}

bool is_only_tail(std::string_view text) {
  // Lines of a table, as some pages show logs, end with its bars.
  const std::string_view whole = text.substr(0, text.find_last_not_of(" |\t") + 1);
  return ((whole.starts_with("Free swap") || whole.starts_with("Total swap")) &&
          whole.ends_with("kB")) ||
         std::ranges::any_of(counted_lines, [whole](const auto& counted) {
           return counted.field != nullptr && is_all_of(whole, counted.phrase);
         });
}

namespace {

bool read_tail_line(std::string_view text, Place at, KernelLine& out) {
  constexpr std::size_t longest = 120;
  const char first = text.front();
  if (text.size() > longest || (first != 'F' && first != 'T' && first != 'S' &&
                                text.find("pages") == std::string_view::npos)) {
    return false;
  }
  Tail tail;
  if (!read_tail(text, at, tail)) {
    return false;
  }
  // lib/show_mem.c: the first since 3.13, the others since 3.15 and 3.19.
  tail.since_3_9 = text.find(" pages HighMem/MovableOnly") != std::string_view::npos ||
                   tail.cma_reserved || tail.hwpoisoned;
  out.part = tail;
  return true;
}

constexpr Maybe<std::uint64_t> Tail::*tail_fields[] = {
    &Tail::pagecache,      &Tail::swap_cache,   &Tail::free_swap_kib,
    &Tail::total_swap_kib, &Tail::ram,          &Tail::highmem_movable,
    &Tail::reserved,       &Tail::cma_reserved, &Tail::hwpoisoned};

bool lacks_tail(const OpenEvent& event, const KernelLine& read) {
  for (const auto field : tail_fields) {
    if (read.as<Tail>().*field && event.report.tail.*field) {
      return false;
    }
  }
  // Before the numbers of memory it must be the whole line; else it is in a name.
  return group_of(event.stage) >= group_of(Stage::mem_info) ||
         (event.report.trigger && is_whole_tail(read.line->text));
}

bool contradicts_tail(const OpenEvent& event, const KernelLine& read) {
  return std::ranges::any_of(tail_fields, [&](const auto field) {
    const auto& said = read.as<Tail>().*field;
    const auto& known = event.report.tail.*field;
    return said && known && said->value != known->value;
  });
}

bool put_tail(OpenEvent& event, KernelLine& read) {
  for (const auto field : tail_fields) {
    if (const auto& value = read.as<Tail>().*field) {
      event.report.tail.*field = value;
    }
  }
  event.report.tail.since_3_9 = event.report.tail.since_3_9 || read.as<Tail>().since_3_9;
  return true;
}

}  // namespace

const LineKind tail_line{.read = read_tail_line,
                         .stage = Stage::tail,
                         .lacks = lacks_tail,
                         .contradicts = contradicts_tail,
                         .put = put_tail};

}  // namespace whyoom::report
