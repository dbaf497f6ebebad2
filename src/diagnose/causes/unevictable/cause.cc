#include "diagnose/share.h"
#include "memory/zones.h"

namespace whyoom::diagnose::causes {

namespace {

using What = memory::AccountLine::What;

constexpr ShareRow row{
    .what = What::unevictable_other,
    .counter = &host::Meminfo::unevictable,
    .name = [] { return Message("unevictable"); },
    .little =
        [](const std::string& size, const std::string& part) {
          return Message("{} ({} of RAM) are locked", size, part);
        },
    .much =
        [](const std::string& size, const std::string& part) {
          return Message(
              "{} of RAM ({}) are locked (mlock, ramfs or pinned): the kernel may neither swap nor "
              "drop them.",
              size, part);
        },
    .prove_on_host =
        [](Claim& claim, const HostContext& context) {
          const auto name = [](const std::string& who) { return Message("locked by {}", who); };
          prove_biggest(claim, context, &host::Process::locked, name);
        },
    .remedy =
        [](const Context* context) {
          return Remedy{
              Message("Limit what may be locked (RLIMIT_MEMLOCK), or lock less"),
              {context != nullptr
                   ? ShellCommand("grep -l VmLck /proc/[0-9]*/status | xargs grep -H VmLck | sort "
                                  "-k2 -n | tail")
                   : ShellCommand("grep -H VmLck /proc/[0-9]*/status | sort -k2 -n | tail")}};
        },
};

// Somebody was killed with little free, and the line of a zone is lost: the counters tell who has
// the memory, and not whether more of it was in reach there.
bool may_be_used_up(const Context& context) {
  constexpr double little_free = 0.1;
  const auto& evidence = context.evidence;
  return is_global_oom(context) && !context.report.victims.empty() && evidence.account &&
         evidence.ram && !evidence.zones_complete && !memory::is_of_some_nodes(evidence) &&
         share(evidence.account->size(What::free), evidence.account->total) <= little_free;
}

// It holds the memory that memory-exhausted counts, and says more of it: root or nothing.
std::optional<Claim> judge(const Context& context) {
  const memory::Account* account = used_up(context);
  const bool open = account == nullptr && may_be_used_up(context);
  account = open ? &*context.evidence.account : account;
  if (account == nullptr) {
    return std::nullopt;
  }
  const Bytes locked = account->size(row.what);
  const Bytes anon = account->size(What::anon);
  const double part = share(locked, account->total);
  const bool root = part >= big_share && locked > anon;
  if (open && !root) {
    return std::nullopt;
  }
  Claim result = claim(root ? Role::root : Role::ruled_out, Rank::used_up,
                       share(locked + anon, account->total) + 0.002, 0.93,
                       (root ? row.much : row.little)(human(locked), percent(part)));
  result.prove(row.name(), locked, account->at(row.what));
  result.prove(Message("other memory of processes"), anon, account->at(What::anon));
  if (open) {
    leave_open(result, Message("the zones' min (\"Node 0 Normal free: min:\")"));
  }
  if (root) {
    result.remedies.push_back(row.remedy(&context));
    result.remedies.back().gives = locked;
  }
  return result;
}

std::vector<Claim> check(const HostContext& context) { return check_share(context, row); }

}  // namespace

extern const Cause cause_unevictable{"unevictable", 'B', "locked pages hold the memory", judge,
                                     check};

}  // namespace whyoom::diagnose::causes
