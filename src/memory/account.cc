#include "memory/account.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "host/host.h"
#include "memory/agree.h"
#include "memory/evidence.h"
#include "memory/sum_of.h"
#include "memory/zones.h"

namespace whyoom::memory {

namespace {

using kernel::Field;
using What = AccountLine::What;

// Printed by every kernel from 2.6.32 on; without one of them the account says nothing.
constexpr std::array needed{Field::active_anon,        Field::inactive_anon,
                            Field::active_file,        Field::inactive_file,
                            Field::unevictable,        Field::slab_reclaimable,
                            Field::slab_unreclaimable, Field::shmem,
                            Field::pagetables,         Field::free};

class Builder {
 public:
  Builder(const report::Report& report, const Evidence& evidence)
      : report_(report), page_(evidence.page) {
    const Bytes managed = evidence.managed();
    whole_ = evidence.ram ? evidence.zones_complete && managed >= *evidence.ram / 100 * 97
                          : zones_are_ram(evidence);
  }

  // From the totals; where they are not there, from the nodes or zones if these are all of RAM.
  [[nodiscard]] Maybe<Bytes> counted(Field field) const {
    if (const auto& value = report_.totals.get(field)) {
      return Read<Bytes>{to_bytes(Pages(value->value), page_), value->at};
    }
    if (!whole_) {
      return std::nullopt;
    }
    auto parts = sum_of(report_.nodes, field);
    parts = parts ? parts : sum_of(report_.zones, field);
    return parts ? Maybe<Bytes>({to_bytes(parts->value), parts->at}) : std::nullopt;
  }
  [[nodiscard]] Bytes total(Field field) const {
    const auto value = counted(field);
    return value ? value->value : Bytes(0);
  }
  [[nodiscard]] Place place(Field field) const {
    const auto value = counted(field);
    return value ? value->at : Place{};
  }

  // Kernel stacks stand on the node line (5.9 and later) or on the zone lines (before).
  [[nodiscard]] AccountLine per_node(What what, Field field) const {
    AccountLine line{what, {}, {}};
    for (const auto& node : report_.nodes) {
      add(line, node.fields.get(field));
    }
    if (line.size.count() == 0) {
      for (const auto& zone : report_.zones) {
        add(line, zone.fields.get(field));
      }
    }
    return line;
  }

  [[nodiscard]] AccountLine hugepages() const {
    AccountLine line{What::hugepages, {}, {}};
    for (const auto& pool : report_.hugepages) {
      line.size += to_bytes(pool.size) * pool.total;
      if (pool.total > 0 && line.at.line == 0) {
        line.at = pool.at;
      }
    }
    return line;
  }

 private:
  static void add(AccountLine& line, const Maybe<std::uint64_t>& value) {
    if (value) {
      line.size += to_bytes(KiB(value->value));
      if (line.at.line == 0) {
        line.at = value->at;
      }
    }
  }

