#include "report/field_lines.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/language.h"
#include "base/text.h"
#include "report/after.h"
#include "report/kernel_line.h"

namespace whyoom::report {
namespace {

// A newline inside a record can still be written as "#012" (rsyslog) or "\x0a" (/dev/kmsg) here,
// when the line was put together from pieces.
bool starts_as_newline(std::string_view text) {
  return text.starts_with("#012") || text.starts_with("\\x0a");
}

// The next word.
std::string_view next_token(std::string_view& rest) {
  std::size_t begin = 0;
  while (begin < rest.size()) {
    if (is_space(rest[begin])) {
      ++begin;
    } else if (starts_as_newline(rest.substr(begin))) {
      begin += 4;
    } else {
      break;
    }
  }
  std::size_t end = begin;
  while (end < rest.size() && !is_space(rest[end]) && !starts_as_newline(rest.substr(end))) {
    ++end;
  }
  const std::string_view token = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  return token;
}

bool is_kib(std::string_view unit) { return unit == "kB" || unit == "KB"; }

bool is_key(std::string_view key) {
  if (key.empty() || is_digit(key.front())) {
    return false;
  }
  return std::ranges::all_of(
      key, [](char c) { return is_alnum(c) || c == '_' || c == '(' || c == ')'; });
}

// 2.6.31 capitalises the first key of a line.
std::optional<kernel::Field> find_in_any_case(kernel::Scope scope, std::string_view key) {
  if (const auto field = kernel::find_field(scope, key)) {
    return field;
  }
  if (!key.empty() && is_upper(key.front())) {
    std::string lower(key);
    lower.front() = to_lower(lower.front());
    return kernel::find_field(scope, lower);
  }
  return std::nullopt;
}

void note_bad(FieldRun& run, std::string_view token) {
  ++run.malformed;
  if (run.bad.empty()) {
    run.bad = token;
  }
}

bool read_yes_no(std::string_view& rest, FieldRun& run) {
  std::string_view after = rest;
  const std::string_view word = next_token(after);
  if (word != "yes" && word != "no") {
    return false;
  }
  run.reclaim_said = true;
  rest = after;
  return true;
}

// "free:43924kB", as nearly all fields are: read in one go, where nothing about it is unusual.
bool take_usual_field(kernel::Scope scope, std::string_view& rest, Place at, FieldSet& fields) {
  const char* next = rest.data();
  const char* const end = next + rest.size();
  while (next != end && *next == ' ') {
    ++next;
  }
  const char* const key = next;
  while (next != end && (is_lower(*next) || *next == '_' || *next == '(' || *next == ')')) {
    ++next;
  }
  const auto key_size = static_cast<std::size_t>(next - key);
  if (key_size == 0 || next == end || *next != ':') {
    return false;
  }
  constexpr std::ptrdiff_t most_digits = 18;
  const char* const digits = ++next;
  std::uint64_t value = 0;
  for (; next != end && is_digit(*next) && next - digits < most_digits; ++next) {
    value = value * 10 + static_cast<std::uint64_t>(*next - '0');
  }
  const auto field = kernel::find_field(scope, {key, key_size});
  if (!field || next == digits) {
    return false;
  }
  if (kernel::is_in_kib(scope, *field)) {
    if (end - next < 2 || !is_kib({next, 2})) {
      return false;
    }
    next += 2;
  }
  if (next != end && *next != ' ') {
    return false;
  }
  if (!fields.set_once(*field, value, at)) {
    return false;
  }
  rest.remove_prefix(static_cast<std::size_t>(next - rest.data()));
  return true;
}

// Books have blanks behind "_", where a line may be broken. `room` holds what is put together.
std::string_view unbroken(std::string_view word, std::string_view& rest, std::string& room) {
  if (word.back() != '_') {
    return word;
  }
  room = std::string(word) + std::string(next_token(rest));
  return room;
}

}  // namespace

FieldRun read_fields(kernel::Scope scope, std::string_view text, Place at, FieldSet& fields) {
  FieldRun run;
  std::string_view rest = text;
  std::string glued;
  for (;;) {
    if (take_usual_field(scope, rest, at, fields)) {
      ++run.known;
      continue;
    }
    const std::string_view word = next_token(rest);
    if (word.empty()) {
      break;
    }
    const std::string_view token = unbroken(word, rest, glued);
    if (token == "..." || token == "…") {
      run.cut = true;
      continue;
    }
    if (token == "all_unreclaimable?") {
      if (!read_yes_no(rest, run)) {
        note_bad(run, word);
      }
      continue;
    }
    const std::size_t colon = token.find(':');
    if (colon == std::string_view::npos || !is_key(token.substr(0, colon))) {
      note_bad(run, word);
      continue;
    }
    const std::string_view key = token.substr(0, colon);
    std::string_view value_text = token.substr(colon + 1);
    if (value_text.empty()) {
      value_text = next_token(rest);  // "shmem_thp: 0kB"
    }
    const auto ended = std::ranges::find_if_not(value_text, is_digit);
    const auto digits = static_cast<std::size_t>(ended - value_text.begin());
    const std::string_view unit = value_text.substr(digits);
    const auto value = parse_number<std::uint64_t>(value_text.substr(0, digits));
    const auto field = find_in_any_case(scope, key);
    const bool plain = field ? !kernel::is_in_kib(scope, *field) : scope == kernel::Scope::total;
    if (!value || (plain ? !unit.empty() : !is_kib(unit))) {
      note_bad(run, word);
      continue;
    }
    if (!field) {
      ++run.other;
      continue;
    }
    if (!fields.set_once(*field, *value, at)) {
      note_bad(run, word);  // from here on it is another line
      break;
    }
    ++run.known;
  }
  if (run.malformed > 0 && !run.bad.empty() && text.ends_with(run.bad)) {
    run.cut = true;
  }
  return run;
}

std::optional<int> parse_node_prefix(std::string_view text) {
  Cursor cursor(trim_left(text));
  if (!cursor.take("Node ")) {
    return std::nullopt;
  }
  const auto node = cursor.take_unsigned();
  if (!node || *node > 65535 || (!cursor.at_end() && cursor.peek() != ' ')) {
    return std::nullopt;
  }
  return static_cast<int>(*node);
}

std::optional<Hugepages> parse_hugepages(std::string_view text, Place at) {
  const std::string_view start = trim_left(text);
  const auto number = [&](std::string_view key) { return number_after(start, key); };
  const auto total = number("hugepages_total=");
  const auto size = kib_after(start, "hugepages_size=");
  if (!total || start.find(" hugepages_f") == std::string_view::npos) {  // or cut in its digits
    return std::nullopt;
  }
  Hugepages pages;
  pages.node = parse_node_prefix(start).value_or(-1);
  pages.total = *total;
  pages.free = number("hugepages_free=").value_or(0);
  pages.surplus = number("hugepages_surp=").value_or(0);
  pages.size = KiB(size.value_or(0));
  pages.at = at;
  return pages;
}

std::optional<SlabRow> parse_slab_row(std::string_view text, Place at) {
  Cursor cursor(trim(text));
  // The name may hold blanks and may touch its column; the two numbers close the line.
  const std::string_view whole = cursor.rest();
  const std::size_t last = whole.find_last_of(' ');
  if (last == std::string_view::npos || !whole.ends_with("KB")) {
    return std::nullopt;
  }
  const std::string_view left = trim_right(whole.substr(0, last));
  const std::size_t middle = left.find_last_of(' ');
  if (middle == std::string_view::npos || !left.ends_with("KB")) {
    return std::nullopt;
  }
  const auto kib = [](std::string_view word) {
    return parse_number<std::uint64_t>(word.substr(0, word.size() - 2));
  };
  const auto used = kib(left.substr(middle + 1));
  const auto total = kib(whole.substr(last + 1));
  const std::string_view name = trim_right(left.substr(0, middle));
  if (!used || !total || name.empty()) {
    return std::nullopt;
  }
  return SlabRow{std::string(name), *used, *total, at};
}

void note_run(const FieldRun& run, std::string_view text, const FieldSet& fields, KernelLine& out) {
  out.score = run.score() + (run.reclaim_said ? 1 : 0);
  const bool ended = run.reclaim_said || fields.get(kernel::Field::free_cma);
  out.fullness = run.cut && text.ends_with("...") ? Fullness::whole
                 : ended && run.malformed == 0    ? Fullness::extensible
                                                  : Fullness::partial;
  if (run.malformed > 0) {
    out.damage.push_back(tr("cannot read \"{}\"", printable(run.bad.substr(0, 60))));
  }
}

namespace {

bool read_totals(std::string_view text, Place at, KernelLine& out) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon + 1 >= text.size() || !is_digit(text[colon + 1]) ||
      !is_key(text.substr(0, colon))) {
    return false;
  }
  FieldSet fields;
  const FieldRun run = read_fields(kernel::Scope::total, text, at, fields);
  if (run.known == 0 || run.malformed > 0) {
    return false;
  }
  out.score = static_cast<int>(run.known);
  out.part = fields;
  return true;
}

