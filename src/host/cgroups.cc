#include "host/cgroups.h"

#include "base/language.h"

namespace whyoom::host {
namespace {

// PAGE_COUNTER_MAX pages of any page size are above this (version 1).
constexpr std::uint64_t unlimited_from = 0x7fff'ffff'fff0'0000;

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
    lines.damaged(tr("a number or \"max\""), text);
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
