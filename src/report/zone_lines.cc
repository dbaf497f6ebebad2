#include "report/zone_lines.h"

#include <bit>

#include "base/text.h"

namespace whyoom::report {
namespace {

constexpr std::size_t kMaxBlocks = 32;
constexpr std::size_t kMaxReserves = 16;

bool is_zone_name(std::string_view name) {
  if (name.empty() || name.size() > 16 || name.front() < 'A' || name.front() > 'Z') {
    return false;
  }
  for (const char c : name) {
    if (!is_digit(c) && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')) {
      return false;
    }
  }
  return name != "Node" && name != "CPU";
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
  if (!cursor.take_unsigned() || !cursor.take('*') || !cursor.take_unsigned()) {
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
    if (numbers.size() > kMaxReserves) {
      return false;
    }
  }
  if (out.size() + numbers.size() > kMaxReserves) {
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
    if (!value || out.size() >= kMaxReserves) {
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
  if (!count || !cursor.take('*')) {
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
  if (kib < zone.smallest_block_kib || zone.buddy.size() >= kMaxBlocks) {
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

}  // namespace whyoom::report