// What follows "Node 0 ".
std::optional<std::string_view> after_node(std::string_view text) {
  if (!parse_node_prefix(text)) {
    return std::nullopt;
  }
  Cursor cursor(text);
  cursor.take("Node ");
  cursor.take_unsigned();
  return trim_left(cursor.rest());
}

bool read_node_prefix(std::string_view text, Place /*at*/, KernelLine& out) {
  const auto rest = after_node(text);
  if (!rest || !rest->empty()) {
    return false;
  }
  out.part.emplace<Node>().id = *parse_node_prefix(text);
  return true;
}

bool read_node(std::string_view text, Place at, KernelLine& out) {
  const auto rest = after_node(text);
  if (!rest || !rest->starts_with("active_anon:")) {
    return false;
  }
  Node& node = out.part.emplace<Node>();
  node.id = *parse_node_prefix(text);
  const FieldRun run = read_fields(kernel::Scope::node, *rest, at, node.fields);
  note_run(run, text, node.fields, out);
  out.good = run.known > 0;
  out.may_open = node.id < most_numa_nodes;
  return true;
}

bool read_hugepages(std::string_view text, Place at, KernelLine& out) {
  const auto rest = after_node(text);
  if (!rest || !rest->starts_with("hugepages_total=")) {
    return false;
  }
  const auto pages = parse_hugepages(text, at);
  out.good = pages.has_value();
  if (pages && pages->size == KiB(0)) {
    out.damage.emplace_back(tr("the line of huge pages is cut"));
  }
  out.fullness = whole_if(out.good && text.ends_with("kB"));
  for (const std::string_view key : {"hugepages_free=", "hugepages_surp=", "hugepages_size="}) {
    out.score += number_after(text, key) ? 1 : 0;
  }
  if (pages) {
    out.part = *pages;
  }
  return true;
}

