#include "render/json_value.h"

#include <algorithm>

namespace whyoom::render {

Json::Json(std::initializer_list<std::pair<std::string_view, Json>> members) : kind_(Kind::object) {
  for (const auto& [key, value] : members) {
    (*this)[key] = value;
  }
}

Json& Json::operator[](std::string_view key) {
  kind_ = Kind::object;
  const auto found = std::ranges::find(keys_, key);
  if (found != keys_.end()) {
    return items_[static_cast<std::size_t>(found - keys_.begin())];
  }
  keys_.emplace_back(key);
  return items_.emplace_back();
}

void Json::push_back(Json value) {
  kind_ = Kind::array;
  items_.push_back(std::move(value));
}

}  // namespace whyoom::render
