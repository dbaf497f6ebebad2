// Wall clock times as logs write them: how many bytes of a line are the time, and what it says.
// Month and day names may be of any language, so words are judged by their shape; a month that is
// not English is a time all the same, but which is not known.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace whyoom::logtext {

// "2026-11-23T07:41:32.123456+01:00", "2026-11-23 07:41:32,123 UTC", "2026/11/23 07:41:32".
// 0 when `text` does not begin with one.
std::size_t iso_length(std::string_view text);

// "Nov 23 07:41:32.123456", "Mon Nov 23 07:41:32 2026", "11月 23 07:41:32", "Nov 23 2026 07:41:32",
// "2026 Nov 23 07:41:32", "23 Nov 2026 07:41:32"
std::size_t word_date_length(std::string_view text);

// "Mon 2026-11-23 07:41:32 UTC" (journalctl -o short-full)
std::size_t day_iso_length(std::string_view text);

// "07:41:32", "07:41:32.123"
std::size_t clock_length(std::string_view text);

// "1795419692.123456" (journalctl -o short-unix)
std::size_t epoch_length(std::string_view text);

// There is HH:MM:SS somewhere in `text`.
bool has_clock(std::string_view text);

// Of the first HH:MM:SS in `text`.
std::optional<int> seconds_of_day(std::string_view text);

struct WallTime {
  std::optional<int> year;
  int month = 1, day = 1, hour = 0, minute = 0;
  double second = 0;
  std::optional<int> offset_seconds;  // east of UTC
};

// "Nov 23 07:41:32", "Mon Nov 23 07:41:32 2026", "2026-11-23T07:41:32.5+01:00", "2026-11-23 07:41",
// "1764000000.5" (seconds since 1970). Nothing when the text is none of these.
std::optional<WallTime> parse_wall(std::string_view text);

// As if in that year; the offset is left out.
double seconds_since_1970(const WallTime& time, int year);

// A plain number: "12", "12.5". What is smaller than `first_epoch` counts from the boot.
std::optional<double> parse_decimal(std::string_view text);
inline constexpr double first_epoch = 1e9;

// Digits at the start of `text`.
std::size_t digits_length(std::string_view text);

}  // namespace whyoom::logtext
