#include "app/foreign_json.h"

namespace whyoom::app {
namespace {

bool nests_too_deep(std::string_view text) {
  constexpr unsigned deepest = 64;
  unsigned depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size() && depth <= deepest; ++i) {
    const char c = text[i];
    if (quoted) {
      i += c == '\\' ? 1 : 0;
      quoted = c != '"';
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (c == ']' || c == '}') {
      depth -= depth > 0 ? 1 : 0;
    } else {
      quoted = c == '"';
    }
  }
  return depth > deepest;
}

}  // namespace

Json parse_json(std::string_view text) {
  return nests_too_deep(text) ? Json(Json::value_t::discarded) : Json::parse(text, nullptr, false);
}

}  // namespace whyoom::app
