#include "record/scan.h"

#include <algorithm>
#include <span>

#include "base/text.h"
#include "memory/zones.h"
#include "record/wire.h"

namespace whyoom::record {
namespace {

struct Named {
  std::string_view name;
  Field field;
};

constexpr Named meminfo_names[] = {
    {"MemTotal:", Field::mem_total},
    {"MemFree:", Field::mem_free},
    {"MemAvailable:", Field::mem_available},
    {"Buffers:", Field::buffers},
    {"Cached:", Field::cached},
    {"Active(anon):", Field::active_anon},
    {"Inactive(anon):", Field::inactive_anon},
    {"Active(file):", Field::active_file},
    {"Inactive(file):", Field::inactive_file},
    {"Unevictable:", Field::unevictable},
    {"SwapTotal:", Field::swap_total},
    {"SwapFree:", Field::swap_free},
    {"Dirty:", Field::dirty},
    {"Writeback:", Field::writeback},
    {"Shmem:", Field::shmem},
    {"SReclaimable:", Field::slab_reclaimable},
    {"SUnreclaim:", Field::slab_unreclaimable},
    {"KernelStack:", Field::kernel_stack},
    {"PageTables:", Field::page_tables},
    {"CommitLimit:", Field::commit_limit},
    {"Committed_AS:", Field::committed},
    {"Percpu:", Field::percpu},
    {"CmaTotal:", Field::cma_total},
    {"CmaFree:", Field::cma_free},
    {"HugePages_Total:", Field::hugepages_total},
    {"HugePages_Free:", Field::hugepages_free},
    {"Hugetlb:", Field::hugetlb},
};

constexpr Named vmstat_names[] = {
    {"oom_kill", Field::oom_kill},
    {"pgscan_direct", Field::pgscan_direct},
    {"pgsteal_direct", Field::pgsteal_direct},
    {"pswpin", Field::pswpin},
    {"pswpout", Field::pswpout},
    {"compact_fail", Field::compact_fail},
};

// One for each zone or kind of page: added up.
constexpr Named vmstat_sums[] = {
    {"allocstall", Field::allocstall},
    {"workingset_refault", Field::workingset_refault},
};

// "name   123 kB"
struct NamedNumber {
  std::string_view name;
  std::optional<std::uint64_t> number;
};
NamedNumber split(std::string_view line) {
  Cursor cursor(line);
  cursor.skip_spaces();
  const std::string_view name = cursor.take_word();
  cursor.skip_spaces();
  return {name, cursor.take_unsigned()};
}

// Most are told apart by their first letters.
bool begins_with_word(std::string_view line, std::string_view word) {
  return line.size() > word.size() && line[0] == word[0] && line[1] == word[1] &&
         line.starts_with(word) && is_space(line[word.size()]);
}

// The names come in the order of the lines, as a rule: what is looked for is the one behind the one
// that was found last.
void scan_lines(std::string_view text, std::span<const Named> names, MachineFields& machine) {
  std::size_t next = 0;
  while (!text.empty()) {
    const std::string_view line = take_part(text, '\n');
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::size_t at = next + i < names.size() ? next + i : next + i - names.size();
      if (begins_with_word(line, names[at].name)) {
        Cursor rest(line.substr(names[at].name.size()));
        rest.skip_spaces();
        machine.set(names[at].field, rest.take_unsigned());
        next = at + 1 < names.size() ? at + 1 : 0;
        break;
      }
    }
  }
}

constexpr struct {
  std::string_view name;
  ZoneField field;
} zone_names[] = {
    {"boost", ZoneField::boost},     {"min", ZoneField::min},
    {"low", ZoneField::low},         {"high", ZoneField::high},
    {"spanned", ZoneField::spanned}, {"present", ZoneField::present},
    {"managed", ZoneField::managed}, {"nr_free_cma", ZoneField::free_cma},
};

// The boost stands before the marks, which are printed with it.
std::optional<std::uint64_t> without_boost(ZoneField field, std::optional<std::uint64_t> number,
                                           const ZoneFields& zone) {
  const bool is_mark =
      field == ZoneField::min || field == ZoneField::low || field == ZoneField::high;
  return number && is_mark ? *number - std::min(*number, zone.of(ZoneField::boost)) : number;
}

bool begin_zone(std::string_view line, ZoneFields& zone) {
  Cursor cursor(line);
  cursor.take("Node ");
  const auto node = cursor.take_unsigned();
  if (!node || !cursor.take(", zone")) {
    return false;
  }
  const auto zone_class = memory::zone_class(trim(cursor.rest()));
  if (!zone_class) {
    return false;
  }
  zone.set(ZoneField::node, *node);
  zone.set(ZoneField::zone, static_cast<std::uint64_t>(*zone_class));
  return true;
}

// "protection: (0, 3019, 9931)": the last classes are those that a process asks with.
std::uint64_t largest_in(std::string_view list) {
  std::uint64_t largest = 0, number = 0;
  for (const char c : list) {
    number = is_digit(c) ? std::min<std::uint64_t>(number, std::uint64_t{1} << 59U) * 10 +
                               static_cast<std::uint64_t>(c - '0')
                         : 0;
    largest = std::max(largest, number);
  }
  return largest;
}

// Pages of the zone that reclaim can free. Up to 4.7 they are named as those of a node are now.
bool is_reclaimable(std::string_view name) {
  if (!name.starts_with("nr_")) {
    return false;
  }
  name.remove_prefix(3);
  if (name.starts_with("zone_")) {
    name.remove_prefix(5);
  }
  return name == "inactive_file" || name == "active_file";
}

}  // namespace

