// The difference of two texts as `diff -u` shows it, by lines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace whyoom::advise {

struct DiffLine {
  enum class Kind : std::uint8_t { head, hunk, context, removed, added };
  Kind kind = Kind::context;
  std::string text;  // without "+", "-" or " " in front and without the newline; any bytes
  // The last line of its text, and no newline ends it.
  bool no_newline = false;
};

// Empty when the texts are equal. `before` and `after` are given as names for the two head lines;
// "/dev/null" for a file that is not there. Where more than some thousand lines differ the whole
// middle is given as replaced: right, but not the shortest.
std::vector<DiffLine> diff(std::string_view before_name, std::string_view before,
                           std::string_view after_name, std::string_view after);

}  // namespace whyoom::advise
