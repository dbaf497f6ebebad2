#include "diagnose/candidates_by_parts.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "diagnose/candidates_of_cgroup.h"
#include "diagnose/claim.h"
#include "diagnose/share.h"
#include "memory/sum_of.h"

namespace whyoom::diagnose {

using kernel::Field;

Bytes set_aside(const report::Report& report, const std::optional<std::set<int>>& nodes) {
  Bytes pools;
  for (const report::Hugepages& pool : report.hugepages) {
    if (!nodes || nodes->contains(pool.node)) {
      pools += to_bytes(pool.size) * pool.total;
    }
  }
  return pools;
}

void name_by_account(Event& event, const Message& lost) {
  using What = memory::AccountLine::What;
  const memory::Account& account = *event.evidence.account;
  const auto add = [&](Bytes part, std::initializer_list<std::string_view> causes) {
    if (!event.report.mixed_at && share(part, account.total) >= big_share) {
      std::ranges::for_each(causes, [&](auto cause) { name(event, cause, lost); });
    }
  };
  add(account.size(What::anon) + account.size(What::compressed_swap), {"memory-exhausted"});
  add(account.size(What::shmem), {"shmem-tmpfs"});
  add(account.size(What::unevictable_other), {"unevictable"});
  add(account.size(What::slab_unreclaimable), {"slab-leak"});
  add(account.size(What::page_tables), {"page-tables"});
  add(account.size(What::unaccounted), {"kernel-unaccounted", "hugepages-reserved"});
}

void name_by_parts(Event& event, const report::Report& report) {
  const memory::Evidence& evidence = event.evidence;
  const auto& account = evidence.account;
  const Bytes ram = account ? account->total : evidence.ram.value_or(Bytes(0));
  const bool short_of_all = std::ranges::all_of(
      evidence.zones, [](const auto& zone) { return !zone.eligible || zone.is_short(); });
  if ((account && evidence.ram) || ram.count() == 0 || !evidence.zones_complete || !short_of_all ||
      free_elsewhere(evidence).value_or(Bytes(0)) > ram / 10) {
    return;
  }
  bool known = !report.mixed_at;
  const auto size = [&](Field field) {
    const auto sum = memory::sum_of(report.zones, field);
    known = known && sum;
    return sum ? to_bytes(sum->value) : Bytes(0);
  };
  const Message lost = account ? Message(R"(the lines "pages RAM" and "pages reserved")")
                               : Message("the counters of Mem-Info (\"active_anon:\")");
  const auto add = [&](Bytes part, std::initializer_list<std::string_view> causes) {
    if (known && share(part, ram) >= big_share) {
      std::ranges::for_each(causes, [&](auto cause) { name(event, cause, lost); });
    }
  };
  if (account) {
    name_by_account(event, lost);
    return;
  }
  const Bytes anon = size(Field::active_anon) + size(Field::inactive_anon);
  const Bytes locked = size(Field::unevictable);
  const Bytes other = size(Field::active_file) + size(Field::inactive_file) + size(Field::free);
  const Bytes pools = set_aside(report);
  Bytes killed;
  for (const report::Victim& victim : report.victims) {
    killed += to_bytes(victim.anon());
  }
  add(anon, {"memory-exhausted"});
  if (killed < anon / 2) {  // shared memory is on these lists too
    add(anon, {"shmem-tmpfs"});
  }
  add(locked, {"unevictable"});
  add(pools, {"hugepages-reserved"});
  add(ram - anon - locked - other - pools, {"kernel-unaccounted", "slab-leak", "page-tables"});
}

void name_by_counters(Event& event, const report::Report& report) {
  const bool whole = std::ranges::all_of(
      memory::counted_apart, [&](Field field) { return report.totals.get(field).has_value(); });
  const bool short_of_all = std::ranges::all_of(
      event.evidence.zones, [](const auto& zone) { return !zone.eligible || zone.is_short(); });
  if (!event.candidates.empty() || event.evidence.ram || event.evidence.account || !whole ||
      !short_of_all || report.mixed_at) {
    return;
  }
  const auto pages = [&report](Field field) {
    const auto& value = report.totals.get(field);
    return Pages(value ? value->value : 0);
  };
  const Bytes counted = to_bytes(memory::counted_pages(report), event.evidence.page);
  if (free_elsewhere(event.evidence).value_or(Bytes(0)) > counted / 10) {
    return;
  }
  const Message lost(R"(the lines "pages RAM" and "pages reserved")");
  const auto add = [&](Pages part, std::string_view cause) {
    if (share(to_bytes(part, event.evidence.page), counted) >= big_share) {
      name(event, cause, lost);
    }
  };
  const Pages lists = pages(Field::active_anon) + pages(Field::inactive_anon);
  add(lists - pages(Field::shmem), "memory-exhausted");
  add(pages(Field::shmem), "shmem-tmpfs");
  add(pages(Field::unevictable), "unevictable");
  add(pages(Field::slab_unreclaimable), "slab-leak");
  const auto managed = memory::sum_of(report.zones, Field::managed);
  if (!managed || share(counted, to_bytes(managed->value)) < 1 - big_share) {
    name(event, "kernel-unaccounted", lost);
  }
}

}  // namespace whyoom::diagnose
