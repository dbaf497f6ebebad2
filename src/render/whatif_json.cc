#include "base/text.h"
#include "render/json_parts.h"
#include "render/whatif.h"

namespace whyoom::render {
namespace {

using memory::WhatIf;
using memory::ZoneChange;
using memory::ZoneMoment;

// A setting's value as a number where it is one.
void write_setting(JsonWriter& json, JsonKey key, const std::optional<std::string>& text) {
  const auto number = text ? parse_number<std::int64_t>(*text) : std::nullopt;
  number ? json(key, *number) : json(key, text);
}

void write_moment(JsonWriter& json, JsonKey key, const ZoneMoment& moment,
                  const memory::Machine& machine) {
  const auto bytes = [&machine](Pages pages) { return to_bytes(pages, machine.page); };
  json.object(key, [&] {
    json("min", bytes(moment.marks.min));
    json("low", bytes(moment.marks.low));
    json("high", bytes(moment.marks.high));
    json("promo", machine.rules.promo ? std::optional(bytes(moment.marks.promo)) : std::nullopt);
    json("boost", bytes(moment.boost));
    json("lowmem_reserve", bytes(moment.reserve));
    json("usable", bytes(moment.usable));
    json("needed", bytes(moment.floor));
  });
}

std::optional<std::string_view> fate_name(const std::optional<memory::Fate>& fate) {
  return !fate ? std::nullopt : std::optional(*fate == memory::Fate::kill ? "kill" : "panic");
}

void write_pair(JsonWriter& json, JsonKey key, Bytes before, Bytes after) {
  json.object(key, [&] {
    json("before", before);
    json("after", after);
  });
}

}  // namespace

void write_change(JsonWriter& json, const WhatIf& what_if) {
  write_pair(json, "out_of_reach", what_if.out_of_reach_before, what_if.out_of_reach_after);
  write_pair(json, "within_reach", what_if.within_reach_before, what_if.within_reach_after);
  json.object("request", what_if.request, [&](const auto& request) {
    json("passes_before", request.passes_before);
    json("passes_after", request.passes_after);
  });
  json.object("on_failure", what_if.fate_after, [&](memory::Fate after) {
    json("before", fate_name(what_if.fate_before));
    json("after", fate_name(after));
  });
}

std::string json_what_if(const WhatIfView& view) {
  const WhatIf& what_if = view.what_if;
  JsonWriter json(true);
  json.document([&] {
    json("schema", "whyoom/1");
    json.object("event", view.event, [&](const diagnose::Event& event) {
      json("file", event.report.source);
      json("first_line", event.report.first_of_log());
      json("last_line", event.report.last_of_log());
    });
    json.object("settings", [&] {
      for (const auto& setting : what_if.settings) {
        json.named_object(setting.key, [&] {
          write_setting(json, "before", setting.before);
          write_setting(json, "after", setting.after);
        });
      }
    });
    json.list("zones", what_if.zones, [&](const ZoneChange& zone) {
      json("node", zone.node);
      json("name", zone.name);
      json("managed", to_bytes(zone.managed, view.machine.page));
      json("eligible", zone.eligible);
      write_moment(json, "before", zone.before, view.machine);
      write_moment(json, "after", zone.after, view.machine);
    });
    write_change(json, what_if);
    json.object("kills_from", view.kills_from, [&](const memory::OomThreshold& from) {
      json("key", "vm.min_free_kbytes");
      json("value", from.value.count());
    });
    json.values("assumptions", what_if.assumptions,
                [](const Message& assumption) { return assumption.str(); });
    json.list("gaps", view.gaps, [&](const host::Gap& gap) {
      json("what", gap.path);
      json("why", gap.str());
    });
  });
  return json.take();
}

}  // namespace whyoom::render
