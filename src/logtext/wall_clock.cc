#include "logtext/wall_clock.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/calendar.h"
#include "base/text.h"

namespace whyoom::logtext {

namespace {

// `shape`: 'd' is a digit, anything else stands for itself.
bool has_shape(std::string_view text, std::string_view shape) {
  if (text.size() < shape.size()) {
    return false;
  }
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 'd' ? !is_digit(text[i]) : text[i] != shape[i]) {
      return false;
    }
  }
  return true;
}

std::size_t spaces_length(std::string_view text) {
  const std::size_t n = text.find_first_not_of(' ');
  return n == std::string_view::npos ? text.size() : n;
}

// "+01:00", "+0100", "+01", "Z"
std::size_t offset_length(std::string_view text) {
  if (text.starts_with('Z')) {
    return 1;
  }
  if (!text.starts_with('+') && !text.starts_with('-')) {
    return 0;
  }
  const std::string_view rest = text.substr(1);
  for (const std::string_view shape : {"dd:dd", "dddd", "dd"}) {
    if (has_shape(rest, shape)) {
      return 1 + shape.size();
    }
  }
  return 0;
}

// A zone as a word: "UTC", "CEST", "+01", "-0330".
std::size_t zone_length(std::string_view text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  if (!word.empty() && word.size() == offset_length(word)) {
    return end;
  }
  return std::ranges::all_of(word, is_upper) && end >= 2 && end <= 5 ? end : 0;
}

// A name of a day or month in any language, with its trailing blanks: "Nov ", "nov. ", "11月 ".
std::size_t name_length(std::string_view text) {
  std::size_t end = 0;
  bool letter = false;
  for (; end < text.size() && text[end] != ' '; ++end) {
    const auto c = static_cast<unsigned char>(text[end]);
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 128;
    letter = letter || is_letter;
    if (!is_letter && !is_digit(text[end]) && c != '.' && c != ',') {
      return 0;
    }
  }
  if (!letter || end > 16) {
    return 0;
  }
  return end + spaces_length(text.substr(end));
}

// "23 ", "23, 2026 "
std::size_t day_length(std::string_view text) {
  std::size_t at = digits_length(text);
  if (at == 0 || at > 2) {
    return 0;
  }
  at += text.substr(at).starts_with(',') ? 1 : 0;
  const std::size_t spaces = spaces_length(text.substr(at));
  if (spaces == 0) {
    return 0;
  }
  at += spaces;
  if (has_shape(text.substr(at), "dddd ")) {
    at += 5;
  }
  return at;
}

// "23 Nov 2026 07:41:32", "23 Nov 07:41:32"
std::size_t day_first_length(std::string_view text) {
  std::size_t at = digits_length(text);
  if (at == 0 || at > 2 || !text.substr(at).starts_with(' ')) {
    return 0;
  }
  const std::size_t month = name_length(text.substr(at + 1));
  at += 1 + month;
  if (has_shape(text.substr(at), "dddd ")) {
    at += 5;
  }
  const std::size_t clock = month == 0 ? 0 : clock_length(text.substr(at));
  return clock == 0 ? 0 : at + clock;
}

}  // namespace

std::size_t digits_length(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && is_digit(text[n])) {
    ++n;
  }
  return n;
}

std::size_t clock_length(std::string_view text) {
  if (!has_shape(text, "dd:dd:dd")) {
    return 0;
  }
  std::size_t at = 8;
  if (at < text.size() && (text[at] == '.' || text[at] == ',')) {
    const std::size_t fraction = digits_length(text.substr(at + 1));
    at += fraction == 0 ? 0 : 1 + fraction;
  }
  return at;
}

std::size_t iso_length(std::string_view text) {
  if (!has_shape(text, "dddd-dd-dd") && !has_shape(text, "dddd/dd/dd")) {
    return 0;
  }
  std::size_t at = 10;
  if (at >= text.size() || (text[at] != 'T' && text[at] != ' ' && text[at] != '_')) {
    return 0;
  }
  const std::size_t clock = clock_length(text.substr(at + 1));
  if (clock == 0) {
    return 0;
  }
  at += 1 + clock;
  if (const std::size_t offset = offset_length(text.substr(at)); offset != 0) {
    return at + offset;
  }
  // A zone as a word of its own; other words could be a host.
  if (at < text.size() && text[at] == ' ') {
    const std::string_view rest = text.substr(at + 1);
    const std::size_t zone = zone_length(rest);
    const bool known = rest.starts_with("UTC ") || rest.starts_with("GMT ");
    if (zone != 0 && (known || offset_length(rest) >= 3)) {
      at += 1 + zone;
    }
  }
  return at;
}

