#include "base/human.h"
#include "base/text.h"
#include "render/check.h"
#include "render/layout.h"
#include "render/phrase.h"

namespace whyoom::render {
namespace {

using diagnose::Finding;
using diagnose::HostCheck;
using diagnose::Role;

constexpr std::size_t most_gaps = 4;

void write_steps(Canvas& out, const HostCheck& check) {
  for (const CheckStep& step : check_steps(check)) {
    out.text(step.title, Paint::bold);
    for (const std::string& line : step.lines) {
      out.text(line, Paint::plain, 2, 2);
    }
  }
}

// Each zone as a bar: free memory against the mark that an ordinary request needs.
void write_zones(Canvas& out, const HostCheck& check) {
  const auto& machine = check.state.machine;
  const std::size_t cells = out.width() < 72 ? 12 : out.width() < 100 ? 20 : 32;
  bool several_nodes = false;
  for (const auto& zone : machine.zones) {
    several_nodes = several_nodes || zone.node != machine.zones.front().node;
  }
  Table table(
      {{}, {.optional = true}, {.right = true}, {.right = true}, {.right = true}, {.right = true}});
  table.add({{"zone", Paint::dim},
             {cells < 20 ? "= free |needed" : "= free  | needed", Paint::dim},
             {"free", Paint::dim},
             {"min", Paint::dim},
             {"low", Paint::dim},
             {"high", Paint::dim}});
  for (const auto& zone : machine.zones) {
    if (zone.managed == Pages(0)) {
      continue;
    }
    const auto size = [&](Pages pages) { return human(to_bytes(pages, machine.page)); };
    const Pages floor = zone.marks.min + zone.boost + zone.reserve;
    const bool short_of = zone.usable() <= floor;
    table.add({{printable(zone.name) + (several_nodes ? " " + std::to_string(zone.node) : "")},
               {bar(share(zone.free, zone.managed), share(floor, zone.managed), cells),
                short_of ? Paint::red : Paint::plain},
               {size(zone.free)},
               {size(zone.marks.min)},
               {size(zone.marks.low)},
               {size(zone.marks.high)}});
  }
  if (!machine.zones.empty()) {
    out.blank();
    table.write(out);
  }
}

void write_finding(Canvas& out, const HostCheck& check, const Finding& finding, bool proof) {
  const bool now = finding.role == Role::root;
  out.labelled(now                          ? "now:"
               : finding.role == Role::risk ? "risk:"
                                            : "note:",
               now ? Paint::red : Paint::yellow, clean(finding.summary), 0);
  out.text("cause: " + printable(finding.cause) + ", confidence " + percent(finding.confidence),
           Paint::dim, 2);
  if (!proof) {
    return;
  }
  Table table({{.flexible = true}, {.right = true}, {.right = true}, {.whole = true}});
  for (const auto& part : finding.proof) {
    table.add({{clean(part.what)},
               {value_text(part)},
               {human_note(part), Paint::dim},
               {place_text(check.sources(), part.at), Paint::dim}});
  }
  table.write(out);
}

void write_ruled_out(Canvas& out, const HostCheck& check) {
  Table table({{}, {.flexible = true}});
  for (const Finding& finding : check.findings) {
    if (finding.role == Role::ruled_out) {
      table.add({{printable(finding.cause)}, {clean(finding.summary)}});
    }
  }
  if (!table.empty()) {
    out.blank();
    out.text("Ruled out", Paint::bold);
    table.write(out);
  }
}

void write_fixes(Canvas& out, const HostCheck& check) {
  const auto list = fixes(check.findings);
  if (list.empty()) {
    return;
  }
  out.blank();
  out.text("What to do", Paint::bold);
  for (const Fix& fix : list) {
    out.text(fix.cause.empty() ? fix.title : fix.title + " (" + fix.cause + ")", Paint::plain, 2,
             2);
    for (const std::string& command : fix.commands) {
      out.verbatim(command, Paint::green, 4);
    }
  }
}

void write_gaps(Canvas& out, const HostCheck& check, bool all) {
  const host::Host& host = check.facts.host;
  if (host.gaps.empty() && host.damage.empty()) {
    return;
  }
  out.blank();
  std::size_t shown = 0;
  for (const host::Gap& gap : host.gaps) {
    if (!all && shown == most_gaps) {
      out.text(
          "and " + plural(host.gaps.size() - shown, "more gap", "more gaps") + "; --all shows them",
          Paint::dim);
      break;
    }
    out.labelled("not read:", Paint::yellow, printable(gap.str()), 0);
    ++shown;
  }
  for (const host::Damage& damage : host.damage) {
    out.labelled("damaged:", Paint::yellow,
                 place_text(check.sources(), damage.at) + ": " + printable(damage.what), 0);
    if (!all && &damage - host.damage.data() >= 2) {
      break;
    }
  }
}

}  // namespace

std::string text_check(const HostCheck& check, const TextStyle& style) {
  Canvas out(style.width, style.colour);
  bool any = false;
  for (const Finding& finding : check.findings) {
    any = any || finding.role != Role::ruled_out;
  }
  if (!any) {
    out.text("Nothing is wrong on this host.", Paint::green);
    out.blank();
  }
  for (const Finding& finding : check.findings) {
    if (finding.role != Role::ruled_out) {
      write_finding(out, check, finding, style.all || finding.role == Role::root);
      out.blank();
    }
  }
  write_steps(out, check);
  write_zones(out, check);
  if (style.all) {
    write_ruled_out(out, check);
  }
  write_fixes(out, check);
  write_gaps(out, check, style.all);
  return out.take();
}

}  // namespace whyoom::render
