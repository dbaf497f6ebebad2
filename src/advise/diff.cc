#include "advise/diff.h"

#include <algorithm>
#include <cstddef>

namespace whyoom::advise {

namespace {

using Kind = DiffLine::Kind;

constexpr std::size_t context_lines = 3;
constexpr std::ptrdiff_t most_steps = 1000;

// Lines with their newline, so that a missing one at the end is a difference.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

struct Pair {
  std::size_t before = 0, after = 0;
};

// Myers' greedy algorithm ("An O(ND) Difference Algorithm", 1986): the lines that both have, in
// order. Gives up beyond most_steps differences: then nothing is common.
class Common {
 public:
  Common(const std::vector<std::string_view>& before, const std::vector<std::string_view>& after)
      : before_(before), after_(after) {}

  std::vector<Pair> find() {
    const auto n = static_cast<std::ptrdiff_t>(before_.size());
    const auto m = static_cast<std::ptrdiff_t>(after_.size());
    const std::ptrdiff_t most = std::min(n + m, most_steps);
    std::vector<std::ptrdiff_t> reach(static_cast<std::size_t>(2 * most + 3), 0);
    const auto at = [&](std::ptrdiff_t k) -> std::ptrdiff_t& {
      return reach[static_cast<std::size_t>(k + most + 1)];
    };
    for (std::ptrdiff_t d = 0; d <= most; ++d) {
      history_.emplace_back(reach.begin() + (most + 1 - d), reach.begin() + (most + 2 + d));
      for (std::ptrdiff_t k = -d; k <= d; k += 2) {
        std::ptrdiff_t x = k == -d || (k != d && at(k - 1) < at(k + 1)) ? at(k + 1) : at(k - 1) + 1;
        while (x < n && x - k < m && same(x, x - k)) {
          ++x;
        }
        at(k) = x;
        if (x >= n && x - k >= m) {
          return walk_back(d);
        }
      }
    }
    return {};
  }

 private:
  [[nodiscard]] bool same(std::ptrdiff_t x, std::ptrdiff_t y) const {
    return before_[static_cast<std::size_t>(x)] == after_[static_cast<std::size_t>(y)];
  }

  // history_[d] has the reach of the diagonals -d..d before step d.
  std::vector<Pair> walk_back(std::ptrdiff_t d) const {
    std::vector<Pair> pairs;
    auto x = static_cast<std::ptrdiff_t>(before_.size());
    auto y = static_cast<std::ptrdiff_t>(after_.size());
    for (; d >= 0; --d) {
      const auto& reach = history_[static_cast<std::size_t>(d)];
      const auto at = [&](std::ptrdiff_t k) { return reach[static_cast<std::size_t>(k + d)]; };
      const std::ptrdiff_t k = x - y;
      const bool down = d > 0 && (k == -d || (k != d && at(k - 1) < at(k + 1)));
      const std::ptrdiff_t from_k = d == 0 ? 0 : down ? k + 1 : k - 1;
      const std::ptrdiff_t from_x = d == 0 ? 0 : at(from_k);
      const std::ptrdiff_t from_y = from_x - from_k;
      while (x > from_x && y > from_y) {
        --x;
        --y;
        pairs.push_back({static_cast<std::size_t>(x), static_cast<std::size_t>(y)});
      }
      x = from_x;
      y = from_y;
    }
    std::ranges::reverse(pairs);
    return pairs;
  }

  const std::vector<std::string_view>& before_;
  const std::vector<std::string_view>& after_;
  std::vector<std::vector<std::ptrdiff_t>> history_;
};

struct Step {
  Kind kind = Kind::context;
  std::size_t before = 0, after = 0;  // index of its line, or of the next one
};

std::vector<Step> steps_of(const std::vector<std::string_view>& before,
                           const std::vector<std::string_view>& after) {
  std::vector<Pair> common = Common(before, after).find();
  common.push_back({before.size(), after.size()});
  std::vector<Step> steps;
  Pair at;
  for (const Pair& next : common) {
    for (; at.before < next.before; ++at.before) {
      steps.push_back({Kind::removed, at.before, at.after});
    }
    for (; at.after < next.after; ++at.after) {
      steps.push_back({Kind::added, at.before, at.after});
    }
    if (at.before < before.size()) {
      steps.push_back({Kind::context, at.before++, at.after++});
    }
  }
  return steps;
}

DiffLine line_of(const Step& step, const std::vector<std::string_view>& before,
                 const std::vector<std::string_view>& after) {
  std::string_view text = step.kind == Kind::added ? after[step.after] : before[step.before];
  const bool ended = text.ends_with('\n');
  text.remove_suffix(ended ? 1 : 0);
  return {step.kind, std::string(text), !ended};
}

// "12,7": where a hunk starts and how many lines it has; a hunk of none names the line before it.
std::string range(std::size_t start, std::size_t count) {
  return std::to_string(count == 0 ? start : start + 1) +
         (count == 1 ? "" : "," + std::to_string(count));
}

}  // namespace

std::vector<DiffLine> diff(std::string_view before_name, std::string_view before,
                           std::string_view after_name, std::string_view after) {
  if (before == after) {
    return {};
  }
  const auto old_lines = lines_of(before);
  const auto new_lines = lines_of(after);
  const auto steps = steps_of(old_lines, new_lines);
  std::vector<DiffLine> result = {{Kind::head, "--- " + std::string(before_name)},
                                  {Kind::head, "+++ " + std::string(after_name)}};
  const auto changed = [](const Step& step) { return step.kind != Kind::context; };
  auto next = std::ranges::find_if(steps, changed);
  auto shown = steps.begin();
  while (next != steps.end()) {
    const auto first = next - std::min<std::ptrdiff_t>(context_lines, next - shown);
    auto last = next;  // behind the last changed line of the hunk
    while (next != steps.end() && next - last <= 2 * std::ptrdiff_t{context_lines}) {
      last = next + 1;
      next = std::find_if(last, steps.end(), changed);
    }
    const auto end = last + std::min<std::ptrdiff_t>(context_lines, steps.end() - last);
    const auto count = [&](Kind other) {
      return static_cast<std::size_t>(
          std::count_if(first, end, [other](const Step& step) { return step.kind != other; }));
    };
    result.push_back({Kind::hunk, "@@ -" + range(first->before, count(Kind::added)) + " +" +
                                      range(first->after, count(Kind::removed)) + " @@"});
    for (auto step = first; step != end; ++step) {
      result.push_back(line_of(*step, old_lines, new_lines));
    }
    shown = end;
  }
  return result;
}

}  // namespace whyoom::advise
