#include <algorithm>

#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "render/phrase.h"
#include "render/whatif.h"

namespace whyoom::render {
namespace {

using memory::Fate;
using memory::WhatIf;
using memory::ZoneChange;

constexpr std::size_t most_zones = 12;

std::string question(const WhatIf& what_if) {
  std::string text = tr("What if ");
  for (const auto& setting : what_if.settings) {
    text += &setting == what_if.settings.data() ? "" : tr(", ");
    text += tr("{} were {}", setting.key, value_text(setting.key, setting.after));
    text += setting.before ? tr(" (it was {})", value_text(setting.key, *setting.before)) : "";
  }
  return tr("{}?", printable(text));
}

std::string fate_text(Fate fate) {
  return fate == Fate::kill ? tr("the kernel kills a process") : tr("the kernel panics");
}

// The sentences that answer, most important first.
std::vector<std::string> answers(const WhatIfView& view) {
  const WhatIf& what_if = view.what_if;
  std::vector<std::string> lines;
  const std::string who = view.event != nullptr ? tr("This request") : tr("An ordinary request");
  if (what_if.request) {
    const auto [before, after] = *what_if.request;
    if (view.event != nullptr) {
      lines.push_back(after ? tr("{} would have passed.", who)
                            : tr("{} would still have failed.", who));
      if (before) {
        lines.back() =
            after ? tr("{} passes with either: it did not fail in the zones shown here.", who)
                  : tr("{} would have failed.", who);
      }
    } else {
      lines.push_back(
          after
              ? who + (before ? tr(" passes, as it does now.") : tr(" passes; now it fails."))
              : who + (before ? tr(" would fail; now it passes.") : tr(" fails, as it does now.")));
    }
  } else if (what_if.fate_after == std::nullopt) {
    lines.push_back(tr("{}: the evidence does not tell whether it passes.", who));
  }
  if (what_if.fate_after) {
    lines.push_back(
        tr("When a request like this fails, {}{}.", fate_text(*what_if.fate_after),
           what_if.fate_before ? tr("; before: {}", fate_text(*what_if.fate_before)) : ""));
  }
  return lines;
}

std::string zone_name(const ZoneChange& zone, bool with_node) {
  return printable(zone.name) + (with_node ? tr(" (node {})", std::to_string(zone.node)) : "");
}

void write_zones(Document& out, const WhatIfView& view) {
  const auto& zones = view.what_if.zones;
  if (zones.empty()) {
    return;
  }
  const PageSize page = view.machine.page;
  bool several_nodes = false;
  for (const ZoneChange& zone : zones) {
    several_nodes = several_nodes || zone.node != zones.front().node;
  }
  out.blank();
  Table table{{{.head = tr("zone")},
               {.flexible = true, .least = 12},
               {.head = tr("before"), .right = true},
               {.head = tr("after"), .right = true}},
              true};
  std::size_t shown = 0;
  for (const ZoneChange& zone : zones) {
    if (zone.managed == Pages(0) || shown == most_zones) {
      continue;
    }
    ++shown;
    std::string name = zone_name(zone, several_nodes);
    const auto row = [&](const std::string& what, Pages before, Pages after, bool always) {
      if (always || before != after) {
        table.add({{name}, {what}, {kb(to_bytes(before, page))}, {kb(to_bytes(after, page))}});
        name.clear();
      }
    };
    row(tr("usable by the request"), zone.before.usable, zone.after.usable, zone.eligible);
    row(tr("needs more than"), zone.before.floor, zone.after.floor, zone.eligible);
    row("  lowmem_reserve", zone.before.reserve, zone.after.reserve, false);
    row("  boost", zone.before.boost, zone.after.boost, false);
    row("min", zone.before.marks.min, zone.after.marks.min, true);
    row("low", zone.before.marks.low, zone.after.marks.low, true);
    row("high", zone.before.marks.high, zone.after.marks.high, true);
  }
  out.table(std::move(table));
  if (shown < zones.size() && shown == most_zones) {
    out.text(tr("more zones in --format json"), Paint::dim, 2);
  }
}

void write_sums(Document& out, const WhatIfView& view) {
  const WhatIf& what_if = view.what_if;
  if (what_if.zones.empty()) {
    return;
  }
  out.blank();
  Table table{{{.flexible = true},
               {.head = tr("before"), .right = true},
               Column(),
               {.head = tr("after"), .right = true}}};
  const auto row = [&table](const std::string& what, Bytes before, Bytes after) {
    table.add({{what}, {human(before)}, {"->"}, {human(after)}});
  };
  row(tr("free, out of its reach"), what_if.out_of_reach_before, what_if.out_of_reach_after);
  row(tr("free, within its reach"), what_if.within_reach_before, what_if.within_reach_after);
  out.table(std::move(table));
}

// Or what it is in, or what of a host's files somebody posted.
bool is_computed_with(std::string_view path) {
  constexpr std::string_view files[] = {"/proc/zoneinfo",           "/proc/meminfo",
                                        "/proc/sys/vm/min_free_",   "/proc/sys/vm/watermark_",
                                        "/proc/sys/vm/lowmem_",     "/proc/sys/vm/panic_on_oom",
                                        "/proc/sys/vm/nr_hugepages"};
  return std::ranges::any_of(files, [path](std::string_view file) {
    return path.starts_with(file) || file.starts_with(path) || !path.starts_with('/');
  });
}

}  // namespace

Document what_if_document(const WhatIfView& view) {
  Document out;
  if (view.event != nullptr) {
    out.text(source_range(view.event->report) + "  " + time_text(view.event->report.time) + "  " +
                 headline(*view.event),
             Paint::dim);
  }
  if (!view.about.empty()) {
    out.heading(tr("whyoom whatif{}", view.about), "#");
    out.blank();
  }
  out.text(question(view.what_if), Paint::bold);
  const auto& assumptions = view.what_if.assumptions;
  const auto no_effect = view.what_if.no_effect;
  if (no_effect) {
    out.text(tr("It changes nothing: {}.", assumptions[*no_effect].str()));
  } else {
    for (const std::string& line : answers(view)) {
      out.text(line);
    }
    write_sums(out, view);
    write_zones(out, view);
  }
  if (view.kills_from) {
    out.blank();
    out.text(tr(
        "As this host is now, the kernel starts to kill when vm.min_free_kbytes reaches {} ({}){}",
        std::to_string(view.kills_from->value.count()), human(to_bytes(view.kills_from->value)),
        view.kills_from->kernel_request ? tr(", at a request of the kernel itself.") : tr(".")));
  }
  for (std::size_t i = 0; i < assumptions.size(); ++i) {
    if (i != no_effect) {
      out.labelled(tr("assumed:"), Paint::dim, assumptions[i].str());
    }
  }
  for (const host::Gap& gap : view.gaps) {
    if (is_computed_with(gap.path)) {
      out.labelled(tr("not read:"), Paint::yellow, gap.str());
    }
  }
  return out;
}

}  // namespace whyoom::render
