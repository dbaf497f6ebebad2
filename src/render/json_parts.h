// Parts that several JSON documents share.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/place.h"
#include "base/text.h"
#include "base/units.h"
#include "diagnose/finding.h"
#include "memory/whatif.h"
#include "render/json_value.h"

namespace whyoom::render {

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}
inline Json or_null(const std::optional<Bytes>& value) {
  return value ? Json(value->count()) : Json(nullptr);
}

// Names come out of logs: fit for JSON and for the terminal that shows it.
inline Json text(std::string_view value) { return Json(printable(value)); }
inline Json text_or_null(std::string_view value) {
  return value.empty() ? Json(nullptr) : Json(printable(value));
}

inline std::optional<Bytes> from_kib(const std::optional<std::uint64_t>& value) {
  return value ? std::optional(to_bytes(KiB(*value))) : std::nullopt;
}
inline std::optional<Bytes> from_kib(const Maybe<std::uint64_t>& value) {
  return value ? std::optional(to_bytes(KiB(value->value))) : std::nullopt;
}

// Whole numbers as whole numbers: 802889728, not 802889728.0. null for what is no finite number.
Json number(double value);

// `place` names where a number was read; "" for one that was computed.
Json findings_json(std::span<const diagnose::Finding> findings,
                   const std::function<std::string(Place)>& place);

// What a change of settings does: "out_of_reach", "within_reach", "request", "on_failure".
Json change_json(const memory::WhatIf& what_if);

}  // namespace whyoom::render
