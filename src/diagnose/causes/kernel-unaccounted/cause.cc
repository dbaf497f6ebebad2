#include <string>

#include "diagnose/causes/kernel-unaccounted/host.h"
#include "diagnose/tools.h"

namespace whyoom::diagnose::causes {

namespace {

constexpr std::string_view id = "kernel-unaccounted";

constexpr double big_share = 0.25;  // of RAM
constexpr double notable_share = 0.10;

using What = memory::AccountLine::What;

void add_proof(Finding& finding, const Context& context, const memory::Account& account,
               Bytes size) {
  const auto& tail = context.report.tail;
  finding.proof.push_back(proof(Message("RAM that the kernel manages"), account.total,
                                tail.ram ? tail.ram->at : Place{}));
  finding.proof.push_back(proof(Message("sum of all counters"), account.total - size));
  finding.proof.push_back(proof(Message("in no counter"), size));
}

std::optional<Claim> judge(const Context& context) {
  const memory::Account* account = used_up(context);
  if (account == nullptr) {
    return std::nullopt;
  }
  // The balloon has a counter of its own.
  const Bytes size = account->size(What::unaccounted) - balloon(context.evidence).size;
  const double part = share(size, account->total);
  const std::string text = human(size);
  if (part < notable_share) {
    Claim result =
        claim(id, Role::ruled_out, Rank::used_up, part, 0.95,
              Message("{} ({} of RAM) are in no counter of the report", text, percent(part)));
    add_proof(result.finding, context, *account, size);
    return result;
  }
  const bool sure = account->hugepages_known && context.report.tail.ram && context.report.trigger;
  Claim result = claim(
      id, part >= big_share && sure ? Role::root : Role::contributing, Rank::used_up, part, 0.95,
      Message("{} of RAM ({}) are in no counter of the report: pages that drivers, pipes, sockets, "
              "vmalloc, a balloon or a file system module took straight from the kernel.",
              text, percent(part)));
  add_proof(result.finding, context, *account, size);
  Remedy remedy;
  remedy.title = Message("Look for what takes pages outside the counters");
  remedy.commands = {ShellCommand("grep -iE 'vmalloc|percpu' /proc/meminfo"),
                     ShellCommand("cat /proc/net/sockstat"),
                     ShellCommand("lsmod | sort -k2 -n | tail")};
  result.finding.remedies.push_back(remedy);
  return result;
}

}  // namespace

extern const Cause cause_kernel_unaccounted;
const Cause cause_kernel_unaccounted{id, 'B', "memory that no counter of the report shows", judge,
                                     unaccounted_on_host};

}  // namespace whyoom::diagnose::causes
