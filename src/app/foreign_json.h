// JSON that others wrote.
#pragma once

#define JSON_NO_IO 1
#include <nlohmann/json.hpp>
#include <string_view>

namespace whyoom::app {

// One type for all that read it, so that the program has its code once.
using Json = nlohmann::ordered_json;

// Discarded: it is none, or nests deeper than anything that is asked for here. Each level would
// take a hundred bytes, of a text that has one.
Json parse_json(std::string_view text);

}  // namespace whyoom::app
