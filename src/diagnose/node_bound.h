// The arithmetic behind cpuset-nodes and mempolicy-nodes: the nodes that a request may use are full
// while other nodes have memory.
#pragma once

#include "diagnose/cause.h"

namespace whyoom::diagnose {

// A root claim when the allowed nodes are short and enough is free on others, a ruled-out one when
// the other nodes are full as well; nothing when the report does not tell. `who` is the sentence
// for the root claim: a pattern with two arguments, the nodes and the free memory elsewhere.
std::optional<Claim> judge_node_bound(const Context& context,
                                      Message (*who)(std::string_view nodes,
                                                     std::string_view free));

}  // namespace whyoom::diagnose
