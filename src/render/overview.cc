#include "render/overview.h"

#include <algorithm>

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

constexpr std::size_t most_stories = 5;
constexpr std::size_t most_risks = 3;

void write_story(Canvas& out, const StoryHead& story) {
  const diagnose::Event& event = *story.first;
  const std::string time = time_text(event.report.time);
  std::string line = (time.empty() ? source_range(event.report) : time) + "  " + headline(event);
  if (story.followers > 0) {
    line += ", and " + plural(story.followers, "more event", "more events") + " after it";
  }
  out.text(line, Paint::plain, 2, 2);
  out.text(is_undetermined(event) ? "cause undetermined" : "cause: " + printable(event.root_cause),
           Paint::dim, 4, 2);
}

void write_what_happened(Canvas& out, const Overview& overview) {
  out.text("What happened", Paint::bold);
  if (overview.stories.empty()) {
    out.text(overview.sources.empty() ? "Not known: no kernel log could be read."
                                      : "No OOM event stands in the logs of this host.",
             Paint::plain, 2, 2);
  } else {
    const std::size_t shown = std::min(most_stories, overview.stories.size());
    if (shown < overview.stories.size()) {
      out.text(std::to_string(overview.stories.size() - shown) +
                   " older ones; `whyoom explain --host` tells of all",
               Paint::dim, 2);
    }
    for (std::size_t i = overview.stories.size() - shown; i < overview.stories.size(); ++i) {
      write_story(out, overview.stories[i]);
    }
    out.blank();
    out.text("Why, the last time", Paint::bold);
    out.text(answer(*overview.stories.back().first), Paint::plain, 2, 2);
  }
  for (const std::string& source : overview.sources) {
    out.text("read: " + printable(source), Paint::dim, 2, 2);
  }
}

const Finding* finding_of(const HostCheck& check, std::string_view cause) {
  const auto found = std::ranges::find_if(
      check.findings, [cause](const Finding& finding) { return finding.cause == cause; });
  return found == check.findings.end() ? nullptr : &*found;
}

// The cause of the last event, as this host is now.
void write_is_it_still_so(Canvas& out, const Overview& overview, const HostCheck& check) {
  out.blank();
  out.text("Is it still so", Paint::bold);
  std::string_view told;
  if (!overview.stories.empty()) {
    const std::string_view cause = overview.stories.back().first->root_cause;
    if (const Finding* finding = finding_of(check, cause)) {
      const bool gone = finding->role == Role::ruled_out;
      out.text(std::string(gone ? "No: " : "Yes: ") + clean(finding->summary),
               gone ? Paint::green : Paint::red, 2, 2);
      told = cause;
    } else if (cause != "undetermined") {
      out.text("The files of this host do not tell of " + printable(cause) + ".", Paint::plain, 2,
               2);
    }
  }
  std::size_t risks = 0;
  for (const Finding& finding : check.findings) {
    if (finding.role == Role::ruled_out || finding.cause == told || risks == most_risks) {
      continue;
    }
    out.labelled(finding.role == Role::root ? "now:" : "risk:", Paint::yellow,
                 clean(finding.summary), 2);
    ++risks;
  }
  if (risks == 0 && told.empty()) {
    out.text("Nothing is wrong on this host now.", Paint::green, 2, 2);
  }
}

void write_steps(Canvas& out, const HostCheck& check) {
  out.blank();
  for (const CheckStep& step : check_steps(check)) {
    out.labelled(step.title, Paint::bold, step.lines.empty() ? "" : step.lines.front(), 0);
  }
}

// What the host itself asks for; when that is nothing, what the last event asked for.
void write_what_to_do(Canvas& out, const Overview& overview, const HostCheck& check) {
  auto list = fixes(check.findings);
  if (list.empty() && !overview.stories.empty()) {
    const diagnose::Event& last = *overview.stories.back().first;
    const Finding* now = finding_of(check, last.root_cause);
    if (now == nullptr || now->role != Role::ruled_out) {
      list = fixes(last.findings);
    }
  }
  out.blank();
  out.text("What to do", Paint::bold);
  if (list.empty()) {
    out.text("Nothing. `whyoom check` has the numbers.", Paint::plain, 2, 2);
  }
  for (const Fix& fix : list) {
    out.text(fix.title, Paint::plain, 2, 2);
    for (const std::string& command : fix.commands) {
      out.verbatim(command, Paint::green, 4);
    }
  }
}

}  // namespace

std::string text_overview(const Overview& overview, const HostCheck& check,
                          const TextStyle& style) {
  Canvas out(style.width, style.colour);
  write_what_happened(out, overview);
  write_is_it_still_so(out, overview, check);
  write_steps(out, check);
  for (const std::string& gap : overview.gaps) {
    out.labelled("not read:", Paint::yellow, printable(gap), 0);
  }
  if (!check.facts.host.gaps.empty()) {
    out.text(plural(check.facts.host.gaps.size(), "file", "files") +
                 " of this host could not be read; `whyoom check --all` names them",
             Paint::dim);
  }
  write_what_to_do(out, overview, check);
  return out.take();
}

}  // namespace whyoom::render
