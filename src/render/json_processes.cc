#include <algorithm>
#include <map>
#include <span>
#include <string>

#include "render/json_parts.h"
#include "render/phrase.h"

namespace whyoom::render {
namespace {

void write_task(JsonWriter& json, const memory::TaskUse& use, bool page_size_known) {
  const report::Task& task = *use.task;
  const bool tables_known = page_size_known || task.pgtables_bytes;
  json("comm", task.comm);
  json("pid", task.pid);
  json("uid", task.uid < 0 ? std::nullopt : std::optional(task.uid));
  json("rss", page_size_known ? std::optional(use.rss) : std::nullopt);
  json("swap", page_size_known ? use.swap : std::nullopt);
  json("pgtables", tables_known ? use.page_tables : std::nullopt);
  json("oom_score_adj", task.oom_score_adj);
}

// Whole pages are bytes; before 3.5 scores were thousandths of all memory.
std::optional<std::int64_t> score_of(const memory::Ranking& ranking, const memory::ScoredTask& task,
                                     const memory::Evidence& evidence) {
  constexpr std::int64_t most_pages = std::int64_t{1} << 46;
  if (!task.score || ranking.rules->permille) {
    return task.score;
  }
  return evidence.page_size_known ? std::optional(std::clamp(*task.score, -most_pages, most_pages) *
                                                  static_cast<std::int64_t>(evidence.page.bytes))
                                  : std::nullopt;
}

void write_ranking(JsonWriter& json, const memory::Evidence& evidence) {
  const bool known = evidence.page_size_known;
  json.object("ranking", evidence.ranking, [&](const memory::Ranking& ranking) {
    const memory::BadnessRules& rules = *ranking.rules;
    const auto write_scored = [&](const memory::ScoredTask& task) {
      json("comm", task.use.task->comm);
      json("pid", task.use.task->pid);
      json("memory", known ? std::optional(task.use.total()) : std::nullopt);
      json("oom_score_adj", task.use.task->oom_score_adj);
      json("score", score_of(ranking, task, evidence));
    };
    json("as_foretold", ranking.as_foretold());
    json("why_not", text_or_null(memory::name(ranking.why)));
    json("rules_since", std::to_string(rules.major) + "." + std::to_string(rules.minor));
    json("unit", rules.permille ? "permille" : "bytes");
    json("total", known && ranking.total ? std::optional(to_bytes(*ranking.total, evidence.page))
                                         : std::nullopt);
    json("total_exact", ranking.total_exact);
    json("place", ranking.victim ? std::optional(ranking.place) : std::nullopt);
    json.object("victim", ranking.victim, write_scored);
    json.object("foretold", ranking.foretold, write_scored);
    json.object("runner_up", ranking.runner_up, write_scored);
    json("spared_at", ranking.spared_at);
    json.list("spared", ranking.spared, [&](const memory::ScoredTask& task) {
      write_scored(task);
      json("why", memory::name(task.spared));
      json("chosen_from", task.chosen_from);
    });
  });
}

void write_cgroup(JsonWriter& json, JsonKey path, JsonKey owner,
                  const std::optional<memory::CgroupShare>& cgroup) {
  json(path, cgroup ? std::optional(cgroup->path) : std::nullopt);
  write_owner(json, owner, cgroup ? cgroup->owner : std::nullopt);
}

}  // namespace

void write_owner(JsonWriter& json, JsonKey key, const std::optional<memory::CgroupOwner>& owner) {
  json.object(key, owner, [&](const memory::CgroupOwner& who) {
    json("kind", memory::name(who.kind));
    json("unit", who.unit);
    json("runtime", who.runtime);
    json("container", who.container);
    json("pod", who.pod);
    json("qos", who.qos ? std::optional(memory::name(*who.qos)) : std::nullopt);
    json("text", describe(who));
  });
}

void write_memcg(JsonWriter& json, const diagnose::Event& event) {
  json.object("memcg", event.report.memcg, [&](const report::Memcg& memcg) {
    write_cgroup(json, "path", "owner", event.evidence.attribution.limit);
    write_cgroup(json, "task_path", "task_owner", event.evidence.attribution.victim);
    json("limit", memory::limit_of(memcg.memory.limit_kib));
    json("usage", from_kib(memcg.memory.usage_kib));
    json("max_usage", nullptr);  // no report prints it
    json("failcnt", memcg.memory.failcnt);
    json("swap_usage", from_kib(memcg.swap.usage_kib));
    json("swap_limit", memory::limit_of(memcg.swap.limit_kib));
    json("memsw_usage", from_kib(memcg.memsw.usage_kib));
    json("memsw_limit", memory::limit_of(memcg.memsw.limit_kib));
    json("kmem_usage", from_kib(memcg.kmem.usage_kib));
    json("kmem_limit", memory::limit_of(memcg.kmem.limit_kib));
    std::map<std::string_view, std::uint64_t> last;  // a damaged report can repeat a counter
    for (const auto& stat : memcg.stats) {
      if (stat.bytes) {
        last[stat.name] = stat.value;
      }
    }
    json.object("stats", [&] {
      for (const auto& stat : memcg.stats) {
        if (const auto found = last.find(stat.name); stat.bytes && found != last.end()) {
          json.named(stat.name, found->second);
          last.erase(found);
        }
      }
    });
  });
}

void write_victims(JsonWriter& json, const diagnose::Event& event) {
  const auto& constraint = event.report.constraint;
  const auto& cgroup = event.evidence.attribution.victim;
  json.list("victims", event.report.victims, [&](const report::Victim& victim) {
    json("comm", text_or_null(victim.comm));
    json("pid", victim.pid > 0 ? std::optional(victim.pid) : std::nullopt);
    json("uid", victim.uid);
    json("total_vm", from_kib(victim.total_vm_kib));
    json("anon_rss", from_kib(victim.anon_rss_kib));
    json("file_rss", from_kib(victim.file_rss_kib));
    json("shmem_rss", from_kib(victim.shmem_rss_kib));
    json("pgtables", from_kib(victim.pgtables_kib));
    json("oom_score_adj", victim.oom_score_adj);
    json("score", victim.permille ? victim.score : std::nullopt);
    json("reaped", victim.reaped);
    // The constraint line names one victim and its cgroup.
    const bool named = constraint && constraint->pid == victim.pid;
    write_cgroup(json, "cgroup", "owner", named ? cgroup : std::nullopt);
  });
}

void write_tasks(JsonWriter& json, const diagnose::Event& event) {
  constexpr std::size_t listed = 10;
  const memory::Attribution& who = event.evidence.attribution;
  const bool known = event.evidence.page_size_known;
  const auto& tasks = event.report.tasks;
  if (!event.report.task_table_at && tasks.empty()) {
    return json("tasks", nullptr);
  }
  // Page tables in bytes, as they are printed from 4.15 on, need no page size.
  const bool in_bytes = std::ranges::all_of(
      tasks, [](const report::Task& task) { return task.pgtables_bytes.has_value(); });
  const auto write_use = [&](const memory::TaskUse& use) { write_task(json, use, known); };
  json.object("tasks", [&] {
    json("count", tasks.size());
    json.list("top", std::span(who.top).first(std::min(listed, who.top.size())), write_use);
    json.list("by_name", std::span(who.names).first(std::min(listed, who.names.size())),
              [&](const memory::NameUse& use) {
                json("comm", use.comm);
                json("count", use.count);
                json("memory", known ? std::optional(use.memory) : std::nullopt);
                json("shared_counted_once", !use.at_most);
              });
    json.object("protected", who.unkillable, write_use);
    json("swap", known ? who.swap : std::nullopt);
    json("pgtables", known || in_bytes ? who.page_tables : std::nullopt);
    write_ranking(json, event.evidence);
  });
}

}  // namespace whyoom::render
