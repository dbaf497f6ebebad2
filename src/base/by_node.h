// Rows with a `node` by that node. A node has few zones and an input may have thousands: what looks
// for the other zones of a node must not go over all of them.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

namespace whyoom {

template <class Row>
class ByNode {
 public:
  // The rows must stay where they are while this is used.
  explicit ByNode(std::span<const Row> rows) {
    rows_.reserve(rows.size());
    for (const Row& row : rows) {
      rows_.push_back(&row);
    }
    std::ranges::stable_sort(rows_, {}, &Row::node);
  }

  // In the order in which they were given.
  [[nodiscard]] std::span<const Row* const> of(int node) const {
    // Not equal_range: clang 14 cannot compile the subrange that it returns.
    const auto first = std::ranges::lower_bound(rows_, node, {}, &Row::node);
    return {first, std::ranges::upper_bound(first, rows_.end(), node, {}, &Row::node)};
  }

 private:
  std::vector<const Row*> rows_;
};

}  // namespace whyoom
