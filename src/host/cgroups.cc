#include "host/cgroups.h"

namespace whyoom::host {
namespace {

// PAGE_COUNTER_MAX pages of any page size are above this (version 1).
constexpr std::uint64_t unlimited_from = 0x7fff'ffff'fff0'0000;

constexpr NamedField<CgroupStat, Bytes> stat_fields[] = {
    {"anon", &CgroupStat::anon},
    {"file", &CgroupStat::file},
    {"kernel", &CgroupStat::kernel},
    {"kernel_stack", &CgroupStat::kernel_stack},
    {"pagetables", &CgroupStat::pagetables},
    {"sec_pagetables", &CgroupStat::sec_pagetables},
    {"percpu", &CgroupStat::percpu},
    {"sock", &CgroupStat::sock},
    {"vmalloc", &CgroupStat::vmalloc},
    {"shmem", &CgroupStat::shmem},
    {"zswap", &CgroupStat::zswap},
    {"zswapped", &CgroupStat::zswapped},
    {"file_mapped", &CgroupStat::file_mapped},
    {"file_dirty", &CgroupStat::file_dirty},
    {"file_writeback", &CgroupStat::file_writeback},
    {"swapcached", &CgroupStat::swap_cached},
    {"anon_thp", &CgroupStat::anon_thp},
    {"inactive_anon", &CgroupStat::inactive_anon},
    {"active_anon", &CgroupStat::active_anon},
    {"inactive_file", &CgroupStat::inactive_file},
    {"active_file", &CgroupStat::active_file},
    {"unevictable", &CgroupStat::unevictable},
    {"slab", &CgroupStat::slab},
    {"slab_reclaimable", &CgroupStat::slab_reclaimable},
    {"slab_unreclaimable", &CgroupStat::slab_unreclaimable},
    // Version 1.
    {"cache", &CgroupStat::file},
    {"rss", &CgroupStat::anon},
    {"rss_huge", &CgroupStat::anon_thp},
    {"mapped_file", &CgroupStat::file_mapped},
    {"dirty", &CgroupStat::file_dirty},
    {"writeback", &CgroupStat::file_writeback},
    {"swap", &CgroupStat::swap},
    {"hierarchical_memory_limit", &CgroupStat::hierarchical_limit},
    {"hierarchical_memsw_limit", &CgroupStat::hierarchical_memsw_limit},
};

constexpr NamedField<CgroupEvents, std::uint64_t> event_fields[] = {
    {"low", &CgroupEvents::low},           {"high", &CgroupEvents::high},
    {"max", &CgroupEvents::max},           {"oom", &CgroupEvents::oom},
    {"oom_kill", &CgroupEvents::oom_kill}, {"oom_group_kill", &CgroupEvents::oom_group_kill},
};

// The number of a file of one word; nullopt and a note when it is none. `unlimited` when "max".
struct Word {
  std::optional<std::uint64_t> number;
  bool unlimited = false;
};
std::optional<Word> limit_word(Lines& lines) {
  if (!lines.next()) {
    return std::nullopt;
  }
  const std::string_view text = trim(lines.line());
  if (text == "max") {
    return Word{std::nullopt, true};
  }
  const auto number = parse_number<std::uint64_t>(text);
  if (!number) {
    lines.damaged("a number or \"max\"", text);
    return std::nullopt;
  }
  return Word{number, false};
}

}  // namespace

Maybe<ByteLimit> parse_byte_limit(Lines lines) {
  const auto word = limit_word(lines);
  if (!word) {
    return std::nullopt;
  }
  ByteLimit limit;
  if (!word->unlimited && *word->number < unlimited_from) {
    limit.value = Bytes(*word->number);
  }
  return Read<ByteLimit>{limit, lines.place()};
}

Maybe<CountLimit> parse_count_limit(Lines lines) {
  const auto word = limit_word(lines);
  if (!word) {
    return std::nullopt;
  }
  return Read<CountLimit>{CountLimit{word->number}, lines.place()};
}

CgroupStat parse_cgroup_stat(Lines lines) {
  constexpr std::string_view total = "total_";
  CgroupStat result;
  bool total_seen[std::size(stat_fields)] = {};
  while (lines.next()) {
    const auto read = key_value(lines.line());
    if (!read || read->kb) {
      if (!trim(lines.line()).empty()) {
        lines.damaged("\"name number\"", lines.line());
      }
      continue;
    }
    const bool is_total = read->key.starts_with(total);
    const std::string_view key = is_total ? read->key.substr(total.size()) : read->key;
    for (std::size_t i = 0; i < std::size(stat_fields); ++i) {
      Maybe<Bytes>& field = result.*stat_fields[i].member;
      if (stat_fields[i].name == key && (!field || (is_total && !total_seen[i]))) {
        field = Read<Bytes>{Bytes(read->value), lines.place()};
        total_seen[i] = is_total;
      }
    }
  }
  return result;
}

CgroupEvents parse_cgroup_events(Lines lines) {
  CgroupEvents result;
  while (lines.next()) {
    const auto read = key_value(lines.line());
    if (!read) {
      if (!trim(lines.line()).empty()) {
        lines.damaged("\"name number\"", lines.line());
      }
      continue;
    }
    for (const auto& field : event_fields) {
      if (field.name == read->key && !(result.*field.member)) {
        result.*field.member = Read<std::uint64_t>{read->value, lines.place()};
      }
    }
  }
  return result;
}

Maybe<std::uint64_t> parse_named_number(Lines lines, std::string_view name) {
  while (lines.next()) {
    const auto read = key_value(lines.line());
    if (read && read->key == name) {
      return Read<std::uint64_t>{read->value, lines.place()};
    }
  }
  return std::nullopt;
}

}  // namespace whyoom::host
