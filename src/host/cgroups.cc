#include "host/cgroups.h"

#include "base/language.h"
#include "kernel/page_counter.h"

namespace whyoom::host {

Maybe<std::optional<std::uint64_t>> parse_max_or_number(Lines lines) {
  if (!lines.next()) {
    return std::nullopt;
  }
  const std::string_view text = trim(lines.line());
  const auto number = parse_number<std::uint64_t>(text);
  if (!number && text != "max") {
    lines.damaged(tr("a number or \"max\""), text);
    return std::nullopt;
  }
  return Read<std::optional<std::uint64_t>>{number, lines.place()};
}

Maybe<std::optional<Bytes>> parse_max_or_bytes(Lines lines) {
  const auto read = parse_max_or_number(lines);
  if (!read) {
    return std::nullopt;
  }
  Read<std::optional<Bytes>> limit{std::nullopt, read->at};
  if (read->value && !kernel::is_no_limit(Bytes(*read->value))) {
    limit.value = Bytes(*read->value);
  }
  return limit;
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
