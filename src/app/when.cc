#include "app/when.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <string>

#include "base/text.h"

namespace whyoom::app {
namespace {

std::optional<WallTime> local_time(std::int64_t seconds) {
  const auto moment = static_cast<std::time_t>(seconds);
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

struct TimeUnit {
  std::string_view word;
  std::uint64_t seconds;
};
constexpr std::array units = {TimeUnit{"second", 1}, TimeUnit{"minute", 60}, TimeUnit{"hour", 3600},
                              TimeUnit{"day", 86400}, TimeUnit{"week", 604800}};

// "-2h", "2 hours ago", "90 min ago": so long before now, on this machine's own clock.
std::optional<std::int64_t> parse_ago(std::string_view text, std::int64_t now) {
  constexpr std::uint64_t century = 3'155'760'000;
  if (text == "last week") {
    return parse_ago("7 days ago", now);
  }
  Cursor cursor(text);
  const bool in_short = cursor.take('-');
  const auto count = cursor.take_unsigned();
  std::string_view word = cursor.rest();
  if (!in_short && word.ends_with(" ago")) {
    word = trim(word.substr(0, word.size() - 4));
    word = word.substr(0, word.size() - (word.size() > 1 && word.ends_with('s') ? 1 : 0));
  } else if (!in_short || word.size() != 1) {
    return std::nullopt;
  }
  const auto unit = std::ranges::find_if(
      units, [word](const TimeUnit& each) { return !word.empty() && each.word.starts_with(word); });
  if (!count || unit == units.end() || *count > century / unit->seconds) {
    return std::nullopt;
  }
  return now - static_cast<std::int64_t>(*count * unit->seconds);
}

// "today", "yesterday": from midnight on. "last night": from six in the evening on. "05:00": today.
std::optional<WallTime> parse_day(std::string_view text, std::int64_t now) {
  const bool night = text == "last night";
  const bool yesterday = text == "yesterday" || night;
  auto day = local_time(yesterday ? now - 86400 : now);
  if (!day) {
    return std::nullopt;
  }
  constexpr int evening = 18;
  day->hour = night ? evening : 0;
  day->minute = 0;
  day->second = 0;
  if (yesterday || text == "today") {
    return day;
  }
  const std::string clock = std::string(text) + (std::ranges::count(text, ':') == 1 ? ":00" : "");
  const auto seconds =
      logtext::clock_length(clock) == clock.size() ? logtext::seconds_of_day(clock) : std::nullopt;
  if (!seconds || *seconds >= 86400) {
    return std::nullopt;
  }
  day->hour = *seconds / 3600;
  day->minute = *seconds / 60 % 60;
  day->second = static_cast<double>(*seconds % 60);
  return day;
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
  if (const auto ago = parse_ago(text, now)) {
    const auto moment = local_time(*ago);
    return moment ? std::optional<When>(*moment) : std::nullopt;
  }
  if (auto day = parse_day(text, now)) {
    return *day;
  }
  if (auto wall = logtext::parse_wall(text)) {
    return *wall;
  }
  return std::nullopt;
}

}  // namespace whyoom::app
