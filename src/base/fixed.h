// Numbers with a point, read and written alike in every locale.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace whyoom {

// The whole of `text` as digits with at most one point, "6.85": no sign, no exponent.
std::optional<double> parse_fixed(std::string_view text);

// With so many digits behind the point, rounded to the nearest: "6.850". `value` is finite.
std::string fixed_text(double value, int decimals);

// The fewest digits that give the same number when they are read: "6.85"; where it is very large or
// very small with an exponent, "6.85e+20". `value` is finite.
void append_shortest(std::string& out, double value);

}  // namespace whyoom
