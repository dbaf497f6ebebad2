#include <algorithm>

#include "render/check.h"
#include "render/json_parts.h"

namespace whyoom::render {
namespace {

using diagnose::HostCheck;

Json or_null_value(const host::Settings::Number& setting) {
  return setting ? Json(setting->value) : Json(nullptr);
}

Json set_by_json(const HostCheck& check) {
  using Fate = host::SysctlSetting::Fate;
  Json list = Json::array();
  for (const host::SysctlSetting& line : check.facts.min_free_history.boot.settings) {
    list.push_back({{"file", text(line.file)},
                    {"line", line.line},
                    {"value", text(line.value)},
                    {"wins", line.fate == Fate::wins}});
  }
  for (const host::SysctlSetter& setter : check.facts.min_free_setters) {
    list.push_back({{"file", text(setter.file)},
                    {"line", setter.line},
                    {"value", nullptr},
                    {"wins", false},
                    {"program", text(setter.program)}});
  }
  return list;
}

Json min_free_json(const HostCheck& check) {
  const auto& setting = check.state.min_free;
  Json json;
  json["value"] = setting ? Json(setting->value.count()) : Json(nullptr);
  json["kernel_default"] =
      setting && setting->kernel_default ? Json(setting->kernel_default->count()) : Json(nullptr);
  json["share_of_ram"] =
      setting && setting->share_of_ram ? number(*setting->share_of_ram) : Json(nullptr);
  json["after_boot"] = nullptr;
  if (const auto next = check.facts.min_free_history.value_after_boot()) {
    json["after_boot"] = text(*next);
  }
  json["kills_from"] =
      check.state.kills_from ? Json(check.state.kills_from->value.count()) : Json(nullptr);
  json["set_by"] = set_by_json(check);
  return json;
}

Json threads_json(const HostCheck& check) {
  Json limits = Json::array();
  for (const diagnose::TaskLimit& limit : check.limits) {
    limits.push_back({{"name", text(limit.name)},
                      {"limit", limit.limit},
                      {"used", or_null(limit.used)},
                      {"where", text_or_null(limit.where)},
                      {"errno", std::string(limit.error)}});
  }
  return {{"now", or_null(diagnose::thread_count(check.facts.host))},
          {"limits", std::move(limits)}};
}

Json memory_json(const HostCheck& check) {
  const auto bytes = [](const Maybe<KiB>& size) {
    return size ? Json(to_bytes(size->value).count()) : Json(nullptr);
  };
  const host::Meminfo& info = check.facts.host.meminfo;
  Json json;
  json["free"] = bytes(info.mem_free);
  json["available"] = bytes(info.mem_available);
  json["available_with_kernel_default"] = or_null(check.state.available_with_default);
  json["swap_total"] = bytes(info.swap_total);
  json["swap_free"] = bytes(info.swap_free);
  json["shmem"] = bytes(info.shmem);
  json["slab_unreclaimable"] = bytes(info.slab_unreclaimable);
  json["page_tables"] = bytes(info.page_tables);
  return json;
}

Json policy_json(const HostCheck& check) {
  const host::Settings& settings = check.facts.host.settings;
  Json json;
  json["panic_on_oom"] = or_null_value(settings.panic_on_oom);
  json["kernel_panic"] = or_null_value(settings.panic);
  json["oom_kill_allocating_task"] = or_null_value(settings.oom_kill_allocating_task);
  json["first_victim"] = nullptr;
  if (check.first_victim) {
    json["first_victim"] = {{"comm", text(check.first_victim->process->comm.view())},
                            {"pid", check.first_victim->process->pid},
                            {"oom_score", check.first_victim->score}};
  }
  return json;
}

// As the kernel's files list them, also the empty ones.
Json zones_json(const HostCheck& check) {
  const host::Host& host = check.facts.host;
  const PageSize page = check.state.machine.page;
  const auto bytes = [page](const Maybe<Pages>& pages) {
    return pages ? Json(to_bytes(pages->value, page).count()) : Json(nullptr);
  };
  Json list = Json::array();
  for (const host::Zone& zone : host.zoneinfo.zones) {
    Json json;
    json["node"] = zone.node;
    json["name"] = text(zone.name);
    json["free"] = bytes(zone.free);
    json["boost"] = bytes(zone.boost);
    json["min"] = bytes(zone.min);
    json["low"] = bytes(zone.low);
    json["high"] = bytes(zone.high);
    json["present"] = bytes(zone.present);
    json["managed"] = bytes(zone.managed);
    json["free_cma"] = bytes(zone.counters.free_cma);
    json["lowmem_reserve"] = nullptr;
    if (zone.protection) {
      json["lowmem_reserve"] = Json::array();
      for (const Pages pages : zone.protection->value) {
        json["lowmem_reserve"].push_back(to_bytes(pages, page).count());
      }
    }
    list.push_back(std::move(json));
  }
  return list;
}

}  // namespace

std::string json_check(const HostCheck& check) {
  const host::Host& host = check.facts.host;
  Json json;
  json["schema"] = "whyoom/1";
  Json& top = json["host"];
  top["kernel"] = host.release ? text(host.release->value) : Json(nullptr);
  top["ram"] = or_null(check.state.ram);
  top["page_size"] = host.page_size ? Json(host.page_size->bytes) : Json(nullptr);
  top["memory"] = memory_json(check);
  top["min_free_kbytes"] = min_free_json(check);
  top["threads"] = threads_json(check);
  top["policy"] = policy_json(check);
  top["zones"] = zones_json(check);
  json["gaps"] = Json::array();
  for (const host::Gap& gap : host.gaps) {
    json["gaps"].push_back({{"what", text(gap.path)}, {"why", text(gap.str())}});
  }
  for (const host::Damage& damage : host.damage) {
    json["gaps"].push_back(
        {{"what", place_text(host.sources, damage.at)}, {"why", text(damage.what)}});
  }
  json["findings"] =
      findings_json(check.findings, [&host](Place at) { return place_text(host.sources, at); });
  return dump(json, true);
}

}  // namespace whyoom::render
