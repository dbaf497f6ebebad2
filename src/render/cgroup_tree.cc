#include "render/cgroup_tree.h"

#include <algorithm>
#include <utility>

#include "base/human.h"
#include "base/language.h"
#include "memory/cgroup_owner.h"
#include "render/phrase.h"

namespace whyoom::render {
namespace {

using diagnose::Event;
using Node = CgroupTree::Node;

constexpr int most_levels = 16;

// Whose it is, where neither its name nor the cgroup above it says so.
std::string owner_note(const Node& node, const std::optional<memory::CgroupOwner>& owner,
                       const std::optional<memory::CgroupOwner>& above) {
  const std::string text = owner ? describe(*owner, above) : std::string();
  return text == memory::undo_escapes(node.name) || (above && text == describe(*above))
             ? std::string()
             : text;
}

void add_branches(const Node& node, std::size_t depth,
                  const std::optional<memory::CgroupOwner>& above, std::vector<Branch>& out) {
  const auto owner = memory::cgroup_owner(node.path);
  Branch branch{.depth = depth, .name = node.name, .bar = {}, .size = {}, .notes = node.notes};
  if (node.usage) {
    branch.size = human(*node.usage) + (node.limit ? tr(" of {}", human(*node.limit)) : "");
    if (node.limit) {
      branch.bar = Bar{share(*node.usage, *node.limit), {}};
    }
  } else if (node.limit) {
    branch.size = tr("limit {}", human(*node.limit));
  }
  if (std::string note = owner_note(node, owner, above); !note.empty()) {
    branch.notes.insert(branch.notes.begin(), {std::move(note), Paint::dim});
  }
  out.push_back(std::move(branch));
  for (const Node& below : node.below) {
    add_branches(below, depth + 1, owner ? owner : above, out);
  }
}

// The process that the kernel chose; a report names the cgroup of no other.
std::string chosen_text(const report::Report& report) {
  const auto victim =
      report.constraint && report.constraint->pid
          ? std::ranges::find(report.victims, *report.constraint->pid, &report::Victim::pid)
          : report.victims.begin();
  if (victim == report.victims.end()) {
    return {};
  }
  const Bytes held = to_bytes(victim->resident());
  return tr("killed: {}{}",
            with_pid(victim->comm, victim->pid > 0 ? std::optional(victim->pid) : std::nullopt),
            held.count() > 0 ? tr(", which held {}", human(held)) : "");
}

}  // namespace

Node& CgroupTree::at(std::string_view path) {
  Node* node = &root_;
  std::string_view rest = path;
  for (int level = 1; !rest.empty(); ++level) {
    rest.remove_prefix(rest.front() == '/' ? 1 : 0);
    const std::string_view name =
        level < most_levels ? rest.substr(0, rest.find('/')) : std::exchange(rest, {});
    rest.remove_prefix(std::min(rest.size(), name.size()));
    if (name.empty()) {
      continue;
    }
    auto known = std::ranges::find(node->below, name, &Node::name);
    if (known == node->below.end()) {
      ++size_;
      const std::string above = node == &root_ ? std::string() : node->path;
      node->below.push_back({.name = std::string(name),
                             .path = above + "/" + std::string(name),
                             .usage = {},
                             .limit = {}});
      known = std::prev(node->below.end());
    }
    node = &*known;
  }
  return *node;
}

std::vector<Branch> CgroupTree::branches() const {
  std::vector<Branch> out;
  add_branches(root_, 0, std::nullopt, out);
  return out;
}

void add_cgroup_tree(Document& out, std::string title, const CgroupTree& tree) {
  if (tree.size() > 1) {
    out.section(std::move(title));
    out.tree(tree.branches());
  }
}

void add_cgroup_tree(Document& out, const Event& event) {
  CgroupTree tree;
  if (const auto& limit = event.evidence.attribution.limit; limit && event.report.memcg) {
    Node& node = tree.at(limit->raw_path);
    node.usage = memory::limit_of(event.report.memcg->memory.usage_kib);
    node.limit = memory::limit_of(event.report.memcg->memory.limit_kib);
    node.notes.push_back({tr("at its limit"), Paint::red});
  }
  if (const auto& victim = event.evidence.attribution.victim) {
    if (std::string text = chosen_text(event.report); !text.empty()) {
      tree.at(victim->raw_path).notes.push_back({std::move(text)});
    }
  }
  if (event.recorded) {
    for (const memory::Growth& growth : event.recorded->grew) {
      if (growth.cgroup.empty()) {
        continue;
      }
      tree.at(growth.cgroup)
          .notes.push_back({tr("{} grew from {} to {}",
                               with_pid(growth.name, static_cast<std::int64_t>(growth.pid)),
                               human(growth.before), human(growth.now))});
    }
  }
  add_cgroup_tree(out, tr("Cgroups"), tree);
}

}  // namespace whyoom::render
