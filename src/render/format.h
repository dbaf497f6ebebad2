// The forms in which findings can be had.
#pragma once

#include <cstdint>

namespace whyoom::render {

enum class Format : std::uint8_t { text, json, ndjson, markdown, html };

}  // namespace whyoom::render
