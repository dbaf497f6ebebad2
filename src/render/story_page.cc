#include "render/story_page.h"

#include <algorithm>
#include <utility>

#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "diagnose/min_free_steps.h"
#include "render/phrase.h"
#include "render/story_text.h"

namespace whyoom::render {
namespace {

using diagnose::Event;
using diagnose::MinFreeStep;

Paint paint_of(std::string_view outcome) {
  return outcome == tr(outcome_name(report::Outcome::panic))    ? Paint::yellow
         : outcome == tr(outcome_name(report::Outcome::killed)) ? Paint::red
                                                                : Paint::dim;
}

std::string note_of(MinFreeStep::Why why) {
  switch (why) {
    case MinFreeStep::Why::kernel_choice:
      return tr("the kernel's own choice");
    case MinFreeStep::Why::advised:
      return tr("the fix");
    case MinFreeStep::Why::as_it_was:
      return tr("as it was");
    case MinFreeStep::Why::first_to_fail:
      return tr("from here on it can fail");
    case MinFreeStep::Why::between:
      break;
  }
  return {};
}

}  // namespace

void add_timeline(Document& out, const Story& story) {
  double first = 0, last = 0;  // of the lead
  std::size_t timed = 0;
  for (const Follower& other : story.others) {
    if (other.seconds_after) {
      first = std::min(first, *other.seconds_after);
      last = std::max(last, *other.seconds_after);
      ++timed;
    }
  }
  if (timed == 0 || last - first <= 0) {
    return;
  }
  Timeline times;
  times.words = tr("{} on a line of time, over {}", plural(timed + 1, "event", "events"),
                   seconds(last - first));
  times.from = time_text(story.first);
  times.to = time_text(story.last);
  for (const Follower& other : story.others) {
    if (other.seconds_after) {
      times.moments.push_back({(*other.seconds_after - first) / (last - first),
                               paint_of(other.outcome), false,
                               follower_time(other) + " " + follower_text(other, {})});
    }
  }
  const Event& lead = story.lead;
  times.moments.push_back({-first / (last - first), paint_of(tr(outcome_name(lead.report.outcome))),
                           true, headline(lead)});
  out.section(tr("{} within {}", plural(story.events, "event", "events"), seconds(last - first)));
  out.timeline(std::move(times));
}

void add_min_free_steps(Document& out, const Event& event) {
  const auto steps = diagnose::min_free_steps(event);
  if (steps.empty()) {
    return;
  }
  Table table{{{.head = "vm.min_free_kbytes", .right = true},
               zone_bars(),
               {.head = tr("out of reach"), .right = true},
               {.head = tr("within reach"), .right = true},
               {.head = tr("this request")},
               {}},
              true};
  for (const MinFreeStep& step : steps) {
    const bool passes = step.passes.value_or(true);
    const std::string fails = step.within_reach.count() > 0 ? tr("can fail") : tr("fails");
    table.add({{std::to_string(step.value.count())},
               {{}, {}, Bar{step.free, step.needed}},
               {human(step.out_of_reach)},
               {human(step.within_reach)},
               {!step.passes ? ""
                : passes     ? tr("passes")
                             : fails,
                passes ? Paint::green : Paint::red},
               {note_of(step.why), Paint::bold}});
    if (step.why == MinFreeStep::Why::as_it_was) {
      table.slider = table.rows.size() - 1;
    }
  }
  out.section(tr("What other values would have done at this moment"));
  out.table(std::move(table));
}

void add_trace(Document& out, const Event& event) {
  if (!event.report.stack || event.report.stack->functions.empty()) {
    return;
  }
  out.fold(tr("Call trace"));
  for (const std::string& function : event.report.stack->functions) {
    out.code(function);
  }
  out.unfold();
}

}  // namespace whyoom::render
