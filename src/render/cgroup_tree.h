// Cgroups as a tree: what an event, or the recorder, knows of each, at its own level and no other.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "diagnose/event.h"
#include "render/document.h"

namespace whyoom::render {

class CgroupTree {
 public:
  struct Node {
    std::string name, path;  // as the kernel has them
    std::optional<Bytes> usage, limit;
    std::vector<Cell> notes{};
    std::vector<Node> below{};
  };

  // The cgroup with that path; those above it are made too. A path goes at most 16 levels deep: the
  // rest of a deeper one is one name.
  Node& at(std::string_view path);
  // How many there are below the root.
  [[nodiscard]] std::size_t size() const { return size_; }
  // Each with its usage against its limit, whose it is, and its notes.
  [[nodiscard]] std::vector<Branch> branches() const;

 private:
  Node root_{.name = "/", .path = "/", .usage = {}, .limit = {}};
  std::size_t size_ = 0;
};

// A section with it; nothing where it is no more than one cgroup.
void add_cgroup_tree(Document& out, std::string title, const CgroupTree& tree);
// From the root to the cgroup at its limit, and to that of the killed process, and the cgroups of
// the processes that grew before it.
void add_cgroup_tree(Document& out, const diagnose::Event& event);

}  // namespace whyoom::render
