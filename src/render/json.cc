// Output version 1. The schema is docs/schema/whyoom-1.schema.json; what a consumer reads there is
// what these functions write. Absent facts are null or left out.
#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "base/text.h"
#include "base/units.h"
#include "render/json_parts.h"
#include "render/phrase.h"
#include "render/recorded.h"
#include "render/render.h"
#include "report/event_id.h"

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

void write_time(JsonWriter& json, JsonKey key, const report::Time& time) {
  json.object(key, [&] {
    const auto& us = time.monotonic_us;
    json("monotonic", us ? std::optional(static_cast<double>(*us) / 1e6) : std::nullopt);
    json("wall", text_or_null(time.wall));
  });
}

void write_gfp(JsonWriter& json, const std::optional<kernel::GfpMask>& gfp) {
  if (!gfp) {
    json("gfp_mask", nullptr);
    return json("gfp_flags", nullptr);
  }
  char hex[16] = "0x";
  const auto end = std::to_chars(hex + 2, hex + sizeof hex, gfp->mask, 16).ptr;
  json("gfp_mask", std::string_view(hex, end));
  // A mask whose kernel is not known has flags, but nobody can name them.
  json("gfp_flags",
       gfp->names.empty() && gfp->mask != 0 ? std::nullopt : std::optional(gfp->names));
}

void write_trigger(JsonWriter& json, const diagnose::Event& event) {
  json.object("trigger", event.report.trigger, [&](const report::Trigger& trigger) {
    json("comm", text_or_null(trigger.comm));
    json("pid", trigger.pid);
    write_gfp(json, trigger.gfp);
    json("order", trigger.order);
    json("oom_score_adj", trigger.oom_score_adj);
    const Place& at = event.killed_at;
    json("killed_at", text_or_null(at.line == 0 ? "" : place_text(event.evidence, at)));
  });
}

void write_zones(JsonWriter& json, const diagnose::Event& event) {
  json.list("zones", event.report.zones, [&](const report::Zone& zone) {
    json("node", zone.node);
    json("name", zone.name);
    for (const Field field : {Field::free, Field::boost, Field::min, Field::low, Field::high,
                              Field::present, Field::managed, Field::free_cma}) {
      json.named(kernel::name(field), from_kib(zone.fields.get(field)));
    }
    if (event.evidence.page_size_known && !zone.lowmem_reserve.empty()) {
      json.values("lowmem_reserve", zone.lowmem_reserve,
                  [&](std::uint64_t pages) { return to_bytes(Pages(pages), event.evidence.page); });
    } else {
      json("lowmem_reserve", nullptr);
    }
    if (zone.buddy.empty() && !zone.buddy_total_kib) {
      return json("free_blocks", nullptr);
    }
    json.list("free_blocks", zone.buddy, [&](const auto& block) {
      json("order", block.order);
      json("count", block.count);
      json("types", text_or_null(block.types));
    });
  });
}

bool prints_kernel_stack(const report::Report& report) {
  const auto has = [](const auto& part) {
    return part.fields.get(Field::kernel_stack).has_value();
  };
  return std::ranges::any_of(report.nodes, has) || std::ranges::any_of(report.zones, has);
}

