#include "memory/allowed_nodes.h"

#include <cstdint>

#include "base/text.h"
#include "memory/evidence.h"

namespace whyoom::memory {

std::optional<std::set<int>> parse_node_list(std::string_view list) {
  constexpr std::uint64_t max_nodes = 1024;
  std::set<int> nodes;
  Cursor cursor(trim(list));
  while (!cursor.at_end()) {
    const auto first = cursor.take_unsigned();
    if (!first || *first >= max_nodes) {
      return std::nullopt;
    }
    auto last = first;
    if (cursor.take('-')) {
      last = cursor.take_unsigned();
      if (!last || *last >= max_nodes) {
        return std::nullopt;
      }
    }
    for (std::uint64_t node = *first; node <= *last; ++node) {
      nodes.insert(static_cast<int>(node));
    }
    if (!cursor.at_end() && !cursor.take(',')) {
      return std::nullopt;
    }
  }
  return nodes.empty() ? std::nullopt : std::optional(nodes);
}

std::optional<std::set<int>> allowed_nodes(const report::Report& report) {
  std::optional<std::set<int>> allowed;
  const auto narrow = [&allowed](const std::optional<std::set<int>>& nodes) {
    if (!nodes) {
      return;
    }
    if (!allowed) {
      allowed = nodes;
      return;
    }
    std::erase_if(*allowed, [&nodes](int node) { return !nodes->contains(node); });
  };
  if (report.trigger && report.trigger->nodemask) {
    narrow(parse_node_list(*report.trigger->nodemask));
  }
  if (report.constraint) {
    narrow(parse_node_list(report.constraint->nodemask));
    narrow(parse_node_list(report.constraint->mems_allowed));
  }
  if (report.mems_allowed) {
    narrow(parse_node_list(*report.mems_allowed));
  }
  return allowed;
}

bool is_of_some_nodes(const Evidence& evidence) {
  // Kernels before 5.0 print the nodes, not the constraint.
  const auto nodes = allowed_nodes(*evidence.report);
  return (nodes && !nodes->contains(0)) ||
         (evidence.constraint && *evidence.constraint != report::ConstraintKind::none);
}

}  // namespace whyoom::memory
