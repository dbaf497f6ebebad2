#include <algorithm>
#include <string>

#include "base/human.h"
#include "base/text.h"
#include "diagnose/cgroup_commands.h"
#include "diagnose/claim.h"
#include "diagnose/task_pressure.h"

namespace whyoom::diagnose::causes {

namespace {

std::optional<Claim> judge(const Context& context) {
  const auto& rejected = context.report.fork_rejected;
  if (!rejected) {
    return std::nullopt;
  }
  Claim result = claim(
      Role::root, Rank::limit, 1, 0.97,
      Message(
          "The cgroup {}, or one above it, has as many tasks as its pids.max allows: fork "
          "failed with EAGAIN (\"Resource temporarily unavailable\"). Memory has no part in it.",
          with_owner(rejected->path)));
  // The kernel prints this line the first time only, so the count is of lines, not of failed forks.
  result.prove(Message("\"fork rejected by pids controller\" in the log"), rejected->count,
               rejected->at);
  Remedy remedy;
  const std::string_view unit = last_part(rejected->path);
  const bool named = is_unit(rejected->path);
  const std::string_view name = named ? unit : std::string_view(rejected->path);
  const auto word = word_of(name);
  if (named) {
    remedy.title = Message("Raise TasksMax of {}, or find what makes so many tasks{}",
                           short_name(unit), how_to_name(unit));
  } else {
    remedy.title = Message("Raise pids.max of {} or of a cgroup above it{}", short_name(name),
                           how_to_name(name));
  }
  if (!word) {
    remedy.commands = commands_to_find(name);
  } else if (named) {
    remedy.commands = commands_of(tasks_max, *word, rejected->path);
  } else {
    remedy.commands = {
        ShellCommand("cat /sys/fs/cgroup{}/pids.current /sys/fs/cgroup{}/pids.max", *word, *word)};
  }
  result.remedies.push_back(remedy);
  return result;
}

// On a host: how full each pids.max is, and the kernel's count of refused forks.
constexpr std::size_t most_findings = 3;

// A cgroup with a limit of its own.
struct Limited {
  const host::CgroupTree* tree = nullptr;
  const host::Cgroup* group = nullptr;
  std::uint64_t used = 0, limit = 0;
  std::uint64_t refused = 0;  // forks, since the cgroup was made
  [[nodiscard]] bool full() const {
    const bool shared = fullness(used, limit) == Fullness::reached;
    // A small limit is meant to be full, unless a fork failed there.
    return shared || (refused > 0 && used >= limit);
  }
  [[nodiscard]] double filled() const {
    return limit == 0 ? 1 : static_cast<double>(used) / static_cast<double>(limit);
  }
};

std::vector<Limited> limited_groups(const host::Host& host) {
  std::vector<Limited> all;
  for (const host::CgroupTree& tree : host.cgroups) {
    for (const host::Cgroup& group : tree.groups) {
      if (group.pids_max && group.pids_max->value && group.pids_current) {
        all.push_back({&tree, &group, group.pids_current->value, *group.pids_max->value,
                       group.pids_max_events ? group.pids_max_events->value : 0});
      }
    }
  }
  return all;
}

const host::Cgroup* parent_of(const host::CgroupTree& tree, const host::Cgroup& group) {
  return group.parent && *group.parent < tree.groups.size() ? &tree.groups[*group.parent] : nullptr;
}

std::string shown(const host::CgroupTree& tree, const host::Cgroup& group) {
  return printable(tree.path_of(group));
}

std::string whose(const Limited& limited) {
  return with_owner(limited.tree->path_of(*limited.group));
}

ProcessFilter below(const host::Host& host, const Limited& limited) {
  return [&host,
          path = std::string(limited.tree->path_of(*limited.group))](const host::Process& process) {
    if (process.pids_cgroup == host::no_cgroup) {
      return false;
    }
    return is_at_or_below(host.processes.cgroup_path(process.pids_cgroup), path);
  };
}

// Every pids.max from the cgroup up to the root: the first that is full refuses.
void add_limits(Finding& finding, const Limited& limited) {
  for (const host::Cgroup* group = limited.group; group != nullptr;
       group = parent_of(*limited.tree, *group)) {
    const std::string path = shown(*limited.tree, *group);
    if (group->pids_max && group->pids_max->value) {
      finding.prove(Message("pids.max of {}", path), *group->pids_max->value, group->pids_max->at);
      finding.prove(Message("tasks of {}", path), group->pids_current);
    }
    if (group->pids_max_events && group->pids_max_events->value > 0) {
      finding.prove(Message("forks refused, counted for {}", path), group->pids_max_events);
    }
  }
}

// A share is of pid_max, threads-max and the root's pids.max, whichever is least; what systemd made
// of it stands in pids.max.
bool gives(const host::TasksMax& line, std::uint64_t limit) {
  return line.kind == host::TasksMax::Kind::percent ||
         (line.kind == host::TasksMax::Kind::number && line.number == limit);
}

const host::TasksMax* line_of(const host::Host& host, const Limited& limited) {
  const std::string_view unit = last_part(limited.tree->path_of(*limited.group));
  const auto own = std::ranges::find(host.task_limits.units, unit, &host::TasksMax::unit);
  if (own != host.task_limits.units.end()) {
    return gives(*own, limited.limit) ? &*own : nullptr;
  }
  const host::TasksMax* found = nullptr;  // the default is for units without a line of their own
  for (const host::TasksMax& line : host.task_limits.systemd) {
    const bool named = line.unit.empty() || unit.starts_with(line.unit.substr(0, 5));
    found = named && gives(line, limited.limit) ? &line : found;
  }
  return found;
}

std::uint64_t twice(std::uint64_t limit) { return limit > UINT64_MAX / 2 ? UINT64_MAX : limit * 2; }

void add_remedy(Finding& finding, const HostContext& context, const Limited& limited) {
  const std::string_view path = limited.tree->path_of(*limited.group);
  const std::string_view unit = last_part(path);
  const host::TasksMax* line = line_of(context.facts.host, limited);
  const auto owner = memory::cgroup_owner(path);
  using Kind = memory::CgroupOwner::Kind;
  Remedy remedy;
  if (owner && (owner->kind == Kind::pod || owner->kind == Kind::pods)) {
    remedy.title = Message(
        "Raise podPidsLimit in the kubelet's configuration, or find what makes so many tasks");
  } else if (owner && owner->kind == Kind::container) {
    remedy.title =
        Message("Raise the container's limit (--pids-limit), or find what makes so many tasks");
  } else if (is_unit(path)) {
    remedy.title = Message("Raise TasksMax of {}, or find what makes so many tasks{}",
                           short_name(unit), how_to_name(unit));
    if (const auto word = word_of(unit)) {
      remedy.commands = commands_of(tasks_max, *word, path);
      if (!user_of_manager(path)) {
        remedy.commands.back() = ShellCommand("sudo systemctl set-property -- {} TasksMax={}",
                                              *word, twice(limited.limit));
      }
    } else {
      remedy.commands = commands_to_find(unit);
    }
  } else {
    remedy.title =
        Message("Raise pids.max of {}, or find what makes so many tasks", short_name(path));
  }
  finding.remedies.push_back(remedy);
  const auto& of_pods = context.facts.host.kubelet.pod_pids_limit;
  if (of_pods && of_pods->value > 0 &&
      static_cast<std::uint64_t>(of_pods->value) == limited.limit) {
    finding.prove(Message("podPidsLimit of the kubelet"), limited.limit, of_pods->at);
  }
  if (line != nullptr) {
    const std::string file = printable(context.sources.name(line->at.source));
    finding.prove(Message("TasksMax in the configuration ({})", line->text), limited.limit,
                  line->at);
    finding.remedy(Message("It is set in line {} of {}", line->at.line, file));
  }
}

Claim full(const HostContext& context, const Limited& limited) {
  const TaskMakers makers = task_makers(context.facts.host, below(context.facts.host, limited));
  const std::string who = whose(limited);
  const std::string filled = filled_text(limited.used, limited.limit, "tasks");
  Claim result = claim(Role::root, Rank::limit, std::min(limited.filled(), 1.0),
                       limited.refused > 0 ? 0.99 : 0.95,
                       Message("The cgroup {} has {} that pids.max allows: fork and new "
                               "threads in it fail with {}. Memory has no part in it.{}",
                               who, filled, errno_text("EAGAIN"), describe(makers)));
  add_limits(result, limited);
  add_proof(result, makers, context.sources);
  add_remedy(result, context, limited);
  return result;
}

Claim was_hit(const HostContext& context, const Limited& limited) {
  Claim result = claim(
      Role::risk, Rank::limit, 0.4, 0.9,
      Message("The kernel has refused {} in the cgroup {} because of pids.max, there or above. Now "
              "it has {}.",
              plural(limited.refused, "fork", "forks"), whose(limited),
              filled_text(limited.used, limited.limit, "tasks")));
  add_limits(result, limited);
  add_remedy(result, context, limited);
  return result;
}

std::vector<Claim> check(const HostContext& context) {
  std::vector<Limited> all = limited_groups(context.facts.host);
  std::ranges::stable_sort(all, std::greater{}, &Limited::filled);
  std::vector<Claim> claims;
  for (const Limited& limited : all) {
    if (limited.full() && claims.size() < most_findings) {
      claims.push_back(full(context, limited));
    }
  }
  for (const Limited& limited : all) {
    if (!limited.full() && limited.refused > 0 && claims.size() < most_findings) {
      claims.push_back(was_hit(context, limited));
    }
  }
  const auto near = [](const Limited& limited) {
    return fullness(limited.used, limited.limit) == Fullness::near;
  };
  if (claims.empty() && !all.empty() && std::ranges::none_of(all, near)) {
    const Limited& fullest = all.front();
    claims.push_back(
        claim(Role::ruled_out, Rank::limit, 0, 0.95,
              Message("the fullest pids.max is that of {}: {}, and no fork was refused",
                      whose(fullest), filled_text(fullest.used, fullest.limit, "tasks"))));
    add_limits(claims.back(), fullest);
  }
  return claims;
}

}  // namespace

extern const Cause cause_cgroup_pids_max{"cgroup-pids-max", 'D', "a cgroup's pids.max is reached",
                                         judge, check};

}  // namespace whyoom::diagnose::causes
