#include "diagnose/host_users.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "diagnose/cgroup_commands.h"

namespace whyoom::diagnose {

namespace {

Bytes current_of(const host::Cgroup& group) {
  return group.current ? group.current->value : Bytes(0);
}

}  // namespace

Bytes own_memory(const host::Process& process) {
  if (process.rss_anon) {
    return to_bytes(*process.rss_anon) + to_bytes(process.rss_shmem.value_or(KiB(0)));
  }
  return to_bytes(process.rss.value_or(KiB(0)));
}

std::vector<MemoryUser> biggest_programs(const host::Host& host, std::size_t most,
                                         host::Sources& sources) {
  struct Sum {
    Bytes memory;
    std::uint64_t processes = 0;
    const host::Process* biggest = nullptr;
  };
  std::map<std::string_view, Sum> by_name;
  for (const host::Process& process : host.processes.all) {
    Sum& sum = by_name[process.comm.view()];
    sum.memory += own_memory(process);
    ++sum.processes;
    if (sum.biggest == nullptr || own_memory(process) > own_memory(*sum.biggest)) {
      sum.biggest = &process;
    }
  }
  std::vector<std::pair<std::string_view, Sum>> sorted(by_name.begin(), by_name.end());
  std::ranges::stable_sort(sorted, std::greater{},
                           [](const auto& each) { return each.second.memory; });
  std::vector<MemoryUser> result;
  for (const auto& [name, sum] : sorted) {
    if (result.size() == most || sum.memory == Bytes(0)) {
      break;
    }
    const std::string path = host::path_of(sum.biggest->pid, host::ProcessFile::status);
    result.push_back({printable(name), sum.memory, sum.processes, {sources.add(path), 0}});
  }
  return result;
}

std::optional<MemoryUser> biggest_cgroup(const host::Host& host) {
  for (const host::CgroupTree& tree : host.cgroups) {
    if (!tree.memory || tree.groups.empty()) {
      continue;
    }
    // Children stand behind their parent.
    std::vector<std::uint32_t> biggest_child(tree.groups.size(), 0);
    for (std::uint32_t i = 1; i < tree.groups.size(); ++i) {
      const auto& parent = tree.groups[i].parent;
      if (parent && *parent < i && tree.groups[i].current) {
        std::uint32_t& best = biggest_child[*parent];
        best = best == 0 || current_of(tree.groups[i]) > current_of(tree.groups[best]) ? i : best;
      }
    }
    std::uint32_t at = biggest_child[0];
    while (at != 0 && biggest_child[at] != 0 &&
           current_of(tree.groups[biggest_child[at]]) * 2 >= current_of(tree.groups[at])) {
      at = biggest_child[at];
    }
    if (at != 0) {
      const host::Cgroup& group = tree.groups[at];
      return MemoryUser{with_owner(tree.path_of(group)), group.current->value, 0,
                        group.current->at};
    }
  }
  return std::nullopt;
}

const host::Process* biggest_process(const host::Host& host) {
  const auto biggest = std::ranges::max_element(host.processes.all, {}, own_memory);
  return biggest == host.processes.all.end() ? nullptr : &*biggest;
}

}  // namespace whyoom::diagnose
