#include "render/brief.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "render/phrase.h"
#include "render/recorded.h"
#include "render/remedies.h"
#include "render/screen.h"
#include "render/story_memory.h"
#include "render/story_text.h"
#include "render/story_zones.h"

namespace whyoom::render {
namespace {

using diagnose::Event;
using diagnose::Finding;
using diagnose::Role;

constexpr std::size_t most_rows = 20;

// How much is told: the least, and what is added while there is room, the most wanted first.
struct Depth {
  std::size_t width = 80;
  std::size_t answer_sentences = 1, answer_lines = 3, commands = 1, fixes = 1, others = 0;
  std::size_t picture_rows = 0, notes = 0, note_lines = 1;
  bool blanks = false, biggest = false, effect = false, undo = false;
};
constexpr void (*additions[])(Depth&) = {
    [](Depth& depth) { depth.picture_rows = 2; },
    [](Depth& depth) { depth.answer_sentences = std::max<std::size_t>(depth.answer_sentences, 2); },
    [](Depth& depth) { depth.biggest = true; },
    [](Depth& depth) { depth.blanks = true; },
    [](Depth& depth) {
      depth.answer_sentences = SIZE_MAX;
      depth.answer_lines = std::max<std::size_t>(depth.answer_lines, 5);
    },
    [](Depth& depth) { depth.effect = true; },
    [](Depth& depth) { depth.others = 2; },
    [](Depth& depth) { depth.notes = 1; },
    [](Depth& depth) { depth.undo = true; },
    [](Depth& depth) { depth.picture_rows = 4; },
    [](Depth& depth) { depth.commands = 2; },
    [](Depth& depth) { depth.note_lines = 2; },
    [](Depth& depth) { depth.others = 4; },
    [](Depth& depth) { depth.fixes = 2; },
    [](Depth& depth) { depth.notes = 3; },
};

void write_answer(Document& out, const Event& event, const Depth& depth) {
  const auto note = [&](const std::string& label, const std::string& text, std::size_t lines) {
    const std::size_t room = depth.width - display_width(label) - 1;
    out.labelled(label, Paint::yellow, clipped(text, room, lines));
  };
  if (!event.report.unverified.empty()) {
    note(tr("unverified:"), event.report.unverified.str(), 2);
  }
  out.text(clipped(first_sentences(answer(event), depth.answer_sentences), depth.width,
                   depth.answer_lines),
           Paint::bold);
  if (const Finding* root = root_finding(event)) {
    out.text(cause_and_confidence(event, *root), Paint::dim);
  }
  if (!event.overturned_by.empty()) {
    note(tr("unless:"), overturn_text(event.overturned_by.front()), 2);
  }
  if (const std::string lack = incomplete_text(event); !lack.empty()) {
    note(tr("incomplete:"), lack, depth.note_lines);
  }
}

// What to do; of an event whose cause is open, what would tell it.
void write_fix(Document& out, const Story& story, const Depth& depth) {
  const Event& event = story.lead;
  auto list = fixes(event.findings, story.end.has_value());
  if (list.empty()) {
    const auto advice = what_would_settle(event);
    if (is_undetermined(event) && !advice.empty()) {
      out.labelled(tr("What would settle it:"), Paint::bold, advice.front());
      if (advice.size() > 1) {
        out.labelled("-", Paint::dim, advice.back(), 2);
      }
    }
    return;
  }
  // Why the machine panicked, or a process that may not be killed held the memory, is not the
  // cause, and is what people ask.
  const auto asked = std::ranges::find_if(list, [](const Fix& fix) {
    return fix.cause == "panic-on-oom" || fix.cause == "unkillable-hog";
  });
  if (asked != list.end() && asked != list.begin() && depth.fixes == 1) {
    std::rotate(list.begin() + 1, asked, asked + 1);
  }
  const std::size_t shown = std::min(list.size(), asked != list.end() ? 2 : depth.fixes);
  for (std::size_t i = 0; i < shown; ++i) {
    const Fix& fix = list[i];
    const bool also = i > 0 && fix.cause == "panic-on-oom";
    out.labelled(i == 0 ? tr("Fix:")
                 : also ? tr("And:")
                        : tr("Or: "),
                 Paint::bold, clipped(fix.title, depth.width - 5, 2));
    for (std::size_t k = 0; k < std::min(depth.commands, fix.commands.size()); ++k) {
      out.code(fix.commands[k]);
    }
    if (depth.effect && !fix.result.empty()) {
      out.text(tr("With {} {}.", fix.with, fix.result), Paint::dim, 4, 2);
    }
    if (depth.undo && !fix.commands.empty() &&
        fix.commands.front().starts_with("sudo whyoom fix") &&
        fix.commands.front().find(" --root ") == std::string::npos) {
      out.text(tr("It shows what it changes and asks; sudo whyoom undo takes it back."), Paint::dim,
               4, 2);
    }
  }
}

std::string where(const report::Report& report) {
  std::string text = source_range(report);
  if (report.stack && !report.stack->release.empty()) {
    text += tr(", kernel {}", printable(report.stack->release));
  }
  return text + (report.host.empty() ? "" : tr(", host {}", printable(report.host)));
}

// "In all 40 events, 40 killed, in 3 h 20 min, one every 5 min"
std::string spree(const Story& story) {
  std::string text = tr("In all {}", plural(story.events, "event", "events"));
  text += story.killed > 0 ? tr(", {} killed", grouped(story.killed)) : "";
  const std::string each = interval_text(story.events, story.seconds);
  if (!each.empty()) {
    text += tr(", in {}{}", seconds(*story.seconds),
               story.events > 2 ? tr(", one every {}", each) : "");
  }
  const std::string last = story.last.wall.empty() ? "" : short_time(story.last);
  return text + (last.empty() ? "" : tr(", the last {}", last));
}

// The event in full, then how it went on: the first ones, and the end.
void write_what_happened(Document& out, const Story& story, const Depth& depth) {
  out.labelled(tr("What happened:"), Paint::bold,
               clipped(where(story.lead.report), depth.width - 15, 3));
  Table table{{{.right = true}, {.flexible = true}}};
  table.add({{short_time(story.lead.report.time), Paint::dim},
             {clipped(headline(story), depth.width - 20, 3),
              story.lead.report.panic || story.end ? Paint::red : Paint::plain}});
  std::vector<const Follower*> rows;
  for (const Follower& other : story.others) {
    if (!other.before) {
      rows.push_back(&other);
    }
  }
  const std::size_t shown = std::min(depth.others, rows.size());
  const auto add = [&](const Follower& other) {
    table.add({{follower_time(other), Paint::dim},
               {clipped(follower_text(other, story.lead.root_cause), depth.width - 20, 2)}});
  };
  for (std::size_t i = 0; i + 1 < shown; ++i) {
    add(*rows[i]);
  }
  if (shown > 0) {
    add(*rows.back());
  }
  out.table(std::move(table));
  // Of a kill and the panic behind it the headline has told.
  if (story.events > (story.end ? 2 : 1)) {
    out.text(clipped(spree(story), depth.width - 2, 2), Paint::plain, 2, 2);
  }
}

std::string biggest(const Event& event) {
  const auto& who = event.evidence.attribution;
  if (!event.evidence.page_size_known || who.table_cut) {
    return {};
  }
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, who.top.size()); ++i) {
    const memory::TaskUse& use = who.top[i];
    const Bytes swapped = use.swap.value_or(Bytes(0));
    const std::string& comm = use.task->comm;
    const bool same = i > 0 && !comm.empty() && comm == who.top[i - 1].task->comm;
    const std::string name =
        comm.empty() ? tr("pid {}", std::to_string(use.task->pid)) : printable(comm);
    text += (i == 0 ? tr("Biggest: ") : tr(", ")) + (same ? "" : name + " ") + human(use.rss);
    text += swapped >= use.rss / 100 && swapped.count() > 0 ? tr(" and {} swapped", human(swapped))
                                                            : std::string();
    text += use.task->oom_score_adj <= -1000 ? tr(" (protected)") : "";
  }
  return text;
}

