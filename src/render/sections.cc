#include "render/sections.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/human.h"
#include "base/text.h"
#include "diagnose/cause.h"
#include "render/phrase.h"

namespace whyoom::render {
namespace {

using memory::AccountLine;
using memory::ZoneState;
using What = memory::AccountLine::What;

std::string_view label(What what) {
  switch (what) {
    case What::free:
      return "free";
    case What::free_pcp:
      return "free, in per-CPU lists";
    case What::anon:
      return "anonymous memory";
    case What::file:
      return "page cache of files";
    case What::shmem:
      return "shared memory and tmpfs";
    case What::slab_reclaimable:
      return "slab, reclaimable";
    case What::slab_unreclaimable:
      return "slab, unreclaimable";
    case What::page_tables:
      return "page tables";
    case What::kernel_stack:
      return "kernel stacks";
    case What::hugepages:
      return "hugepages, set aside";
    case What::unevictable_other:
      return "locked or pinned";
    case What::kernel_misc:
      return "other reclaimable";
    case What::unaccounted:
      return "in no counter";
  }
  return "other";
}

void judge(ZoneRow& row, const ZoneState& zone, PageSize page, bool several_pages) {
  if (!zone.eligible) {
    row.verdict = ZoneRow::Verdict::not_usable;
    row.verdict_text = "not usable by this request";
  } else if (!zone.passes()) {
    row.verdict = ZoneRow::Verdict::short_of;
    const Pages lack = zone.floor - zone.usable();
    row.verdict_text =
        lack.count() == 0 ? "exactly at its mark" : "short by " + kb(to_bytes(lack, page));
  } else if (zone.is_short()) {
    row.verdict = ZoneRow::Verdict::at_mark;
    row.verdict_text = "at its mark, " + kb(to_bytes(zone.usable() - zone.floor, page)) + " over";
  } else {
    row.verdict = ZoneRow::Verdict::passes;
    row.verdict_text = several_pages ? "above its mark" : "passes";
  }
}

std::string made_of(const ZoneState& zone, PageSize page, Pages block) {
  std::string text;
  if (zone.boost.count() > 0 || zone.reserve.count() > 0) {
    text = "needs min " + kb(to_bytes(zone.min, page));
    if (zone.boost.count() > 0) {
      text += " + boost " + kb(to_bytes(zone.boost, page));
    }
    if (zone.reserve.count() > 0) {
      text += " + lowmem_reserve " + kb(to_bytes(zone.reserve, page));
    }
  }
  if (zone.unusable > block) {
    text += (text.empty() ? "" : "; ") + kb(to_bytes(zone.unusable, page)) +
            " of its free memory is out of reach (CMA, highatomic)";
  }
  return text;
}

Bytes task_size(const report::Task& task, PageSize page) {
  Bytes size = to_bytes(Pages(task.rss), page) + to_bytes(Pages(task.swapents.value_or(0)), page);
  size += Bytes(task.pgtables_bytes.value_or(0));
  return size + to_bytes(Pages(task.page_table_pages.value_or(0)), page);
}

void add_counter(CgroupSection& section, std::string text, const report::MemcgCounter& counter) {
  if (!counter.usage_kib) {
    return;
  }
  CgroupRow row;
  row.label = std::move(text);
  row.usage = to_bytes(KiB(counter.usage_kib->value));
  if (counter.limit_kib) {
    row.unlimited = is_unlimited(counter.limit_kib->value);
    if (!row.unlimited) {
      row.limit = to_bytes(KiB(counter.limit_kib->value));
      row.share = share(row.usage, *row.limit);
    }
  }
  section.rows.push_back(std::move(row));
}

// Parts of a cgroup's memory that do not lie inside one another, but for shmem (inside file and
// cache).
std::string_view stat_label(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 13> labels{{
      {"anon", "anonymous memory"},
      {"rss", "anonymous memory"},
      {"file", "page cache and shared memory"},
      {"cache", "page cache and shared memory"},
      {"shmem", "shared memory and tmpfs in it"},
      {"slab", "slab"},
      {"kernel_stack", "kernel stacks"},
      {"pagetables", "page tables"},
      {"sec_pagetables", "page tables of guests"},
      {"percpu", "per-CPU memory"},
      {"sock", "sockets"},
      {"vmalloc", "vmalloc"},
      {"zswap", "zswap"},
  }};
  const auto found =
      std::ranges::find(labels, name, &std::pair<std::string_view, std::string_view>::first);
  return found == labels.end() ? std::string_view() : found->second;
}

void add_stats(CgroupSection& section, const report::Memcg& memcg) {
  const auto& counter = memcg.memory.usage_kib;
  const Bytes usage = counter ? to_bytes(KiB(counter->value)) : Bytes(0);
  std::vector<CgroupRow> rows;
  for (const auto& stat : memcg.stats) {
    const std::string_view text = stat_label(stat.name);
    const Bytes size(stat.value);
    // A per cent of the usage is enough to be told.
    if (text.empty() || !stat.bytes || size.count() == 0 || size * 100 < usage) {
      continue;
    }
    CgroupRow row;
    row.label = text;
    row.usage = size;
    row.share = share(size, usage);
    rows.push_back(std::move(row));
  }
  std::ranges::stable_sort(rows, std::ranges::greater{}, &CgroupRow::usage);
  if (rows.size() > 6) {
    rows.resize(6);
  }
  std::ranges::move(rows, std::back_inserter(section.rows));
}

}  // namespace

std::vector<ZoneRow> zone_rows(const diagnose::Event& event) {
  const memory::Evidence& evidence = event.evidence;
  std::vector<ZoneRow> rows;
  if (evidence.constraint == report::ConstraintKind::memcg) {
    return rows;
  }
  std::set<int> nodes;
  for (const ZoneState& zone : evidence.zones) {
    nodes.insert(zone.node);
  }
  const int order = evidence.request.order.value_or(0);
  const Pages block(order > 0 && order < 32 ? (std::uint64_t{1} << static_cast<unsigned>(order)) - 1
                                            : 0);
  for (const ZoneState& zone : evidence.zones) {
    ZoneRow row;
    row.name = (nodes.size() > 1 || zone.node != 0 ? "node " + std::to_string(zone.node) + " "
                                                   : std::string()) +
               printable(zone.name);
    row.free = to_bytes(zone.free, evidence.page);
    row.needed = to_bytes(zone.floor, evidence.page);
    if (zone.managed && zone.managed->count() > 0) {
      row.filled = share(zone.free, *zone.managed);
      row.mark = share(zone.floor, *zone.managed);
    }
    judge(row, zone, evidence.page, order > 0);
    if (zone.eligible) {
      row.note = made_of(zone, evidence.page, block);
    }
    rows.push_back(std::move(row));
  }
  // Not std::ranges: clang 14 cannot compile the subrange that it returns.
  std::stable_partition(rows.begin(), rows.end(), [](const ZoneRow& row) {
    return row.verdict != ZoneRow::Verdict::not_usable;
  });
  return rows;
}

std::vector<AccountRow> account_rows(const memory::Account& account) {
  std::vector<AccountRow> rows;
  AccountRow rest{"the rest", {}, 0, false};
  for (const AccountLine& line : account.lines) {
    const double part = share(line.size, account.total);
    const bool always = line.what == What::unaccounted || line.what == What::free;
    if (part < 0.001 && !always) {
      rest.size += line.size;
      rest.share += part;
    } else if (line.size.count() > 0 || line.what == What::free) {
      rows.push_back(
          {std::string(label(line.what)), line.size, part, line.what == What::unaccounted});
    }
  }
  std::ranges::stable_sort(rows, std::ranges::greater{}, &AccountRow::size);
  if (rest.size.count() > 0) {
    rows.push_back(rest);
  }
  return rows;
}

bool much_unaccounted(const memory::Account& account) {
  return share(account.size(What::unaccounted), account.total) > 0.05;
}

std::vector<TaskRow> top_tasks(const diagnose::Event& event, std::size_t count) {
  const memory::Evidence& evidence = event.evidence;
  std::vector<const report::Task*> tasks;
  for (const auto& task : event.report.tasks) {
    tasks.push_back(&task);
  }
  const std::size_t kept = std::min(count, tasks.size());
  std::ranges::partial_sort(tasks, tasks.begin() + static_cast<std::ptrdiff_t>(kept),
                            [&](const report::Task* a, const report::Task* b) {
                              const Bytes first = task_size(*a, evidence.page);
                              const Bytes second = task_size(*b, evidence.page);
                              return first != second ? first > second : a->line < b->line;
                            });
  std::vector<TaskRow> rows;
  for (std::size_t i = 0; i < kept; ++i) {
    const report::Task& task = *tasks[i];
    TaskRow row;
    row.comm = printable(task.comm);
    row.pid = task.pid;
    row.uid = task.uid;
    row.rss_pages = task.rss;
    row.swap_pages = task.swapents;
    row.page_tables =
        task.pgtables_bytes ? std::optional(Bytes(*task.pgtables_bytes)) : std::optional<Bytes>();
    if (evidence.page_size_known) {
      row.rss = to_bytes(Pages(task.rss), evidence.page);
      row.swap = task.swapents ? std::optional(to_bytes(Pages(*task.swapents), evidence.page))
                               : std::optional<Bytes>();
      if (task.page_table_pages && !row.page_tables) {
        row.page_tables = to_bytes(Pages(*task.page_table_pages), evidence.page);
      }
    }
    row.oom_score_adj = task.oom_score_adj;
    row.line = task.line;
    row.killed = std::ranges::any_of(event.report.victims, [&task](const report::Victim& victim) {
      return victim.pid == task.pid && task.pid > 0;
    });
    rows.push_back(std::move(row));
  }
  return rows;
}

bool is_unlimited(std::uint64_t limit_kib) {
  constexpr std::uint64_t pages_of_32_bit = 2147483647;
  return limit_kib >= (std::uint64_t{1} << 52U) || limit_kib == pages_of_32_bit * 4;
}

std::optional<CgroupSection> cgroup_section(const report::Report& report) {
  if (!report.memcg) {
    return std::nullopt;
  }
  const report::Memcg& memcg = *report.memcg;
  CgroupSection section;
  section.limit_path = printable(memcg.limit_path);
  section.task_path = printable(memcg.task_path);
  add_counter(section, "memory", memcg.memory);
  add_counter(section, "memory + swap", memcg.memsw);
  add_counter(section, "swap", memcg.swap);
  add_counter(section, "kernel memory", memcg.kmem);
  add_stats(section, memcg);
  return section.rows.empty() ? std::nullopt : std::optional(std::move(section));
}

bool is_used_up(const diagnose::Event& event) {
  const diagnose::Cause* root = diagnose::find_cause(event.root_cause);
  if (root == nullptr || !event.evidence.account) {
    return false;
  }
  // Section B of the catalogue is memory that was used, huge pages are memory set aside.
  return root->section == 'B' ||
         event.evidence.account->size(memory::AccountLine::What::hugepages).count() > 0;
}

bool is_cgroup_cause(const diagnose::Event& event) {
  return event.root_cause.starts_with("cgroup-") && event.report.memcg.has_value();
}

}  // namespace whyoom::render
