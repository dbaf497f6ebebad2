#include "report/report.h"

#include "kernel/release.h"

namespace whyoom::report {

std::string_view name(Kind kind) {
  static constexpr std::string_view names[] = {
      "oom-kill",      "memcg-oom-kill",     "oom-panic",      "page-allocation-failure",
      "fork-rejected", "overcommit-refused", "userspace-kill", "limit-reached"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view name(LimitReached::What what) {
  static constexpr std::string_view names[] = {"tcp-memory", "conntrack", "file-max", "neighbour",
                                               "cma"};
  return names[static_cast<std::size_t>(what)];
}

namespace {

// The report itself tells that its kernel prints no constraint line.
bool before_5_0(const Report& report) {
  if (report.stack) {
    if (const auto release = kernel::parse_release(report.stack->release)) {
      return !release->at_least(5, 0);
    }
  }
  if (report.cpuset || (report.trigger && report.trigger->nodemask &&
                        report.kind != Kind::page_allocation_failure)) {
    return true;
  }
  for (const auto& victim : report.victims) {
    if (victim.score) {
      return true;
    }
  }
  for (const auto& task : report.tasks) {
    return task.page_table_pages.has_value();
  }
  return false;
}

// A cgroup's report has its counters in the place of Mem-Info.
bool is_memcg(const Report& report) {
  return report.kind == Kind::memcg_oom_kill || report.memcg.has_value() ||
         (report.constraint && report.constraint->kind == ConstraintKind::memcg);
}

void missing_memory(const Report& report, std::vector<std::string>& missing) {
  if (is_memcg(report) && report.kind != Kind::page_allocation_failure) {
    if (!report.memcg || !report.memcg->memory.usage_kib) {
      missing.emplace_back("mem-info");
    }
    return;
  }
  if (report.totals.empty()) {
    missing.emplace_back("mem-info");
  }
  if (report.zones.empty()) {
    missing.emplace_back("zones");
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
  if (!report.trigger || report.trigger->comm.empty()) {
    missing.emplace_back("header");
  }
  missing_memory(report, missing);
  if (failure) {
    return missing;
  }
  if (report.tasks.empty() && !report.task_table_at) {
    missing.emplace_back("tasks");
  }
  const bool kills = !report.panic && !report.no_killable_at;
  if (kills && !report.constraint && !before_5_0(report)) {
    missing.emplace_back("constraint");
  }
  if (kills && report.victims.empty()) {
    missing.emplace_back("victim");
  }
  return missing;
}

}  // namespace whyoom::report
