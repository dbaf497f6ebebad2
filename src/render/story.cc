// An explained event as a document: the answer first, then the proof, then the fix: what a person
// needs at 3 a.m. on an 80 x 24 terminal. A page (for a ticket) has room for more.
#include <algorithm>

#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "render/cgroup_tree.h"
#include "render/phrase.h"
#include "render/recorded.h"
#include "render/remedies.h"
#include "render/render.h"
#include "render/story_memory.h"
#include "render/story_page.h"
#include "render/story_quotes.h"
#include "render/story_text.h"
#include "render/story_zones.h"

namespace whyoom::render {
namespace {

using diagnose::Event;
using diagnose::Role;

constexpr std::size_t most_followers = 8;

void add_story_line(Document& out, const Story& story) {
  if (const std::string text = story_text(story); !text.empty()) {
    out.labelled(tr("story:"), Paint::dim, text);
  }
}

void add_answer(Document& out, const Story& story) {
  const Event& event = story.lead;
  std::vector<std::string> head = {source_range(event.report)};
  if (const std::string time = time_text(event.report.time); !time.empty()) {
    head.push_back(time);
  }
  if (!event.report.host.empty()) {
    head.push_back(printable(event.report.host));
  }
  head.push_back(headline(story));
  out.line(std::move(head), Paint::dim);
  out.blank();
  if (const Message& why = event.report.unverified; !why.empty()) {
    out.labelled(tr("unverified:"), Paint::yellow, why.str());
  }
  out.text(answer(event), Paint::bold);
  if (const auto* root = root_finding(event)) {
    out.text(cause_and_confidence(event, *root), Paint::dim);
  }
  for (const diagnose::Overturn& overturn : event.overturned_by) {
    out.labelled(tr("unless:"), Paint::yellow, overturn_text(overturn));
  }
  add_story_line(out, story);
  if (const std::string lack = incomplete_text(event); !lack.empty()) {
    out.labelled(tr("incomplete:"), Paint::yellow, lack);
  }
}

void add_answer_on_page(Document& out, const Story& story) {
  const Event& event = story.lead;
  const report::Report& report = event.report;
  const auto* root = root_finding(event);
  out.heading(answer(event));
  Table table{{Column(), Column()}};
  const auto fact = [&table](const std::string& name, const std::string& value) {
    if (!value.empty()) {
      table.add({{name}, {value}});
    }
  };
  fact(tr("Event"), headline(story));
  fact(tr("Story"), story_text(story));
  fact(tr("Place"), source_range(report));
  fact(tr("Time"), time_text(report.time));
  fact(tr("Host"), report.host);
  fact(tr("Kernel"), report.stack ? report.stack->release : std::string());
  fact(tr("Request"), request_text(event));
  fact(tr("Killed"), victims_text(report, 20));
  fact(tr("Panic"), report.panic ? report.panic->text : std::string());
  fact(tr("Cause"), event.root_cause.empty() ? tr("undetermined") : std::string(event.root_cause));
  fact(tr("Verdict"), tr(name(event.verdict)));
  for (const diagnose::Overturn& overturn : event.overturned_by) {
    fact(tr("Unless"), overturn_text(overturn));
  }
  if (root != nullptr && root->confidence > 0) {
    fact(tr("Confidence"), percent(std::min(root->confidence, 1.0)));
  }
  fact(tr("Incomplete"), incomplete_text(event));
  fact(tr("Unverified"), report.unverified.str());
  out.table(std::move(table));
}

// What a report says for certain whose cause is open.
std::vector<std::string> known_facts(const diagnose::Event& event) {
  const report::Report& report = event.report;
  std::vector<std::string> facts;
  const std::string request = request_text(event);
  if (!request.empty() && event.evidence.zones.empty()) {  // else it stands above the zones
    facts.push_back(tr("asked for: {}", request));
  }
  for (const auto& victim : report.victims) {
    if (facts.size() >= 6) {
      break;
    }
    const Bytes held = to_bytes(victim.resident());
    facts.push_back(
        tr("killed: {}{}",
           with_pid(victim.comm, victim.pid > 0 ? std::optional(victim.pid) : std::nullopt),
           held.count() > 0 ? tr(", which held {}", human(held)) : ""));
  }
  if (report.panic && !report.panic->text.empty()) {
    facts.push_back(tr("panic: {}", printable(report.panic->text)));
  }
  if (report.userspace && !report.userspace->what.empty()) {
    facts.push_back(tr("it says: {}", printable(report.userspace->what)));
  }
  return facts;
}

void add_list(Document& out, const std::string& title, const std::vector<std::string>& lines) {
  if (!title.empty() && !lines.empty()) {
    out.section(title);
  }
  for (const std::string& line : lines) {
    out.labelled("-", Paint::dim, line, 2);
  }
}

void add_proof(Document& out, const Event& event, bool page) {
  const auto* root = root_finding(event);
  if (root == nullptr || root->proof.empty()) {
    return;
  }
  out.section(tr("Proof"));
  Table table = proof_table(root->proof, [&](Place at) {
    return page ? place_text(event.evidence, at) : short_place(event.evidence, at);
  });
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    table.rows[i].back().link = quote_id(event, root->proof[i].at);
  }
  out.table(std::move(table));
}

void add_others(Document& out, const Event& event) {
  bool any = false;
  for (const auto& finding : event.findings) {
    if (finding.role == Role::root || finding.role == Role::ruled_out) {
      continue;
    }
    if (!std::exchange(any, true)) {
      out.blank();
    }
    out.labelled(label_of(finding.role), Paint::yellow, finding.summary.str());
  }
}

// The head names the file; one line for each follower is worth more than its name again.
std::string line_in_story(const Follower& follower, const report::Report& first) {
  const std::string place = printable(follower.place);
  const std::string prefix = printable(first.source) + ":";
  return place.starts_with(prefix) ? tr("line {}", place.substr(prefix.size())) : place;
}

// A spree can be long: its beginning and its end are shown, unless all of it is asked for.
void add_others_of_story(Document& out, const Story& story, bool before, Detail detail) {
  std::vector<const Follower*> rows;
  for (const Follower& other : story.others) {
    if (other.before == before) {
      rows.push_back(&other);
    }
  }
  if (rows.empty()) {
    return;
  }
  out.section(before ? tr("What came before") : tr("What followed"));
  // Those that were left out stand before the last of all.
  const bool cut = story.others_left_out > 0 && rows.back() == &story.others.back();
  const bool all = detail.all || detail.page || rows.size() <= most_followers;
  const std::size_t shown =
      all && !cut ? rows.size() : std::min(rows.size(), all ? SIZE_MAX : most_followers) - 1;
  const std::uint64_t hidden =
      rows.size() - shown - (shown < rows.size() ? 1 : 0) + (cut ? story.others_left_out : 0);
  Table table{{{.head = before ? tr("before") : tr("after"), .right = true},
               {.head = tr("event"), .flexible = true},
               {.head = tr("place"), .whole = true}}};
  const auto add = [&](const Follower& other) {
    table.add({{follower_time(other)},
               {follower_text(other, story.lead.root_cause)},
               {detail.page ? other.place : line_in_story(other, story.lead.report), Paint::dim}});
  };
  for (std::size_t i = 0; i < shown; ++i) {
    add(*rows[i]);
  }
  if (hidden > 0) {
    table.add({{}, {"... " + plural(hidden, "more event", "more events"), Paint::dim}, {}});
  }
  if (shown < rows.size()) {
    add(*rows.back());
  }
  out.table(std::move(table));
}

void add_ruled_out(Document& out, const Event& event, Detail detail) {
  Table table{{{.head = tr("cause")}, {.head = tr("why"), .flexible = true}}};
  if (detail.html) {
    table.columns.push_back({.head = tr("read at")});
  }
  for (const auto& finding : event.findings) {
    if (finding.role != Role::ruled_out) {
      continue;
    }
    std::string why = clean(finding.summary);
    const Place at = finding.proof.empty() ? Place() : finding.proof.front().at;
    const std::string place = short_place(event.evidence, at);
    if (!detail.html) {
      why += place.empty() ? "" : tr(", {}", place);
    }
    table.add({{std::string(finding.cause)}, {why}});
    if (detail.html) {
      const bool in_log = at.source == 0 && at.line > 0;  // the page names it above
      table.rows.back().back() = {
          in_log ? tr("line {}", std::to_string(event.report.line_of_log(at.line))) : place,
          Paint::dim,
          {},
          quote_id(event, at)};
    }
  }
  if (table.rows.empty()) {
    return;
  }
  if (detail.html) {
    out.fold(tr("Ruled out"));
    out.table(std::move(table));
    out.unfold();
  } else {
    out.section(tr("Ruled out"));
    out.table(std::move(table));
  }
}

void add_fix(Document& out, const Story& story, Detail detail) {
  if (const auto list = fixes(story.lead.findings, story.end.has_value()); !list.empty()) {
    out.section(tr("Fix"));
    add_fixes(out, list, detail);
  }
}

}  // namespace

