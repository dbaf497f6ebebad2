#include "render/sections.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

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

// Whose it is, when the path does not end with it.
std::string owner_note(const memory::CgroupShare& cgroup,
                       const std::optional<memory::CgroupOwner>& told) {
  const std::string text = cgroup.owner ? describe(*cgroup.owner, told) : std::string();
  return cgroup.path.ends_with(text) ? std::string() : text;
}

void add_names(TaskSection& section, const diagnose::Event& event) {
  constexpr std::size_t most_names = 3;
  const memory::Attribution& who = event.evidence.attribution;
  if (!event.evidence.page_size_known || !who.biggest) {
    return;
  }
  for (const memory::NameUse& use : who.names) {
    // The biggest process and a few small ones of its name are no news.
    if (use.memory <= who.biggest->memory() + who.biggest->memory() / 10 ||
        section.notes.size() == most_names) {
      return;
    }
    if (use.count < 2) {
      continue;
    }
    std::string text = grouped(use.count) + " processes \"" + printable(use.comm) + "\" hold ";
    text += use.at_most ? "at most " : "";
    text += human(use.memory) + " together";
    text += use.at_most ? " (some may be shared)" : "";
    section.notes.push_back(std::move(text));
  }
}

// Next to the biggest one it matters only when it is big itself.
void add_protected(TaskSection& section, const diagnose::Event& event) {
  const auto& use = event.evidence.attribution.unkillable;
  const auto& biggest = event.evidence.attribution.biggest;
  const bool listed =
      std::ranges::any_of(section.rows, [](const TaskRow& row) { return row.is_protected; });
  const Bytes notable = event.evidence.ram.value_or(Bytes(0)) / 100;
  if (!use || !biggest || listed || use->memory() < biggest->memory() / 10 ||
      use->memory() < notable) {
    return;
  }
  const TaskRow row = task_row(event, *use);
  section.notes.push_back(
      row.comm + " (pid " + std::to_string(row.pid) + ") may not be killed and holds " +
      (row.rss ? human(use->memory()) : plural(row.rss_pages, "page", "pages")));
}

// Of a kill for the whole machine; that of a cgroup shows its cgroups in a section of its own.
void add_victim_cgroup(TaskSection& section, const diagnose::Event& event) {
  const auto& victim = event.evidence.attribution.victim;
  const auto& constraint = event.report.constraint;
  if (event.report.memcg || !victim || !victim->owner || !constraint) {
    return;
  }
  const std::string who =
      constraint->task.empty() ? "the killed process" : printable(constraint->task);
  const std::string pid = constraint->pid && !constraint->task.empty()
                              ? " (pid " + std::to_string(*constraint->pid) + ")"
                              : std::string();
  section.notes.push_back(who + pid + " belonged to " + describe(*victim->owner));
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

TaskRow task_row(const diagnose::Event& event, const memory::TaskUse& use) {
  const report::Task& task = *use.task;
  const bool known = event.evidence.page_size_known;
  TaskRow row;
  row.comm = printable(task.comm);
  row.pid = task.pid;
  row.uid = task.uid;
  row.rss_pages = task.rss;
  row.swap_pages = task.swapents;
  if (known) {
    row.rss = use.rss;
    row.swap = use.swap;
  }
  if (known || task.pgtables_bytes) {
    row.page_tables = use.page_tables;
  }
  row.oom_score_adj = task.oom_score_adj;
  row.is_protected = task.oom_score_adj <= -1000;
  row.line = task.line;
  row.killed = std::ranges::any_of(event.report.victims, [&task](const report::Victim& victim) {
    return victim.pid == task.pid && task.pid > 0;
  });
  return row;
}

TaskSection task_section(const diagnose::Event& event, std::size_t count) {
  const auto& top = event.evidence.attribution.top;
  TaskSection section;
  for (std::size_t i = 0; i < std::min(count, top.size()); ++i) {
    section.rows.push_back(task_row(event, top[i]));
  }
  if (!section.rows.empty()) {
    add_names(section, event);
    add_protected(section, event);
    add_victim_cgroup(section, event);
  }
  return section;
}

bool is_unlimited(std::uint64_t limit_kib) {
  constexpr std::uint64_t pages_of_32_bit = 2147483647;
  return limit_kib >= (std::uint64_t{1} << 52U) || limit_kib == pages_of_32_bit * 4;
}

std::optional<CgroupSection> cgroup_section(const diagnose::Event& event) {
  if (!event.report.memcg) {
    return std::nullopt;
  }
  const report::Memcg& memcg = *event.report.memcg;
  CgroupSection section;
  const auto& [limit, victim] =
      std::tie(event.evidence.attribution.limit, event.evidence.attribution.victim);
  if (limit) {
    section.limit_path = limit->path;
    section.limit_owner = owner_note(*limit, std::nullopt);
  }
  if (victim) {
    section.task_path = victim->path;
    section.task_owner = owner_note(*victim, limit ? limit->owner : std::nullopt);
  }
  add_counter(section, "memory", memcg.memory);
  add_counter(section, "memory + swap", memcg.memsw);
  add_counter(section, "swap", memcg.swap);
  add_counter(section, "kernel memory", memcg.kmem);
  add_stats(section, memcg);
  // The headline names the owner, so the path must stand somewhere.
  const bool tells = !section.rows.empty() || !section.limit_owner.empty();
  return tells ? std::optional(std::move(section)) : std::nullopt;
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
