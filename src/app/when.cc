#include "app/when.h"

#include <array>
#include <ctime>
#include <string>

#include "base/text.h"
#include "logtext/wall_distance.h"

namespace whyoom::app {
namespace {

// "-2h": so long before now, on this machine's own clock.
std::optional<WallTime> parse_ago(std::string_view text, std::int64_t now) {
  Cursor cursor(text);
  if (!cursor.take('-')) {
    return std::nullopt;
  }
  const auto count = cursor.take_unsigned();
  const std::string_view unit = cursor.rest();
  static constexpr std::string_view units = "smhdw";
  static constexpr std::array<std::uint64_t, 5> lengths = {1, 60, 3600, 86400, 604800};
  const std::size_t which = unit.size() == 1 ? units.find(unit[0]) : std::string_view::npos;
  constexpr std::uint64_t century = 3'155'760'000;
  if (!count || which == std::string_view::npos || *count > century / lengths[which]) {
    return std::nullopt;
  }
  const auto moment =
      static_cast<std::time_t>(now - static_cast<std::int64_t>(*count * lengths[which]));
  std::tm broken{};
  if (localtime_r(&moment, &broken) == nullptr) {
    return std::nullopt;
  }
  return WallTime{broken.tm_year + 1900,
                  broken.tm_mon + 1,
                  broken.tm_mday,
                  broken.tm_hour,
                  broken.tm_min,
                  static_cast<double>(broken.tm_sec),
                  static_cast<int>(broken.tm_gmtoff)};
}

}  // namespace

std::optional<When> parse_when(std::string_view text, std::int64_t now) {
  text = trim(text);
  std::string_view inner = text;
  if (inner.size() >= 2 && inner.front() == '[' && inner.back() == ']') {
    inner = trim(inner.substr(1, inner.size() - 2));
  }
  if (const auto seconds = logtext::parse_decimal(inner);
      seconds && *seconds < logtext::first_epoch) {
    return BootTime{*seconds};
  }
  if (auto ago = parse_ago(text, now)) {
    return *ago;
  }
  if (auto wall = logtext::parse_wall(text)) {
    return *wall;
  }
  return std::nullopt;
}

std::optional<double> seconds_after(const When& when, const report::Time& event) {
  if (const auto* boot = std::get_if<BootTime>(&when)) {
    if (!event.monotonic_us) {
      return std::nullopt;
    }
    return static_cast<double>(*event.monotonic_us) / 1e6 - boot->seconds;
  }
  const auto& asked = std::get<WallTime>(when);
  const auto seen = logtext::parse_wall(event.wall);
  if (!seen) {
    return std::nullopt;
  }
  return logtext::seconds_between(asked, *seen);
}

}  // namespace whyoom::app
