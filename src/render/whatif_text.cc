#include "base/human.h"
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
  std::string text = "What if ";
  for (const auto& setting : what_if.settings) {
    text += &setting == what_if.settings.data() ? "" : ", ";
    text += setting.key + " were " + setting.after;
    text += setting.before ? " (it was " + *setting.before + ")" : "";
  }
  return printable(text) + "?";
}

std::string fate_text(Fate fate) {
  return fate == Fate::kill ? "the kernel kills a process" : "the kernel panics";
}

// The sentences that answer, most important first.
std::vector<std::string> answers(const WhatIfView& view) {
  const WhatIf& what_if = view.what_if;
  std::vector<std::string> lines;
  const std::string who = view.event != nullptr ? "This request" : "An ordinary request";
  if (what_if.request) {
    const auto [before, after] = *what_if.request;
    if (view.event != nullptr) {
      lines.push_back(after ? who + " would have passed." : who + " would still have failed.");
      if (before) {
        lines.back() = after ? who + " passes with either: it did not fail in the zones shown here."
                             : who + " would have failed.";
      }
    } else {
      lines.push_back(
          after ? who + (before ? " passes, as it does now." : " passes; now it fails.")
                : who + (before ? " would fail; now it passes." : " fails, as it does now."));
    }
  } else if (what_if.fate_after == std::nullopt) {
    lines.push_back(who + ": the evidence does not tell whether it passes.");
  }
  if (what_if.fate_after) {
    lines.push_back("When a request like this fails, " + fate_text(*what_if.fate_after) +
                    (what_if.fate_before ? "; before: " + fate_text(*what_if.fate_before) : "") +
                    ".");
  }
  return lines;
}

std::string zone_name(const ZoneChange& zone, bool with_node) {
  return printable(zone.name) + (with_node ? " (node " + std::to_string(zone.node) + ")" : "");
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
  Table table{{{.head = "zone"},
               {.flexible = true, .least = 12},
               {.head = "before", .right = true},
               {.head = "after", .right = true}},
              true};
  std::size_t shown = 0;
  for (const ZoneChange& zone : zones) {
    if (zone.managed == Pages(0) || shown == most_zones) {
      continue;
    }
    ++shown;
    std::string name = zone_name(zone, several_nodes);
    const auto row = [&](const char* what, Pages before, Pages after, bool always) {
      if (always || before != after) {
        table.add({{name}, {what}, {kb(to_bytes(before, page))}, {kb(to_bytes(after, page))}});
        name.clear();
      }
    };
    row("usable by the request", zone.before.usable, zone.after.usable, zone.eligible);
    row("needs more than", zone.before.floor, zone.after.floor, zone.eligible);
    row("  lowmem_reserve", zone.before.reserve, zone.after.reserve, false);
    row("  boost", zone.before.boost, zone.after.boost, false);
    row("min", zone.before.marks.min, zone.after.marks.min, true);
    row("low", zone.before.marks.low, zone.after.marks.low, true);
    row("high", zone.before.marks.high, zone.after.marks.high, true);
  }
  out.table(std::move(table));
  if (shown < zones.size() && shown == most_zones) {
    out.text("more zones in --format json", Paint::dim, 2);
  }
}

void write_sums(Document& out, const WhatIfView& view) {
  const WhatIf& what_if = view.what_if;
  if (what_if.zones.empty()) {
    return;
  }
  out.blank();
  Table table{{{.flexible = true},
               {.head = "before", .right = true},
               Column(),
               {.head = "after", .right = true}}};
  const auto row = [&table](const char* what, Bytes before, Bytes after) {
    table.add({{what}, {human(before)}, {"->"}, {human(after)}});
  };
  row("free, out of its reach", what_if.out_of_reach_before, what_if.out_of_reach_after);
  row("free, within its reach", what_if.within_reach_before, what_if.within_reach_after);
  out.table(std::move(table));
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
    out.heading("whyoom whatif" + view.about, "#");
    out.blank();
  }
  out.text(question(view.what_if), Paint::bold);
  for (const std::string& line : answers(view)) {
    out.text(line);
  }
  write_sums(out, view);
  write_zones(out, view);
  if (view.kills_from) {
    out.blank();
    out.text("As this host is now, the kernel starts to kill when vm.min_free_kbytes reaches " +
             std::to_string(view.kills_from->value.count()) + " (" +
             human(to_bytes(view.kills_from->value)) + ")" +
             (view.kills_from->kernel_request ? ", at a request of the kernel itself." : "."));
  }
  for (const Message& assumption : view.what_if.assumptions) {
    out.labelled("assumed:", Paint::dim, assumption.str());
  }
  for (const host::Gap& gap : view.gaps) {
    out.labelled("not read:", Paint::yellow, gap.str());
  }
  return out;
}

}  // namespace whyoom::render
