#include "logtext/wall_clock.h"

#include <algorithm>

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
  const bool capitals =
      std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  return capitals && end >= 2 && end <= 5 ? end : 0;
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
  // "Mon Nov 23 07:41:32 CET 2026"
  const std::string_view rest = text.substr(at);
  if (weekday && rest.starts_with(' ')) {
    const std::size_t zone = zone_length(rest.substr(1));
    const std::size_t skip = zone == 0 ? 1 : zone + 2;
    if (skip <= rest.size() && digits_length(rest.substr(skip)) == 4) {
      at += skip + 4;
    }
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

bool has_clock(std::string_view text) {
  for (std::size_t colon = text.find(':'); colon != std::string_view::npos;
       colon = text.find(':', colon + 1)) {
    if (colon >= 2 && has_shape(text.substr(colon - 2), "dd:dd:dd")) {
      return true;
    }
    if (colon >= 1 && has_shape(text.substr(colon - 1), "d:dd:dd")) {
      return true;
    }
  }
  return false;
}

}  // namespace whyoom::logtext
