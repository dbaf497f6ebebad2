#include "report/header_lines.h"

#include <algorithm>
#include <utility>

#include "base/language.h"
#include "base/text.h"
#include "report/after.h"
#include "report/kernel_line.h"

namespace whyoom::report {
namespace {

constexpr std::string_view invoked_mark = " invoked oom-killer:";
constexpr std::string_view invoked_mark_alone = "invoked oom-killer:";  // the name was cut off
constexpr std::string_view bare_mark = "oom-killer:";                   // to 2.6.16 nobody is named
constexpr std::string_view failure_mark = ": page allocation failure";
constexpr std::string_view stall_mark = ": page allocation stalls for ";
// Of struct pages for memory that was added (mm/sparse-vmemmap.c vmemmap_alloc_block()).
constexpr std::string_view vmemmap_mark = ": vmemmap alloc failure: order:";
constexpr std::string_view vmalloc_failure_mark = "vmalloc: allocation failure";
constexpr std::string_view cpuset_mark = ",cpuset=";
constexpr std::string_view mems_mark = ",mems_allowed=";
constexpr std::string_view vmalloc_error_mark = ": vmalloc error: size ";
// Behind it the size is that of the pages it had got (mm/vmalloc.c __vmalloc_area_node(), 5.13 on).
constexpr std::string_view no_pages_mark = "failed to allocate pages";
constexpr std::string_view mems_mark_of_line = " mems_allowed=";  // of a line of its own

std::optional<int> read_int(std::string_view text, std::string_view key) {
  return int_after(text, key, -100000, 100000);
}

std::optional<std::string> read_nodes(std::string_view text, std::string_view key) {
  const auto rest = after(text, key);
  if (!rest) {
    return std::nullopt;
  }
  const std::string_view list = take_node_list(*rest);
  if (list.empty()) {
    return std::nullopt;
  }
  return std::string(list);
}

// What stands before the name is no part of it: "title: kswapd0". Names have colons of their own
// ("kworker/0:1"), and tools add the pid.
bool begins_with_words(std::string_view text) {
  return text.size() > longest_comm && text.find(": ") != std::string_view::npos;
}

// Where the name before `at` begins: at the start of the text, or, when more than a name has room
// for stands there, at the last of its words that the lines behind say too, or the very last.
std::size_t find_name_begin(std::string_view text, std::size_t at) {
  constexpr std::size_t added_by_tools = 8;
  if (at <= longest_comm + added_by_tools && !begins_with_words(text.substr(0, at))) {
    const std::size_t quoted = text.find_first_not_of("\"|> ");
    return text.starts_with("... ") ? 4  // somebody's mark that this is an excerpt
           : text.starts_with("# ") ? 2  // a title
           : quoted != std::string_view::npos && quoted < at ? quoted
                                                             : 0;
  }
  const std::string_view before = trim_right(text.substr(0, at));
  const std::size_t last = before.find_last_of(' ');
  const std::size_t from = before.size() - std::min(before.size(), longest_comm + 1);
  for (std::size_t blank = before.find(' ', from); blank < last;
       blank = before.find(' ', blank + 1)) {
    const std::string name(before.substr(blank + 1));
    if (name.find("kernel: ") != std::string::npos || name.find("| ") != std::string::npos) {
      continue;  // the frame of a line, or a row of a table
    }
    if (text.find(name + " cpuset=", at) != std::string_view::npos ||
        text.find(" comm: " + name + " ", at) != std::string_view::npos) {
      return blank + 1;
    }
  }
  return last == std::string_view::npos ? 0 : last + 1;
}

std::string comm_before(std::string_view text, std::size_t at) {
  const std::size_t begin = find_name_begin(text, at);
  return std::string(trim(text.substr(begin, at - begin)));
}

// Behind the number of `key`, where the kernel ends the line.
std::size_t end_of_number(std::string_view text, std::size_t from, std::string_view key) {
  std::size_t at = text.find(key, from);
  if (at == std::string_view::npos) {
    return at;
  }
  at += key.size();
  at += text.substr(at).starts_with('-') ? 1U : 0U;
  while (at < text.size() && is_digit(text[at])) {
    ++at;
  }
  return at;
}

}  // namespace

// The digits end at the first character that is no hex digit: a log that lost its separators has
// "0x800d0order=0".
std::optional<GfpText> read_gfp(std::string_view text, std::string_view key) {
  auto rest = after(text, key);
  if (!rest) {
    return std::nullopt;
  }
  if (rest->starts_with("0x")) {
    rest->remove_prefix(2);
  }
  std::size_t n = 0;
  while (n < rest->size() && is_hex_digit((*rest)[n])) {
    ++n;
  }
  const auto mask = parse_number<std::uint32_t>(rest->substr(0, n), 16);
  if (!mask) {
    return std::nullopt;
  }
  GfpText gfp{*mask, std::nullopt};
  rest->remove_prefix(n);
  gfp.ends_line = rest->empty();
  if (rest->starts_with('x') || rest->starts_with('>')) {
    return std::nullopt;  // the 0 of 0x was misread; a pager cut the mask
  }
  if (rest->starts_with('(')) {
    const std::size_t close = rest->find(')');
    if (close != std::string_view::npos) {
      gfp.names = std::string(rest->substr(1, close - 1));
      std::erase(*gfp.names, ' ');  // of a line that was wrapped; the kernel prints none
    }
  }
  return gfp;
}

std::string_view take_node_list(std::string_view text) {
  constexpr std::string_view none = "(null)";
  if (text.starts_with(none)) {
    return text.substr(0, none.size());
  }
  std::size_t n = 0;
  while (n < text.size() && (is_digit(text[n]) || text[n] == '-' || text[n] == ',')) {
    ++n;
  }
  while (n > 0 && text[n - 1] == ',') {
    --n;
  }
  return text.substr(0, n);
}

std::optional<HeaderLine> parse_oom_header(std::string_view text) {
  const std::size_t named = text.rfind(invoked_mark);
  const std::size_t name = named == std::string_view::npos ? 0 : named;
  const std::string_view words = named != std::string_view::npos        ? invoked_mark
                                 : text.starts_with(invoked_mark_alone) ? invoked_mark_alone
                                                                        : bare_mark;
  if (!text.substr(name).starts_with(words)) {
    return std::nullopt;
  }
  const std::string_view rest = text.substr(name + words.size());
  // A sentence about the killer is no report: nothing, or the mask, follows the colon. Nor is the
  // kernel's own text, as patches quote it.
  if (trim(rest).empty()
          ? words == bare_mark
          : (!trim_left(rest).starts_with("gfp_mask") && !trim_left(rest).starts_with("order")) ||
                trim_left(rest).starts_with("gfp_mask=%") ||
                trim_left(rest).starts_with("gfp_mask=0x%")) {
    return std::nullopt;
  }
  HeaderLine header;
  header.trigger.comm = comm_before(text, name);
  header.gfp = read_gfp(rest, "gfp_mask=");
  header.bare = words == bare_mark;
  if (header.bare && header.gfp) {
    header.gfp->ends_line = false;  // 2.6.8 has nothing behind it
  }
  header.trigger.nodemask = read_nodes(rest, "nodemask=");
  header.trigger.order = read_int(rest, "order=");
  header.trigger.oom_score_adj = read_int(rest, "oom_score_adj=");
  header.old_adj = read_int(rest, "oomkilladj=");
  if (!header.old_adj) {
    header.old_adj = read_int(rest, "oom_adj=");
  }
  // Not what a wrap left of a newer kernel's.
  header.trigger.unnamed = header.bare && header.gfp && !header.gfp->names && !header.old_adj &&
                           !header.trigger.oom_score_adj && !header.trigger.nodemask;
  return header;
}

namespace {

// A sentence about such failures goes on with a word or a quote, and one without a name is none of
// the kernel's unless it goes on with the order. One that explains the line has a word for it.
bool is_sentence(std::string_view failure) {
  if (!failure.starts_with(failure_mark) || failure.size() == failure_mark.size()) {
    return false;
  }
  const std::string_view behind = failure.substr(failure_mark.size());
  const std::string_view next = trim_left(behind.substr(1));
  return (behind.front() != ':' && behind.front() != '.') ||
         !std::string_view("order:").starts_with(next.substr(0, 6)) ||
         next.find_first_not_of("0123456789-= OoIl", 6) == 6;
}

}  // namespace

std::optional<HeaderLine> parse_failure_header(std::string_view text) {
  HeaderLine line;
  if (text.starts_with(failure_mark.substr(2))) {
    return parse_failure_header(": " + std::string(text));  // the name was cut off
  }
  std::size_t at = text.find(failure_mark);
  if (at == std::string_view::npos) {
    at = text.find(stall_mark);
    line.stalled = at != std::string_view::npos;
  }
  if (at == std::string_view::npos) {
    at = text.find(vmemmap_mark);
  }
  if (at == std::string_view::npos) {
    line.vmalloc = parse_vmalloc_line(text, {});
    at = text.find(vmalloc_error_mark);
    if (at == std::string_view::npos) {
      at = text.find(": vmalloc: allocation failure");
    }
    if (!line.vmalloc || at == std::string_view::npos || at == 0) {
      return std::nullopt;
    }
  }
  std::string_view rest = text.substr(at + 1);
  line.trigger.comm = comm_before(text, at);
  if (is_sentence(text.substr(at))) {
    return std::nullopt;
  }
  if (line.trigger.comm.empty()) {
    Cursor behind(text.substr(std::min(text.size(), at + failure_mark.size())));
    if ((!behind.take(": order:") && !behind.take(". order:")) || !behind.take_signed()) {
      return std::nullopt;
    }
  }
  // The name of the cpuset can hold any of the keys: it ends at the last of them.
  const std::size_t cpuset = rest.find(cpuset_mark);
  if (cpuset != std::string_view::npos) {
    const std::string_view behind = rest.substr(cpuset + cpuset_mark.size());
    const std::size_t end = behind.rfind(mems_mark);
    line.cpuset = std::string(behind.substr(0, end));
    if (end != std::string_view::npos) {
      line.mems_allowed = read_nodes(behind.substr(end), mems_mark);
    }
    rest = rest.substr(0, cpuset);
  }
  line.gfp = read_gfp(rest, "mode:");
  // A title or a sentence that names such a failure.
  if (!line.gfp && !line.vmalloc && !line.stalled && begins_with_words(text.substr(0, at))) {
    return std::nullopt;
  }
  line.trigger.order = read_int(rest, "order:");
  line.trigger.nodemask = read_nodes(rest, "nodemask=");
  return line;
}

std::optional<VmallocFailure> parse_vmalloc_line(std::string_view text, Place at) {
  VmallocFailure failure;
  failure.at = at;
  if (const auto error = after(text, vmalloc_error_mark)) {
    Cursor cursor(*error);
    failure.bytes = cursor.take_unsigned();
    cursor.take(",");
    const std::string_view reason = cursor.rest();
    failure.reason = std::string(trim(reason.substr(0, reason.find(", mode:"))));
    failure.block_order = int_after(failure.reason, "page order ", 0, 30);
    if (failure.reason.ends_with(no_pages_mark)) {
      failure.allocated = failure.bytes;
    }
    if (failure.allocated || failure.reason.empty() || failure.block_order) {
      failure.bytes.reset();  // where the reason is cut nobody knows whose size it is
    }
    return failure;
  }
  if (const auto rest = after(text, vmalloc_failure_mark)) {
    Cursor cursor(*rest);
    if (cursor.take(":")) {
      cursor.skip_spaces();
      failure.bytes = cursor.take_unsigned();
      failure.reason = "allocation failure";
      return failure.bytes || cursor.rest().empty() ? std::optional(failure) : std::nullopt;
    }
    if (cursor.take(", allocated ")) {
      failure.allocated = cursor.take_unsigned();
      cursor.take(" of ");
      failure.bytes = cursor.take_unsigned();
      failure.reason = "pages could not be allocated";
      return failure;
    }
    return std::nullopt;
  }
  // Until 2.6.27, and in 2.6.28 and some after it.
  if (text.starts_with("allocation failed: out of vmalloc space") ||
      text.starts_with("vmap allocation failed: use vmalloc=")) {
    failure.reason = no_vmalloc_range;
    return failure;
  }
  // Elsewhere in a line, or in quotes, it is a sentence about it.
  if (Cursor cursor(text); cursor.take("vmap allocation for size ")) {
    failure.bytes = cursor.take_unsigned();
    if (failure.bytes && cursor.take(" failed") &&
        (cursor.rest().empty() || cursor.rest().starts_with(':'))) {
      failure.reason = no_vmalloc_range;
      return failure;
    }
  }
  return std::nullopt;
}

std::optional<HeaderLine> parse_cpuset_line(std::string_view text) {
  constexpr std::string_view key = " cpuset=";
  const std::size_t at = text.find(key);
  const std::size_t allowed = text.rfind(mems_mark_of_line);
  if (at == std::string_view::npos || allowed == std::string_view::npos || allowed < at ||
      at == 0 || text.find('=') < at || at > 64) {
    return std::nullopt;
  }
  HeaderLine line;
  line.trigger.comm = comm_before(text, at);
  line.cpuset = std::string(text.substr(at + key.size(), allowed - at - key.size()));
  line.mems_allowed = std::string(take_node_list(text.substr(allowed + mems_mark_of_line.size())));
  return line;
}

namespace {

// Of a line that parse_failure_header() can read.
std::size_t line_begin(std::string_view text) {
  for (const std::string_view words : {failure_mark, stall_mark}) {
    if (const std::size_t at = text.find(words); at != std::string_view::npos) {
      return find_name_begin(text, at);
    }
  }
  return 0;
}

int score_of(const std::optional<GfpText>& gfp) { return gfp ? (gfp->names ? 2 : 1) : 0; }

template <bool named>
bool read_oom_header(std::string_view text, Place at, KernelLine& out) {
  auto header = parse_oom_header(text);
  if (!header || header->trigger.comm.empty() == named) {
    return false;
  }
  header->trigger.at = at;
  out.score = 1 + score_of(header->gfp) + (header->trigger.order ? 1 : 0) +
              (header->trigger.nodemask ? 1 : 0) + (header->trigger.oom_score_adj ? 1 : 0) +
              (header->old_adj ? 1 : 0);
  out.fullness = whole_if(header->complete());
  if (!header->complete()) {
    out.damage.emplace_back(tr("the header line is cut"));
  }
  if (const std::size_t name_end = text.rfind(invoked_mark); name_end != std::string_view::npos) {
    out.begins = find_name_begin(text, name_end);
    for (const std::string_view last : {" oom_score_adj=", " oom_adj=", " oomkilladj="}) {
      if (out.ends == std::string_view::npos) {
        out.ends = end_of_number(text, name_end, last);
      }
    }
  }
  out.part = std::move(*header);
  return true;
}

template <bool named>
bool read_failure_header(std::string_view text, Place at, KernelLine& out) {
  auto header = parse_failure_header(text);
  if (!header || header->trigger.comm.empty() == named) {
    return false;
  }
  header->trigger.at = at;
  if (header->vmalloc) {
    header->vmalloc->at = at;
  }
  out.score = 1 + score_of(header->gfp) + (header->trigger.order ? 1 : 0) +
              (header->trigger.nodemask ? 1 : 0) + (header->cpuset ? 1 : 0) +
              (header->mems_allowed ? 1 : 0);
  if (header->vmalloc) {
    out.score += (header->vmalloc->bytes || header->vmalloc->allocated ? 1 : 0) +
                 (header->vmalloc->block_order ? 1 : 0);
  }
  const bool open = text.find('(') != std::string_view::npos && text.rfind('(') > text.rfind(')');
  const bool cut = !header->gfp || open || text.ends_with(',') || text.ends_with('|');
  out.fullness = cut ? Fullness::partial : Fullness::extensible;
  out.begins = line_begin(text);
  if (!header->gfp) {
    out.damage.emplace_back(tr("the header line is cut"));
  }
  out.part = std::move(*header);
  return true;
}

// "__alloc_pages: 0-order allocation failed (gfp=0x1d2/0)", the mask from 2.4.10 on
// (mm/page_alloc.c).
bool read_old_failure(std::string_view text, Place at, KernelLine& out) {
  Cursor cursor(text);
  constexpr std::uint64_t unread = 99, most = 20;
  const std::uint64_t order =
      cursor.take("__alloc_pages: ") ? cursor.take_unsigned().value_or(unread) : unread;
  if (order > most || !cursor.take("-order allocation failed")) {
    return false;
  }
  auto& header = out.part.emplace<HeaderLine>();
  header.trigger.at = at;
  header.trigger.order = static_cast<int>(order);
  // 2.6 moved __GFP_FS, and has no __GFP_HIGHIO.
  header.gfp = read_gfp(cursor.rest(), "(gfp=0x");
  const std::uint32_t mask = header.gfp ? header.gfp->mask : 0;
  const char* const name = mask == 0x1d2           ? "GFP_HIGHUSER"
                           : mask == 0x1f0         ? "GFP_KERNEL"
                           : (mask & 0x70) == 0x20 ? "GFP_ATOMIC"
                                                   : nullptr;
  if (name != nullptr) {
    header.gfp->names = name;
  } else {
    header.gfp.reset();
  }
  return true;
}

bool read_cpuset(std::string_view text, Place at, KernelLine& out) {
  if (!read_part<parse_cpuset_line>(text, at, out)) {
    return false;
  }
  const std::size_t list = text.rfind(mems_mark_of_line) + mems_mark_of_line.size();
  out.ends = list + take_node_list(text.substr(list)).size();
  return true;
}

bool read_vmalloc(std::string_view text, Place at, KernelLine& out) {
  if (auto failure = parse_vmalloc_line(text, at)) {
    out.part.emplace<HeaderLine>().vmalloc = std::move(failure);
    return true;
  }
  return false;
}

}  // namespace

const LineKind oom_header{.read = read_oom_header<true>};
const LineKind failure_header{.read = read_failure_header<true>};
// Mostly the rest of a line that was wrapped behind the name.
const LineKind nameless_oom{.read = read_oom_header<false>, .stands_alone = false};
const LineKind nameless_failure{.read = read_failure_header<false>, .stands_alone = false};
const LineKind vmalloc_failure{.read = read_vmalloc};
const LineKind old_failure{.read = read_old_failure};
const LineKind cpuset_line{
    .read = read_cpuset,
    .stage = Stage::stack,
    .lacks =
        [](const OpenEvent& e, const KernelLine& read) {
          return !e.report.cpuset && e.report.trigger &&
                 e.report.trigger->comm == read.as<HeaderLine>().trigger.comm;
        },
    .put =
        [](OpenEvent& e, KernelLine& read) {
          e.report.cpuset = std::move(read.as<HeaderLine>().cpuset);
          e.report.mems_allowed = std::move(read.as<HeaderLine>().mems_allowed);
          return true;
        }};

}  // namespace whyoom::report
