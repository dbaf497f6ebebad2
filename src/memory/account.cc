#include "memory/account.h"

#include <algorithm>
#include <array>

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
      : report_(report), page_(evidence.page) {}

  [[nodiscard]] Bytes total(Field field) const {
    const auto& value = report_.totals.get(field);
    return value ? to_bytes(Pages(value->value), page_) : Bytes(0);
  }
  [[nodiscard]] Place place(Field field) const {
    const auto& value = report_.totals.get(field);
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
  if (!evidence.zones_complete) {
    return std::nullopt;
  }
  Bytes sum;
  for (const ZoneState& zone : evidence.zones) {
    sum += to_bytes(zone.managed.value_or(Pages(0)), evidence.page);
  }
  return sum.count() == 0 ? std::nullopt : std::optional(sum);
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

}  // namespace

std::optional<Account> account_of(const report::Report& report, const Evidence& evidence) {
  const auto ram = managed_ram(evidence);
  const bool complete = std::ranges::all_of(
      needed, [&report](Field field) { return report.totals.get(field).has_value(); });
  if (!ram || !complete) {
    return std::nullopt;
  }
  const Builder build(report, evidence);
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
  // 2.6.32 prints no pools at all.
  account.hugepages_known =
      has_usual_pool(report, evidence.page) || (evidence.release && evidence.release->major == 2);
  Bytes sum;
  for (const AccountLine& line : lines) {
    sum += line.size;
  }
  account.overcounted = sum - *ram;
  lines.push_back({What::unaccounted, *ram - sum, {}});
  std::erase_if(lines, [](const AccountLine& line) {
    return line.size.count() == 0 && line.what != What::unaccounted && line.what != What::free;
  });
  return account;
}

}  // namespace whyoom::memory