bool read_slab_columns(std::string_view text, Place /*at*/, KernelLine& /*out*/) {
  return text.find(" Used ") != std::string_view::npos && text.ends_with("Total");
}

bool put_node(OpenEvent& event, KernelLine& read) {
  Node& node = read.as<Node>();
  if (node.id >= most_numa_nodes) {
    ++event.rows_lost;
    read.damage.clear();
    return true;
  }
  event.nodes.insert(node.id);
  event.keep(event.report.nodes, Node(node));
  return true;
}

bool contradicts_hugepages(const OpenEvent& event, const KernelLine& read) {
  const auto& said = read.as<Hugepages>();
  return std::ranges::any_of(event.report.hugepages, [&](const Hugepages& known) {
    return known.node == said.node && known.size == said.size && said.size != KiB(0) &&
           (known.total != said.total || known.free != said.free);
  });
}

bool lacks_slab(const OpenEvent& e, const KernelLine& /*read*/) {
  return !e.is_failure() && e.report.slab.empty();
}

bool open_slab(OpenEvent& e, KernelLine& /*read*/) { return e.slab_open = true; }

}  // namespace

const LineKind totals{
    .read = read_totals, .stage = Stage::totals, .stands_alone = false, .in_record = true};
const LineKind node_line{
    .read = read_node,
    .stage = Stage::nodes,
    .opens = true,
    .lacks = [](const OpenEvent& e,
                const KernelLine& read) { return !e.nodes.contains(read.as<Node>().id); },
    .put = put_node};
const LineKind node_prefix{.read = read_node_prefix,
                           .stage = Stage::zones,
                           .lacks =
                               [](const OpenEvent& e, const KernelLine&) {
                                 return group_of(e.stage) == group_of(Stage::zones) &&
                                        !e.pending_node;
                               },
                           .put =
                               [](OpenEvent& e, KernelLine& read) {
                                 e.pending_node = read.as<Node>().id;
                                 return true;
                               }};
const LineKind hugepages{
    .read = read_hugepages,
    .stage = Stage::hugepages,
    .lacks =
        [](const OpenEvent& e, const KernelLine& read) {
          const auto& pages = read.as<Hugepages>();
          return group_of(e.stage) > 0 &&
                 std::ranges::none_of(e.report.hugepages, [&](const Hugepages& known) {
                   return known.node == pages.node && known.size == pages.size;
                 });
        },
    .contradicts = contradicts_hugepages,
    .put =
        [](OpenEvent& e, KernelLine& read) {
          auto& pages = read.as<Hugepages>();
          if (pages.size == KiB(0)) {
            if (pages.total > 0) {
              e.report.hugepages_cut = pages.at;
            }
            return true;
          }
          e.keep(e.report.hugepages, Hugepages(pages));
          return true;
        }};
const LineKind slab_title{
    .stage = Stage::slab,
    .lacks = [](const OpenEvent& e,
                const KernelLine& read) { return !e.slab_open && lacks_slab(e, read); },
    .put = open_slab};
const LineKind slab_columns{
    .read = read_slab_columns, .stage = Stage::slab, .lacks = lacks_slab, .put = open_slab};
const LineKind slab_row{
    .read = read_part<parse_slab_row>,
    .stage = Stage::slab,
    .lacks = [](const OpenEvent& e, const KernelLine&) { return !e.is_failure() && e.slab_open; },
    .put =
        [](OpenEvent& e, KernelLine& read) {
          e.keep(e.report.slab, std::move(read.as<SlabRow>()));
          return true;
        },
    .stands_alone = false};
const LineKind slab_refused{
    .stage = Stage::slab, .lacks = lacks_slab, .put = [](OpenEvent&, KernelLine&) { return true; }};

}  // namespace whyoom::report
