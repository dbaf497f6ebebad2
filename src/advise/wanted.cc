#include "advise/wanted.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "base/language.h"
#include "base/suggest.h"
#include "base/text.h"
#include "host/sysctl_key.h"
#include "memory/settings.h"

namespace whyoom::advise {

namespace {

using Result = tl::expected<std::string, Message>;
using memory::Machine;

// Below this, Documentation/admin-guide/sysctl/vm.rst says, the system becomes "subtly broken".
constexpr std::uint64_t least_min_free = 1024;
constexpr std::int64_t any = std::numeric_limits<std::int64_t>::min();

enum class Kind : std::uint8_t {
  min_free,  // kB, a size, a share of RAM, the kernel's choice
  number,
  size,  // kB, or with a unit
  list   // numbers with blanks between
};

// `least` is what makes sense, where the kernel takes less than that (host::sysctl_range()).
struct Row {
  std::string_view key;
  Kind kind = Kind::number;
  std::int64_t least = any;
  std::string_view fallback;  // what "default" means; empty: it depends on the machine
};
constexpr std::array<Row, 18> rows{{
    {"vm.min_free_kbytes", Kind::min_free, any, ""},
    {"vm.watermark_scale_factor", Kind::number, any, "10"},
    {"vm.watermark_boost_factor", Kind::number, any, "15000"},
    {"vm.lowmem_reserve_ratio", Kind::list, 0, ""},
    {"vm.percpu_pagelist_high_fraction", Kind::number, any, "0"},
    {"vm.nr_hugepages", Kind::number, any, "0"},
    {"vm.panic_on_oom", Kind::number, any, "0"},
    {"vm.oom_kill_allocating_task", Kind::number, 0, "0"},
    {"vm.oom_dump_tasks", Kind::number, 0, "1"},
    {"vm.max_map_count", Kind::number, any, "65530"},
    {"vm.overcommit_memory", Kind::number, any, "0"},
    {"vm.overcommit_ratio", Kind::number, 0, "50"},
    {"vm.overcommit_kbytes", Kind::size, any, "0"},
    {"vm.admin_reserve_kbytes", Kind::size, any, ""},
    {"vm.user_reserve_kbytes", Kind::size, any, ""},
    {"kernel.panic", Kind::number, any, "0"},
    {"kernel.pid_max", Kind::number, any, ""},
    {"kernel.threads-max", Kind::number, 20, ""},  // MIN_THREADS, the kernel's own least at boot
}};

std::string_view last_part(std::string_view key) { return key.substr(key.rfind('.') + 1); }

// A key without its folder is enough where it is plain which one is meant.
const Row* find_row(std::string_view key) {
  const auto found = std::ranges::find_if(rows, [key](const Row& row) {
    return row.key == key || (key.find('.') == std::string_view::npos && last_part(row.key) == key);
  });
  return found == rows.end() ? nullptr : &*found;
}

host::SysctlRange range_of(const Row& row) {
  // Each number of the list is an int.
  const auto range = host::sysctl_range(row.key).value_or(
      host::SysctlRange{0, std::numeric_limits<std::int32_t>::max()});
  return {std::max(range.least, row.least), range.most};
}

Message out_of_range(const Row& row, std::string_view text) {
  const auto range = range_of(row);
  return Message("{}={}: allowed are the numbers {} to {}", row.key, printable(text), range.least,
                 range.most);
}

Result min_free_text(std::string_view text, const Machine& machine) {
  memory::Settings settings;
  const std::string assignment = "vm.min_free_kbytes=" + std::string(text);
  if (const auto done = memory::apply_setting(settings, assignment, machine); !done) {
    return tl::unexpected(done.error());
  }
  const KiB value = settings.min_free_kbytes.value_or(KiB(0));
  const KiB own = machine.default_min_free.value_or(KiB(least_min_free));
  const KiB least = std::min(KiB(least_min_free), own);
  if (value < least) {
    return tl::unexpected(Message(
        "vm.min_free_kbytes={}: too little for the kernel to work with; allowed are {} kB to "
        "{}{}",
        printable(text), least.count(),
        machine.ram ? tr("{} kB, the RAM here", std::to_string(to_kib(*machine.ram).count()))
                    : tr("the RAM of the machine"),
        machine.default_min_free
            ? tr(", the kernel's own choice is {} kB", std::to_string(own.count()))
            : ""));
  }
  return std::to_string(value.count());
}

Result number_text(const Row& row, std::string_view text) {
  const auto range = range_of(row);
  const auto value = host::parse_sysctl_integer(text);
  if (!value || text.find_first_of(" \t") != std::string_view::npos || *value < range.least ||
      *value > range.most) {
    return tl::unexpected(out_of_range(row, text));
  }
  return std::to_string(*value);
}

Result size_text(const Row& row, std::string_view text) {
  const auto size = memory::parse_size(text, Bytes(1024));
  if (!size) {
    return tl::unexpected(
        Message("{}={}: this is no size; write a number of kB, or one with k, M or G", row.key,
                printable(text)));
  }
  return std::to_string(to_kib(*size).count());
}

Result list_text(const Row& row, std::string_view text) {
  const auto range = range_of(row);
  std::string list;
  Cursor cursor(text);
  for (cursor.skip_spaces(); !cursor.at_end(); cursor.skip_spaces()) {
    const auto value = parse_number<std::int64_t>(cursor.take_word());
    if (!value || *value < range.least || *value > range.most) {
      return tl::unexpected(
          Message("{}={}: write numbers with blanks between them, as in \"256 256 32\"", row.key,
                  printable(text)));
    }
    list += (list.empty() ? "" : " ") + std::to_string(*value);
  }
  return list;
}

Result value_text(const Row& row, std::string_view text, const Machine& machine) {
  if (row.kind == Kind::min_free) {
    return min_free_text(text, machine);
  }
  if (text == "default") {
    if (row.fallback.empty()) {
      return tl::unexpected(
          Message("{}=default: the kernel computes it when it boots, and no file tells; give the "
                  "value",
                  row.key));
    }
    return std::string(row.fallback);
  }
  switch (row.kind) {
    case Kind::size:
      return size_text(row, text);
    case Kind::list:
      return list_text(row, text);
    default:
      return number_text(row, text);
  }
}

}  // namespace

std::vector<std::string_view> known_keys() {
  std::vector<std::string_view> keys;
  keys.reserve(std::size(rows));
  for (const Row& row : rows) {
    keys.push_back(row.key);
  }
  return keys;
}

std::string did_you_mean_key(std::string_view key) {
  auto names = known_keys();
  if (key.find_first_of("./") == std::string_view::npos) {
    std::ranges::transform(names, names.begin(), last_part);
  }
  const auto found = nearest(key, names);
  return found ? tr("; did you mean {}?", std::string(rows[*found].key)) : std::string();
}

tl::expected<Wanted, Message> parse_wanted(std::string_view assignment, const Machine& machine) {
  const std::size_t equals = assignment.find('=');
  const std::string_view key_text = trim(assignment.substr(0, equals));
  if (equals == std::string_view::npos || key_text.empty()) {
    return tl::unexpected(
        Message("{}: write KEY=VALUE, as in vm.min_free_kbytes=default", printable(assignment)));
  }
  const std::string_view text = trim(assignment.substr(equals + 1));
  if (text.empty()) {
    return tl::unexpected(Message("{}=: the value is missing", printable(key_text)));
  }
  const std::string spelled = host::canonical_sysctl_key(key_text);
  const Row* row = find_row(spelled);
  const auto key = host::SysctlKey::parse(row != nullptr ? row->key : key_text);
  if (!key) {
    const std::string near = did_you_mean_key(key_text);
    return tl::unexpected(
        near.empty() ? key.error() : Message("there is no sysctl {}{}", printable(key_text), near));
  }
  if (row != nullptr) {
    auto value = value_text(*row, text, machine);
    if (!value) {
      return tl::unexpected(value.error());
    }
    return Wanted{*key, std::move(*value)};
  }
  if (text == "default") {
    return tl::unexpected(
        Message("{}=default: the kernel's default of this key is not known; give the value",
                key->dotted()));
  }
  if (!host::is_sysctl_value(text)) {
    return tl::unexpected(Message(
        "{}: the value has characters that no line of a sysctl file can keep", key->dotted()));
  }
  return Wanted{*key, std::string(text)};
}

}  // namespace whyoom::advise
