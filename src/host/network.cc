#include "host/network.h"

#include "base/language.h"

namespace whyoom::host {

Maybe<Pages> parse_sockstat(Lines lines) {
  while (lines.next()) {
    std::string_view rest = lines.line();
    if (next_word(rest) != "TCP:") {
      continue;
    }
    while (!rest.empty()) {
      const std::string_view name = next_word(rest);
      const auto value = parse_number<std::uint64_t>(next_word(rest));
      if (!value) {
        lines.damaged(tr("\"name number\""), lines.line());
        return std::nullopt;
      }
      if (name == "mem") {
        return Read<Pages>{Pages(*value), lines.place()};
      }
    }
  }
  return std::nullopt;
}

Maybe<std::uint64_t> parse_neighbours(Lines lines) {
  if (!lines.next() || !lines.line().starts_with("entries ") || !lines.next()) {
    return std::nullopt;
  }
  std::string_view rest = lines.line();
  const std::string_view word = next_word(rest);
  const auto value = parse_number<std::uint64_t>(word, 16);
  if (!value) {
    lines.damaged(tr("a number in hex"), word);
    return std::nullopt;
  }
  return Read<std::uint64_t>{*value, lines.place()};
}

}  // namespace whyoom::host
