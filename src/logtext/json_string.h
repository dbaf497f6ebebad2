// A string of JSON with its escapes undone.
#pragma once

#include <string>
#include <string_view>

namespace whyoom::logtext {

// `rest` begins behind the opening quote, and is moved behind the closing one. False when the
// string is cut or broken; what was read of it stays in `out`. Carriage returns are left out.
bool read_json_string(std::string_view& rest, std::string& out, char quote = '"');

}  // namespace whyoom::logtext
