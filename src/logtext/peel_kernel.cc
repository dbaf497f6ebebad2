#include <algorithm>
#include <array>
#include <limits>

#include "base/digits.h"
#include "base/text.h"
#include "logtext/peel.h"
#include "logtext/wall_clock.h"

namespace whyoom::logtext {

std::optional<Seconds> take_seconds(std::string_view& text) {
  constexpr std::size_t most_whole = 12, most_fraction = 9, micro = 6;
  const char* const end = text.data() + text.size();
  const char* at = skip_blanks(text.data(), end);
  Seconds time;
  time.padded = at != text.data();
  const Digits whole = read_digits(at, end);
  at += whole.count;
  if (whole.count == 0 || whole.count > most_whole || at == end || *at != '.') {
    return std::nullopt;
  }
  Digits fraction = read_digits(++at, end);
  at += fraction.count;
  if (fraction.count == 0 || fraction.count > most_fraction) {
    return std::nullopt;
  }
  time.fraction_digits = fraction.count;
  for (; fraction.count < micro; ++fraction.count) {
    fraction.value *= 10;
  }
  for (; fraction.count > micro; --fraction.count) {
    fraction.value /= 10;
  }
  time.microseconds = whole.value * 1'000'000 + fraction.value;
  text.remove_prefix(static_cast<std::size_t>(at - text.data()));
  return time;
}

namespace {

constexpr std::size_t max_bracket = 80;

void drop_space(std::string_view& text) {
  if (text.starts_with(' ')) {
    text.remove_prefix(1);
  }
}

// dmesg -d: " <    0.000012>" behind the time, or alone. Some vendors add "@0" or ",0" (the CPU).
bool is_time_tail(std::string_view tail) {
  if (tail.empty()) {
    return true;
  }
  if (tail.front() == '@' || tail.front() == ',') {
    return tail.size() > 1 && digits_length(tail.substr(1)) == tail.size() - 1;
  }
  tail = trim_left(tail);
  if (!tail.starts_with('<') || !tail.ends_with('>')) {
    return false;
  }
  tail = tail.substr(1, tail.size() - 2);
  return take_seconds(tail) && tail.empty();
}

// "Nov23 07:41", as dmesg -H begins each minute.
bool is_minute(std::string_view inside) {
  if (inside.size() < 8 || inside.size() > 32 || inside[inside.size() - 6] != ' ') {
    return false;
  }
  const std::string_view clock = inside.substr(inside.size() - 5);
  const char before = inside[inside.size() - 7];
  return is_digit(before) && is_digit(clock[0]) && is_digit(clock[1]) && clock[2] == ':' &&
         is_digit(clock[3]) && is_digit(clock[4]) && !is_digit(inside.front());
}

// A time inside of another's frame is the event's where a tool has put its own in front. Where the
// outer frame names who wrote, what is inside is his word, and takes no place of the logger's.
void set_inner_wall(std::string_view wall, Line& line) {
  if (line.wall.empty() || line.origin == Origin::unknown) {
    line.wall = wall;
  }
}

// "03-19 10:05:52.172": some vendors' kernels print the wall clock behind their own (UNISOC). With
// its brackets it is longer than a process's name can be.
bool is_second_wall(std::string_view inside) {
  constexpr std::size_t longest_name = 15;
  return inside.size() + 2 > longest_name && has_clock(inside) &&
         inside.find_first_not_of("0123456789-/:. ") == std::string_view::npos;
}

// Takes the inside of a bracket as a time of one of dmesg's formats.
bool take_bracket(std::string_view inside, Peeled& peeled) {
  std::string_view rest = inside;
  if (const auto time = take_seconds(rest); time && is_time_tail(rest)) {
    if (peeled.kernel_time && time->fraction_digits != 6) {
      return false;  // a second one only when there is no doubt
    }
    if (!peeled.kernel_time) {  // a second one can be the name of a process
      peeled.line.monotonic_us = time->microseconds;
    }
    peeled.kernel_time = true;
    return true;
  }
  if (peeled.kernel_time && is_second_wall(inside)) {
    set_inner_wall(inside, peeled.line);
    return true;
  }
  if (peeled.kernel_time || inside.find_first_of("\"'[{") != std::string_view::npos) {
    return false;  // or it is an item of an array, with a time in it
  }
  if (inside.starts_with('<') && is_time_tail(inside)) {
    peeled.kernel_time = true;
    return true;
  }
  rest = trim_left(inside);
  if (rest.starts_with('+')) {
    rest.remove_prefix(1);
    if (take_seconds(rest) && rest.empty()) {
      peeled.relative = true;
      peeled.kernel_time = true;
      return true;
    }
    return false;
  }
  if (has_clock(inside)) {
    std::string_view wall = inside;
    if (const std::size_t delta = wall.find(" <"); delta != std::string_view::npos) {
      wall = wall.substr(0, delta);
    }
    set_inner_wall(trim(wall), peeled.line);
    return true;
  }
  if (is_minute(inside)) {
    set_inner_wall(inside, peeled.line);
    peeled.minute_base = true;
    return true;
  }
  return false;
}

constexpr std::array<std::string_view, 10> level_names{
    "emerg", "alert", "crit", "err", "warn", "notice", "info", "debug", "error", "warning"};
constexpr std::array<std::string_view, 20> facility_names{
    "kern",   "user",   "mail",   "daemon",   "auth",   "syslog", "lpr",
    "news",   "uucp",   "cron",   "authpriv", "ftp",    "local0", "local1",
    "local2", "local3", "local4", "local5",   "local6", "local7"};

bool set_facility_level(std::string_view facility, std::string_view level, Line& line) {
  const auto where = std::find(facility_names.begin(), facility_names.end(), facility);
  const auto which = std::find(level_names.begin(), level_names.end(), level);
  if (where == facility_names.end() || which == level_names.end()) {
    return false;
  }
  line.origin.lower(facility == "kern" ? Origin::kernel : Origin::other);
  return true;
}

void set_priority(std::uint64_t priority, Line& line) {
  line.origin.lower(priority < 8 ? Origin::kernel : Origin::other);
}

}  // namespace

bool take_facility_level(std::string_view word, Line& line) {
  const std::size_t dot = word.find('.');
  return dot != std::string_view::npos &&
         set_facility_level(word.substr(0, dot), word.substr(dot + 1), line);
}

bool peel_priority(std::string_view& text, Peeled& peeled) {
  std::string_view rest = text;
  std::string_view close = ">";
  if (rest.starts_with("&lt;")) {  // copied out of a page's source
    rest.remove_prefix(4);
    close = "&gt;";
  } else if (rest.starts_with('<')) {
    rest.remove_prefix(1);
  } else {
    return false;
  }
  if (rest.starts_with("c>")) {  // KERN_CONT of 2.6 to 3.5
    peeled.line.continued = true;
    text = rest.substr(2);
    return true;
  }
  const std::size_t digits = digits_length(rest);
  if (digits == 0 || digits > 3 || !rest.substr(digits).starts_with(close)) {
    return false;
  }
  const auto priority = parse_number<std::uint64_t>(rest.substr(0, digits)).value_or(0);
  if (priority > 191) {
    return false;
  }
  set_priority(priority, peeled.line);
  text = rest.substr(digits + close.size());
  return true;
}

bool peel_decoded(std::string_view& text, Peeled& peeled) {
  const std::size_t first = text.find(':');
  if (first == std::string_view::npos || first < 4 || first > 8) {
    return false;
  }
  const std::size_t second = text.find(':', first + 1);
  if (second == std::string_view::npos || second - first > 9) {
    return false;
  }
  // dmesg -x: "kern  :warn  : [..] ", Talos: " kern: warning: [2026-11-23T07:41:32.12Z]: ".
  if (!set_facility_level(trim_right(text.substr(0, first)),
                          trim(text.substr(first + 1, second - first - 1)), peeled.line)) {
    return false;
  }
  text = text.substr(second + 1);
  drop_space(text);
  return true;
}

// "10.5.0.2: kern: warning: [..]: ", as talosctl names the node.
bool peel_node(std::string_view& text, Peeled& peeled) {
  constexpr std::string_view digits_and_dots = "0123456789.";
  const std::size_t end = text.find_first_not_of(digits_and_dots);
  if (end == std::string_view::npos || end < 7 || end > 15 || !text.substr(end).starts_with(": ")) {
    return false;
  }
  std::string_view rest = trim_left(text.substr(end + 1));
  if (!peel_decoded(rest, peeled)) {
    return false;
  }
  peeled.line.host = text.substr(0, end);
  text = rest;
  return true;
}

bool peel_bracket_time(std::string_view& text, Peeled& peeled) {
  if (!text.starts_with('[')) {
    return false;
  }
  const std::size_t close = text.substr(0, max_bracket).find(']');
  if (close == std::string_view::npos || !take_bracket(text.substr(1, close - 1), peeled)) {
    return false;
  }
  text = text.substr(close + 1);
  text.remove_prefix(text.starts_with(": ") ? 1 : 0);  // Talos
  drop_space(text);
  return true;
}

bool peel_cut_time(std::string_view& text, Peeled& peeled) {
  std::string_view rest = text;
  const auto time = take_seconds(rest);
  if (time) {
    if (time->fraction_digits != 6 || !rest.starts_with(']')) {
      return false;
    }
    peeled.line.monotonic_us = time->microseconds;
  } else {
    // Cut in the fraction: ".892709] text". The time is gone, the text is not.
    if (!rest.starts_with('.') || digits_length(rest.substr(1)) != 6 ||
        !rest.substr(7).starts_with(']')) {
      return false;
    }
    rest.remove_prefix(7);
  }
  peeled.kernel_time = true;
  text = rest.substr(1);
  drop_space(text);
  return true;
}

bool peel_caller(std::string_view& text, Peeled& peeled) {
  std::string_view rest = text;
  drop_space(rest);
  if (rest.starts_with('(') || rest.starts_with("-(")) {  // MediaTek: "(0)[1234:comm]text"
    const std::size_t close = rest.find(")[");
    const std::size_t end = rest.substr(0, max_bracket).find(']');
    if (close > 5 || end == std::string_view::npos ||
        digits_length(rest.substr(rest.find('(') + 1)) == 0 ||
        !is_digit(rest[std::min(close + 2, rest.size() - 1)])) {
      return false;
    }
    text = rest.substr(end + 1);
    return true;
  }
  if (!rest.starts_with('[')) {
    return false;
  }
  const std::size_t close = rest.substr(0, max_bracket).find(']');
  if (close == std::string_view::npos) {
    return false;
  }
  const std::string_view inside = trim(rest.substr(1, close - 1));
  const std::size_t colon = inside.find(':');
  if (inside.size() >= 2 && (inside[0] == 'T' || inside[0] == 'C') &&
      digits_length(inside.substr(1)) == inside.size() - 1) {
    peeled.line.caller = inside;
  } else if (colon == std::string_view::npos || colon == 0 || digits_length(inside) != colon ||
             inside.find(':', colon + 1) == inside.npos || !is_digit(inside.back())) {
    return false;  // not Samsung's "[0:      swapper/0:    1]" either
  }
  text = rest.substr(close + 1);
  drop_space(text);
  return true;
}

bool peel_kmsg(std::string_view& text, Peeled& peeled) {
  Cursor cursor(text);
  // netconsole puts the release first: "6.4.0,6,444,501151268,-;text"
  if (const std::size_t dot = digits_length(text);
      dot < text.size() && text[dot] == '.' && text.find(',') < 48 &&
      text.substr(0, text.find(',')).find(' ') == std::string_view::npos) {
    cursor = Cursor(text.substr(text.find(',') + 1));
  }
  const auto priority = cursor.take_unsigned();
  if (!priority || !cursor.take(',')) {
    return false;
  }
  const auto sequence = cursor.take_unsigned();
  if (!sequence || !cursor.take(',')) {
    return false;
  }
  const auto microseconds = cursor.take_unsigned();
  if (!microseconds || !cursor.take(',')) {
    return false;
  }
  const auto flags = cursor.take_until(";");
  if (!flags || flags->empty() || flags->size() > 96 || flags->find(' ') != flags->npos ||
      std::string_view("-c+").find(flags->front()) == std::string_view::npos) {
    return false;
  }
  if (const std::size_t at = flags->find("caller="); at != std::string_view::npos) {
    const std::string_view caller = flags->substr(at + 7);
    peeled.line.caller = caller.substr(0, caller.find(','));
  }
  set_priority(*priority, peeled.line);
  peeled.line.monotonic_us = *microseconds;
  peeled.line.continued = flags->front() != '-';
  peeled.sequence = *sequence;
  peeled.kernel_time = true;
  peeled.kmsg = true;
  text = cursor.rest().substr(1);
  return true;
}

std::size_t find_inner_time(std::string_view text, std::size_t from, bool exact,
                            std::optional<std::uint64_t> near) {
  constexpr std::uint64_t minute = 60'000'000;
  for (std::size_t at = text.find('[', from); at != std::string_view::npos;
       at = text.find('[', at + 1)) {
    std::string_view rest = text.substr(at + 1);
    const auto time = take_seconds(rest);
    const std::size_t close = time ? rest.substr(0, max_bracket).find(']') : rest.npos;
    if (close == std::string_view::npos || !is_time_tail(rest.substr(0, close))) {
      continue;
    }
    const std::uint64_t at_us = time->microseconds;
    if (near && (at_us > *near ? at_us - *near : *near - at_us) > minute) {
      continue;
    }
    if (time->fraction_digits == 6 || (!exact && time->padded && time->fraction_digits >= 2)) {
      return at;
    }
  }
  return std::string_view::npos;
}

}  // namespace whyoom::logtext