// A line that the account leaves out because it is 0 was counted all the same. Without an account
// only what one counter prints is known.
void write_memory(JsonWriter& json, const diagnose::Event& event) {
  using What = AccountLine::What;
  const memory::Evidence& evidence = event.evidence;
  const report::Report& report = event.report;
  if (!report.mem_info_at && report.totals.empty() && !evidence.swap_total) {
    return json("memory", nullptr);
  }
  using Size = std::optional<Bytes>;
  const bool known = evidence.page_size_known;
  const auto line = [&](What what, std::optional<Field> field = std::nullopt) {
    return evidence.account && known ? Size(evidence.account->size(what))
           : field                   ? from_pages(event, report.totals.get(*field))
                                     : Size();
  };
  json.object("memory", [&] {
    json("page_size", known ? std::optional(evidence.page.bytes) : std::nullopt);
    json("ram", known ? evidence.ram : Size());
    json("reserved", known ? evidence.reserved : Size());
    json("free", line(What::free, Field::free));
    json("anon", line(What::anon));
    json("file", line(What::file));
    json("shmem", line(What::shmem, Field::shmem));
    json("slab_reclaimable", line(What::slab_reclaimable, Field::slab_reclaimable));
    json("slab_unreclaimable", line(What::slab_unreclaimable, Field::slab_unreclaimable));
    json("page_tables", line(What::page_tables, Field::pagetables));
    json("kernel_stack", prints_kernel_stack(report) ? line(What::kernel_stack) : Size());
    json("unevictable", line(What::unevictable_other, Field::unevictable));
    json("hugepages", report.hugepages.empty() ? Size() : line(What::hugepages));
    json("unaccounted", line(What::unaccounted));
    json("swap_total", evidence.swap_total);
    json("swap_free", evidence.swap_free);
  });
}

