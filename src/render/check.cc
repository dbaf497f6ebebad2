// `whyoom check` as a document: what is wrong, the four steps of the runbook, what to do.
#include "render/check.h"

#include <algorithm>

#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "render/phrase.h"
#include "render/remedies.h"

namespace whyoom::render {
namespace {

using diagnose::Finding;
using diagnose::HostCheck;
using diagnose::Role;

// Each zone as a bar: free memory against the mark that an ordinary request needs.
void write_zones(Document& out, const HostCheck& check) {
  const auto& machine = check.state.machine;
  bool several_nodes = false;
  for (const auto& zone : machine.zones) {
    several_nodes = several_nodes || zone.node != machine.zones.front().node;
  }
  Table table{{{.head = tr("zone")},
               zone_bars(),
               {.head = tr("free"), .right = true},
               {.head = "min", .right = true},
               {.head = "low", .right = true},
               {.head = "high", .right = true}},
              true};
  for (const auto& zone : machine.zones) {
    if (zone.size() == Pages(0)) {
      continue;
    }
    const auto size = [&](Pages pages) { return human(to_bytes(pages, machine.page)); };
    const Pages floor = zone.min + zone.boost + zone.reserve;
    const bool short_of = zone.usable() <= floor;
    table.add({{printable(zone.name) + (several_nodes ? " " + std::to_string(zone.node) : "")},
               {{},
                short_of ? Paint::red : Paint::plain,
                Bar{share(zone.free, zone.size()), share(floor, zone.size())}},
               {size(zone.free)},
               {size(zone.min)},
               {size(zone.low)},
               {size(zone.high)}});
  }
  if (!machine.zones.empty()) {
    out.blank();
    out.table(std::move(table));
  }
}

void write_finding(Document& out, const HostCheck& check, const Finding& finding, Detail detail) {
  const bool now = finding.role == Role::root;
  out.labelled(role_label(finding), now ? Paint::red : Paint::yellow, finding.summary.str());
  out.text(tr("cause: {}, confidence {}", std::string(finding.cause), percent(finding.confidence)),
           Paint::dim, 2);
  if (now || detail.all || detail.page) {
    out.table(
        proof_table(finding.proof, [&](Place at) { return place_text(check.sources(), at); }));
  }
}

void write_ruled_out(Document& out, const HostCheck& check) {
  Table table{{{.head = tr("cause")}, {.head = tr("why"), .flexible = true}}};
  for (const Finding& finding : check.findings) {
    if (finding.role == Role::ruled_out) {
      table.add({{std::string(finding.cause)}, {clean(finding.summary)}});
    }
  }
  if (!table.rows.empty()) {
    out.section(tr("Ruled out"));
    out.table(std::move(table));
  }
}

void write_gaps(Document& out, const HostCheck& check, bool all) {
  const host::Host& host = check.facts.host;
  if (host.gaps.empty() && host.damage.empty()) {
    return;
  }
  out.blank();
  if (!host.posted.empty()) {
    out.labelled(tr("read:"), Paint::dim, join(host.posted, tr(", "), printable));
  }
  constexpr std::size_t most_gaps = 4, most_damage = 3;
  const auto tell_rest = [&out](const std::string& more) {
    out.text(tr("and {}; --all shows them", more), Paint::dim);
  };
  for (std::size_t i = 0; i < host.gaps.size(); ++i) {
    if (!all && i == most_gaps) {
      tell_rest(plural(host.gaps.size() - i, "more gap", "more gaps"));
      break;
    }
    out.labelled(tr("not read:"), Paint::yellow, host.gaps[i].str());
  }
  for (std::size_t i = 0; i < host.damage.size(); ++i) {
    if (!all && i == most_damage) {
      tell_rest(plural(host.damage.size() - i, "more damaged place", "more damaged places"));
      break;
    }
    out.labelled(tr("damaged:"), Paint::yellow,
                 tr("{}: {}", place_text(check.sources(), host.damage[i].at), host.damage[i].what));
  }
}

}  // namespace

bool has_findings(const HostCheck& check) {
  return std::ranges::any_of(check.findings, [](const diagnose::Finding& finding) {
    return finding.role != diagnose::Role::ruled_out;
  });
}

std::string role_label(const diagnose::Finding& finding) {
  return finding.role == Role::root   ? tr("now:")
         : finding.role == Role::risk ? tr("risk:")
                                      : tr("note:");
}

std::string place_text(const host::Sources& sources, Place at) {
  const std::string name = sources.name(at.source);
  if (name.empty() || (at.source == 0 && at.line == 0)) {
    return {};
  }
  const bool is_file = name.starts_with('/');  // and no command that somebody posted
  return printable(name) + (is_file && at.line > 0 ? ":" + std::to_string(at.line) : "");
}

std::string host_words(const std::string& name, const host::Host& host) {
  const auto& release = host.release;
  return (name.empty() ? "" : tr(" on {}", printable(name))) +
         (release ? tr(", kernel {}", printable(release->value)) : std::string());
}

namespace {

// All four steps of the check found their numbers.
bool saw_enough(const HostCheck& check) {
  return check.state.ram && check.state.machine.min_free &&
         check.facts.host.settings.panic_on_oom && diagnose::thread_count(check.facts.host);
}

// Where nothing was found; what could be read may have been too little to find anything.
std::string nothing_found(const HostCheck& check) {
  const auto& state = check.state;
  constexpr double little = 0.02;
  if (saw_enough(check)) {
    return tr("Nothing is wrong on this host.");
  }
  if (!check.facts.host.posted.empty() && host::is_empty(check.facts.host.meminfo)) {
    return tr("What is in the text shows no fault, and is too little to say that there is none.");
  }
  constexpr double much = 0.10;  // what is free is available, mostly
  if (!state.ram || (!state.available && share(state.free.value_or(Bytes(0)), *state.ram) < much)) {
    return too_little_read();
  }
  if (state.available && share(*state.available, *state.ram) < little) {
    return tr(
        "This host has hardly any memory left ({} available); who holds it is not in what could be "
        "read.",
        human(*state.available));
  }
  return tr("Nothing wrong was found in what could be read of this host.");
}

}  // namespace

Document check_document(const HostCheck& check, Detail detail) {
  Document out;
  const std::string words = host_words(check.facts.name, check.facts.host);
  if (detail.page || !words.empty()) {
    out.heading(tr("whyoom check{}", words), "#");
    out.blank();
  }
  if (!has_findings(check)) {
    out.text(nothing_found(check), saw_enough(check) ? Paint::green : Paint::yellow);
    out.blank();
  }
  for (const Finding& finding : check.findings) {
    if (finding.role != Role::ruled_out) {
      write_finding(out, check, finding, detail);
      out.blank();
    }
  }
  for (const CheckStep& step : check_steps(check)) {
    out.heading(step.title);
    for (const std::string& line : step.lines) {
      out.text(line, Paint::plain, 2, 2);
    }
  }
  write_zones(out, check);
  if (detail.all) {
    write_ruled_out(out, check);
  }
  if (auto list = fixes(check.findings); !list.empty()) {
    for (Fix& fix : list) {
      fix.effect.clear();  // of a request that failed; here none did
    }
    out.blank();
    out.heading(tr("What to do"));
    add_fixes(out, list, detail);
  }
  write_gaps(out, check, detail.all || detail.page);
  return out;
}

}  // namespace whyoom::render
