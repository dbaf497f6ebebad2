#include <algorithm>
#include <string>

#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

// The pool that vm.nr_hugepages is about.
const host::HugePool* default_pool(const host::Host& host) {
  const auto& size = host.meminfo.hugepage_size;
  const auto found = std::ranges::find_if(host.huge_pools, [&size](const host::HugePool& pool) {
    return size && pool.page_size == size->value;
  });
  return found != host.huge_pools.end() && found->total && found->free && found->reserved ? &*found
                                                                                          : nullptr;
}

struct Pool {
  std::uint64_t own = 0, idle = 0, surplus = 0, may_grow = 0;  // pages
  std::uint64_t failed = 0;                                    // since boot
  std::uint64_t asked = 0;                                     // by a sysctl file; 0 = by none
  const host::SysctlSetting* line = nullptr;
  [[nodiscard]] bool smaller_than_asked() const { return failed > 0 && own < asked; }
  [[nodiscard]] bool could_not_grow() const { return failed > 0 && may_grow > surplus; }
};

Pool read_pool(const HostContext& context, const host::HugePool& pool) {
  Pool result;
  result.surplus = pool.surplus ? pool.surplus->value : 0;
  result.own = pool.total->value - std::min(pool.total->value, result.surplus);
  result.idle = pool.free->value - std::min(pool.free->value, pool.reserved->value);
  result.may_grow = pool.overcommit ? pool.overcommit->value : 0;
  const auto& failed = context.facts.host.vmstat.htlb_buddy_alloc_fail;
  result.failed = failed ? failed->value : 0;
  result.line = context.facts.huge_pages_history.boot.winning();
  if (result.line != nullptr) {
    result.asked = parse_number<std::uint64_t>(trim(result.line->value)).value_or(0);
  }
  return result;
}

Message summary(const Pool& pool, const std::string& size) {
  const std::string left = pool.idle == 0
                               ? tr("none is left, so a mapping of huge pages fails with ENOMEM")
                               : tr("{} are left", grouped(pool.idle));
  return pool.smaller_than_asked()
             ? Message(
                   "{} asks for {} huge pages of {} and the kernel got {}: it found no free "
                   "blocks of that size. Of these {}.",
                   printable(pool.line->file), grouped(pool.asked), size, grouped(pool.own), left)
             : Message(
                   "The pool of huge pages of {} may grow by {} and did not: {} found no free "
                   "block of that size. Of its {} {}.",
                   size, grouped(pool.may_grow - pool.surplus),
                   plural(pool.failed, "attempt", "attempts"), grouped(pool.own), left);
}

void add_proof(Finding& finding, const HostContext& context, const host::HugePool& from,
               const Pool& pool) {
  finding.prove(Message("huge pages in the pool"), from.total);
  finding.prove(Message("of these free"), from.free);
  finding.prove(Message("promised to mappings"), from.reserved);
  if (pool.line != nullptr && pool.asked > 0) {
    const std::uint32_t file = context.sources.add(pool.line->file);
    finding.prove(Message("vm.nr_hugepages asked for"), pool.asked, {file, pool.line->line});
  }
  if (from.overcommit && pool.may_grow > 0) {
    finding.prove(Message("pages that it may grow by"), pool.may_grow, from.overcommit->at);
  }
  if (const auto& failed = context.facts.host.vmstat.htlb_buddy_alloc_fail) {
    finding.prove(Message("huge pages that the kernel did not get"), failed);
  }
}

std::vector<Claim> check(const HostContext& context) {
  const host::HugePool* from = default_pool(context.facts.host);
  if (from == nullptr) {
    return {};
  }
  const Pool pool = read_pool(context, *from);
  const bool short_of = pool.smaller_than_asked() || pool.could_not_grow();
  if (!short_of && pool.own == 0) {
    return {};
  }
  const std::string size = human(to_bytes(from->page_size));
  const Role role = !short_of ? Role::ruled_out : pool.idle == 0 ? Role::root : Role::risk;
  Claim result = claim(role, Rank::limit, short_of ? 0.6 : 0, 0.9,
                       short_of ? summary(pool, size)
                                : Message("the pool has the {} huge pages of {} that were asked "
                                          "for; {} are left",
                                          grouped(pool.own), size, grouped(pool.idle)));
  add_proof(result, context, *from, pool);
  if (short_of) {
    result.remedy(
        Message("Make free blocks and write the setting again"),
        {ShellCommand("echo 1 | sudo tee /proc/sys/vm/compact_memory"),
         ShellCommand("sudo sysctl -w vm.nr_hugepages={}", std::max(pool.asked, pool.own))});
    result.remedy(Message(
        "For the next boot reserve them before anything else: hugepages={} on the kernel's command "
        "line",
        std::max(pool.asked, pool.own)));
  }
  return {std::move(result)};
}

}  // namespace

extern const Cause cause_hugetlb_pool{
    "hugetlb-pool", 'D', "the pool of huge pages is smaller than was asked for", nullptr, check};

}  // namespace whyoom::diagnose::causes