void scan_meminfo(std::string_view text, MachineFields& machine) {
  scan_lines(text, meminfo_names, machine);
}

void scan_vmstat(std::string_view text, MachineFields& machine) {
  std::array<std::optional<std::uint64_t>, std::size(vmstat_sums)> sums{};
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view line = take_part(rest, '\n');
    for (std::size_t i = 0; i < sums.size(); ++i) {
      if (line.starts_with(vmstat_sums[i].name)) {
        sums[i] = sums[i].value_or(0) + split(line).number.value_or(0);
      }
    }
  }
  for (std::size_t i = 0; i < sums.size(); ++i) {
    machine.set(vmstat_sums[i].field, sums[i]);
  }
  scan_lines(text, vmstat_names, machine);
}

void keep_vmstat(const MachineFields& before, MachineFields& machine) {
  for (const Named& each : vmstat_names) {
    machine.set(each.field, before.get(each.field));
  }
  for (const Named& each : vmstat_sums) {
    machine.set(each.field, before.get(each.field));
  }
}

void scan_pressure(std::string_view text, MachineFields& machine) {
  while (!text.empty()) {
    const std::string_view line = take_part(text, '\n');
    const bool some = line.starts_with("some ");
    if (!some && !line.starts_with("full ")) {
      continue;
    }
    const auto average = value_after(line, "avg10=");
    const auto total = value_after(line, "total=");
    if (average && average->size() > 3 && (*average)[average->size() - 3] == '.') {
      const auto whole = parse_number<std::uint32_t>(average->substr(0, average->size() - 3));
      const auto part = parse_number<std::uint32_t>(average->substr(average->size() - 2));
      if (whole && part && *whole <= 100) {
        machine.set(some ? Field::psi_some_avg10 : Field::psi_full_avg10,
                    std::uint64_t{*whole} * 100 + *part);
      }
    }
    if (total) {
      machine.set(some ? Field::psi_some_us : Field::psi_full_us,
                  parse_number<std::uint64_t>(*total));
    }
  }
}

void scan_loadavg(std::string_view text, MachineFields& machine) {
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    machine.set(Field::tasks, Cursor(text.substr(slash + 1)).take_unsigned());
  }
}

