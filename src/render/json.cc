// Output version 1. The schema is docs/schema/whyoom-1.schema.json; what a consumer reads there is
// what these functions write. Absent facts are null or left out. Who had the memory is written by
// json_processes.cc.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "base/text.h"
#include "base/units.h"
#include "render/json_parts.h"
#include "render/json_processes.h"
#include "render/phrase.h"
#include "render/render.h"
#include "render/sections.h"

namespace whyoom::render {
namespace {

using kernel::Field;
using memory::AccountLine;

// Pages become bytes only when the report tells how big a page is.
std::optional<Bytes> from_pages(const diagnose::Event& event, const Maybe<std::uint64_t>& value) {
  const memory::Evidence& evidence = event.evidence;
  return value && evidence.page_size_known
             ? std::optional(to_bytes(Pages(value->value), evidence.page))
             : std::nullopt;
}

std::string_view outcome_name(report::Outcome outcome) {
  switch (outcome) {
    case report::Outcome::unknown:
      return "";
    case report::Outcome::killed:
      return "killed";
    case report::Outcome::panic:
      return "panic";
    case report::Outcome::no_victim:
      return "no-victim";
    case report::Outcome::recovered:
      return "recovered";
  }
  return "";
}

std::string_view constraint_name(const std::optional<report::ConstraintKind>& kind) {
  if (!kind) {
    return "";
  }
  switch (*kind) {
    case report::ConstraintKind::none:
      return "none";
    case report::ConstraintKind::memcg:
      return "memcg";
    case report::ConstraintKind::cpuset:
      return "cpuset";
    case report::ConstraintKind::mempolicy:
      return "mempolicy";
  }
  return "";
}

Json time_json(const report::Time& time) {
  Json json;
  json["monotonic"] =
      time.monotonic_us ? Json(static_cast<double>(*time.monotonic_us) / 1e6) : Json(nullptr);
  json["wall"] = text_or_null(time.wall);
  return json;
}

Json trigger_json(const diagnose::Event& event) {
  const report::Report& report = event.report;
  if (!report.trigger) {
    return nullptr;
  }
  const report::Trigger& trigger = *report.trigger;
  Json json;
  json["comm"] = text_or_null(trigger.comm);
  json["pid"] = or_null(trigger.pid);
  json["gfp_mask"] = nullptr;
  json["gfp_flags"] = nullptr;
  if (trigger.gfp) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (std::uint32_t mask = trigger.gfp->mask; mask != 0 || hex.empty(); mask >>= 4U) {
      hex.insert(hex.begin(), digits[mask & 0xfU]);
    }
    json["gfp_mask"] = "0x" + hex;
    // A mask whose kernel is not known has flags, but nobody can name them.
    if (!trigger.gfp->names.empty() || trigger.gfp->mask == 0) {
      json["gfp_flags"] = Json::array();
      for (const std::string& flag : trigger.gfp->names) {
        json["gfp_flags"].push_back(text(flag));
      }
    }
  }
  json["order"] = or_null(trigger.order);
  json["oom_score_adj"] = or_null(trigger.oom_score_adj);
  json["killed_at"] =
      event.killed_at.line == 0 ? Json(nullptr) : Json(place_text(event.evidence, event.killed_at));
  return json;
}

Json blocks_json(const report::Zone& zone) {
  if (zone.buddy.empty() && !zone.buddy_total_kib) {
    return nullptr;
  }
  Json list = Json::array();
  for (const auto& block : zone.buddy) {
    list.push_back(
        {{"order", block.order}, {"count", block.count}, {"types", text_or_null(block.types)}});
  }
  return list;
}

Json zones_json(const diagnose::Event& event) {
  Json list = Json::array();
  for (const auto& zone : event.report.zones) {
    Json json;
    json["node"] = zone.node;
    json["name"] = text(zone.name);
    for (const Field field : {Field::free, Field::boost, Field::min, Field::low, Field::high,
                              Field::present, Field::managed, Field::free_cma}) {
      json[std::string(kernel::name(field))] = or_null(from_kib(zone.fields.get(field)));
    }
    json["lowmem_reserve"] = nullptr;
    if (event.evidence.page_size_known && !zone.lowmem_reserve.empty()) {
      json["lowmem_reserve"] = Json::array();
      for (const std::uint64_t pages : zone.lowmem_reserve) {
        json["lowmem_reserve"].push_back(to_bytes(Pages(pages), event.evidence.page).count());
      }
    }
    json["free_blocks"] = blocks_json(zone);
    list.push_back(std::move(json));
  }
  return list;
}

bool prints_kernel_stack(const report::Report& report) {
  const auto has = [](const auto& part) {
    return part.fields.get(Field::kernel_stack).has_value();
  };
  return std::ranges::any_of(report.nodes, has) || std::ranges::any_of(report.zones, has);
}

// A line that the account leaves out because it is 0 was counted all the same. Without an account
// only what one counter prints is known.
Json memory_json(const diagnose::Event& event) {
  using What = AccountLine::What;
  const memory::Evidence& evidence = event.evidence;
  if (!event.report.mem_info_at && event.report.totals.empty() && !evidence.swap_total) {
    return nullptr;
  }
  const auto& account = evidence.account;
  const auto line = [&](What what, std::optional<Field> field) -> Json {
    if (account && evidence.page_size_known) {
      return account->size(what).count();
    }
    return field ? or_null(from_pages(event, event.report.totals.get(*field))) : Json(nullptr);
  };
  const auto if_known = [&](const std::optional<Bytes>& size) {
    return evidence.page_size_known ? or_null(size) : Json(nullptr);
  };
  Json json;
  json["page_size"] = evidence.page_size_known ? Json(evidence.page.bytes) : Json(nullptr);
  json["ram"] = if_known(evidence.ram);
  json["reserved"] = if_known(evidence.reserved);
  json["free"] = line(What::free, Field::free);
  json["anon"] = line(What::anon, std::nullopt);
  json["file"] = line(What::file, std::nullopt);
  json["shmem"] = line(What::shmem, Field::shmem);
  json["slab_reclaimable"] = line(What::slab_reclaimable, Field::slab_reclaimable);
  json["slab_unreclaimable"] = line(What::slab_unreclaimable, Field::slab_unreclaimable);
  json["page_tables"] = line(What::page_tables, Field::pagetables);
  json["kernel_stack"] =
      prints_kernel_stack(event.report) ? line(What::kernel_stack, std::nullopt) : Json(nullptr);
  json["unevictable"] = line(What::unevictable_other, Field::unevictable);
  json["hugepages"] =
      event.report.hugepages.empty() ? Json(nullptr) : line(What::hugepages, std::nullopt);
  json["unaccounted"] = line(What::unaccounted, std::nullopt);
  json["swap_total"] = or_null(evidence.swap_total);
  json["swap_free"] = or_null(evidence.swap_free);
  return json;
}

Json overcommit_json(const report::OvercommitRefused& refused) {
  Json requests = Json::array();
  for (const auto& request : refused.requests) {
    requests.push_back({{"comm", text_or_null(request.comm)},
                        {"pid", request.pid > 0 ? Json(request.pid) : Json(nullptr)},
                        {"bytes", or_null(request.bytes)}});
  }
  return {{"count", refused.count}, {"requests", std::move(requests)}};
}

Json userspace_json(const report::UserspaceKill& kill) {
  const auto fraction = [](const std::optional<double>& value) {
    return value ? number(*value / 100) : Json(nullptr);
  };
  Json json;
  json["killer"] = text(kill.killer);
  json["victim"] = text_or_null(kill.victim);
  json["pid"] = or_null(kill.pid);
  json["what"] = text(kill.what);
  json["pressure"] = fraction(kill.pressure_percent);
  json["pressure_limit"] = fraction(kill.pressure_limit_percent);
  json["mem_available_share"] = fraction(kill.mem_available_percent);
  json["swap_free_share"] = fraction(kill.swap_free_percent);
  json["mem_used"] = or_null(kill.mem_used);
  json["mem_total"] = or_null(kill.mem_total);
  json["swap_used"] = or_null(kill.swap_used);
  json["swap_total"] = or_null(kill.swap_total);
  return json;
}

std::string_view panic_reason(report::Panic::Reason reason) {
  switch (reason) {
    case report::Panic::Reason::none:
      return "";
    case report::Panic::Reason::panic_on_oom_system_wide:
      return "panic-on-oom";
    case report::Panic::Reason::panic_on_oom_compulsory:
      return "panic-on-oom-always";
    case report::Panic::Reason::deadlocked:
      return "deadlocked";
    case report::Panic::Reason::no_killable:
      return "no-killable-process";
  }
  return "";
}

// Facts that only some kinds of event have; left out otherwise.
void add_kind_facts(Json& json, const report::Report& report) {
  if (report.panic) {
    json["panic"] = {{"reason", text_or_null(panic_reason(report.panic->reason))},
                     {"text", text(report.panic->text)}};
  }
  if (report.fork_rejected) {
    json["fork_rejected"] = {{"path", text_or_null(report.fork_rejected->path)},
                             {"count", report.fork_rejected->count},
                             {"owner", owner_json(report.fork_rejected->path)}};
  }
  if (report.overcommit) {
    json["overcommit"] = overcommit_json(*report.overcommit);
  }
  if (report.userspace) {
    json["userspace"] = userspace_json(*report.userspace);
  }
  if (report.slub) {
    json["slub"] = {{"cache", text_or_null(report.slub->cache)},
                    {"object_size", or_null(report.slub->object_size)},
                    {"buffer_size", or_null(report.slub->buffer_size)},
                    {"default_order", or_null(report.slub->default_order)},
                    {"min_order", or_null(report.slub->min_order)},
                    {"node", or_null(report.slub->node)}};
  }
  if (report.vmalloc) {
    json["vmalloc"] = {{"bytes", or_null(report.vmalloc->bytes)},
                       {"reason", text_or_null(report.vmalloc->reason)}};
  }
}

Json damage_json(const report::Report& report) {
  Json list = Json::array();
  for (const auto& damage : report.damage) {
    list.push_back({{"at", printable(report.source) + ":" + std::to_string(damage.line)},
                    {"what", text(damage.what)}});
  }
  return list;
}

Json event_json(const diagnose::Event& event) {
  const report::Report& report = event.report;
  const auto missing = report::missing_parts(report);
  Json json;
  json["kind"] = report::name(report.kind);
  json["source"] = {{"file", text(report.source)},
                    {"first_line", report.first_line},
                    {"last_line", report.last_line}};
  json["time"] = time_json(report.time);
  json["host"] = text_or_null(report.host);
  json["complete"] = missing.empty();
  json["missing"] = missing;
  json["unverified"] = !report.unverified.empty();
  json["unverified_why"] = text_or_null(report.unverified.str());
  json["kernel"] = {
      {"release", report.stack ? text_or_null(report.stack->release) : Json(nullptr)}};
  json["trigger"] = trigger_json(event);
  json["constraint"] = text_or_null(constraint_name(event.evidence.constraint));
  json["memcg"] = memcg_json(event);
  json["victims"] = victims_json(event);
  json["outcome"] = text_or_null(outcome_name(report.outcome));
  json["zones"] = zones_json(event);
  json["memory"] = memory_json(event);
  json["tasks"] = tasks_json(event);
  add_kind_facts(json, report);
  json["in_story"] = event.in_story;
  json["lines_lost"] = report.lines_lost;
  json["damage"] = damage_json(report);
  json["root_cause"] = event.root_cause.empty() ? Json("undetermined") : text(event.root_cause);
  json["findings"] =
      findings_json(event.findings, [&event](Place at) { return place_text(event.evidence, at); });
  return json;
}

Json source_json(const LogSource& source) {
  const auto time_or_null = [](const report::Time& time) {
    return time.monotonic_us || !time.wall.empty() ? time_json(time) : Json(nullptr);
  };
  Json json;
  json["name"] = text(source.name);
  json["events"] = source.read ? Json(source.events) : Json(nullptr);
  json["lines"] = source.read ? Json(source.lines) : Json(nullptr);
  json["from"] = time_or_null(source.from);
  json["to"] = time_or_null(source.to);
  json["gap"] = source.gap.empty() ? Json(nullptr) : text(source.gap);
  return json;
}

}  // namespace

std::string json_event(const diagnose::Event& event, bool indented) {
  return dump(event_json(event), indented, 4);
}

std::string json_input(const Summary& summary, bool indented) {
  Json json;
  json["bytes"] = summary.bytes;
  json["lines"] = summary.lines;
  json["lines_lost"] = summary.lines_lost;
  json["copies"] = summary.copies;
  json["damage"] = Json::array();
  for (const auto& damage : summary.damage) {
    json["damage"].push_back({{"at", text(damage.at)}, {"what", text(damage.what)}});
  }
  json["damage_more"] = summary.damage_more;
  if (!summary.sources.empty()) {
    json["events_left_out"] = summary.events_left_out;
    json["sources"] = Json::array();
    for (const LogSource& source : summary.sources) {
      json["sources"].push_back(source_json(source));
    }
  }
  return dump(json, indented, 2);
}

}  // namespace whyoom::render
