#include "base/human.h"

#include <array>
#include <cmath>

#include "base/fixed.h"
#include "base/language.h"

namespace whyoom {
namespace {

// Fixed point without trailing zeros.
std::string fixed(double value, int decimals) {
  std::string text = fixed_text(value, decimals);
  if (decimals > 0) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) {
      text.pop_back();
    }
  }
  return text;
}

}  // namespace

std::string two_digits(std::int64_t number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

std::string human(Bytes size) {
  constexpr std::array<const char*, 6> units = {" KiB", " MiB", " GiB", " TiB", " PiB", " EiB"};
  if (size.count() < 1024) {
    return plural(size.count(), "byte", "bytes");
  }
  // Values of 2^53 and more lose low bits in a double; three digits are shown.
  double value = static_cast<double>(size.count()) / 1024;
  std::size_t unit = 0;
  // 1023.6 MiB would be shown as "1024 MiB".
  while (value >= 1023.5 && unit + 1 < units.size()) {
    value /= 1024;
    ++unit;
  }
  const int decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return fixed(value, decimals) + units[unit];
}

std::string kb(Bytes size) { return std::to_string(to_kib(size).count()) + " kB"; }

std::string percent(double share) {
  const double value = share * 100;
  if (!std::isfinite(value) || value == 0) {
    return "0 %";
  }
  if (value < 0) {
    return "-" + percent(-share);
  }
  if (value < 0.01) {
    return "< 0.01 %";
  }
  // What is not all must not read as all.
  if (value >= 99 && value < 100) {
    return fixed(std::floor(value * 10) / 10, 1) + " %";
  }
  const int decimals = value >= 9.95 ? 0 : value >= 0.995 ? 1 : 2;
  return fixed(value, decimals) + " %";
}

std::string grouped(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) {
      out += ',';
    }
    out += digits[i];
  }
  return out;
}

std::string seconds(double value) {
  if (!std::isfinite(value)) {
    return "?";
  }
  if (value < 0) {
    return "-" + seconds(-value);
  }
  if (value < 59.95) {
    const int decimals = value >= 9.995 ? 1 : value >= 0.095 ? 2 : 3;
    return tr("{} s", fixed(value, decimals));
  }
  constexpr double longest = 1e15;  // fits an integer; a log can hold any number
  const auto whole = static_cast<std::uint64_t>(std::llround(value < longest ? value : longest));
  const auto two = [](std::uint64_t a, const char* a_unit, std::uint64_t b, const char* b_unit) {
    const std::string first = tr(a_unit, std::to_string(a));
    return b == 0 ? first : first + " " + tr(b_unit, std::to_string(b));
  };
  if (whole < 3600) {
    return two(whole / 60, "{} min", whole % 60, "{} s");
  }
  if (whole < 86400) {
    return two(whole / 3600, "{} h", whole % 3600 / 60, "{} min");
  }
  return two(whole / 86400, "{} d", whole % 86400 / 3600, "{} h");
}

std::string plural(std::uint64_t n, const char* one, const char* many) {
  const std::string number = grouped(n);
  if (language() == Language::english) {
    return number + " " + (n == 1 ? one : many);
  }
  return tr("{} " + std::string(many), number);
}

}  // namespace whyoom
