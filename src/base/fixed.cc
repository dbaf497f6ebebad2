#include "base/fixed.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <version>

#include "base/text.h"

// libc++ cannot read a double yet, and its tables to write one would be a fifth of the page in a
// browser. The C library's functions do the same there, as that has no locale but "C".
#ifndef __cpp_lib_to_chars
#include <cstring>

// <cstdio> is not for this layer.
extern "C" int snprintf(char* to, std::size_t size, const char* format, ...);
#endif

namespace whyoom {
namespace {

bool has_no_exponent(double value) {
  const double size = std::fabs(value);
  return size == 0 || (size >= 1e-4 && size < 1e15);
}

#ifdef __cpp_lib_to_chars

std::optional<double> read(std::string_view text) {
  double value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} ? std::optional(value) : std::nullopt;
}

#else

std::optional<double> read(std::string_view text) {
  return std::strtod(std::string(text).c_str(), nullptr);
}

// The digits of "6.85e+20" without zeros at their end, and the power of ten behind them.
struct Digits {
  std::string sign, digits;
  int exponent = 0;
};

// 15 digits are those of the number as somebody wrote it; 17 are enough for any.
Digits shortest(double value) {
  std::array<char, 40> text{};
  for (int more = 14; more <= 16; ++more) {
    snprintf(text.data(), text.size(), "%.*e", more, value);
    if (std::strtod(text.data(), nullptr) == value) {
      break;
    }
  }
  Digits result;
  const char* const mark = std::strchr(text.data(), 'e');
  for (const char* at = text.data(); at != mark; ++at) {
    if (*at == '-') {
      result.sign = "-";
    } else if (*at != '.') {
      result.digits += *at;
    }
  }
  result.digits.erase(std::max<std::size_t>(result.digits.find_last_not_of('0') + 1, 1));
  result.exponent = std::atoi(mark + 1);
  return result;
}

#endif

}  // namespace

std::optional<double> parse_fixed(std::string_view text) {
  std::size_t points = 0, digits = 0;
  for (const char c : text) {
    if (!is_digit(c) && c != '.') {
      return std::nullopt;
    }
    ++(c == '.' ? points : digits);
  }
  const auto value = points <= 1 && digits > 0 ? read(text) : std::nullopt;
  return value && std::isfinite(*value) ? value : std::nullopt;
}

#ifdef __cpp_lib_to_chars

std::string fixed_text(double value, int decimals) {
  std::array<char, 400> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                          std::chars_format::fixed, decimals);
  return error == std::errc{} ? std::string(buffer.data(), end) : "?";
}

void append_shortest(std::string& out, double value) {
  std::array<char, 64> text;
  const auto [end, error] = std::to_chars(
      text.data(), text.data() + text.size(), value,
      has_no_exponent(value) ? std::chars_format::fixed : std::chars_format::scientific);
  out.append(text.data(), end);
}

#else

std::string fixed_text(double value, int decimals) {
  std::array<char, 400> buffer;
  const int size = snprintf(buffer.data(), buffer.size(), "%.*f", decimals, value);
  return size > 0 && static_cast<std::size_t>(size) < buffer.size() ? buffer.data() : "?";
}

void append_shortest(std::string& out, double value) {
  Digits number = shortest(value);
  out += number.sign;
  std::string& digits = number.digits;
  if (!has_no_exponent(value)) {
    out += digits.substr(0, 1) + (digits.size() > 1 ? "." + digits.substr(1) : "") +
           (number.exponent < 0 ? "e-" : "e+") + (std::abs(number.exponent) < 10 ? "0" : "") +
           std::to_string(std::abs(number.exponent));
  } else if (number.exponent < 0) {
    out += "0." + std::string(static_cast<std::size_t>(-number.exponent - 1), '0') + digits;
  } else {
    const auto whole = static_cast<std::size_t>(number.exponent) + 1;
    digits.resize(std::max(digits.size(), whole), '0');
    out += digits.substr(0, whole) + (digits.size() > whole ? "." + digits.substr(whole) : "");
  }
}

#endif

}  // namespace whyoom