// The numbers that the answer rests on, as a picture where there is one.
void write_picture(Document& out, const Event& event, const Depth& depth) {
  const auto table = [&](const std::string& title, Table rows) {
    rows.rows.resize(std::min(rows.rows.size(), depth.picture_rows));
    out.heading(title, "###");
    out.table(std::move(rows));
  };
  const Finding* root = root_finding(event);
  const auto& limit = event.evidence.attribution.limit;
  Table cgroup = event.report.memcg ? cgroup_table(*event.report.memcg, Sizes::rounded) : Table();
  if (!cgroup.rows.empty()) {
    table(limit && !limit->path.empty() ? tr("Cgroup {}", limit->path) : tr("Cgroup"),
          std::move(cgroup));
  } else if (event.evidence.account && (is_used_up(event) || is_undetermined(event))) {
    table(tr("Where {} of RAM went", human(event.evidence.account->total)),
          account_table(*event.evidence.account, Sizes::rounded));
  } else if (Table zones = zone_picture(event, depth.picture_rows, Sizes::rounded).table;
             !zones.rows.empty()) {
    table(tr("Zones"), std::move(zones));
  } else if (root != nullptr && root->proof.size() > 1) {
    table(tr("Proof"), proof_table(root->proof, [](Place) { return std::string(); }));
  }
}