  const report::Report& report_;
  PageSize page_;
  bool whole_ = false;
};

// The pool of the size that a page middle directory maps: 2 MiB with 4 KiB pages (4 MiB without
// PAE).
bool has_usual_pool(const report::Report& report, PageSize page) {
  const std::uint64_t entries = page.bytes / 8;
  const KiB usual = to_kib(Bytes(page.bytes) * entries);
  return std::ranges::any_of(report.hugepages, [usual](const report::Hugepages& pool) {
    return pool.size == usual || pool.size == usual * 2;
  });
}

std::optional<Bytes> managed_ram(const Evidence& evidence) {
  if (evidence.ram) {
    return evidence.ram;
  }
  if (!zones_are_ram(evidence)) {
    return std::nullopt;
  }
  const Bytes managed = evidence.managed();
  return managed.count() == 0 ? std::nullopt : std::optional(managed);
}

// shmem lies on the anon lists, or on the unevictable one when it is locked.
void add_lru(const Builder& build, std::vector<AccountLine>& lines) {
  const Bytes shmem = build.total(Field::shmem);
  const Bytes swap_backed = build.total(Field::active_anon) + build.total(Field::inactive_anon) +
                            build.total(Field::isolated_anon);
  const Bytes shmem_on_lru = std::min(shmem, swap_backed);
  lines.push_back({What::anon, swap_backed - shmem_on_lru, build.place(Field::active_anon)});
  lines.push_back({What::shmem, shmem, build.place(Field::shmem)});
  lines.push_back({What::unevictable_other,
                   build.total(Field::unevictable) - (shmem - shmem_on_lru),
                   build.place(Field::unevictable)});
  lines.push_back({What::file,
                   build.total(Field::active_file) + build.total(Field::inactive_file) +
                       build.total(Field::isolated_file),
                   build.place(Field::active_file)});
}

// Adds what no counter shows, and leaves out what is nothing.
void close(Account& account) {
  Bytes sum;
  for (const AccountLine& line : account.lines) {
    sum += line.size;
  }
  account.overcounted = sum - account.total;
  account.lines.push_back({What::unaccounted, account.total - sum, {}});
  std::erase_if(account.lines, [](const AccountLine& line) {
    return line.size.count() == 0 && line.what != What::unaccounted && line.what != What::free;
  });
}

// Counters lag, but not by so much: one of them, or RAM, is not as it was printed.
bool adds_up(const Account& account) {
  return account.overcounted <= std::max(to_bytes(most_drift), account.total / 20);
}

using host::Meminfo;
using Counter = Maybe<KiB> Meminfo::*;

// Every kernel from 2.6.32 on has these.
constexpr std::array<Counter, 10> needed_of_host{
    &Meminfo::mem_free,         &Meminfo::active_anon,        &Meminfo::inactive_anon,
    &Meminfo::active_file,      &Meminfo::inactive_file,      &Meminfo::unevictable,
    &Meminfo::slab_reclaimable, &Meminfo::slab_unreclaimable, &Meminfo::kernel_stack,
    &Meminfo::page_tables};

Bytes huge_pages(const host::Host& host) {
  Bytes sum;
  for (const host::HugePool& pool : host.huge_pools) {
    sum += to_bytes(pool.page_size) * (pool.total ? pool.total->value : 0);
  }
  const auto& all = host.meminfo.hugetlb;
  const auto& usual = host.meminfo.hugepage_size;
  const auto& count = host.meminfo.hugepages_total;
  const Bytes counted = all              ? to_bytes(all->value)
                        : usual && count ? to_bytes(usual->value) * count->value
                                         : Bytes(0);
  return std::max(sum, counted);
}

// VmallocUsed counts pages since 5.3 and has the kernel stacks in it; before, it is 0 or addresses.
Bytes vmalloc(const Meminfo& info, Bytes total) {
  const Bytes used = info.vmalloc_used ? to_bytes(info.vmalloc_used->value) : Bytes(0);
  return used < total ? used - to_bytes(info.kernel_stack->value) : Bytes(0);
}

}  // namespace

std::optional<Account> account_of(const host::Host& host, const Machine& machine) {
  const Meminfo& info = host.meminfo;
  const Bytes managed = machine.managed();
  if (!machine.ram || !std::ranges::all_of(
                          needed_of_host, [&](Counter each) { return (info.*each).has_value(); })) {
    return std::nullopt;
  }
  Account account;
  // Somebody may have posted /proc/meminfo alone.
  account.total = managed == Bytes(0) ? *machine.ram : std::min(managed, *machine.ram);
  account.hugepages_known = true;
  const auto add = [&](What what, std::initializer_list<Counter> counters) {
    AccountLine line{
        what, {}, (info.*(*counters.begin())) ? (info.*(*counters.begin()))->at : Place{}};
    for (const Counter counter : counters) {
      line.size += info.*counter ? to_bytes((info.*counter)->value) : Bytes(0);
    }
    account.lines.push_back(line);
  };
  add(What::free, {&Meminfo::mem_free});
  Pages in_cpu_lists;
  for (const host::Zone& zone : host.zones) {
    in_cpu_lists += zone.in_cpu_lists ? zone.in_cpu_lists->value : Pages(0);
  }
  account.lines.push_back({What::free_pcp, to_bytes(in_cpu_lists, machine.page), {}});
  add(What::anon, {&Meminfo::active_anon, &Meminfo::inactive_anon});
  add(What::file, {&Meminfo::active_file, &Meminfo::inactive_file});
  add(What::unevictable_other, {&Meminfo::unevictable});
  add(What::slab_reclaimable, {&Meminfo::slab_reclaimable});
  add(What::slab_unreclaimable, {&Meminfo::slab_unreclaimable});
  add(What::page_tables, {&Meminfo::page_tables, &Meminfo::sec_page_tables});
  add(What::kernel_stack, {&Meminfo::kernel_stack});
  add(What::kernel_misc, {&Meminfo::percpu, &Meminfo::bounce, &Meminfo::shadow_call_stack,
                          &Meminfo::balloon, &Meminfo::gpu_active});
  account.lines.back().size += vmalloc(info, account.total);
  // ZFS has a counter of its own, and a cause.
  account.lines.back().size += host.zfs_arc.size ? host.zfs_arc.size->value : Bytes(0);
  account.lines.push_back({What::hugepages, huge_pages(host), {}});
  // Shared memory lies on the lists of anonymous memory, or on the unevictable one.
  const Bytes shmem = info.shmem ? to_bytes(info.shmem->value) : Bytes(0);
  for (const What list : {What::anon, What::unevictable_other}) {
    const auto line = std::ranges::find(account.lines, list, &AccountLine::what);
    const Bytes part = std::min(line->size, shmem - account.size(What::shmem));
    line->size -= part;
    account.lines.push_back({What::shmem, part, info.shmem ? info.shmem->at : Place{}});
  }
  close(account);
  return account;
}

std::optional<Account> account_of(const report::Report& report, const Evidence& evidence) {
  const auto ram = managed_ram(evidence);
  const Builder build(report, evidence);
  const bool complete = std::ranges::all_of(
      needed, [&build](Field field) { return build.counted(field).has_value(); });
  if (!ram || !complete) {
    return std::nullopt;
  }
  Account account;
  account.total = *ram;
  auto& lines = account.lines;
  lines.push_back({What::free, build.total(Field::free), build.place(Field::free)});
  lines.push_back({What::free_pcp, build.total(Field::free_pcp), build.place(Field::free_pcp)});
  add_lru(build, lines);
  lines.push_back({What::slab_reclaimable, build.total(Field::slab_reclaimable),
                   build.place(Field::slab_reclaimable)});
  lines.push_back({What::slab_unreclaimable, build.total(Field::slab_unreclaimable),
                   build.place(Field::slab_unreclaimable)});
  lines.push_back({What::page_tables,
                   build.total(Field::pagetables) + build.total(Field::sec_pagetables),
                   build.place(Field::pagetables)});
  lines.push_back({What::kernel_misc, build.total(Field::kernel_misc_reclaimable),
                   build.place(Field::kernel_misc_reclaimable)});
  lines.push_back(build.per_node(What::kernel_stack, Field::kernel_stack));
  lines.push_back(build.hugepages());
  lines.push_back(build.per_node(What::compressed_swap, Field::zspages));
  // 2.6.32 prints no pools at all.
  account.hugepages_known =
      !report.hugepages_cut &&
      (has_usual_pool(report, evidence.page) || (evidence.release && evidence.release->major == 2));
  close(account);
  return adds_up(account) ? std::optional(account) : std::nullopt;
}

Bytes Account::size(AccountLine::What what) const {
  Bytes sum;
  for (const AccountLine& line : lines) {
    if (line.what == what) {
      sum += line.size;
    }
  }
  return sum;
}

Place Account::at(AccountLine::What what) const {
  const auto line = std::ranges::find(lines, what, &AccountLine::what);
  return line == lines.end() ? Place{} : line->at;
}

}  // namespace whyoom::memory
