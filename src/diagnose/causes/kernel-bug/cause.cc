#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/language.h"
#include "base/text.h"
#include "diagnose/bug_shapes.h"
#include "diagnose/claim.h"
#include "kernel/release.h"

namespace whyoom::diagnose::causes {

namespace {

using kernel::Affected;

std::string text(const kernel::Release& version) {
  std::string out = std::to_string(version.major) + "." + std::to_string(version.minor);
  return version.patch == 0 ? out : out + "." + std::to_string(version.patch);
}

// "5.4.41, 5.6.13, 5.7"
std::string fixed_in(const kernel::KnownBug& bug) {
  std::string out;
  for (const kernel::Release& version : bug.stable) {
    if (version.major != 0) {
      out += tr("{}, ", text(version));
    }
  }
  return out + text(bug.fixed);
}

std::string cited(const kernel::KnownBug& bug) {
  return std::string(bug.commit) + " \"" + std::string(bug.subject) + "\"";
}

Message sentence(const BugShape& shape, const kernel::KnownBug& bug, Affected affected,
                 const std::string& release) {
  switch (affected) {
    case Affected::yes:
      return Message("Kernel {} has a known bug ({}). {} Fixed in {}.", release, bug.name,
                     shape.summary.str(), fixed_in(bug));
    case Affected::unknown:
      return Message(
          "Kernel {} may have a known bug ({}); the report does not tell. {} Fixed in {}.", release,
          bug.name, shape.summary.str(), fixed_in(bug));
    case Affected::no:
      break;
  }
  return Message("this looks like a known bug ({}), but kernel {} does not have it", bug.name,
                 release);
}

Role role_of(const BugShape& shape, Affected affected, bool release_known) {
  if (affected == Affected::no) {
    return Role::ruled_out;
  }
  const bool may_be_root = release_known ? affected == Affected::yes : shape.right_age;
  return may_be_root && shape.settles ? Role::root : Role::contributing;
}

std::optional<Claim> judge_shape(BugShape&& shape, std::string_view release) {
  const kernel::KnownBug& bug = kernel::known_bug(shape.bug);
  const Affected affected = kernel::affected(bug, release);
  const bool release_known = kernel::parse_release(release).has_value();
  const Role role = role_of(shape, affected, release_known);
  const bool unproved = !release_known || shape.incomplete;
  if (unproved && role != Role::root) {
    return std::nullopt;
  }
  const bool of_cgroup = shape.bug == kernel::Bug::mglru_flushers_asleep;
  Claim result = claim(role, of_cgroup ? Rank::limit : Rank::out_of_reach, shape.strength,
                       role == Role::contributing || unproved ? 0.6 : 0.9,
                       sentence(shape, bug, release_known ? affected : Affected::unknown,
                                release_known ? printable(release) : "?"));
  if (unproved) {
    leave_open(result, release_known
                           ? Message("the lines that the report lacks")
                           : Message("the kernel's release (the line \"CPU: ... Comm:\")"));
  }
  result.proof = std::move(shape.proof);
  if (role != Role::ruled_out) {
    Remedy& update = result.remedy(
        Message("Update the kernel: it needs {}. Reported: {}", cited(bug), bug.reported),
        {ShellCommand("uname -r")});
    if (of_cgroup) {
      const ShellCommand look("cat /sys/kernel/mm/lru_gen/enabled");
      update.commands.push_back(look);
    }
  }
  return result;
}

std::optional<Claim> judge(const Context& context) {
  const std::string_view release = report::release_of(context.report);
  std::optional<Claim> best;
  for (BugShape& shape : bug_shapes(context)) {
    auto next = judge_shape(std::move(shape), release);
    if (next && (!best || next->role < best->role)) {
      best = std::move(next);
    }
  }
  return best;
}

}  // namespace

extern const Cause cause_kernel_bug{"kernel-bug", 'A', "a known bug of this kernel", judge};

}  // namespace whyoom::diagnose::causes