void write_notes(Document& out, const Event& event, const Depth& depth) {
  std::size_t said = 0;
  for (const Finding& finding : event.findings) {
    // What may have been it the answer has said.
    const bool is_candidate =
        std::ranges::find(event.candidates, finding.cause, &diagnose::Candidate::cause) !=
        event.candidates.end();
    if (finding.role == Role::root || finding.role == Role::ruled_out || is_candidate ||
        said == depth.notes) {
      continue;
    }
    out.labelled(
        label_of(finding.role), Paint::yellow,
        clipped(first_sentences(clean(finding.summary), depth.note_lines), depth.width - 6, 2));
    ++said;
  }
}

Document written(const Story& story, const Depth& depth) {
  const Event& event = story.lead;
  Document out;
  const auto gap = [&] {
    if (depth.blanks) {
      out.blank();
    }
  };
  write_answer(out, event, depth);
  gap();
  write_fix(out, story, depth);
  gap();
  write_what_happened(out, story, depth);
  Document numbers;
  if (depth.picture_rows > 0) {
    write_picture(numbers, event, depth);
  }
  if (const std::string text = depth.biggest ? biggest(event) : ""; !text.empty()) {
    numbers.text(clipped(text, depth.width - 2, 1), Paint::plain, 2, 2);
  }
  if (depth.biggest && event.recorded && !event.recorded->grew.empty()) {
    numbers.text(clipped(growth_text(event.recorded->grew.front()), depth.width - 2, 2),
                 Paint::plain, 2, 2);
  }
  write_notes(numbers, event, depth);
  if (!numbers.blocks().empty()) {
    gap();
    out.append(numbers);
  }
  out.blank();
  return out;
}

}  // namespace

Document brief(const Story& story, unsigned width, const TaskList& tasks) {
  Depth least;
  least.width = width;
  if (!story.lead.candidates.empty()) {  // what it comes to is the last sentence
    least.answer_sentences = SIZE_MAX;
    least.answer_lines = 6;
  }
  const auto text = [&](const Depth& depth) {
    return to_text(written(story, depth), {.width = width});
  };
  Document out = written(story, deepest(least, additions, most_rows, width, text));
  constexpr std::uint32_t usual = 5;
  Table listed = tasks.wanted() ? task_table(story.lead, tasks, usual) : Table();
  if (!listed.rows.empty()) {
    out.heading(task_title(story.lead, tasks), "###");
    out.table(std::move(listed));
    out.blank();
  }
  return out;
}

}  // namespace whyoom::render
