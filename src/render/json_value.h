// A JSON document under construction. Its own type, so that only json_dump.cc has to know the
// library that writes it. Members keep the order in which they were added.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace whyoom::render {

class Json {
 public:
  enum class Kind : std::uint8_t { null, boolean, integer, natural, real, text, array, object };

  Json() = default;
  // NOLINTBEGIN(google-explicit-constructor): values read as JSON does
  Json(std::nullptr_t) {}
  Json(bool value) : kind_(Kind::boolean), number_(value ? 1 : 0) {}
  Json(double value) : kind_(Kind::real), real_(value) {}
  Json(std::string value) : kind_(Kind::text), text_(std::move(value)) {}
  Json(std::string_view value) : kind_(Kind::text), text_(value) {}
  Json(const char* value) : kind_(Kind::text), text_(value) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) Json(T value) : kind_(Kind::natural), number_(value) {}
  template <std::signed_integral T>
  Json(T value) : kind_(Kind::integer), number_(static_cast<std::uint64_t>(value)) {}
  Json(const std::vector<std::string>& list)
      : kind_(Kind::array), items_(list.begin(), list.end()) {}
  // {{"key", value}, ...}
  Json(std::initializer_list<std::pair<std::string_view, Json>> members);
  // NOLINTEND(google-explicit-constructor)

  static Json array() { return Json(Kind::array); }
  static Json object() { return Json(Kind::object); }

  // The member of that name, made when it is not there. A null becomes an object.
  Json& operator[](std::string_view key);
  void push_back(Json value);

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool boolean() const { return number_ != 0; }
  [[nodiscard]] std::int64_t integer() const { return static_cast<std::int64_t>(number_); }
  [[nodiscard]] std::uint64_t natural() const { return number_; }
  [[nodiscard]] double real() const { return real_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  // Of an array, or of an object beside its keys().
  [[nodiscard]] const std::vector<Json>& items() const { return items_; }
  [[nodiscard]] const std::vector<std::string>& keys() const { return keys_; }

 private:
  explicit Json(Kind kind) : kind_(kind) {}

  Kind kind_ = Kind::null;
  std::uint64_t number_ = 0;
  double real_ = 0;
  std::string text_;
  std::vector<Json> items_;
  std::vector<std::string> keys_;
};

// On one line, or indented by 2 with `margin` spaces before every line but the first. No newline at
// the end. All text in it is printable().
std::string dump(const Json& json, bool indented, std::size_t margin = 0);

}  // namespace whyoom::render
