#include <algorithm>

#include "diagnose/share.h"

namespace whyoom::diagnose::causes {

namespace {

Remedy look_for_it() {
  return {Message("Look for what takes pages outside the counters"),
          {ShellCommand("grep -iE 'vmalloc|percpu' /proc/meminfo"),
           ShellCommand("cat /proc/net/sockstat"), ShellCommand("lsmod | sort -k2 -n | tail")}};
}

// What those of the processes in the task table may take.
Bytes stacks_of_the_table(const Context& context) {
  return largest_kernel_stack * context.evidence.attribution.processes;
}

// The lines of huge pages stand between the last zone's free list and the page cache of the tail.
// With one of these lost as well there is a hole where they would be.
bool has_hole_for_hugepages(const report::Report& report) {
  return report.hugepages.empty() &&
         (!report.tail.pagecache || report.zones.empty() || report.zones.back().buddy.empty());
}

// Nodes tell what balloons hold from the release on that has free_highatomic in its zones.
bool lost_balloon(const memory::Evidence& evidence) {
  const auto lacks = [](const report::Node& node) {
    return !node.fields.get(kernel::Field::balloon);
  };
  const report::Report& report = *evidence.report;
  const bool prints = (evidence.release && evidence.release->at_least(6, 18)) ||
                      std::ranges::any_of(report.zones, [](const report::Zone& zone) {
                        return zone.fields.get(kernel::Field::free_highatomic).has_value();
                      });
  return prints && (report.nodes.empty() || std::ranges::any_of(report.nodes, lacks));
}

// What is in no counter can be in a line that was lost.
void grade(Claim& claim, const Context& context, const memory::Account& account, Bytes size) {
  const report::Report& report = context.report;
  if (!report.tail.ram || !report.trigger) {
    leave_open(claim, report.trigger
                          ? Message(R"(the lines "pages RAM" and "pages reserved")")
                          : Message("the first line (\"invoked oom-killer\"): which zones the "
                                    "request could use"));
  } else if (context.evidence.managed() < *context.evidence.ram / 100 * 97 || lacks_sizes(report)) {
    // A zone that the report lacks, and what is in it, look the same.
    leave_open(claim, Message(R"(the rest of the zones' lines ("present:", "managed:"))"));
  } else if (report.hugepages_cut || (!report.hugepages.empty() && !account.hugepages_known) ||
             has_hole_for_hugepages(report)) {
    // A kernel prints all of its pools or none.
    leave_open(claim, Message("the line of the usual huge pages (\"hugepages_total=\")"));
  } else if (lost_balloon(context.evidence)) {
    leave_open(claim, Message("how much the balloon holds (the host tells, or \"Balloon:\" in "
                              "/proc/meminfo)"));
  } else if (!shows_stacks(context.evidence) && stacks_of_the_table(context) > size / 2) {
    leave_open(claim, line_of_stacks());
  } else {
    const Message if_more("they held more than {}", human(size / 2));
    if (!shows_stacks(context.evidence)) {
      claim.confidence *= 0.8;
      weaken(claim, line_of_stacks(), if_more);
    }
    if (!account.hugepages_known) {
      claim.confidence *= 0.8;
      weaken(claim, Message("the lines of huge pages (\"hugepages_total=\"), which are not there"),
             if_more);
    }
  }
}

// Swap on zram lies in RAM, and no counter has its pages.
void add_swap_in_ram(Claim& claim, const memory::Evidence& evidence, Bytes size) {
  const auto& at = evidence.report->tail.free_swap_kib;
  if (!evidence.swap_total || !evidence.swap_free || !at) {
    return;
  }
  const Bytes used = *evidence.swap_total - *evidence.swap_free;
  if (used * 2 >= size) {
    claim.prove(Message("in swap, which zram keeps in RAM"), used, at->at);
    claim.remedies.back().commands.push_back(ShellCommand("cat /proc/swaps; zramctl"));
  }
}

std::optional<Claim> judge(const Context& context) {
  const memory::Account* account = used_up(context);
  if (account == nullptr) {
    return std::nullopt;
  }
  // The balloon has a counter of its own.
  const Bytes size =
      account->size(memory::AccountLine::What::unaccounted) - balloon(context.evidence).value;
  const double part = share(size, account->total);
  const Role role = role_of_share(part);
  Claim result = claim(
      role, Rank::used_up, part, 0.95,
      role == Role::ruled_out
          ? Message("{} ({} of RAM) are in no counter of the report", human(size), percent(part))
          : Message("{} of RAM ({}) are in no counter of the report: pages that drivers, pipes, "
                    "sockets, vmalloc, a balloon or a file system module took straight from the "
                    "kernel.",
                    human(size), percent(part)));
  result.prove(Message("RAM that the kernel manages"), account->total,
               place_of_ram(context.report));
  result.prove(Message("sum of all counters"), account->total - size);
  result.prove(Message("in no counter"), size);
  if (role != Role::ruled_out) {
    result.remedies.push_back(look_for_it());
    result.remedies.back().gives = size;
    add_swap_in_ram(result, context.evidence, size);
  }
  if (role == Role::root) {
    grade(result, context, *account, size);
  }
  return result;
}

std::vector<Claim> check(const HostContext& context) {
  const auto& account = context.state.account;
  if (!account) {
    return {};
  }
  const HostShare part{account->size(memory::AccountLine::What::unaccounted), account->total};
  Claim result = share_claim(
      Rank::used_up, part, big_on_host, Message("in no counter"),
      Message("{} of RAM ({}) are in no counter of /proc/meminfo: pages that drivers, pipes, "
              "sockets, a balloon or a file system module took straight from the kernel.",
              human(part.size), percent(part.part())));
  result.prove(Message("sum of the counters of /proc/meminfo"),
               account->total - part.size + account->overcounted,
               Place{context.facts.host.meminfo.mem_free->at.source, 0});
  if (result.role == Role::risk) {
    result.remedies.push_back(look_for_it());
    result.remedies.back().gives = part.size;
  }
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_kernel_unaccounted{
    "kernel-unaccounted", 'B', "memory that no counter of the report shows", judge, check};

}  // namespace whyoom::diagnose::causes
