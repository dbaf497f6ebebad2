#include "base/fixed.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <limits>

#include "base/text.h"

// <cstdio> is not for this layer, and std::to_chars brings tables of 135 kB for a double. The C
// library does the same where no program sets a locale: this one does not.
// NOLINTNEXTLINE(readability-redundant-declaration): of <cstdio>, which this does not include
extern "C" int snprintf(char* to, std::size_t size, const char* format, ...);

namespace whyoom {
namespace {

constexpr std::int64_t million = 1'000'000;
// Of the last decimal in one, by the number of decimals.
constexpr std::array<std::uint64_t, 4> units{1, 10, 100, 1000};

bool has_no_exponent(double value) {
  const double size = std::fabs(value);
  return size == 0 || (size >= 1e-4 && size < 1e15);
}

// Of `value` when it is a whole number of them, as nearly all that is measured is: without a call
// of the C library. Texts of up to 15 digits are different numbers, so none is shorter.
std::optional<std::int64_t> millionths(double value) {
  const double scaled = std::fabs(value) * million;
  if (!(scaled < 1e15)) {
    return std::nullopt;
  }
  const auto whole = static_cast<std::int64_t>(std::llround(scaled));
  return static_cast<double>(whole) / million == std::fabs(value) ? std::optional(whole)
                                                                  : std::nullopt;
}

void append_millionths(std::string& out, std::int64_t number) {
  out += std::to_string(number / million);
  if (const std::int64_t rest = number % million; rest != 0) {
    const std::string digits = std::to_string(million + rest);  // a 1 before its zeros
    out += '.';
    out.append(digits, 1, digits.find_last_not_of('0'));
  }
}

// The digits of "6.85e+20" without zeros at their end, and the power of ten behind them.
struct Digits {
  std::string digits;
  int exponent = 0;
};

// 15 digits are those of the number as somebody wrote it, and fewer of one below all normal ones;
// 17 are enough for any.
Digits shortest(double value) {
  std::array<char, 40> text{};
  for (int more = value < std::numeric_limits<double>::min() ? 0 : 14; more <= 16; ++more) {
    snprintf(text.data(), text.size(), "%.*e", more, value);
    if (std::strtod(text.data(), nullptr) == value) {
      break;
    }
  }
  Digits result;
  const char *const begin = text.data(), *const mark = std::strchr(begin, 'e');
  std::copy_if(begin, mark, std::back_inserter(result.digits), is_digit);
  result.digits.erase(std::max<std::size_t>(result.digits.find_last_not_of('0') + 1, 1));
  result.exponent = std::atoi(mark + 1);
  return result;
}

// |value| in units of the last decimal, rounded as printf() does: the exact value to the nearest,
// and half to the even one. Empty: it does not fit, so that the C library has to do it.
std::optional<std::uint64_t> scaled_exactly(double value, int decimals) {
  if (!std::isfinite(value) || decimals < 0 || decimals >= static_cast<int>(units.size())) {
    return std::nullopt;
  }
  constexpr int bits = std::numeric_limits<double>::digits;
  int exponent = 0;
  const double part = std::frexp(std::fabs(value), &exponent);
  const int shift = bits - exponent;  // value = whole / 2^shift
  if (shift < 1) {
    return std::nullopt;
  }
  const auto whole = static_cast<std::uint64_t>(std::ldexp(part, bits)) *
                     units[static_cast<std::size_t>(decimals)];  // of 63 bits at most
  if (shift > 63) {
    return 0;  // less than a half
  }
  const std::uint64_t rest = whole & ((std::uint64_t{1} << shift) - 1);
  const std::uint64_t half = std::uint64_t{1} << (shift - 1);
  const std::uint64_t down = whole >> shift;
  return down + (rest > half || (rest == half && down % 2 == 1) ? 1 : 0);
}

}  // namespace

std::optional<double> parse_fixed(std::string_view text) {
  std::size_t points = 0, digits = 0;
  for (const char c : text) {
    if (!is_digit(c) && c != '.') {
      return std::nullopt;
    }
    ++(c == '.' ? points : digits);
  }
  if (points > 1 || digits == 0) {
    return std::nullopt;
  }
  const double value = std::strtod(std::string(text).c_str(), nullptr);
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::string fixed_text(double value, int decimals) {
  if (const auto scaled = scaled_exactly(value, decimals)) {
    const std::uint64_t unit = units[static_cast<std::size_t>(decimals)];
    std::string text = (std::signbit(value) ? "-" : "") + std::to_string(*scaled / unit);
    if (decimals > 0) {
      std::string digits = std::to_string(unit + *scaled % unit);  // a 1 before its zeros
      digits.front() = '.';
      text += digits;
    }
    return text;
  }
  std::array<char, 400> buffer;
  const int size = snprintf(buffer.data(), buffer.size(), "%.*f", decimals, value);
  return size > 0 && static_cast<std::size_t>(size) < buffer.size() ? buffer.data() : "?";
}

void append_shortest(std::string& out, double value) {
  out += std::signbit(value) ? "-" : "";
  if (has_no_exponent(value)) {
    if (const auto number = millionths(value)) {
      return append_millionths(out, *number);
    }
  }
  auto [digits, exponent] = shortest(std::fabs(value));
  if (!has_no_exponent(value)) {
    out += digits.substr(0, 1) + (digits.size() > 1 ? "." + digits.substr(1) : "") +
           (exponent < 0 ? "e-" : "e+") + (std::abs(exponent) < 10 ? "0" : "") +
           std::to_string(std::abs(exponent));
  } else if (exponent < 0) {
    out += "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  } else {
    const auto whole = static_cast<std::size_t>(exponent) + 1;
    digits.resize(std::max(digits.size(), whole), '0');
    out += digits.substr(0, whole) + (digits.size() > whole ? "." + digits.substr(whole) : "");
  }
}

}  // namespace whyoom