std::size_t word_date_length(std::string_view text) {
  if (has_shape(text, "dddd ")) {  // "2026 Nov 23 07:41:32"
    const std::size_t rest =
        name_length(text.substr(5)) != 0 ? word_date_length(text.substr(5)) : 0;
    return rest == 0 ? 0 : 5 + rest;
  }
  if (!text.empty() && is_digit(text.front())) {
    if (const std::size_t day_first = day_first_length(text); day_first != 0) {
      return day_first;
    }
  }
  std::size_t at = name_length(text);
  if (at == 0) {
    return 0;
  }
  bool weekday = false;
  std::size_t day = day_length(text.substr(at));
  if (day == 0) {
    weekday = true;
    const std::size_t month = name_length(text.substr(at));
    at += month;
    day = month == 0 ? 0 : day_length(text.substr(at));
  }
  if (day == 0) {
    return 0;
  }
  at += day;
  const std::size_t clock = clock_length(text.substr(at));
  if (clock == 0) {
    return 0;
  }
  at += clock;
  const std::string_view rest = text.substr(at);  // " CET 2026"
  if (weekday && rest.starts_with(' ')) {
    const std::size_t zone = zone_length(rest.substr(1));
    const std::size_t skip = zone == 0 ? 1 : zone + 2;
    if (skip <= rest.size() && digits_length(rest.substr(skip)) == 4) {
      at += skip + 4;
    }
  } else if (has_shape(rest, " 20dd ") || has_shape(rest, " 19dd ")) {  // a year, and no host
    at += 5;
  }
  return at;
}

std::size_t day_iso_length(std::string_view text) {
  const std::size_t day = name_length(text);
  if (day == 0) {
    return 0;
  }
  const std::size_t iso = iso_length(text.substr(day));
  if (iso == 0) {
    return 0;
  }
  std::size_t at = day + iso;
  if (at < text.size() && text[at] == ' ') {
    const std::size_t zone = zone_length(text.substr(at + 1));
    at += zone == 0 ? 0 : 1 + zone;
  }
  return at;
}

std::size_t epoch_length(std::string_view text) {
  const std::size_t seconds = digits_length(text);
  if (seconds < 9 || seconds > 11 || seconds >= text.size() || text[seconds] != '.') {
    return 0;
  }
  const std::size_t fraction = digits_length(text.substr(seconds + 1));
  const std::size_t end = seconds + 1 + fraction;
  return fraction >= 3 && end < text.size() && text[end] == ' ' ? end : 0;
}

std::optional<int> seconds_of_day(std::string_view text) {
  for (std::size_t i = 0; i + 8 <= text.size(); ++i) {
    if (text[i + 2] == ':' && has_shape(text.substr(i), "dd:dd:dd")) {
      const auto two = [&](std::size_t at) {
        return (text[i + at] - '0') * 10 + text[i + at + 1] - '0';
      };
      return two(0) * 3600 + two(3) * 60 + two(6);
    }
  }
  return std::nullopt;
}

bool has_clock(std::string_view text) {
  for (std::size_t colon = text.find(':'); colon != std::string_view::npos;
       colon = text.find(':', colon + 1)) {
    if (colon >= 1 && has_shape(text.substr(colon - 1), "d:dd:dd")) {
      return true;
    }
  }
  return false;
}

namespace {

constexpr std::int64_t seconds_per_day = 86400;

std::optional<int> month_number(std::string_view word) {
  static constexpr std::array<std::string_view, 12> names = {
      "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
  const auto same = [word](std::string_view name) {
    return std::ranges::equal(name, word.substr(0, 3), {}, {}, to_lower);
  };
  const auto found = std::ranges::find_if(names, same);
  return found == names.end() ? std::nullopt
                              : std::optional(static_cast<int>(found - names.begin()) + 1);
}

std::optional<int> take_digits(Cursor& cursor, std::size_t least, std::size_t most) {
  const std::size_t count = std::min(digits_length(cursor.rest()), most);
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

// A number this big counts from 1970, not from boot: it would be 31 years of uptime.
constexpr double last_epoch = 1e11;

std::optional<WallTime> from_epoch(double seconds) {
  if (seconds >= first_epoch * 1e6 && seconds <= last_epoch * 1e6) {
    seconds /= 1e6;  // the journal's JSON
  }
  if (seconds < first_epoch || seconds > last_epoch) {
    return std::nullopt;
  }
  const auto whole = static_cast<std::int64_t>(seconds);
  const std::int64_t days = whole / seconds_per_day;
  const auto in_day = static_cast<int>(whole % seconds_per_day);
  WallTime time;
  time.offset_seconds = 0;
  const Date date = date_from_days(days);
  time.year = static_cast<int>(date.year);
  time.month = date.month;
  time.day = date.day;
  time.hour = in_day / 3600;
  time.minute = in_day / 60 % 60;
  time.second = in_day % 60 + (seconds - std::floor(seconds));
  return time;
}

}  // namespace

std::optional<double> parse_decimal(std::string_view text) {
  Cursor cursor(text);
  const auto whole = cursor.take_unsigned();
  if (!whole) {
    return std::nullopt;
  }
  const double value = static_cast<double>(*whole) + take_fraction(cursor);
  return cursor.at_end() ? std::optional(value) : std::nullopt;
}

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

double seconds_since_1970(const WallTime& time, int year) {
  return static_cast<double>(days_from_date({year, time.month, time.day}) * seconds_per_day) +
         time.hour * 3600.0 + time.minute * 60.0 + time.second;
}

}  // namespace whyoom::logtext
