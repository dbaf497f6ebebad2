// A log of which the newlines became blanks, as forms and chat programs do to what is pasted, or
// stayed the two characters "\n" of a string that was copied: many lines in one.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace whyoom::logtext {

inline constexpr std::size_t shortest_flat_log = 120;

// The lines that `text` holds, with their frames; the first can be words around them. Empty: it is
// one line. Only frames tell where a line begins, and where a name that a user chose can stand
// before the second of them, it may have made that up.
std::vector<std::string_view> split_flat_log(std::string_view text);

}  // namespace whyoom::logtext