Document story(const Story& story, Detail detail) {
  const Event& first = story.lead;
  Document out;
  if (detail.page) {
    add_answer_on_page(out, story);
  } else {
    add_answer(out, story);
  }
  if (is_undetermined(first)) {
    add_list(out, detail.page ? tr("What is known") : "", known_facts(first));
  }
  if (detail.html) {  // who scrolls should not have to for it
    add_fix(out, story, detail);
    add_min_free_steps(out, first);
  }
  add_proof(out, first, detail.page);
  add_cgroup(out, first);
  if (detail.html) {
    add_cgroup_tree(out, first);
  }
  add_zones(out, first, detail);
  add_account(out, first, detail);
  add_tasks(out, first, detail);
  if (detail.html) {
    add_recorded_curve(out, first);
  }
  add_recorded(out, first);
  add_others(out, first);
  if (detail.html) {
    add_timeline(out, story);
  }
  add_others_of_story(out, story, true, detail);
  add_others_of_story(out, story, false, detail);
  if (detail.all || detail.html) {
    add_ruled_out(out, first, detail);
  }
  if (is_undetermined(first)) {
    add_list(out, tr("What would settle it"), what_would_settle(first));
  }
  if (detail.html) {
    add_quotes(out, first);
    add_trace(out, first);
  } else {
    add_fix(out, story, detail);
  }
  out.blank();
  return out;
}

}  // namespace whyoom::render
