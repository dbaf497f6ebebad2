// A sentence for the user: an English pattern with {} for each argument. The pattern is the key of
// the catalogues of translations (language.h).
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace whyoom {

class Message {
 public:
  Message() = default;

  template <std::size_t N, class... Args>
  explicit(sizeof...(Args) == 0) Message(const char (&pattern)[N], const Args&... args)
      : pattern_(pattern, N - 1) {
    // There are a thousand sentences of a hundred shapes: what each compiles to stays small.
    if constexpr (sizeof...(Args) > 0) {
      const Argument given[] = {argument(args)...};
      take(given, sizeof...(Args));
    }
  }

  [[nodiscard]] bool empty() const { return pattern_.empty(); }

  // The sentence in the language of the process.
  [[nodiscard]] std::string str() const;

  // `pattern` with each {} replaced by the next argument, {1} by the first and so on.
  static std::string fill(std::string_view pattern, const std::vector<std::string>& args);

 private:
  // A text, or a number where `text` has no data; of a number its bits and whether it is below 0.
  struct Argument {
    std::string_view text;
    unsigned long long number = 0;
    bool negative = false;
  };

  template <class T>
  static Argument argument(const T& value) {
    if constexpr (std::is_integral_v<T>) {
      if constexpr (std::is_signed_v<T>) {
        if (value < 0) {
          return {{}, 0ULL - static_cast<unsigned long long>(value), true};
        }
      }
      return {{}, static_cast<unsigned long long>(value), false};
    } else {
      const std::string_view text(value);
      return {text.data() == nullptr ? std::string_view("") : text, 0, false};
    }
  }

  void take(const Argument* given, std::size_t count);

  std::string_view pattern_;  // always a string literal
  std::vector<std::string> args_;
};

}  // namespace whyoom
