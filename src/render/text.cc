// Answer first, then the proof, then the fix: what a person needs at 3 a.m. on an 80 x 24 terminal.
#include "base/text.h"

#include <algorithm>

#include "base/human.h"
#include "render/layout.h"
#include "render/phrase.h"
#include "render/render.h"
#include "render/sections.h"

namespace whyoom::render {
namespace {

using diagnose::Event;
using diagnose::Role;

constexpr std::size_t most_zones = 12;
constexpr std::size_t most_tasks = 5;
constexpr std::size_t most_damage = 5;
constexpr std::size_t most_followers = 8;

void heading(Canvas& out, std::string_view text) {
  out.blank();
  out.text(text, Paint::bold, 0, 2);
}

// Place, time and what happened, on one line if they fit. A place stays whole, so that it can be
// opened from the terminal.
void write_head(Canvas& out, const Event& event) {
  const std::string place = source_range(event.report);
  const std::string time = time_text(event.report.time);
  const std::string what = headline(event);
  const std::string first = time.empty() ? place : place + "  " + time;
  const auto fits = [&out](const std::string& line) { return display_width(line) <= out.width(); };
  if (fits(first + "  " + what)) {
    out.verbatim(first + "  " + what, Paint::dim);
    return;
  }
  out.verbatim(fits(first) ? first : place, Paint::dim);
  if (!fits(first) && !time.empty()) {
    out.text(time, Paint::dim, 2, 2);
  }
  out.text(what, Paint::dim, 2);
}

void write_what_would_settle(Canvas& out, const Event& event) {
  if (!is_undetermined(event)) {
    return;
  }
  if (const auto advice = what_would_settle(event.report); !advice.empty()) {
    heading(out, "What would settle it");
    for (const std::string& part : advice) {
      out.labelled("-", Paint::dim, part, 2);
    }
  }
}

void write_answer(Canvas& out, const Event& event) {
  out.blank();
  if (const Message& why = event.report.unverified; !why.empty()) {
    out.labelled("unverified:", Paint::yellow, printable(why.str()), 0);
  }
  out.text(answer(event), Paint::bold);
  if (const auto* root = root_finding(event)) {
    std::string line = "cause: " + printable(root->cause);
    if (root->confidence > 0) {
      line += ", confidence " + percent(std::min(root->confidence, 1.0));
    }
    out.text(line, Paint::dim);
  }
  if (const std::string lack = incomplete_text(event.report); !lack.empty()) {
    out.labelled("incomplete:", Paint::yellow, lack, 0);
  }
  if (is_undetermined(event)) {
    for (const std::string& fact : known_facts(event)) {
      out.labelled("-", Paint::dim, fact, 2);
    }
  }
}

void write_proof(Canvas& out, const Event& event) {
  const auto* root = root_finding(event);
  if (root == nullptr || root->proof.empty()) {
    return;
  }
  heading(out, "Proof");
  Table table({{.flexible = true}, {.right = true}, {.right = true}, {.whole = true}});
  for (const auto& proof : root->proof) {
    table.add({{clean(proof.what)},
               {value_text(proof)},
               {human_note(proof), Paint::dim},
               {short_place(event.evidence, proof.at), Paint::dim}});
  }
  table.write(out);
}

Paint colour_of(ZoneRow::Verdict verdict) {
  switch (verdict) {
    case ZoneRow::Verdict::short_of:
    case ZoneRow::Verdict::at_mark:
      return Paint::red;
    case ZoneRow::Verdict::passes:
      return Paint::green;
    case ZoneRow::Verdict::not_usable:
      return Paint::dim;
  }
  return Paint::plain;
}

void write_zones(Canvas& out, const Event& event) {
  const auto rows = zone_rows(event);
  if (rows.empty()) {
    return;
  }
  const std::string request = request_text(event);
  heading(out, "Zones");
  if (!request.empty()) {
    out.text("asked for: " + request, Paint::dim, 2, 2);
  }
  const std::size_t cells = out.width() < 72 ? 12 : out.width() < 100 ? 20 : 32;
  Table table(
      {{}, {.optional = true}, {.right = true}, {.right = true}, {.flexible = true, .least = 10}});
  table.add({{"zone", Paint::dim},
             {cells < 20 ? "= free |needed" : "= free  | needed", Paint::dim},
             {"free", Paint::dim},
             {"needs over", Paint::dim},
             {}});
  for (const ZoneRow& row : rows) {
    if (&row - rows.data() == most_zones) {
      break;
    }
    table.add({{row.name},
               {row.filled ? bar(*row.filled, row.mark, cells) : std::string()},
               {kb(row.free)},
               {kb(row.needed)},
               {row.verdict_text, colour_of(row.verdict)}});
  }
  table.write(out);
  if (rows.size() > most_zones) {
    out.text("and " + plural(rows.size() - most_zones, "more zone", "more zones"), Paint::dim, 2);
  }
  for (const ZoneRow& row : rows) {
    if (!row.note.empty() && &row - rows.data() < static_cast<std::ptrdiff_t>(most_zones)) {
      out.text(row.name + ": " + row.note, Paint::dim, 2, 2);
    }
  }
}

void write_cgroup(Canvas& out, const Event& event) {
  const auto section = cgroup_section(event);
  if (!section) {
    return;
  }
  heading(out, section->limit_path.empty() ? "Cgroup" : "Cgroup " + section->limit_path);
  if (!section->limit_owner.empty()) {
    out.text("it is " + section->limit_owner, Paint::plain, 2, 2);
  }
  const std::size_t cells = out.width() < 72 ? 10 : 16;
  Table table({{.flexible = true}, {.optional = true}, {.right = true}, {}});
  for (const CgroupRow& row : section->rows) {
    const bool counter = row.limit || row.unlimited;
    table.add({{(counter ? "" : "  ") + row.label},
               {row.unlimited ? std::string() : bar(row.share, std::nullopt, cells)},
               {kb(row.usage)},
               {row.limit       ? "of " + kb(*row.limit)
                : row.unlimited ? "no limit"
                                : percent(row.share),
                Paint::dim}});
  }
  table.write(out);
  if (!section->task_path.empty() && section->task_path != section->limit_path) {
    out.text("the process is in " + section->task_path, Paint::dim, 2, 2);
    if (!section->task_owner.empty()) {
      out.text("that is " + section->task_owner, Paint::plain, 2, 2);
    }
  }
}

void write_account(Canvas& out, const Event& event, const TextStyle& style) {
  if (!event.evidence.account) {
    return;
  }
  const memory::Account& account = *event.evidence.account;
  if (!is_used_up(event) && !is_undetermined(event) && !style.all) {
    if (much_unaccounted(account)) {
      const Bytes lost = account.size(memory::AccountLine::What::unaccounted);
      out.blank();
      out.labelled("note:", Paint::yellow,
                   kb(lost) + " (" + percent(share(lost, account.total)) +
                       " of RAM) is in no counter of the report",
                   0);
    }
    return;
  }
  heading(out, "Where " + human(account.total) + " of RAM went");
  const std::size_t cells = out.width() < 72 ? 10 : 20;
  Table table({{.flexible = true},
               {.optional = true},
               {.right = true},
               {.right = true, .optional = true},
               {.right = true}});
  for (const AccountRow& row : account_rows(account)) {
    const bool alarm = row.unaccounted && much_unaccounted(account);
    table.add({{row.label, alarm ? Paint::yellow : Paint::plain},
               {bar(row.share, std::nullopt, cells)},
               {kb(row.size)},
               {row.size.count() >= 1024 * 1024 ? human(row.size) : "", Paint::dim},
               {percent(row.share)}});
  }
  table.write(out);
  if (account.overcounted.count() > 0) {
    out.text("The counters add up to " + kb(account.overcounted) +
                 " more than there is: they are read one after the other while memory moves.",
             Paint::dim, 2);
  }
}

// Pages are what the kernel printed; they become kB when the report tells how big a page is.
std::string task_value(const std::optional<Bytes>& size,
                       const std::optional<std::uint64_t>& pages) {
  return size ? kb(*size) : pages ? plural(*pages, "page", "pages") : std::string();
}

void write_tasks(Canvas& out, const Event& event, const TextStyle& style) {
  if (!is_used_up(event) && !is_cgroup_cause(event) && !is_undetermined(event) && !style.all) {
    return;
  }
  const TaskSection section = task_section(event, most_tasks);
  if (section.rows.empty()) {
    return;
  }
  heading(out, "Biggest of " + plural(event.report.tasks.size(), "process", "processes"));
  Table table({{.flexible = true},
               {.right = true},
               {.right = true},
               {.right = true},
               {.right = true, .optional = true},
               {.right = true},
               {}});
  table.add({{"name", Paint::dim},
             {"pid", Paint::dim},
             {"resident", Paint::dim},
             {"swapped", Paint::dim},
             {"page tables", Paint::dim},
             {"adj", Paint::dim},
             {}});
  for (const TaskRow& row : section.rows) {
    table.add({{row.comm},
               {std::to_string(row.pid)},
               {task_value(row.rss, row.rss_pages)},
               {task_value(row.swap, row.swap_pages)},
               {task_value(row.page_tables, std::nullopt)},
               {std::to_string(row.oom_score_adj)},
               {row.killed         ? "killed"
                : row.is_protected ? "protected"
                                   : "",
                row.killed ? Paint::red : Paint::yellow}});
  }
  table.write(out);
  for (const std::string& note : section.notes) {
    out.text(note, Paint::plain, 2, 2);
  }
}

void write_others(Canvas& out, const Event& event) {
  bool any = false;
  for (const auto& finding : event.findings) {
    if (finding.role == Role::root || finding.role == Role::ruled_out) {
      continue;
    }
    if (!any) {
      out.blank();
      any = true;
    }
    const std::string_view label = finding.role == Role::contributing  ? "also:"
                                   : finding.role == Role::consequence ? "then:"
                                                                       : "risk:";
    out.labelled(label, Paint::yellow, clean(finding.summary), 0);
  }
}

// The head names the file; one line for each follower is worth more than its name again.
std::string line_in_story(const Follower& follower, const report::Report& first) {
  const std::string place = printable(follower.place);
  const std::string prefix = printable(first.source) + ":";
  return place.starts_with(prefix) ? "line " + place.substr(prefix.size()) : place;
}

// A spree can be long: its beginning and its end are shown, unless all of it is asked for.
void write_followers(Canvas& out, const std::vector<Follower>& followers, std::uint64_t more,
                     const Event& first, bool all) {
  if (followers.empty() && more == 0) {
    return;
  }
  heading(out, "What followed");
  const std::size_t shown = all || followers.size() <= most_followers ? followers.size()
                            : more > 0                                ? most_followers
                                                                      : most_followers - 1;
  std::uint64_t hidden = followers.size() - shown + more;
  const bool has_end = hidden > 0 && more == 0;
  hidden -= has_end ? 1 : 0;
  Table table({{.right = true}, {.flexible = true}, {.whole = true}});
  const auto add = [&](const Follower& follower) {
    table.add({{follower_time(follower)},
               {follower_text(follower, first.root_cause)},
               {line_in_story(follower, first.report), Paint::dim}});
  };
  for (std::size_t i = 0; i < shown; ++i) {
    add(followers[i]);
  }
  if (hidden > 0) {
    table.add({{}, {"... " + plural(hidden, "more event", "more events"), Paint::dim}, {}});
  }
  if (has_end) {
    add(followers.back());
  }
  table.write(out);
}

void write_ruled_out(Canvas& out, const Event& event) {
  Table table({{}, {.flexible = true}});
  for (const auto& finding : event.findings) {
    if (finding.role != Role::ruled_out) {
      continue;
    }
    std::string why = clean(finding.summary);
    if (!finding.proof.empty()) {
      const std::string place = short_place(event.evidence, finding.proof.front().at);
      why += place.empty() ? "" : ", " + place;
    }
    table.add({{printable(finding.cause)}, {why}});
  }
  if (!table.empty()) {
    heading(out, "Ruled out");
    table.write(out);
  }
}

void write_fix(Canvas& out, const Event& event) {
  const auto list = fixes(event.findings);
  if (list.empty()) {
    return;
  }
  heading(out, "Fix");
  for (const Fix& fix : list) {
    const std::string title = fix.cause.empty() ? fix.title : fix.title + " (" + fix.cause + ")";
    if (!title.empty()) {
      out.text(title, Paint::plain, 2);
    }
    for (const std::string& command : fix.commands) {
      out.verbatim(command, Paint::green, 4);
    }
    if (!fix.effect.empty()) {
      out.text(fix.effect, Paint::dim, 4, 2);
    }
  }
}

}  // namespace

std::string text_story(const diagnose::Event& first, const std::vector<Follower>& followers,
                       std::uint64_t followers_more, const TextStyle& style) {
  Canvas out(style.width, style.colour);
  write_head(out, first);
  write_answer(out, first);
  write_proof(out, first);
  write_cgroup(out, first);
  write_zones(out, first);
  write_account(out, first, style);
  write_tasks(out, first, style);
  write_others(out, first);
  write_followers(out, followers, followers_more, first, style.all);
  if (style.all) {
    write_ruled_out(out, first);
  }
  write_what_would_settle(out, first);
  write_fix(out, first);
  out.blank();
  return out.take();
}

std::string text_summary(const Summary& summary, const TextStyle& style) {
  Canvas out(style.width, style.colour);
  std::string line = summary.events == 0 ? "no events" : plural(summary.events, "event", "events");
  line +=
      " in " + plural(summary.lines, "line", "lines") + " (" + human(Bytes(summary.bytes)) + ")";
  if (summary.copies > 0) {
    line += ", " + plural(summary.copies, "repeated copy", "repeated copies") + " left out";
  }
  out.text(line, Paint::dim);
  if (summary.lines_lost > 0) {
    out.labelled("lost:", Paint::yellow,
                 plural(summary.lines_lost, "line", "lines") +
                     ", as the log itself says; what they held is not known",
                 0);
  }
  const std::size_t shown = std::min(most_damage, summary.damage.size());
  for (std::size_t i = 0; i < shown; ++i) {
    out.labelled("damaged:", Paint::yellow,
                 printable(summary.damage[i].at) + ": " + printable(summary.damage[i].what), 0);
  }
  const std::uint64_t more = summary.damage.size() - shown + summary.damage_more;
  if (more > 0) {
    out.text("and " + plural(more, "more damaged place", "more damaged places"), Paint::dim);
  }
  if (summary.events_left_out > 0) {
    out.labelled("left out:", Paint::yellow,
                 plural(summary.events_left_out, "older event", "older events") +
                     ", for which there was no room; --until and a FILE show them",
                 0);
  }
  return out.take() + text_sources(summary.sources, style);
}

}  // namespace whyoom::render