void scan_zoneinfo(std::string_view text, std::array<ZoneFields, most_zones>& zones) {
  zones = {};
  std::size_t used = 0;
  bool counts = false;   // in a zone that is kept
  bool of_node = false;  // in the node's numbers, which stand in its first zone
  const auto finish = [&] { used += counts && zones[used].of(ZoneField::managed) > 0 ? 1 : 0; };
  while (!text.empty()) {
    const std::string_view line = take_part(text, '\n');
    if (line.starts_with("Node ")) {
      finish();
      if (used == most_zones) {
        return;
      }
      zones[used] = {};
      of_node = false;
      counts = begin_zone(line, zones[used]);
      continue;
    }
    if (!counts) {
      continue;
    }
    std::string_view name_and_rest = trim_left(line);
    of_node = of_node || name_and_rest.starts_with("per-node stats");
    if (name_and_rest.starts_with("pages free")) {
      of_node = false;
      name_and_rest.remove_prefix(std::string_view("pages ").size());
    }
    // Of the many counters two kinds matter.
    if (of_node ||
        (name_and_rest.starts_with("nr_") && !name_and_rest.starts_with("nr_zone_") &&
         !name_and_rest.starts_with("nr_free_cma") && !name_and_rest.starts_with("nr_inactive_") &&
         !name_and_rest.starts_with("nr_active_"))) {
      continue;
    }
    const NamedNumber field = split(name_and_rest);
    ZoneFields& zone = zones[used];
    if (field.name == "protection:") {
      zone.set(ZoneField::reserve, largest_in(name_and_rest));
    } else if (field.name == "free") {
      zone.set(ZoneField::free, field.number);
    } else if (field.number && is_reclaimable(field.name)) {
      zone.set(ZoneField::reclaimable, zone.of(ZoneField::reclaimable) + *field.number);
    } else {
      for (const auto& each : zone_names) {
        // "high:" of the lists of each CPU is another one.
        if (each.name == field.name) {
          zone.set(each.field, without_boost(each.field, field.number, zone));
        }
      }
    }
  }
  finish();
  if (used < most_zones) {
    zones[used] = {};
  }
}

std::optional<std::uint64_t> scan_number(std::string_view text) {
  return parse_number<std::uint64_t>(trim(text));
}

std::optional<std::uint64_t> scan_signed(std::string_view text) {
  const auto number = parse_number<std::int32_t>(trim(text));
  if (!number) {
    return std::nullopt;
  }
  return zigzag(static_cast<std::uint64_t>(std::int64_t{*number}));
}

std::optional<std::uint64_t> scan_named(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const NamedNumber line = split(take_part(text, '\n'));
    if (line.name == name) {
      return line.number;
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> scan_statm(std::string_view text) {
  Cursor cursor(text);
  if (!cursor.take_unsigned() || !cursor.take(' ')) {
    return std::nullopt;
  }
  return cursor.take_unsigned();
}

std::optional<std::uint64_t> scan_start(std::string_view text) {
  // A process can have brackets and spaces in its name.
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) {
    return std::nullopt;
  }
  Cursor cursor(text.substr(name_end + 1));
  constexpr int words_before = 19;
  for (int i = 0; i < words_before; ++i) {
    cursor.skip_spaces();
    cursor.take_word();
  }
  cursor.skip_spaces();
  return cursor.take_unsigned();
}

std::optional<KmsgLine> scan_kmsg(std::string_view record) {
  KmsgLine result;
  result.line = record.substr(0, record.find('\n'));
  Cursor cursor(result.line);
  const auto priority = cursor.take_unsigned();
  const auto sequence = cursor.take(',') ? cursor.take_unsigned() : std::nullopt;
  const auto at = cursor.take(',') ? cursor.take_unsigned() : std::nullopt;
  if (!priority || !sequence || !at || !cursor.take_until(";")) {
    return std::nullopt;
  }
  cursor.take(';');
  result.priority = *priority;
  result.sequence = *sequence;
  result.at_us = *at;
  result.text = cursor.rest();
  return result;
}

std::int64_t said_at_ms(const Note& note, const KmsgLine& line,
                        std::optional<std::int64_t> last_sample_ms) {
  const std::uint64_t age_ms = note.boot_ms - std::min(note.boot_ms, line.at_us / 1000);
  const std::int64_t by_stamp = note.real_ms - static_cast<std::int64_t>(age_ms);
  return std::min(note.real_ms, std::max(by_stamp, last_sample_ms.value_or(by_stamp)));
}

bool tells_kill(std::string_view text) {
  // mm/oom_kill.c: the message of __oom_kill_process(), to 4.18 and before 2.6.28 without one. What
  // else begins so is the name of a process (15 bytes: "Out of memory" fits), and the rest of its
  // line can be the name of a file.
  for (const std::string_view cause :
       {"Out of memory: ", "Out of memory (oom_kill_allocating_task): ",
        "Memory cgroup out of memory: ", ""}) {
    Cursor line(text);
    if (line.take(cause) && line.take("Killed process ") && line.take_unsigned()) {
      return line.take(" (") || line.take(", ");
    }
  }
  return false;
}

}  // namespace whyoom::record
