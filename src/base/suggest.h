// What somebody probably meant who wrote a name that is not there.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace whyoom {

// How many letters have to be put in, left out, changed or swapped with the next one to make `b`
// of `a`; no letter is touched twice (Damerau and Levenshtein, optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b);

// Which of `names` is near `word`, the nearest one and of equals the first: a third of its letters
// may be wrong, or it is the beginning of one name alone, or its end
// behind a "-". Case does not count.
std::optional<std::size_t> nearest(std::string_view word, std::span<const std::string_view> names);

// "; did you mean NAME?", or nothing. For the end of a sentence.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> names);

}  // namespace whyoom
