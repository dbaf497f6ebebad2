#include "base/suggest.h"

#include <algorithm>
#include <vector>

#include "base/language.h"
#include "base/text.h"

namespace whyoom {

namespace {

// Nobody mistypes a longer name, and the work grows with the square.
constexpr std::size_t longest = 64;
constexpr std::size_t most_wrong = 3;
// A shorter beginning says too little.
constexpr std::size_t least_beginning = 3;

std::string lower_case(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), to_lower);
  return result;
}

// Of the one name that begins so, or ends with it behind a "-".
std::optional<std::size_t> by_part(std::string_view word, std::span<const std::string_view> names) {
  const std::string end = "-" + std::string(word);
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].starts_with(word) || names[i].ends_with(end)) {
      if (found) {
        return std::nullopt;
      }
      found = i;
    }
  }
  return found;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Rows of the table of distances between the beginnings of both; two are enough for a swap.
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, changed});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

std::optional<std::size_t> nearest(std::string_view word, std::span<const std::string_view> names) {
  if (word.empty() || word.size() > longest) {
    return std::nullopt;
  }
  const std::string own = lower_case(word);
  const std::size_t allowed = std::clamp<std::size_t>(own.size() / 3, 1, most_wrong);
  std::optional<std::size_t> best;
  std::size_t least = std::min(allowed + 1, own.size());  // not all of its letters
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::size_t distance =
        names[i].size() > longest ? least : edit_distance(own, lower_case(names[i]));
    if (distance < least) {
      least = distance;
      best = i;
    }
  }
  return best || own.size() < least_beginning ? best : by_part(own, names);
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> names) {
  const auto found = nearest(word, names);
  return found ? tr("; did you mean {}?", names[*found]) : std::string();
}

}  // namespace whyoom
