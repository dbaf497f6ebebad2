#include "render/story_zones.h"

#include <algorithm>
#include <set>

#include "base/human.h"
#include "base/language.h"
#include "render/phrase.h"

namespace whyoom::render {
namespace {

using diagnose::Event;
using memory::ZoneState;

constexpr std::size_t most_zones = 12;

// A lower zone keeps a reserve from a request that may use a higher one, and the line of it is not
// there: what the zone must keep is more than what is known.
bool lacks_reserve(const ZoneState& zone, const memory::Evidence& evidence) {
  const auto& zones = evidence.zones;
  return !zone.reserve_known && zone.zone < evidence.request.highest &&
         (zone.zone < kernel::ZoneClass::normal ||
          std::ranges::any_of(zones, [&](const ZoneState& other) {
            return other.node == zone.node && other.eligible && other.zone > zone.zone;
          }));
}

// Without the first line nobody knows whether the request could use CMA pages, without which the
// zone is short.
bool hangs_on_cma(const ZoneState& zone, const memory::Evidence& evidence) {
  if (evidence.request.flags_known || zone.printed == nullptr) {
    return false;
  }
  const auto& printed = zone.printed->fields.get(kernel::Field::free_cma);
  const Pages cma = to_pages(KiB(printed ? printed->value : 0), evidence.page);
  return zone.usable() - std::min(zone.usable(), cma) <= zone.floor;
}

// What the zone could give to the request.
Cell verdict_of(const ZoneState& zone, const memory::Evidence& evidence) {
  const PageSize page = evidence.page;
  if (!zone.eligible) {
    return {tr("not usable by this request"), Paint::dim};
  }
  if (zone.cut && !zone.passes()) {
    return {tr("(not known)"), Paint::dim};
  }
  if (!zone.passes()) {
    const std::string lack = kb(to_bytes(zone.floor - zone.usable(), page));
    return {zone.floor == zone.usable() ? tr("exactly at its mark")
            : zone.free > zone.floor  // CMA, highatomic
                ? tr("short by {} ({} it may not use)", lack, kb(to_bytes(zone.unusable, page)))
                : tr("short by {}", lack),
            Paint::red};
  }
  if (lacks_reserve(zone, evidence) || hangs_on_cma(zone, evidence)) {
    return {tr("(not known)"), Paint::dim};
  }
  if (zone.is_short()) {
    return {tr("at its mark, {} over", kb(to_bytes(zone.usable() - zone.floor, page))), Paint::red};
  }
  return {evidence.request.order.value_or(0) > 0 ? tr("above its mark") : tr("passes"),
          Paint::green};
}

// What the numbers are made of, when that is not plain.
std::string made_of(const ZoneState& zone, PageSize page, Pages block) {
  std::string text;
  if (zone.boost.count() > 0 || zone.reserve.count() > 0) {
    text = tr("needs min {}", kb(to_bytes(zone.min, page)));
    if (zone.boost.count() > 0) {
      text += tr(" + boost {}", kb(to_bytes(zone.boost, page)));
    }
    if (zone.reserve.count() > 0) {
      text += tr(" + lowmem_reserve {}", kb(to_bytes(zone.reserve, page)));
    }
  }
  if (zone.unusable > block) {
    text += tr("{}{} of its free memory is out of reach (CMA, highatomic)",
               text.empty() ? "" : tr("; "), kb(to_bytes(zone.unusable, page)));
  }
  return text;
}

// Zones that the request may use first. None for a cgroup's OOM: they had no part in it.
std::vector<const ZoneState*> sorted_zones(const memory::Evidence& evidence) {
  std::vector<const ZoneState*> zones;
  if (evidence.constraint != report::ConstraintKind::memcg) {
    for (const auto* each : {&evidence.zones, &evidence.cut_zones}) {
      for (const ZoneState& zone : *each) {
        zones.push_back(&zone);
      }
    }
  }
  // Not std::ranges: clang 14 cannot compile the subrange that it returns.
  std::stable_partition(zones.begin(), zones.end(),
                        [](const ZoneState* zone) { return zone->eligible; });
  return zones;
}

}  // namespace

ZonePicture zone_picture(const Event& event, std::size_t most, Sizes sizes) {
  const memory::Evidence& evidence = event.evidence;
  const auto zones = sorted_zones(evidence);
  std::set<int> nodes;
  for (const ZoneState* zone : zones) {
    nodes.insert(zone->node);
  }
  const int order = evidence.request.order.value_or(0);
  const Pages block(order > 0 && order < 32 ? (std::uint64_t{1} << static_cast<unsigned>(order)) - 1
                                            : 0);
  const auto size = [&](Pages pages) {
    const Bytes bytes = to_bytes(pages, evidence.page);
    return size_text(bytes, sizes);
  };
  ZonePicture picture{
      .table = {{{.head = tr("zone")},
                 zone_bars(),
                 {.head = tr("free"), .right = true},
                 {.head = event.report.trigger ? tr("needs over") : tr("most need over"),
                  .right = true},
                 {.flexible = true, .least = 10}},
                true},
      .notes = {},
      .hidden = zones.size() - std::min(most, zones.size())};
  for (std::size_t i = 0; i + picture.hidden < zones.size(); ++i) {
    const ZoneState& zone = *zones[i];
    const std::string name =
        (nodes.size() > 1 || zone.node != 0 ? tr("node {} ", std::to_string(zone.node))
                                            : std::string()) +
        zone.name;
    const Pages whole = zone.managed.value_or(Pages(0));
    Cell bar;
    if (whole.count() > 0) {
      bar.bar = Bar{
          .filled = share(zone.free, whole),
          .mark = share(zone.floor, whole),
          .useless = share(std::min(zone.unusable, zone.free), whole),
          .ticks = {share(zone.low + zone.reserve, whole), share(zone.high + zone.reserve, whole)}};
    }
    picture.table.add({{name},
                       std::move(bar),
                       {size(zone.free)},
                       {size(zone.floor)},
                       verdict_of(zone, evidence)});
    if (const std::string note = made_of(zone, evidence.page, block);
        zone.eligible && !note.empty()) {
      picture.notes.push_back(tr("{}: {}", name, note));
    }
  }
  return picture;
}

void add_zones(Document& out, const Event& event, Detail detail) {
  const bool page = detail.page;
  ZonePicture picture = zone_picture(event, page ? SIZE_MAX : most_zones, Sizes::exact);
  if (picture.table.rows.empty()) {
    return;
  }
  out.section(tr("Zones"));
  if (const std::string request = request_text(event); !request.empty() && !page) {
    out.text(tr("asked for: {}", request), Paint::dim, 2, 2);
  }
  out.table(std::move(picture.table));
  if (detail.html) {
    out.text(tr("The short ticks are the low and high marks of the zone; what is pale of the free "
                "memory is of no use to this request."),
             Paint::dim);
  }
  if (picture.hidden > 0) {
    out.text(tr("and {}", plural(picture.hidden, "more zone", "more zones")), Paint::dim, 2);
  }
  for (std::string& note : picture.notes) {
    out.text(std::move(note), Paint::dim, 2, 2);
  }
}

}  // namespace whyoom::render
