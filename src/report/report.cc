#include "report/report.h"

#include <algorithm>
#include <span>

#include "kernel/release.h"
#include "report/stack_lines.h"

namespace whyoom::report {

std::string_view name(Kind kind) {
  static constexpr std::string_view names[] = {
      "oom-kill",      "memcg-oom-kill",     "oom-panic",      "page-allocation-failure",
      "fork-rejected", "overcommit-refused", "userspace-kill", "limit-reached"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view name(LimitReached::What what) {
  static constexpr std::string_view names[] = {"tcp-memory", "tcp-orphans", "conntrack",
                                               "file-max",   "neighbour",   "cma",
                                               "swiotlb",    "percpu",      "xfs-memory"};
  return names[static_cast<std::size_t>(what)];
}

namespace {

// What tells what its kernel prints. A report without any of it may be of any kernel.
struct Prints {
  bool constraint = false;   // from 5.0 on
  bool tasks = true;         // from 2.6.36 on, with vm.oom_dump_tasks
  bool memcg_stats = false;  // from 3.10 on
  bool ram = true;  // since the header has the order, in 2.6.13: show_mem() for show_free_areas()
  bool hugepages = false;  // from 3.10 on, with CONFIG_HUGETLB_PAGE
};

bool is_memcg_of_5_0(const Report& report) {
  return report.memcg && (report.memcg->hierarchical || report.memcg->swap.usage_kib);
}

// The fields and columns that came with 5.0 or later.
bool has_parts_of_5_0(const Report& report) {
  const auto has = [](const FieldSet& fields, kernel::Field field) {
    return fields.get(field).has_value();
  };
  return report.tasks_have_rss_kinds || is_memcg_of_5_0(report) ||
         has(report.totals, kernel::Field::sec_pagetables) ||
         std::ranges::any_of(report.zones,
                             [&](const Zone& zone) {
                               return has(zone.fields, kernel::Field::boost) ||
                                      has(zone.fields, kernel::Field::reserved_highatomic);
                             }) ||
         std::ranges::any_of(report.victims,
                             [](const Victim& victim) { return victim.pgtables_kib.has_value(); });
}

// Who may wait sets both bits of reclaim: these two from 5.1 on, other ones before.
bool has_mask_of_5_1(const Report& report) {
  constexpr std::uint32_t reclaim = 0xc00;
  constexpr std::uint32_t higher_bits_of_4 = 0xff000000;
  return report.trigger && report.trigger->gfp && !report.trigger->nodemask &&
         (report.trigger->gfp->mask & (reclaim | higher_bits_of_4)) == reclaim;
}

// To 2.6.31 the line of the kill has a name and no sizes.
bool has_bare_victim(const Report& report) {
  return !report.constraint && std::ranges::any_of(report.victims, [](const Victim& victim) {
    return !victim.total_vm_kib && !victim.reaped;
  });
}

bool is_of_distribution(std::string_view release) {
  for (const std::string_view name :
       {"-generic", "-amd64", "-arm64", ".el7", ".el8", ".el9", ".el10", ".fc", ".amzn", "-arch",
        "-default", "-aws", "-azure", "-gcp", "-cloud", "-lts", "-pve"}) {
    if (release.find(name) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

Prints prints_of(const Report& report) {
  const std::string_view text = release_of(report);
  const auto release = kernel::parse_release(text);
  const auto any_task = [&](auto has) { return std::ranges::any_of(report.tasks, has); };
  const bool pages_of_tables =
      any_task([](const Task& task) { return task.page_table_pages.has_value(); });
  Prints prints;
  prints.constraint =
      release ? release->at_least(5, 0) : has_parts_of_5_0(report) || has_mask_of_5_1(report);
  const bool old_header =
      report.trigger && report.trigger->oom_adj && !report.trigger->oom_score_adj;
  const bool old_release = release && release->major == 2 && release->patch < 32;
  const bool unnamed = report.trigger && report.trigger->unnamed;
  prints.tasks = !old_header && !old_release && !unnamed && !has_bare_victim(report);
  prints.ram = !unnamed || report.trigger->order;
  prints.memcg_stats =
      release ? release->at_least(3, 10)
              : prints.constraint || pages_of_tables ||
                    any_task([](const Task& task) { return task.pgtables_bytes.has_value(); }) ||
                    (report.memcg && report.memcg->kmem.usage_kib);
  prints.hugepages = release && release->at_least(3, 10) && is_of_distribution(text);
  return prints;
}

// A cgroup's report has its counters in the place of Mem-Info.
bool is_memcg(const Report& report) {
  return report.kind == Kind::memcg_oom_kill || report.memcg.has_value() ||
         (report.constraint && report.constraint->kind == ConstraintKind::memcg);
}

// Every kernel that has two lists of each kind prints these, the last three from 2.6.32 on.
bool lacks_totals(const FieldSet& totals) {
  using kernel::Field;
  constexpr Field always[] = {
      Field::active_anon,   Field::inactive_anon,    Field::active_file,
      Field::inactive_file, Field::mapped,           Field::pagetables,
      Field::free,          Field::slab_reclaimable, Field::slab_unreclaimable,
      Field::shmem};
  const auto has = [&](Field field) { return totals.get(field).has_value(); };
  const std::span all(always);
  const bool lists = std::ranges::any_of(all.first(4), has);
  const bool newer = std::ranges::any_of(all.last(3), has);
  return lists && !std::ranges::all_of(newer ? all : all.first(7), has);
}

bool has_memory(const Node& node) {
  return std::ranges::any_of(node.fields.values(),
                             [](const auto& value) { return value && value->value > 0; });
}

// They stand between the free lists of the zones and the tail, for each node.
bool lacks_hugepages(const Report& report, const Prints& prints) {
  const bool around = report.tail.pagecache && std::ranges::any_of(report.zones, [](const Zone& z) {
                        return !z.buddy.empty();
                      });
  if (report.hugepages.empty()) {
    return around && prints.hugepages;
  }
  return std::ranges::any_of(report.nodes, [&](const Node& node) {
    return has_memory(node) &&
           std::ranges::find(report.hugepages, node.id, &Hugepages::node) == report.hugepages.end();
  });
}

// A zone has a line of sizes and a line of free lists, and each node that has a line has a zone.
bool lacks_zones(const Report& report) {
  const bool lists =
      std::ranges::any_of(report.zones, [](const Zone& zone) { return !zone.buddy.empty(); });
  return report.zones.empty() ||
         std::ranges::any_of(report.zones,
                             [&](const Zone& zone) {
                               return zone.fields.empty() || (lists && zone.buddy.empty());
                             }) ||
         std::ranges::any_of(report.nodes, [&](const Node& node) {
           return has_memory(node) &&
                  std::ranges::find(report.zones, node.id, &Zone::node) == report.zones.end();
         });
}

// emplace_back() would be code of its own for each length.
void add(std::vector<std::string>& missing, std::string_view part) { missing.emplace_back(part); }

void missing_memory(const Report& report, const Prints& prints, std::vector<std::string>& missing) {
  if (is_memcg(report) && report.kind != Kind::page_allocation_failure) {
    if (!report.memcg || !report.memcg->memory.usage_kib) {
      add(missing, "mem-info");
    }
    if (prints.memcg_stats && (!report.memcg || report.memcg->stats.empty())) {
      add(missing, "memcg-stats");
    }
    return;
  }
  if (report.totals.empty()) {
    add(missing, "mem-info");
  } else if (lacks_totals(report.totals)) {
    add(missing, "totals");
  }
  if (lacks_zones(report)) {
    add(missing, "zones");
  }
  if (lacks_hugepages(report, prints)) {
    add(missing, "hugepages");
  }
  const bool any = !report.totals.empty() || !report.zones.empty();
  if (any && prints.ram && (!report.tail.ram || !report.tail.reserved)) {
    add(missing, "pages-ram");
  }
}

}  // namespace

std::vector<std::string> missing_parts(const Report& report) {
  std::vector<std::string> missing;
  if (report.kind == Kind::fork_rejected || report.kind == Kind::overcommit_refused ||
      report.kind == Kind::userspace_kill || report.kind == Kind::limit_reached) {
    return missing;
  }
  const bool failure = report.kind == Kind::page_allocation_failure;
  if (failure && (report.slub || report.vmalloc) && !report.mem_info_at && !report.stack) {
    return missing;  // a line of its own, which needs no report
  }
  const Prints prints = prints_of(report);
  if (!report.trigger || (report.trigger->comm.empty() && report.slub)) {
    add(missing, "header");
  }
  missing_memory(report, prints, missing);
  if (failure) {
    return missing;
  }
  if (prints.tasks && report.tasks.empty() && !report.task_table_at) {
    add(missing, "tasks");
  }
  const bool kills = !report.panic && !report.no_killable_at;
  if (kills && !report.constraint && prints.constraint) {
    add(missing, "constraint");
  }
  if (kills && report.victims.empty() && report.outcome != Outcome::recovered &&
      report.outcome != Outcome::stalled) {
    add(missing, "victim");
  }
  return missing;
}

bool is_bare(const Report& report) {
  return !report.trigger && !report.stack && !report.memcg && !report.constraint &&
         report.totals.empty() && report.zones.empty() && report.tasks.empty();
}

bool tells_of_oom(const Report& report) {
  const bool traced = report.stack && std::ranges::any_of(report.stack->functions, is_oom_function);
  return traced || report.trigger || report.sysrq_at || report.constraint || report.memcg ||
         report.panic || report.no_killable_at || report.known_global || !report.victims.empty() ||
         !report.tasks.empty();
}

std::string_view release_of(const Report& report) {
  return report.stack ? std::string_view(report.stack->release) : std::string_view();
}

std::vector<const Victim*> killed_processes(const Report& report) {
  std::vector<const Victim*> killed;
  for (const Victim& victim : report.victims) {
    const bool again = victim.by_group && std::ranges::any_of(killed, [&](const Victim* each) {
                         return each->pid == victim.pid;
                       });
    if (!again) {
      killed.push_back(&victim);
    }
  }
  return killed;
}

}  // namespace whyoom::report
