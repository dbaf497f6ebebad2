#include "render/json_processes.h"

#include <algorithm>
#include <string>

#include "render/sections.h"

namespace whyoom::render {
namespace {

Json limit_json(const Maybe<std::uint64_t>& limit) {
  return limit && !is_unlimited(limit->value) ? or_null(from_kib(limit)) : Json(nullptr);
}

Json owner_json(const std::optional<memory::CgroupOwner>& owner) {
  if (!owner) {
    return nullptr;
  }
  Json json;
  json["kind"] = memory::name(owner->kind);
  json["unit"] = or_null(owner->unit);
  json["runtime"] = or_null(owner->runtime);
  json["container"] = or_null(owner->container);
  json["pod"] = or_null(owner->pod);
  json["qos"] = owner->qos ? Json(memory::name(*owner->qos)) : Json(nullptr);
  json["text"] = describe(*owner);
  return json;
}

Json task_json(const TaskRow& row) {
  Json json;
  json["comm"] = row.comm;
  json["pid"] = row.pid;
  json["uid"] = row.uid < 0 ? Json(nullptr) : Json(row.uid);
  json["rss"] = or_null(row.rss);
  json["swap"] = or_null(row.swap);
  json["pgtables"] = or_null(row.page_tables);
  json["oom_score_adj"] = row.oom_score_adj;
  return json;
}

}  // namespace

Json memcg_json(const diagnose::Event& event) {
  if (!event.report.memcg) {
    return nullptr;
  }
  const report::Memcg& memcg = *event.report.memcg;
  const auto& limit = event.evidence.attribution.limit;
  const auto& victim = event.evidence.attribution.victim;
  Json json;
  json["path"] = limit ? Json(limit->path) : Json(nullptr);
  json["owner"] = limit ? owner_json(limit->owner) : Json(nullptr);
  json["task_path"] = victim ? Json(victim->path) : Json(nullptr);
  json["task_owner"] = victim ? owner_json(victim->owner) : Json(nullptr);
  json["limit"] = limit_json(memcg.memory.limit_kib);
  json["usage"] = or_null(from_kib(memcg.memory.usage_kib));
  json["max_usage"] = nullptr;  // no report prints it
  json["failcnt"] = memcg.memory.failcnt ? Json(memcg.memory.failcnt->value) : Json(nullptr);
  json["swap_usage"] = or_null(from_kib(memcg.swap.usage_kib));
  json["swap_limit"] = limit_json(memcg.swap.limit_kib);
  json["memsw_usage"] = or_null(from_kib(memcg.memsw.usage_kib));
  json["memsw_limit"] = limit_json(memcg.memsw.limit_kib);
  json["kmem_usage"] = or_null(from_kib(memcg.kmem.usage_kib));
  json["kmem_limit"] = limit_json(memcg.kmem.limit_kib);
  Json stats = Json::object();
  for (const auto& stat : memcg.stats) {
    if (stat.bytes) {
      stats[printable(stat.name)] = stat.value;
    }
  }
  json["stats"] = std::move(stats);
  return json;
}

Json victims_json(const diagnose::Event& event) {
  const auto& constraint = event.report.constraint;
  const auto& cgroup = event.evidence.attribution.victim;
  Json list = Json::array();
  for (const auto& victim : event.report.victims) {
    Json json;
    json["comm"] = text_or_null(victim.comm);
    json["pid"] = victim.pid > 0 ? Json(victim.pid) : Json(nullptr);
    json["uid"] = or_null(victim.uid);
    json["total_vm"] = or_null(from_kib(victim.total_vm_kib));
    json["anon_rss"] = or_null(from_kib(victim.anon_rss_kib));
    json["file_rss"] = or_null(from_kib(victim.file_rss_kib));
    json["shmem_rss"] = or_null(from_kib(victim.shmem_rss_kib));
    json["pgtables"] = or_null(from_kib(victim.pgtables_kib));
    json["oom_score_adj"] = or_null(victim.oom_score_adj);
    json["reaped"] = victim.reaped;
    // The constraint line names one victim and its cgroup.
    const bool named = cgroup && constraint && constraint->pid == victim.pid;
    json["cgroup"] = named ? Json(cgroup->path) : Json(nullptr);
    json["owner"] = named ? owner_json(cgroup->owner) : Json(nullptr);
    list.push_back(std::move(json));
  }
  return list;
}

Json tasks_json(const diagnose::Event& event) {
  constexpr std::size_t listed = 10;
  const memory::Attribution& who = event.evidence.attribution;
  const bool known = event.evidence.page_size_known;
  if (!event.report.task_table_at && event.report.tasks.empty()) {
    return nullptr;
  }
  Json top = Json::array();
  for (const TaskRow& row : task_section(event, listed).rows) {
    top.push_back(task_json(row));
  }
  Json names = Json::array();
  for (std::size_t i = 0; i < std::min(listed, who.names.size()); ++i) {
    const memory::NameUse& use = who.names[i];
    names.push_back({{"comm", text(use.comm)},
                     {"count", use.count},
                     {"memory", known ? Json(use.memory.count()) : Json(nullptr)},
                     {"shared_counted_once", !use.at_most}});
  }
  // Page tables in bytes, as they are printed from 4.15 on, need no page size.
  const bool in_bytes = std::ranges::all_of(
      event.report.tasks, [](const report::Task& task) { return task.pgtables_bytes.has_value(); });
  Json json;
  json["count"] = event.report.tasks.size();
  json["top"] = std::move(top);
  json["by_name"] = std::move(names);
  json["protected"] = who.unkillable ? task_json(task_row(event, *who.unkillable)) : Json(nullptr);
  json["swap"] = known ? or_null(who.swap) : Json(nullptr);
  json["pgtables"] = known || in_bytes ? or_null(who.page_tables) : Json(nullptr);
  return json;
}

Json owner_json(std::string_view path) { return owner_json(memory::cgroup_owner(path)); }

}  // namespace whyoom::render
