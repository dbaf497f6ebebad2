// Which nodes the request of a report could use.
#pragma once

#include <optional>
#include <set>
#include <string_view>

#include "report/report.h"

namespace whyoom::memory {

struct Evidence;

// "0-1,3" as a set; nullopt for "(null)", "" and text that is no list.
std::optional<std::set<int>> parse_node_list(std::string_view list);

// The nodes that the request may use; nullopt = all of them, as far as the report tells.
std::optional<std::set<int>> allowed_nodes(const report::Report& report);
// A cgroup, or a part of the nodes, is known to have bound the request: each machine has a node 0.
bool is_of_some_nodes(const Evidence& evidence);

}  // namespace whyoom::memory