void write_userspace(JsonWriter& json, const report::UserspaceKill& kill) {
  const auto fraction = [&json](JsonKey key, const std::optional<double>& value) {
    json.number(key, value ? std::optional(*value / 100) : std::nullopt);
  };
  json("killer", kill.killer);
  json("victim", text_or_null(kill.victim));
  json("pid", kill.pid);
  json("what", kill.what);
  fraction("pressure", kill.pressure_percent);
  fraction("pressure_limit", kill.pressure_limit_percent);
  fraction("mem_available_share", kill.mem_available_percent);
  fraction("swap_free_share", kill.swap_free_percent);
  json("mem_used", kill.mem_used);
  json("mem_total", kill.mem_total);
  json("swap_used", kill.swap_used);
  json("swap_total", kill.swap_total);
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
void write_kind_facts(JsonWriter& json, const report::Report& report) {
  const auto part = [&json](JsonKey key, const auto& fact, const auto& members) {
    if (fact) {
      json.object(key, fact, members);
    }
  };
  part("panic", report.panic, [&](const report::Panic& panic) {
    json("reason", text_or_null(panic_reason(panic.reason)));
    json("text", panic.text);
    json("restart_after",
         panic.restart_seconds ? std::optional(panic.restart_seconds->value) : std::nullopt);
    json("stays_down", panic.halted_at.has_value());
  });
  part("fork_rejected", report.fork_rejected, [&](const auto& fork) {
    json("path", text_or_null(fork.path));
    json("count", fork.count);
    write_owner(json, "owner", memory::cgroup_owner(fork.path));
  });
  part("overcommit", report.overcommit, [&](const report::OvercommitRefused& refused) {
    json("count", refused.count);
    json.list("requests", refused.requests, [&](const auto& request) {
      json("comm", text_or_null(request.comm));
      json("pid", request.pid > 0 ? std::optional(request.pid) : std::nullopt);
      json("bytes", request.bytes);
    });
  });
  part("limit", report.limit_reached, [&](const report::LimitReached& limit) {
    json("what", report::name(limit.what));
    json("name", text_or_null(limit.name));
    json("limit", limit.limit);
    json("used", limit.used);
    json("bytes", limit.bytes);
    json("pages", limit.pages);
    json("error", limit.error);
    json("count", limit.count);
  });
  part("userspace", report.userspace,
       [&](const report::UserspaceKill& kill) { write_userspace(json, kill); });
  part("slub", report.slub, [&](const report::SlubFailure& slub) {
    json("cache", text_or_null(slub.cache));
    json("cgroup", text_or_null(slub.cgroup));
    json("object_size", slub.object_size);
    json("buffer_size", slub.buffer_size);
    json("default_order", slub.default_order);
    json("min_order", slub.min_order);
    json("count", slub.count);
    json("node", slub.node);
    json.list("nodes", slub.nodes, [&](const report::SlubNode& node) {
      json("node", node.node);
      json("slabs", node.slabs);
      json("objects", node.objects);
      json("free", node.free);
    });
  });
  part("vmalloc", report.vmalloc, [&](const auto& vmalloc) {
    json("bytes", vmalloc.bytes);
    json("reason", text_or_null(vmalloc.reason));
  });
}

void write_event(JsonWriter& json, const diagnose::Event& event) {
  const report::Report& report = event.report;
  const auto missing = missing_parts(event);
  json("id", report::event_id(report));
  json("kind", report::name(report.kind));
  json.object("source", [&] {
    json("file", report.source);
    if (report.part) {
      json("from_byte", report.part->lines_from);
    }
    json("first_line", report.first_of_log());
    json("last_line", report.last_of_log());
  });
  write_time(json, "time", report.time);
  json("host", text_or_null(report.host));
  json("boot", text_or_null(report.boot));
  json("complete", missing.empty());
  json("missing", missing);
  json("unverified", !report.unverified.empty());
  json("unverified_why", text_or_null(report.unverified.str()));
  json.object("kernel", [&] { json("release", text_or_null(report::release_of(report))); });
  write_trigger(json, event);
  json("constraint", text_or_null(constraint_name(event.evidence.constraint)));
  write_memcg(json, event);
  write_victims(json, event);
  json("outcome", text_or_null(outcome_name(report.outcome)));
  write_zones(json, event);
  write_memory(json, event);
  write_tasks(json, event);
  write_kind_facts(json, report);
  write_recorded(json, event);
  json("in_story", event.in_story);
  json("story", event.story);
  json("mixed", report.mixed_at.has_value());
  json("lines_lost", report.lines_lost);
  json.list("damage", report.damage, [&](const report::Damage& damage) {
    json("at", report.source + ":" + std::to_string(report.line_of_log(damage.line)));
    json("what", damage.what);
  });
  json("root_cause", event.root_cause.empty() ? "undetermined" : event.root_cause);
  json("verdict", diagnose::name(event.verdict));
  json.list("overturned_by", event.overturned_by, [&](const diagnose::Overturn& overturn) {
    json("what", overturn.what.str());
    json("if", overturn.condition.str());
  });
  json.list("candidates", event.candidates, [&](const diagnose::Candidate& candidate) {
    json("cause", candidate.cause);
    json("decides", text_or_null(candidate.decides.str()));
  });
  write_findings(json, event.findings,
                 [&event](Place at) { return place_text(event.evidence, at); });
}

void write_source(JsonWriter& json, const LogSource& source) {
  const auto write_end = [&json](JsonKey key, const report::Time& time) {
    if (time.monotonic_us || !time.wall.empty()) {
      write_time(json, key, time);
    } else {
      json(key, nullptr);
    }
  };
  json("name", source.name);
  json("events", source.read ? std::optional(source.events) : std::nullopt);
  json("lines", source.read ? std::optional(source.lines) : std::nullopt);
  write_end("from", source.from);
  write_end("to", source.to);
  json("gap", text_or_null(source.gap));
}

}  // namespace

std::string json_event(const diagnose::Event& event, bool indented) {
  JsonWriter json(indented, 2);
  json.document([&] { write_event(json, event); });
  return json.take();
}

std::string json_input(const Summary& summary, bool indented) {
  JsonWriter json(indented, 1);
  json.document([&] {
    json("bytes", summary.bytes);
    json("lines", summary.lines);
    json("lines_lost", summary.lines_lost);
    json("copies", summary.copies);
    json.list("damage", summary.damage, [&](const Summary::Damage& damage) {
      json("at", damage.at);
      json("what", damage.what);
    });
    json("damage_more", summary.damage_more);
    if (!summary.sources.empty()) {
      json("events_left_out", summary.events_left_out);
      json.list("sources", summary.sources,
                [&](const LogSource& source) { write_source(json, source); });
    }
  });
  return json.take();
}

}  // namespace whyoom::render
