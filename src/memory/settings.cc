#include "memory/settings.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include "base/human.h"
#include "base/language.h"
#include "base/suggest.h"
#include "base/text.h"

namespace whyoom::memory {

namespace {

using Result = tl::expected<void, Message>;

constexpr std::uint64_t int_max = std::numeric_limits<std::int32_t>::max();

// 1, 1024, 1024^2 ... for "", "k", "M" with an optional "i", "B"; 0 for what is no unit.
std::uint64_t unit_factor(std::string_view unit) {
  constexpr std::string_view prefixes = "kmgt";
  if (unit.empty()) {
    return 0;
  }
  const std::size_t power = prefixes.find(to_lower(unit.front()));
  if (power == std::string_view::npos) {
    return to_lower(unit.front()) == 'b' && unit.size() == 1 ? 1 : 0;
  }
  std::string tail;
  for (const char c : unit.substr(1)) {
    tail += to_lower(c);
  }
  if (!tail.empty() && tail != "b" && tail != "ib" && tail != "i") {
    return 0;
  }
  return std::uint64_t{1} << (10U * (static_cast<unsigned>(power) + 1));
}

// A number with up to nine decimals, as thousand-millionths. nullopt: no number.
struct Decimal {
  std::uint64_t whole = 0;
  std::uint64_t billionths = 0;
};
std::optional<Decimal> take_decimal(Cursor& cursor) {
  const auto whole = cursor.take_unsigned();
  if (!whole) {
    return std::nullopt;
  }
  Decimal number{*whole, 0};
  if (cursor.take('.')) {
    std::uint64_t place = 100'000'000;
    bool any = false;
    while (is_digit(cursor.peek())) {
      number.billionths += static_cast<std::uint64_t>(cursor.peek() - '0') * place;
      place /= 10;
      any = true;
      cursor.take(cursor.peek());
    }
    if (!any) {
      return std::nullopt;
    }
  }
  return number;
}

Bytes scaled(const Decimal& number, std::uint64_t factor) {
  const Bytes whole = Bytes(number.whole) * factor;
  const double part = static_cast<double>(number.billionths) / 1e9 * static_cast<double>(factor);
  return whole + Bytes(static_cast<std::uint64_t>(part));
}

std::optional<double> parse_percent(std::string_view text) {
  if (text.empty() || text.back() != '%') {
    return std::nullopt;
  }
  const std::string_view digits = trim(text.substr(0, text.size() - 1));
  Cursor cursor(digits);
  const auto number = take_decimal(cursor);
  if (!number || !cursor.at_end()) {
    return std::nullopt;
  }
  return (static_cast<double>(number->whole) + static_cast<double>(number->billionths) / 1e9) / 100;
}

// A size, or a share of RAM.
tl::expected<Bytes, Message> size_of(std::string_view key, std::string_view text, Bytes unit,
                                     const Machine& machine) {
  if (const auto part = parse_percent(text)) {
    if (!machine.ram) {
      return tl::unexpected(Message(
          "{}={}: the size of RAM is not known here; give the value in kB, M or G", key, text));
    }
    return Bytes(static_cast<std::uint64_t>(static_cast<double>(machine.ram->count()) * *part));
  }
  if (const auto size = parse_size(text, unit)) {
    return *size;
  }
  return tl::unexpected(Message(
      "{}={}: this is no size; write a number, a number with k, M or G, or a share of RAM (1%)",
      key, printable(text)));
}

Result set_min_free(Settings& settings, std::string_view text, const Machine& machine) {
  if (text == "default") {
    if (!machine.default_min_free) {
      return tl::unexpected(Message(
          "vm.min_free_kbytes=default: the kernel's own choice cannot be computed here; give "
          "the value in kB"));
    }
    settings.min_free_kbytes = machine.default_min_free;
    return {};
  }
  const auto size = size_of("vm.min_free_kbytes", text, Bytes(1024), machine);
  if (!size) {
    return tl::unexpected(size.error());
  }
  const KiB value = to_kib(*size);
  const KiB most = machine.ram ? std::min(to_kib(*machine.ram), KiB(int_max)) : KiB(int_max);
  if (value > most) {
    return tl::unexpected(Message("vm.min_free_kbytes={}: allowed are 0 to {} kB{}", text,
                                  most.count(),
                                  machine.ram ? tr(", the RAM of this machine") : ""));
  }
  settings.min_free_kbytes = value;
  return {};
}

template <class T>
Result set_number(std::optional<T>& setting, std::string_view key, std::string_view text,
                  std::uint64_t by_default, std::uint64_t least, std::uint64_t most) {
  const auto value =
      text == "default" ? std::optional(by_default) : parse_number<std::uint64_t>(text);
  if (!value || *value < least || *value > most) {
    return tl::unexpected(
        Message("{}={}: allowed are the numbers {} to {}", key, printable(text), least, most));
  }
  setting = static_cast<T>(*value);
  return {};
}

Result set_scale(Settings& settings, std::string_view text, const Machine& machine) {
  if (!machine.rules.scale_factor) {
    return tl::unexpected(Message("vm.watermark_scale_factor: this kernel has none (since 4.6)"));
  }
  // 1000 until 5.17, 3000 since.
  return set_number(settings.watermark_scale_factor, "vm.watermark_scale_factor", text, 10, 1,
                    3000);
}

Result set_boost(Settings& settings, std::string_view text, const Machine& /*machine*/) {
  return set_number(settings.watermark_boost_factor, "vm.watermark_boost_factor", text, 15000, 0,
                    int_max);
}

Result set_ratio(Settings& settings, std::string_view text, const Machine& /*machine*/) {
  std::vector<std::uint32_t> ratio;
  if (text == "default") {
    settings.lowmem_reserve_ratio = ratio;
    return {};
  }
  Cursor cursor(text);
  while (!cursor.at_end()) {
    cursor.skip_spaces();
    cursor.take(',');
    const auto value = cursor.take_unsigned();
    if (!value || *value > int_max || ratio.size() == 6) {
      return tl::unexpected(
          Message("vm.lowmem_reserve_ratio={}: write up to six numbers, one for each zone from the "
                  "lowest up, as in \"256 256 32 0 0\"",
                  printable(text)));
    }
    ratio.push_back(static_cast<std::uint32_t>(*value));
    cursor.skip_spaces();
  }
  settings.lowmem_reserve_ratio = ratio;
  return {};
}

Result set_hugepages(Settings& settings, std::string_view text, const Machine& /*machine*/) {
  return set_number(settings.nr_hugepages, "vm.nr_hugepages", text, 0, 0,
                    std::numeric_limits<std::int64_t>::max());
}

Result set_panic(Settings& settings, std::string_view text, const Machine& /*machine*/) {
  return set_number(settings.panic_on_oom, "vm.panic_on_oom", text, 0, 0, 2);
}

Result set_memory_max(Settings& settings, std::string_view text, const Machine& machine) {
  if (text == "max" || text == "-1" || text == "default") {
    settings.memory_max = Bytes(std::numeric_limits<std::uint64_t>::max());
    return {};
  }
  const auto size = size_of("memory.max", text, Bytes(1), machine);
  if (!size) {
    return tl::unexpected(size.error());
  }
  settings.memory_max = *size;
  return {};
}

Result set_ram(Settings& settings, std::string_view text, const Machine& machine) {
  const bool more = text.starts_with('+');
  const auto size = size_of("ram", more ? text.substr(1) : text, Bytes(1), machine);
  if (!size) {
    return tl::unexpected(size.error());
  }
  if (!machine.ram) {
    return tl::unexpected(Message("ram={}: the size of RAM is not known here", text));
  }
  const Bytes total = more ? *machine.ram + *size : *size;
  if (total < *machine.ram) {
    return tl::unexpected(Message("ram={}: the machine has {}; only more can be computed", text,
                                  human(*machine.ram)));
  }
  settings.ram = total;
  return {};
}

struct Key {
  std::string_view name;
  std::string_view alias;
  Result (*set)(Settings&, std::string_view, const Machine&);
};
constexpr std::array<Key, 8> keys{{
    {"vm.min_free_kbytes", "min_free_kbytes", set_min_free},
    {"vm.watermark_scale_factor", "watermark_scale_factor", set_scale},
    {"vm.watermark_boost_factor", "watermark_boost_factor", set_boost},
    {"vm.lowmem_reserve_ratio", "lowmem_reserve_ratio", set_ratio},
    {"vm.nr_hugepages", "nr_hugepages", set_hugepages},
    {"vm.panic_on_oom", "panic_on_oom", set_panic},
    {"memory.max", "memory.limit_in_bytes", set_memory_max},
    {"ram", "RAM", set_ram},
}};

// The alias is what somebody writes who leaves the folder out.
std::string near_key(std::string_view key) {
  auto names = setting_names();
  for (const Key& each : keys) {
    names.push_back(each.alias);
  }
  const auto found = nearest(key, names);
  return found ? tr("; did you mean {}?", std::string(names[*found % keys.size()])) : std::string();
}

}  // namespace

std::vector<std::string_view> setting_names() {
  std::vector<std::string_view> names;
  for (const Key& each : keys) {
    names.push_back(each.name);
  }
  return names;
}

std::optional<Bytes> parse_size(std::string_view text, Bytes unit) {
  Cursor cursor(trim(text));
  const auto number = take_decimal(cursor);
  if (!number) {
    return std::nullopt;
  }
  cursor.skip_spaces();
  const std::uint64_t factor = cursor.at_end() ? unit.count() : unit_factor(cursor.rest());
  if (factor == 0 || (cursor.at_end() && number->billionths != 0)) {
    return std::nullopt;
  }
  return scaled(*number, factor);
}

namespace {

// As the kernel's own tools, with slashes too.
const Key* find_key(std::string_view given) {
  std::string key(trim(given));
  std::ranges::replace(key, '/', '.');
  const auto found = std::ranges::find_if(
      keys, [&key](const Key& each) { return each.name == key || each.alias == key; });
  return found == std::end(keys) ? nullptr : &*found;
}

}  // namespace

bool has_what_if(std::string_view assignment) {
  return find_key(assignment.substr(0, assignment.find('='))) != nullptr;
}

Result apply_setting(Settings& settings, std::string_view assignment, const Machine& machine) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || trim(assignment.substr(0, equals)).empty()) {
    return tl::unexpected(
        Message("{}: write KEY=VALUE, as in vm.min_free_kbytes=default", printable(assignment)));
  }
  const Key* found = find_key(assignment.substr(0, equals));
  if (found == nullptr) {
    std::string key(trim(assignment.substr(0, equals)));
    std::ranges::replace(key, '/', '.');
    if (const std::string near = near_key(key); !near.empty()) {
      return tl::unexpected(Message("what-if cannot compute {}{}", printable(key), near));
    }
    const std::string known = join(keys, tr(", "), &Key::name);
    return tl::unexpected(
        Message("{}: what-if cannot compute this key; it knows {}", printable(key), known));
  }
  const std::string_view value = trim(assignment.substr(equals + 1));
  if (value.empty()) {
    return tl::unexpected(Message("{}=: the value is missing", found->name));
  }
  return found->set(settings, value, machine);
}

}  // namespace whyoom::memory
