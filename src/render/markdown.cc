// For a ticket. What comes out of a log is markdown_text().
#include <algorithm>
#include <array>

#include "base/human.h"
#include "base/text.h"
#include "render/markdown_text.h"
#include "render/phrase.h"
#include "render/render.h"
#include "render/sections.h"

namespace whyoom::render {
namespace {

using diagnose::Event;
using diagnose::Role;

void row(std::string& out, std::initializer_list<std::string> cells) {
  out += '|';
  for (const std::string& cell : cells) {
    out += ' ';
    out += cell;
    out += " |";
  }
  out += '\n';
}

// `columns`: 'l' or 'r' for each.
void head(std::string& out, std::string_view columns, std::initializer_list<std::string> cells) {
  row(out, cells);
  out += '|';
  for (const char column : columns) {
    out += column == 'r' ? "---:|" : "---|";
  }
  out += '\n';
}

void title(std::string& out, std::string_view text) {
  out += "\n### ";
  out += text;
  out += "\n\n";
}

void fact(std::string& out, std::string_view name, const std::string& value) {
  if (!value.empty()) {
    row(out, {std::string(name), markdown_text(value)});
  }
}

std::string victims(const report::Report& report) {
  constexpr std::size_t listed = 20;
  std::string text;
  for (std::size_t i = 0; i < std::min(listed, report.victims.size()); ++i) {
    text += (i == 0 ? "" : ", ") + victim_text(report.victims[i]);
  }
  if (report.victims.size() > listed) {
    text += " and " + std::to_string(report.victims.size() - listed) + " more";
  }
  return text;
}

void write_facts(std::string& out, const Event& event) {
  const report::Report& report = event.report;
  out += '\n';
  head(out, "ll", {"", ""});
  fact(out, "Event", headline(event));
  fact(out, "Place", source_range(report));
  fact(out, "Time", time_text(report.time));
  fact(out, "Host", printable(report.host));
  fact(out, "Kernel", report.stack ? printable(report.stack->release) : std::string());
  fact(out, "Request", request_text(event));
  fact(out, "Killed", victims(report));
  if (report.panic) {
    fact(out, "Panic", printable(report.panic->text));
  }
  fact(out, "Cause", printable(event.root_cause.empty() ? "undetermined" : event.root_cause));
  if (const auto* root = root_finding(event); root != nullptr && root->confidence > 0) {
    fact(out, "Confidence", percent(std::min(root->confidence, 1.0)));
  }
  fact(out, "Incomplete", incomplete_text(report));
  fact(out, "Unverified", printable(report.unverified.str()));
}

void write_proof(std::string& out, const Event& event) {
  const auto* root = root_finding(event);
  if (root == nullptr || root->proof.empty()) {
    return;
  }
  title(out, "Proof");
  head(out, "lrrl", {"What", "Value", "", "Read at"});
  for (const auto& proof : root->proof) {
    row(out, {markdown_text(clean(proof.what)), markdown_text(value_text(proof)), human_note(proof),
              markdown_text(place_text(event.evidence, proof.at))});
  }
}

void write_zones(std::string& out, const Event& event) {
  const auto rows = zone_rows(event);
  if (rows.empty()) {
    return;
  }
  title(out, "Zones");
  head(out, "lrrll", {"Zone", "Free", "Needs over", "Verdict", ""});
  for (const ZoneRow& zone : rows) {
    row(out, {markdown_text(zone.name), kb(zone.free), kb(zone.needed), zone.verdict_text,
              markdown_text(zone.note)});
  }
}

void write_cgroup(std::string& out, const Event& event) {
  const auto section = cgroup_section(event);
  if (!section) {
    return;
  }
  title(out, "Cgroup " + markdown_text(section->limit_path));
  if (!section->limit_owner.empty()) {
    out += "It is " + markdown_text(section->limit_owner) + ".\n\n";
  }
  head(out, "lrr", {"", "Usage", "Limit or share"});
  for (const CgroupRow& line : section->rows) {
    row(out, {line.label, kb(line.usage),
              line.limit       ? kb(*line.limit)
              : line.unlimited ? "no limit"
                               : markdown_text(percent(line.share))});
  }
  if (!section->task_path.empty() && section->task_path != section->limit_path) {
    const std::string owner =
        section->task_owner.empty() ? "" : ": " + markdown_text(section->task_owner);
    out += "\nThe process is in " + markdown_text(section->task_path) + owner + ".\n";
  }
}

void write_account(std::string& out, const Event& event, bool all) {
  const auto& account = event.evidence.account;
  if (!account ||
      !(is_used_up(event) || is_undetermined(event) || all || much_unaccounted(*account))) {
    return;
  }
  title(out, "Where " + human(account->total) + " of RAM went");
  head(out, "lrr", {"", "Size", "Share"});
  for (const AccountRow& line : account_rows(*account)) {
    row(out, {line.label, kb(line.size), markdown_text(percent(line.share))});
  }
}

void write_tasks(std::string& out, const Event& event, bool all) {
  constexpr std::size_t listed = 10;
  const bool wanted = is_used_up(event) || is_cgroup_cause(event) || is_undetermined(event) || all;
  const TaskSection section = wanted ? task_section(event, listed) : TaskSection();
  if (section.rows.empty()) {
    return;
  }
  title(out, "Biggest of " + plural(event.report.tasks.size(), "process", "processes"));
  head(out, "lrrrrrl", {"Name", "pid", "Resident", "Swapped", "Page tables", "Score adj", ""});
  for (const TaskRow& task : section.rows) {
    row(out, {markdown_text(task.comm), std::to_string(task.pid),
              task.rss ? kb(*task.rss) : plural(task.rss_pages, "page", "pages"),
              task.swap         ? kb(*task.swap)
              : task.swap_pages ? plural(*task.swap_pages, "page", "pages")
                                : "",
              task.page_tables ? kb(*task.page_tables) : "", std::to_string(task.oom_score_adj),
              task.killed         ? "killed"
              : task.is_protected ? "protected"
                                  : ""});
  }
  for (const std::string& note : section.notes) {
    out += (&note == section.notes.data() ? "\n- " : "- ") + markdown_text(note) + "\n";
  }
}

void write_others(std::string& out, const Event& event) {
  bool any = false;
  for (const auto& finding : event.findings) {
    if (finding.role == Role::root || finding.role == Role::ruled_out) {
      continue;
    }
    out += any ? "" : "\n";
    any = true;
    out += finding.role == Role::contributing  ? "- Also: "
           : finding.role == Role::consequence ? "- Then: "
                                               : "- Risk: ";
    out += markdown_text(clean(finding.summary)) + "\n";
  }
}

void write_undetermined(std::string& out, const Event& event) {
  if (!is_undetermined(event)) {
    return;
  }
  const auto list = [&out](std::string_view name, const std::vector<std::string>& lines) {
    if (lines.empty()) {
      return;
    }
    title(out, name);
    for (const std::string& line : lines) {
      out += "- " + markdown_text(line) + "\n";
    }
  };
  list("What is known", known_facts(event));
  list("What would settle it", what_would_settle(event.report));
}

// x
void write_followers(std::string& out, const std::vector<Follower>& followers, std::uint64_t more,
                     std::string_view root) {
  if (followers.empty() && more == 0) {
    return;
  }
  title(out, "What followed");
  for (const Follower& follower : followers) {
    const std::string time = follower_time(follower);
    out += "- " + (time.empty() ? "" : markdown_text(time) + " ") +
           markdown_text(follower_text(follower, root));
    out += follower.place.empty() ? "\n" : ", " + markdown_text(printable(follower.place)) + "\n";
  }
  if (more > 0) {
    out += "- and " + plural(more, "more event", "more events") + "\n";
  }
}

void write_ruled_out(std::string& out, const Event& event) {
  bool any = false;
  for (const auto& finding : event.findings) {
    if (finding.role != Role::ruled_out) {
      continue;
    }
    if (!any) {
      title(out, "Ruled out");
      any = true;
    }
    out +=
        "- " + markdown_text(finding.cause) + ": " + markdown_text(clean(finding.summary)) + "\n";
  }
}

void write_fix(std::string& out, const Event& event) {
  const auto list = fixes(event.findings);
  if (list.empty()) {
    return;
  }
  title(out, "Fix");
  for (const Fix& fix : list) {
    const std::string cause = fix.cause.empty() ? "" : " (" + markdown_text(fix.cause) + ")";
    out += "**" + markdown_text(fix.title) + "**" + cause + "\n\n";
    out += markdown_commands(fix.commands);
  }
}

}  // namespace

std::string markdown_story(const diagnose::Event& first, const std::vector<Follower>& followers,
                           std::uint64_t followers_more, bool all) {
  std::string out = "## " + markdown_text(answer(first)) + "\n";
  write_facts(out, first);
  write_undetermined(out, first);
  write_proof(out, first);
  write_cgroup(out, first);
  write_zones(out, first);
  write_account(out, first, all);
  write_tasks(out, first, all);
  write_others(out, first);
  write_followers(out, followers, followers_more, first.root_cause);
  if (all) {
    write_ruled_out(out, first);
  }
  write_fix(out, first);
  if (!out.ends_with("\n\n")) {
    out += '\n';
  }
  return out;
}

std::string markdown_summary(const Summary& summary) {
  std::string out = summary.events == 0 ? "No events" : plural(summary.events, "event", "events");
  out += " in " + plural(summary.lines, "line", "lines") + " (" + human(Bytes(summary.bytes)) + ")";
  if (summary.copies > 0) {
    out += ", " + plural(summary.copies, "repeated copy", "repeated copies") + " left out";
  }
  out += ".\n";
  if (summary.lines_lost > 0 || !summary.damage.empty() || summary.damage_more > 0) {
    out += '\n';
  }
  if (summary.lines_lost > 0) {
    out += "- Lost, as the log itself says: " + plural(summary.lines_lost, "line", "lines") + "\n";
  }
  for (const auto& damage : summary.damage) {
    out += "- Damaged: " + markdown_text(printable(damage.at)) + ": " +
           markdown_text(printable(damage.what)) + "\n";
  }
  if (summary.damage_more > 0) {
    out +=
        "- and " + plural(summary.damage_more, "more damaged place", "more damaged places") + "\n";
  }
  out += summary.sources.empty() ? "" : "\n";
  for (const LogSource& source : summary.sources) {
    out += std::string(source.read ? "- Read: " : "- Not read: ") +
           markdown_text(printable(source.name));
    out += source.read ? ": " + markdown_text(source_text(source)) : "";
    out += source.gap.empty() ? "\n" : ". Gap: " + markdown_text(printable(source.gap)) + "\n";
  }
  return out;
}

}  // namespace whyoom::render
