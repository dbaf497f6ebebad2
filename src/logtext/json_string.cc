#include "logtext/json_string.h"

#include <cstdint>
#include <optional>

#include "base/text.h"
#include "logtext/clean.h"

namespace whyoom::logtext {

namespace {

std::optional<char32_t> hex4(std::string_view& rest) {
  const auto code = rest.size() >= 4 ? parse_number<std::uint32_t>(rest.substr(0, 4), 16)
                                     : std::optional<std::uint32_t>{};
  if (!code) {
    return std::nullopt;
  }
  rest.remove_prefix(4);
  return static_cast<char32_t>(*code);
}

// Behind a backslash.
bool escape(std::string_view& rest, std::string& out) {
  if (rest.empty()) {
    return false;
  }
  const char kind = rest.front();
  rest.remove_prefix(1);
  switch (kind) {
    case 'n':
      out += '\n';
      return true;
    case 't':
      out += '\t';
      return true;
    case 'r':
    case 'b':
    case 'f':
      return true;  // of no use in a line
    case 'u':
      break;
    default:
      out += kind;
      return true;
  }
  auto code = hex4(rest);
  if (!code) {
    return false;
  }
  if (*code >= 0xd800 && *code < 0xdc00 && rest.starts_with("\\u")) {
    rest.remove_prefix(2);
    const auto low = hex4(rest);
    if (!low) {
      return false;
    }
    const bool pair = *low >= 0xdc00 && *low < 0xe000;
    code = pair ? 0x10000 + ((*code - 0xd800) << 10U) + (*low - 0xdc00) : 0xfffd;
  }
  append_utf8(out, *code >= 0xd800 && *code < 0xe000 ? 0xfffd : *code);
  return true;
}

}  // namespace

bool read_json_string(std::string_view& rest, std::string& out, char quote) {
  out.clear();
  const char stops[] = {quote, '\\'};
  while (true) {
    const std::size_t stop = rest.find_first_of(std::string_view(stops, sizeof stops));
    out.append(rest.substr(0, stop));
    if (stop == std::string_view::npos) {
      rest = {};
      return false;
    }
    const char c = rest[stop];
    rest.remove_prefix(stop + 1);
    if (c == quote) {
      return true;
    }
    if (!escape(rest, out)) {
      return false;
    }
  }
}

}  // namespace whyoom::logtext
