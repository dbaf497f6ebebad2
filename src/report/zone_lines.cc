#include "report/zone_lines.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/language.h"
#include "base/text.h"
#include "report/kernel_line.h"

namespace whyoom::report {
namespace {

// "486*4kB". Markdown takes two stars for emphasis, and its text has "486_4kB" then.
bool take_times(Cursor& cursor) { return cursor.take('*') || cursor.take('_'); }

constexpr std::size_t most_blocks = 32;
constexpr std::size_t most_reserves = 16;

bool is_zone_name(std::string_view name) {
  if (name.empty() || name.size() > 16 || name.front() < 'A' || name.front() > 'Z') {
    return false;
  }
  for (const char c : name) {
    if (!is_digit(c) && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')) {
      return false;
    }
  }
  return name != "Node" && !name.starts_with("CPU");
}

std::optional<ZonePrefix> split_prefix(std::string_view text) {
  ZonePrefix prefix;
  std::string_view rest = trim_left(text);
  if (const auto node = parse_node_prefix(rest)) {
    prefix.node = node;
    Cursor cursor(rest);
    cursor.take("Node ");
    cursor.take_unsigned();
    rest = trim_left(cursor.rest());
  }
  std::size_t n = 0;
  while (n < rest.size() && rest[n] != ' ' && rest[n] != ':') {
    ++n;
  }
  prefix.name = rest.substr(0, n);
  if (!is_zone_name(prefix.name)) {
    return std::nullopt;
  }
  prefix.rest = rest.substr(n);
  return prefix;
}

}  // namespace

std::optional<ZonePrefix> parse_zone_prefix(std::string_view text) {
  auto prefix = split_prefix(text);
  if (!prefix) {
    return std::nullopt;
  }
  prefix->rest = trim_left(prefix->rest);
  if (!prefix->rest.starts_with("free:") || prefix->rest.size() < 6 || !is_digit(prefix->rest[5])) {
    return std::nullopt;
  }
  return prefix;
}

bool is_zone_alone(std::string_view text) {
  const auto prefix = text.starts_with("Node ") ? split_prefix(text) : std::nullopt;
  return prefix && prefix->node && trim(prefix->rest).empty();
}

std::optional<ZonePrefix> parse_buddy_prefix(std::string_view text) {
  auto prefix = split_prefix(text);
  if (!prefix || !prefix->rest.starts_with(':')) {
    return std::nullopt;
  }
  prefix->rest = trim(prefix->rest.substr(1));
  if (prefix->rest.empty()) {
    return prefix->node || prefix->name == "DMA" || prefix->name == "DMA32" ||
                   prefix->name == "Normal" || prefix->name == "HighMem" ||
                   prefix->name == "Movable"
               ? prefix
               : std::nullopt;
  }
  Cursor cursor(prefix->rest);
  if (!cursor.take_unsigned() || !take_times(cursor) || !cursor.take_unsigned()) {
    return std::nullopt;
  }
  return prefix;
}

bool parse_numbers(std::string_view text, std::vector<std::uint64_t>& out) {
  Cursor cursor(trim(text));
  if (cursor.at_end()) {
    return false;
  }
  std::vector<std::uint64_t> numbers;
  while (!cursor.at_end()) {
    const auto value = cursor.take_unsigned();
    if (!value || (!cursor.at_end() && cursor.peek() != ' ')) {
      return false;
    }
    numbers.push_back(*value);
    cursor.skip_spaces();
    if (numbers.size() > most_reserves) {
      return false;
    }
  }
  if (out.size() + numbers.size() > most_reserves) {
    return false;
  }
  out.insert(out.end(), numbers.begin(), numbers.end());
  return true;
}

bool parse_lowmem_reserve(std::string_view text, std::vector<std::uint64_t>& out) {
  Cursor cursor(trim(text));
  if (!cursor.take("lowmem_reserve[]:") && !cursor.take("protections[]:")) {
    return false;
  }
  // What follows the numbers is damage; the numbers before it are still good.
  for (;;) {
    cursor.skip_spaces();
    const auto value = cursor.take_unsigned();
    if (!value || out.size() >= most_reserves) {
      return true;
    }
    out.push_back(*value);
  }
}

namespace {

bool read_types(Cursor& cursor, Zone& zone) {
  if (!cursor.take('(')) {
    return false;
  }
  const auto types = cursor.take_until(")");
  if (!types || types->size() > 12) {
    return false;
  }
  cursor.take(')');
  if (!zone.buddy.empty()) {
    zone.buddy.back().types = std::string(*types);
  }
  return true;
}

bool read_block(Cursor& cursor, Zone& zone) {
  const auto count = cursor.take_unsigned();
  if (!count || !take_times(cursor)) {
    return false;
  }
  const auto size = cursor.take_unsigned();
  if (!size || !cursor.take("kB") || !std::has_single_bit(*size) || *size > (1U << 30U)) {
    return false;
  }
  const auto kib = static_cast<std::uint32_t>(*size);
  if (zone.buddy.empty() && zone.smallest_block_kib == 0) {
    zone.smallest_block_kib = kib;
  }
  if (kib < zone.smallest_block_kib || zone.buddy.size() >= most_blocks) {
    return false;
  }
  const int order = std::countr_zero(kib) - std::countr_zero(zone.smallest_block_kib);
  zone.buddy.push_back({order, *count, {}});
  return true;
}

}  // namespace

BuddyRun read_buddy(std::string_view text, Place at, Zone& zone) {
  BuddyRun run;
  Cursor cursor(trim(text));
  while (!cursor.at_end()) {
    if (cursor.take('=')) {
      cursor.skip_spaces();
      const auto total = cursor.take_unsigned();
      run.total = total && cursor.take("kB");
      if (run.total) {
        zone.buddy_total_kib = Read<std::uint64_t>{*total, at};
      }
      run.malformed = run.malformed || !run.total || !cursor.at_end();
      return run;
    }
    if (cursor.peek() == '(') {
      if (!read_types(cursor, zone)) {
        run.malformed = true;
        return run;
      }
    } else if (read_block(cursor, zone)) {
      ++run.blocks;
    } else {
      run.malformed = true;
      return run;
    }
    cursor.skip_spaces();
  }
  return run;
}

bool looks_like_buddy_piece(std::string_view text) {
  const std::string_view start = trim(text);
  if (start.empty() || (start.front() != '(' && start.front() != '=' && !is_digit(start.front()))) {
    return false;
  }
  Zone scratch;
  scratch.smallest_block_kib = 1;
  const BuddyRun run = read_buddy(start, {}, scratch);
  if (run.malformed) {
    return false;
  }
  if (start.front() == '(') {
    for (const char c : start.substr(1, start.find(')') - 1)) {
      if (c < 'A' || c > 'Z') {
        return false;
      }
    }
  }
  return true;
}

namespace {

constexpr std::size_t blocks_in_name = 1;  // "DMA: 1*4kB" can be a process

// The zone of a prefix; its node is -1 when the line has none.
Zone begin_zone(const ZonePrefix& prefix, Place at, KernelLine& out) {
  Zone zone;
  zone.node = prefix.node.value_or(-1);
  zone.name = std::string(prefix.name);
  zone.at = at;
  out.may_open = zone.node < most_numa_nodes;
  return zone;
}

int node_in(const OpenEvent& event, const Zone& zone) {
  return zone.node >= 0 ? zone.node : event.pending_node.value_or(0);
}

// A row of a node that no kernel has is not kept, and said.
bool lose_row(OpenEvent& event, KernelLine& read) {
  ++event.rows_lost;
  read.damage.clear();
  return true;
}

bool read_zone(std::string_view text, Place at, KernelLine& out) {
  const auto prefix = parse_zone_prefix(text);
  if (!prefix) {
    return false;
  }
  Zone zone = begin_zone(*prefix, at, out);
  const FieldRun run = read_fields(kernel::Scope::zone, prefix->rest, at, zone.fields);
  note_run(run, text, zone.fields, out);
  if (run.cut) {
    out.damage.push_back(tr("the line of zone {} is cut", printable(zone.name)));
  }
  out.good = run.known >= 2;
  out.part = std::move(zone);
  return true;
}

bool put_zone(OpenEvent& event, KernelLine& read) {
  Zone& zone = read.as<Zone>();
  if (!read.may_open) {
    return lose_row(event, read);
  }
  zone.node = node_in(event, zone);
  event.pending_node.reset();
  const bool kept = event.add_zone(std::move(zone)) != nullptr;
  event.lowmem_zone = kept ? event.report.zones.size() - 1 : OpenEvent::no_index;
  event.broken_lowmem = OpenEvent::no_index;
  return true;
}

// A mail breaks it between two numbers, which do not go down at that place but of few kernels.
bool read_lowmem(std::string_view text, Place /*at*/, KernelLine& out) {
  auto& numbers = out.part.emplace<std::vector<std::uint64_t>>();
  out.fullness = Fullness::extensible;
  const bool good = parse_lowmem_reserve(text, numbers);
  out.score = std::ranges::is_sorted(numbers) ? static_cast<int>(numbers.size()) : 1;
  return good;
}

bool put_lowmem(OpenEvent& event, KernelLine& read) {
  Zone& zone = event.report.zones[event.lowmem_zone];
  zone.lowmem_reserve = std::move(read.as<std::vector<std::uint64_t>>());
  zone.lowmem_reserve_at = read.at;
  event.broken_lowmem = zone.lowmem_reserve.empty() ? event.lowmem_zone : OpenEvent::no_index;
  event.lowmem_zone = OpenEvent::no_index;
  return true;
}

bool read_piece(std::string_view text, Place /*at*/, KernelLine& out) {
  std::vector<std::uint64_t> numbers;
  if (!parse_numbers(text, numbers)) {
    return false;
  }
  out.part = std::move(numbers);
  return true;
}

bool put_piece(OpenEvent& event, KernelLine& read) {
  const auto& numbers = read.as<std::vector<std::uint64_t>>();
  auto& known = event.report.zones[event.broken_lowmem].lowmem_reserve;
  if (known.size() + numbers.size() <= most_reserves) {
    known.insert(known.end(), numbers.begin(), numbers.end());
  }
  return true;
}

bool read_buddy_lists(std::string_view text, Place at, KernelLine& out) {
  const auto prefix = parse_buddy_prefix(text);
  if (!prefix) {
    return false;
  }
  Zone zone = begin_zone(*prefix, at, out);
  const BuddyRun run = read_buddy(prefix->rest, at, zone);
  const auto types = std::ranges::count_if(
      zone.buddy, [](const BuddyBlock& block) { return !block.types.empty(); });
  out.score = 2 * static_cast<int>(run.blocks) + static_cast<int>(types) + (run.total ? 1 : 0) -
              (run.malformed ? 1 : 0);
  out.fullness = whole_if(run.total);
  if (run.malformed) {
    out.damage.push_back(tr("the free lists of zone {} are cut", printable(zone.name)));
  }
  // Else the name of a process, and what the kernel says behind it.
  out.good = !run.malformed || run.blocks > blocks_in_name;
  out.part = std::move(zone);
  return true;
}

bool lacks_buddy(const OpenEvent& event, const KernelLine& read) {
  const Zone& part = read.as<Zone>();
  const Zone* zone = event.find_zone(node_in(event, part), part.name);
  return !read.may_open || zone == nullptr || zone->buddy.empty();
}

bool put_buddy(OpenEvent& event, KernelLine& read) {
  if (!read.may_open) {
    return lose_row(event, read);
  }
  Zone& part = read.as<Zone>();
  part.node = node_in(event, part);
  event.pending_node.reset();
  const bool whole = part.buddy_total_kib || !read.damage.empty();
  Zone* zone = event.find_zone(part.node, part.name);
  if (zone != nullptr) {
    zone->buddy = std::move(part.buddy);
    zone->smallest_block_kib = std::max(zone->smallest_block_kib, part.smallest_block_kib);
    zone->buddy_total_kib = part.buddy_total_kib ? part.buddy_total_kib : zone->buddy_total_kib;
  } else {
    zone = event.add_zone(std::move(part));
  }
  event.open_buddy = OpenEvent::no_index;
  if (zone == nullptr) {
    read.damage.clear();
    return true;
  }
  if (!whole) {
    event.open_buddy = static_cast<std::size_t>(zone - event.report.zones.data());
  }
  event.lowmem_zone = OpenEvent::no_index;
  event.broken_lowmem = OpenEvent::no_index;
  return true;
}

bool put_buddy_piece(OpenEvent& event, KernelLine& read) {
  // What the sizes mean depends on the pieces before.
  const BuddyRun run = read_buddy(read.line->text, read.at, event.report.zones[event.open_buddy]);
  if (run.total || run.malformed) {
    event.open_buddy = OpenEvent::no_index;
  }
  return true;
}

}  // namespace

const LineKind mem_info{.stage = Stage::mem_info};
const LineKind zone_line{.read = read_zone,
                         .stage = Stage::zones,
                         .opens = true,
                         .lacks =
                             [](const OpenEvent& e, const KernelLine& read) {
                               const Zone& zone = read.as<Zone>();
                               return !read.may_open ||
                                      !e.has_sizes_of(node_in(e, zone), zone.name);
                             },
                         .put = put_zone};
const LineKind lowmem_reserve{
    .read = read_lowmem,
    .stage = Stage::zones,
    .lacks = [](const OpenEvent& e,
                const KernelLine&) { return e.lowmem_zone < e.report.zones.size(); },
    .put = put_lowmem};
const LineKind lowmem_piece{.read = read_piece,
                            .stage = Stage::zones,
                            .lacks =
                                [](const OpenEvent& e, const KernelLine& read) {
                                  return e.broken_lowmem < e.report.zones.size() &&
                                         read.line->framed;
                                },
                            .put = put_piece,
                            .stands_alone = false,
                            .in_record = true};
const LineKind buddy_lists{.read = read_buddy_lists,
                           .stage = Stage::buddy,
                           .opens = true,
                           .lacks = lacks_buddy,
                           .put = put_buddy};
const LineKind buddy_piece{
    .read = [](std::string_view text, Place, KernelLine&) { return looks_like_buddy_piece(text); },
    .stage = Stage::buddy,
    .lacks =
        [](const OpenEvent& e, const KernelLine& read) {
          return e.open_buddy < e.report.zones.size() && read.line->framed;
        },
    .put = put_buddy_piece,
    .stands_alone = false,
    .in_record = true};

}  // namespace whyoom::report
