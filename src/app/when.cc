#include "app/when.h"

#include <array>
#include <cmath>
#include <ctime>
#include <string>

#include "base/text.h"

namespace whyoom::app {
namespace {

constexpr double seconds_per_day = 86400;

// Days since 1970-01-01 in the proleptic Gregorian calendar.
std::int64_t days_from_civil(std::int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

double instant(const WallTime& time, int year) {
  return static_cast<double>(days_from_civil(year, time.month, time.day)) * seconds_per_day +
         time.hour * 3600.0 + time.minute * 60.0 + time.second;
}

WallTime from_tm(const std::tm& broken, double fraction, std::optional<int> offset) {
  return {broken.tm_year + 1900, broken.tm_mon + 1,        broken.tm_mday, broken.tm_hour,
          broken.tm_min,         broken.tm_sec + fraction, offset};
}

std::optional<int> month_number(std::string_view word) {
  static constexpr std::array<std::string_view, 12> names = {
      "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
  if (word.size() < 3) {
    return std::nullopt;
  }
  std::string start;
  for (const char c : word.substr(0, 3)) {
    start += (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == start) {
      return static_cast<int>(i) + 1;
    }
  }
  return std::nullopt;
}

std::optional<int> take_digits(Cursor& cursor, std::size_t least, std::size_t most) {
  std::size_t count = 0;
  while (count < cursor.rest().size() && count < most && is_digit(cursor.rest()[count])) {
    ++count;
  }
  if (count < least) {
    return std::nullopt;
  }
  const auto value = parse_number<int>(cursor.rest().substr(0, count));
  cursor.take(cursor.rest().substr(0, count));
  return value;
}

// ".123456" or ",123456"
double take_fraction(Cursor& cursor) {
  if (cursor.peek() != '.' && cursor.peek() != ',') {
    return 0;
  }
  cursor.take(cursor.peek());
  double value = 0;
  for (double weight = 0.1; is_digit(cursor.peek()); weight /= 10) {
    value += weight * (cursor.peek() - '0');
    cursor.take(cursor.peek());
  }
  return value;
}

// HH:MM, HH:MM:SS, HH:MM:SS.fraction
bool take_clock(Cursor& cursor, WallTime& time) {
  const auto hour = take_digits(cursor, 1, 2);
  if (!hour || *hour > 23 || !cursor.take(':')) {
    return false;
  }
  const auto minute = take_digits(cursor, 2, 2);
  if (!minute || *minute > 59) {
    return false;
  }
  time.hour = *hour;
  time.minute = *minute;
  if (cursor.take(':')) {
    const auto second = take_digits(cursor, 2, 2);
    if (!second || *second > 60) {
      return false;
    }
    time.second = *second + take_fraction(cursor);
  }
  return true;
}

// Z, UTC, +01:00, +0100, +01. The name of another zone ("CEST") is passed over: what it means
// depends on where it is read. False when anything else follows.
bool take_zone(Cursor& cursor, WallTime& time) {
  cursor.skip_spaces();
  if (cursor.take('Z') || cursor.take("UTC") || cursor.take("GMT")) {
    time.offset_seconds = 0;
    return cursor.at_end();
  }
  const char sign = cursor.peek();
  if (sign == '+' || sign == '-') {
    cursor.take(sign);
    const auto hours = take_digits(cursor, 2, 2);
    if (!hours) {
      return false;
    }
    cursor.take(':');
    const int minutes = take_digits(cursor, 2, 2).value_or(0);
    time.offset_seconds = (sign == '-' ? -1 : 1) * (*hours * 3600 + minutes * 60);
    return cursor.at_end();
  }
  constexpr std::size_t longest_name = 5;
  const std::string_view name = cursor.take_word();
  return cursor.at_end() && name.size() <= longest_name &&
         name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos;
}

bool valid_day(const WallTime& time) {
  return time.month >= 1 && time.month <= 12 && time.day >= 1 && time.day <= 31;
}

// 2026-11-23, 2026/11/23, with or without a clock behind it.
std::optional<WallTime> parse_iso(Cursor cursor) {
  WallTime time;
  const auto year = take_digits(cursor, 4, 4);
  const char separator = cursor.peek();
  if (!year || (separator != '-' && separator != '/')) {
    return std::nullopt;
  }
  cursor.take(separator);
  const auto month = take_digits(cursor, 1, 2);
  if (!month || !cursor.take(separator)) {
    return std::nullopt;
  }
  const auto day = take_digits(cursor, 1, 2);
  if (!day) {
    return std::nullopt;
  }
  time.year = *year;
  time.month = *month;
  time.day = *day;
  if (cursor.take('T') || cursor.take('t')) {
    if (!take_clock(cursor, time)) {
      return std::nullopt;
    }
  } else {
    cursor.skip_spaces();
    if (!cursor.at_end() && !take_clock(cursor, time)) {
      return std::nullopt;
    }
  }
  if (!take_zone(cursor, time) || !valid_day(time)) {
    return std::nullopt;
  }
  return time;
}

// "Nov 23 07:41:32", "Nov 23 07:41:32 2026", "2026 Nov 23 07:41:32", "Nov 23 2026 07:41:32".
std::optional<WallTime> parse_month_name(Cursor cursor) {
  WallTime time;
  if (is_digit(cursor.peek())) {
    time.year = take_digits(cursor, 4, 4);
    cursor.skip_spaces();
  }
  const auto month = month_number(cursor.take_word());
  cursor.skip_spaces();
  const auto day = take_digits(cursor, 1, 2);
  if (!month || !day) {
    return std::nullopt;
  }
  time.month = *month;
  time.day = *day;
  cursor.skip_spaces();
  for (int part = 0; part < 2 && !cursor.at_end(); ++part) {
    Cursor ahead = cursor;
    if (const auto year = take_digits(ahead, 4, 4)) {
      time.year = year;
      cursor = ahead;
    } else if (!take_clock(cursor, time)) {
      break;
    }
    cursor.skip_spaces();
  }
  if (!take_zone(cursor, time) || !valid_day(time)) {
    return std::nullopt;
  }
  return time;
}

std::optional<double> parse_decimal(std::string_view text) {
  Cursor cursor(text);
  const auto whole = cursor.take_unsigned();
  if (!whole) {
    return std::nullopt;
  }
  const double value = static_cast<double>(*whole) + take_fraction(cursor);
  return cursor.at_end() ? std::optional(value) : std::nullopt;
}

// A number this big counts from 1970, not from boot: it would be 31 years of uptime.
constexpr double first_epoch = 1e9;
constexpr double last_epoch = 1e11;

std::optional<WallTime> from_epoch(double seconds) {
  if (seconds >= first_epoch * 1e6 && seconds <= last_epoch * 1e6) {
    seconds /= 1e6;  // the journal's JSON
  }
  if (seconds < first_epoch || seconds > last_epoch) {
    return std::nullopt;
  }
  const auto whole = static_cast<std::time_t>(seconds);
  std::tm broken{};
  if (gmtime_r(&whole, &broken) == nullptr) {
    return std::nullopt;
  }
  return from_tm(broken, seconds - std::floor(seconds), 0);
}

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
  return from_tm(broken, 0, static_cast<int>(broken.tm_gmtoff));
}

}  // namespace

std::optional<WallTime> parse_wall(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
    text = trim(text.substr(1, text.size() - 2));
  }
  if (const auto seconds = parse_decimal(text)) {
    return from_epoch(*seconds);
  }
  if (auto time = parse_iso(Cursor(text))) {
    return time;
  }
  if (auto time = parse_month_name(Cursor(text))) {
    return time;
  }
  // The name of the day comes first, in any language.
  Cursor cursor(text);
  if (is_digit(cursor.peek()) || cursor.take_word().empty()) {
    return std::nullopt;
  }
  cursor.skip_spaces();
  auto time = parse_iso(cursor);
  return time ? time : parse_month_name(cursor);
}

std::optional<When> parse_when(std::string_view text, std::int64_t now) {
  text = trim(text);
  std::string_view inner = text;
  if (inner.size() >= 2 && inner.front() == '[' && inner.back() == ']') {
    inner = trim(inner.substr(1, inner.size() - 2));
  }
  if (const auto seconds = parse_decimal(inner); seconds && *seconds < first_epoch) {
    return BootTime{*seconds};
  }
  if (auto ago = parse_ago(text, now)) {
    return *ago;
  }
  if (auto wall = parse_wall(text)) {
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
  const auto seen = parse_wall(event.wall);
  if (!seen) {
    return std::nullopt;
  }
  constexpr int some_leap_year = 2000;
  const int asked_year = asked.year.value_or(seen->year.value_or(some_leap_year));
  const double from = instant(asked, asked_year);
  double difference = instant(*seen, seen->year.value_or(asked_year)) - from;
  if (!asked.year || !seen->year) {
    // Without a year the nearer side of New Year is meant.
    for (const int year : {asked_year - 1, asked_year + 1}) {
      const double other = instant(*seen, year) - from;
      difference = std::abs(other) < std::abs(difference) ? other : difference;
    }
  }
  if (asked.offset_seconds && seen->offset_seconds) {
    difference += *asked.offset_seconds - *seen->offset_seconds;
  }
  return difference;
}

}  // namespace whyoom::app
