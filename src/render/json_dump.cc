#include <nlohmann/json.hpp>

#include "base/text.h"
#include "render/json_value.h"

namespace whyoom::render {
namespace {

using Library = nlohmann::ordered_json;

Library converted(const Json& json) {
  switch (json.kind()) {
    case Json::Kind::null:
      return nullptr;
    case Json::Kind::boolean:
      return json.boolean();
    case Json::Kind::integer:
      return json.integer();
    case Json::Kind::natural:
      return json.natural();
    case Json::Kind::real:
      return json.real();
    case Json::Kind::text:
      return printable(json.text());
    case Json::Kind::array:
    case Json::Kind::object:
      break;
  }
  const bool is_array = json.kind() == Json::Kind::array;
  Library out = is_array ? Library::array() : Library::object();
  for (std::size_t i = 0; i < json.items().size(); ++i) {
    if (is_array) {
      out.push_back(converted(json.items()[i]));
    } else {
      out[printable(json.keys()[i])] = converted(json.items()[i]);
    }
  }
  return out;
}

}  // namespace

std::string dump(const Json& json, bool indented, std::size_t margin) {
  std::string out =
      converted(json).dump(indented ? 2 : -1, ' ', false, Library::error_handler_t::replace);
  if (!indented || margin == 0) {
    return out;
  }
  std::string shifted;
  shifted.reserve(out.size() + out.size() / 8);
  for (const char c : out) {
    shifted += c;
    if (c == '\n') {
      shifted.append(margin, ' ');
    }
  }
  return shifted;
}

}  // namespace whyoom::render
