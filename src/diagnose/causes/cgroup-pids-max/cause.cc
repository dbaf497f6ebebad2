#include <string>

#include "base/text.h"
#include "diagnose/causes/cgroup-pids-max/host.h"
#include "diagnose/cgroup_commands.h"
#include "diagnose/tools.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr std::string_view id = "cgroup-pids-max";

// The path, and whose it is when the path does not say so by itself.
std::string whose(const std::string& path) {
  const std::string shown = printable(path);
  const auto owner = memory::cgroup_owner(path);
  const std::string text = owner ? describe(*owner) : std::string();
  return "The cgroup " + shown + (text.empty() || shown.ends_with(text) ? "" : " (" + text + ")");
}

std::optional<Claim> judge(const Context& context) {
  const auto& rejected = context.report.fork_rejected;
  if (!rejected) {
    return std::nullopt;
  }
  Claim result = claim(id, Role::root, Rank::limit, 1, 0.97,
                       Message("{} has as many tasks as pids.max allows: fork failed with EAGAIN "
                               "(\"Resource temporarily unavailable\"). Memory has no part in it.",
                               whose(rejected->path)));
  // The kernel prints this line the first time only, so the count is of lines, not of failed forks.
  result.finding.proof.push_back(proof(Message("\"fork rejected by pids controller\" in the log"),
                                       rejected->count, rejected->at));
  Remedy remedy;
  const std::string_view unit = last_part(rejected->path);
  const std::string_view name = is_unit(unit) ? unit : std::string_view(rejected->path);
  const auto word = word_of(name);
  if (is_unit(unit)) {
    remedy.title = Message("Raise TasksMax of {}, or find what makes so many tasks{}",
                           short_name(unit), how_to_name(unit));
  } else {
    remedy.title = Message("Raise pids.max of {} or of a cgroup above it{}", short_name(name),
                           how_to_name(name));
  }
  if (!word) {
    remedy.commands = commands_to_find(name);
  } else if (is_unit(unit)) {
    remedy.commands = {ShellCommand("systemctl show -p TasksCurrent,TasksMax -- {}", *word),
                       ShellCommand("sudo systemctl set-property -- {} TasksMax=<number>", *word)};
  } else {
    remedy.commands = {
        ShellCommand("cat /sys/fs/cgroup{}/pids.current /sys/fs/cgroup{}/pids.max", *word, *word)};
  }
  result.finding.remedies.push_back(remedy);
  return result;
}

}  // namespace

extern const Cause cause_cgroup_pids_max;
const Cause cause_cgroup_pids_max{id, 'D', "a cgroup's pids.max is reached", judge,
                                  pids_max_on_host};

}  // namespace whyoom::diagnose::causes
