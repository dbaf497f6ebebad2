#include "base/text.h"
#include "render/json_parts.h"
#include "render/whatif.h"

namespace whyoom::render {
namespace {

using memory::WhatIf;
using memory::ZoneChange;
using memory::ZoneMoment;

// A setting's value as a number where it is one.
Json value_json(const std::string& text) {
  if (const auto number = parse_number<std::int64_t>(text)) {
    return *number;
  }
  return printable(text);
}

Json settings_json(const WhatIf& what_if) {
  Json json = Json::object();
  for (const auto& setting : what_if.settings) {
    json[setting.key] = {{"before", setting.before ? value_json(*setting.before) : Json(nullptr)},
                         {"after", value_json(setting.after)}};
  }
  return json;
}

Json moment_json(const ZoneMoment& moment, const memory::Machine& machine) {
  const auto bytes = [&machine](Pages pages) { return to_bytes(pages, machine.page).count(); };
  return {{"min", bytes(moment.marks.min)},
          {"low", bytes(moment.marks.low)},
          {"high", bytes(moment.marks.high)},
          {"promo", machine.rules.promo ? Json(bytes(moment.marks.promo)) : Json(nullptr)},
          {"boost", bytes(moment.boost)},
          {"lowmem_reserve", bytes(moment.reserve)},
          {"usable", bytes(moment.usable)},
          {"needed", bytes(moment.floor)}};
}

Json zones_json(const WhatIfView& view) {
  Json list = Json::array();
  for (const ZoneChange& zone : view.what_if.zones) {
    list.push_back({{"node", zone.node},
                    {"name", printable(zone.name)},
                    {"managed", to_bytes(zone.managed, view.machine.page).count()},
                    {"eligible", zone.eligible},
                    {"before", moment_json(zone.before, view.machine)},
                    {"after", moment_json(zone.after, view.machine)}});
  }
  return list;
}

Json fate_json(const std::optional<memory::Fate>& fate) {
  return !fate ? Json(nullptr) : *fate == memory::Fate::kill ? Json("kill") : Json("panic");
}

Json kills_from_json(const WhatIfView& view) {
  if (!view.kills_from) {
    return nullptr;
  }
  return {{"key", "vm.min_free_kbytes"}, {"value", view.kills_from->value.count()}};
}

}  // namespace

Json change_json(const WhatIf& what_if) {
  Json json;
  json["out_of_reach"] = {{"before", what_if.out_of_reach_before.count()},
                          {"after", what_if.out_of_reach_after.count()}};
  json["within_reach"] = {{"before", what_if.within_reach_before.count()},
                          {"after", what_if.within_reach_after.count()}};
  json["request"] = nullptr;
  if (what_if.request) {
    json["request"] = {{"passes_before", what_if.request->passes_before},
                       {"passes_after", what_if.request->passes_after}};
  }
  json["on_failure"] = nullptr;
  if (what_if.fate_after) {
    json["on_failure"] = {{"before", fate_json(what_if.fate_before)},
                          {"after", fate_json(what_if.fate_after)}};
  }
  return json;
}

std::string json_what_if(const WhatIfView& view) {
  Json json;
  json["schema"] = "whyoom/1";
  json["event"] = nullptr;
  if (view.event != nullptr) {
    json["event"] = {{"file", printable(view.event->report.source)},
                     {"first_line", view.event->report.first_line},
                     {"last_line", view.event->report.last_line}};
  }
  json["settings"] = settings_json(view.what_if);
  json["zones"] = zones_json(view);
  const Json change = change_json(view.what_if);
  for (std::size_t i = 0; i < change.keys().size(); ++i) {
    json[change.keys()[i]] = change.items()[i];
  }
  json["kills_from"] = kills_from_json(view);
  json["assumptions"] = Json::array();
  for (const Message& assumption : view.what_if.assumptions) {
    json["assumptions"].push_back(printable(assumption.str()));
  }
  json["gaps"] = Json::array();
  for (const Gap& gap : view.gaps) {
    json["gaps"].push_back({{"what", printable(gap.what)}, {"why", printable(gap.why)}});
  }
  return dump(json, true);
}

}  // namespace whyoom::render
