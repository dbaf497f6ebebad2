#include "render/recorded.h"

#include <algorithm>
#include <vector>

#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "memory/cgroup_owner.h"
#include "record/history.h"
#include "render/phrase.h"

namespace whyoom::render {

std::string owner_text(const std::string& cgroup) {
  const auto owner = memory::cgroup_owner(cgroup);
  return owner ? tr(", {}", describe(*owner)) : std::string();
}

std::string growth_text(const memory::Growth& growth) {
  return tr("{} (pid {}{}) grew from {} to {} in {}, since {}", printable(growth.name),
            std::to_string(growth.pid), owner_text(growth.cgroup), human(growth.before),
            human(growth.now),
            seconds(static_cast<double>(growth.until_ms - growth.since_ms) / 1000),
            record::utc_text(growth.since_ms));
}

void write_growth(Document& out, std::span<const memory::Growth> grew) {
  for (const memory::Growth& growth : grew) {
    out.text(growth_text(growth), Paint::plain, 2, 2);
    if (!growth.command_line.empty()) {
      out.text(printable(growth.command_line), Paint::dim, 4, 2);
    }
  }
}

void write_growth(JsonWriter& json, JsonKey key, std::span<const memory::Growth> grew) {
  json.list(key, grew, [&](const memory::Growth& growth) {
    json("pid", growth.pid);
    json("name", growth.name);
    json("cgroup", text_or_null(growth.cgroup));
    json("command_line", text_or_null(growth.command_line));
    json("before", growth.before);
    json("now", growth.now);
    json("since", record::utc_text(growth.since_ms));
  });
}

void add_recorded_curve(Document& out, const diagnose::Event& event) {
  if (!event.recorded || event.recorded->moments.size() < 2 ||
      event.recorded->moments.front().age <= 0 || event.recorded->ram.count() == 0) {
    return;
  }
  const std::vector<memory::RecordedMoment>& moments = event.recorded->moments;
  const Bytes ram = event.recorded->ram;
  const double first = moments.front().age;
  const memory::RecordedMoment& last = moments.back();
  Curve curve;
  curve.words = tr("Memory in the {} before it, of {}: {} free at the end, {} of it out of reach",
                   seconds(first), human(ram), human(last.free),
                   human(std::min(last.free, last.out_of_reach)));
  curve.from = tr("{} before", seconds(first));
  curve.to = tr("the event");
  for (const memory::RecordedMoment& moment : moments) {
    curve.points.push_back({.at = 1 - moment.age / first,
                            .available = share(moment.available, ram),
                            .free = share(moment.free, ram),
                            .out_of_reach = share(moment.out_of_reach, ram)});
  }
  out.section(tr("What there was of memory before it"));
  out.curve(std::move(curve));
}

void add_recorded(Document& out, const diagnose::Event& event) {
  if (!event.recorded || event.recorded->grew.empty()) {
    return;
  }
  out.section(tr("What grew before it"));
  write_growth(out, event.recorded->grew);
}

void write_recorded(JsonWriter& json, const diagnose::Event& event) {
  json.object("recorded", event.recorded, [&](const memory::Recorded& recorded) {
    json.number("sample_age", recorded.age);
    json("source", recorded.source);
    json("stood_in", event.stood_in);
    write_growth(json, "grew", recorded.grew);
  });
}

}  // namespace whyoom::render
