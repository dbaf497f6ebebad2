// A sentence for the user: an English pattern with {} for each argument. The pattern is kept apart
// from the arguments so that a catalogue of translations can replace it (the pattern is its key).
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace whyoom {

class Message {
 public:
  Message() = default;

  template <std::size_t N, class... Args>
  explicit(sizeof...(Args) == 0) Message(const char (&pattern)[N], Args&&... args)
      : pattern_(pattern, N - 1) {
    args_.reserve(sizeof...(Args));
    (args_.push_back(to_text(std::forward<Args>(args))), ...);
  }

  [[nodiscard]] bool empty() const { return pattern_.empty(); }
  [[nodiscard]] std::string_view pattern() const { return pattern_; }
  [[nodiscard]] const std::vector<std::string>& args() const { return args_; }

  // The sentence in English.
  [[nodiscard]] std::string str() const { return fill(pattern_, args_); }

  // `pattern` with each {} replaced by the next argument, {1} by the first and so on.
  static std::string fill(std::string_view pattern, const std::vector<std::string>& args);

 private:
  template <class T>
  static std::string to_text(T&& value) {
    if constexpr (std::is_integral_v<std::remove_cvref_t<T>>) {
      return std::to_string(value);
    } else {
      return std::string(std::forward<T>(value));
    }
  }

  std::string_view pattern_;  // always a string literal
  std::vector<std::string> args_;
};

}  // namespace whyoom
