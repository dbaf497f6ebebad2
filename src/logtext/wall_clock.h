// Wall clock times as logs write them. Nothing is converted: only how many bytes of the line are
// the time. Month and day names may be of any language, so words are judged by their shape.
#pragma once

#include <cstddef>
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

// Digits at the start of `text`.
std::size_t digits_length(std::string_view text);

}  // namespace whyoom::logtext
