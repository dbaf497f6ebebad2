// What stands behind a word of a line.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/text.h"

namespace whyoom::report {

inline std::optional<std::string_view> after(std::string_view text, std::string_view key) {
  const std::size_t at = text.find(key);
  return at == std::string_view::npos ? std::nullopt : std::optional(text.substr(at + key.size()));
}

inline std::optional<std::uint64_t> number_after(std::string_view text, std::string_view key) {
  const auto rest = after(text, key);
  return rest ? Cursor(*rest).take_unsigned() : std::nullopt;
}

// "usage 980kB"
inline std::optional<std::uint64_t> kib_after(std::string_view text, std::string_view key) {
  const auto rest = after(text, key);
  Cursor cursor(rest.value_or(""));
  const auto value = cursor.take_unsigned();
  return value && cursor.take("kB") ? value : std::nullopt;
}

inline std::optional<int> int_after(std::string_view text, std::string_view key, int least,
                                    int most) {
  const auto rest = after(text, key);
  const std::int64_t value =
      rest ? Cursor(*rest).take_signed().value_or(INT64_MAX) : INT64_MAX;  // more than `most`
  return value >= least && value <= most ? std::optional(static_cast<int>(value)) : std::nullopt;
}

// The number of a process; none has more than 31 bits.
inline std::optional<std::int64_t> take_pid(Cursor& cursor) {
  const auto pid = cursor.take_unsigned();
  return pid && *pid <= 0x7fffffff ? std::optional(static_cast<std::int64_t>(*pid)) : std::nullopt;
}

// The number of a user, which has 32.
inline std::optional<std::int64_t> take_uid(Cursor& cursor) {
  const auto uid = cursor.take_unsigned();
  return uid && *uid <= 0xffffffffU ? std::optional(static_cast<std::int64_t>(*uid)) : std::nullopt;
}

}  // namespace whyoom::report
