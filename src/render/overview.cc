#include "render/overview.h"

#include <algorithm>
#include <optional>

#include "base/human.h"
#include "base/language.h"
#include "base/shell.h"
#include "base/text.h"
#include "diagnose/last_word.h"
#include "render/check.h"
#include "render/layout.h"
#include "render/phrase.h"
#include "render/remedies.h"
#include "render/screen.h"

namespace whyoom::render {
namespace {

using diagnose::Finding;
using diagnose::HostCheck;
using diagnose::Role;

constexpr std::size_t most_lines = 23;

// How much is told: the least, and what is added while there is room, the most wanted first.
// Sentences: of an answer or a risk, the first ones.
struct Depth {
  std::size_t width = 80;  // of the terminal
  std::size_t stories = 1, answer_sentences = 1, answer_lines = 1, risks = 0, risk_sentences = 1,
              risk_lines = 2;
  std::size_t fixes = 1, gaps = 0;
  bool sources = false, each_source = false, blanks = false;
};
constexpr void (*additions[])(Depth&) = {
    [](Depth& depth) { depth.answer_lines = 3; },
    [](Depth& depth) { depth.risks = 1; },
    [](Depth& depth) { depth.fixes = 2; },
    [](Depth& depth) { depth.blanks = true; },
    [](Depth& depth) { depth.sources = true; },
    [](Depth& depth) { depth.answer_sentences = 2; },
    [](Depth& depth) { depth.answer_sentences = depth.answer_lines = SIZE_MAX; },
    [](Depth& depth) { depth.risk_lines = depth.risk_sentences = SIZE_MAX; },
    [](Depth& depth) { depth.risks = 2; },
    [](Depth& depth) { depth.stories = 3; },
    [](Depth& depth) { depth.fixes = SIZE_MAX; },
    [](Depth& depth) { depth.gaps = 3; },
    [](Depth& depth) { depth.each_source = true; },
    [](Depth& depth) { depth.risks = 3; },
    [](Depth& depth) { depth.stories = 5; },
};

// "`whyoom check`" of the host that this is about.
std::string command(const Overview& overview, ShellPattern<> what) {
  const auto root = ShellOperand::from(overview.root);
  std::string text = "`" + ShellCommand(what).text();
  if (root) {
    text += " " + ShellCommand("--root {}", *root).text();
  } else if (overview.root.empty() && what.text().ends_with("explain")) {
    text += " --host";
  }
  return text + (root || overview.root.empty() ? "`" : tr("` with the same --root"));
}

void write_story(Document& out, const StoryHead& story) {
  const diagnose::Event& event = *story.first;
  std::string line = event_line(event);
  if (event.report.panic) {
    line += restart_words(*event.report.panic);
  } else if (story.end != nullptr) {
    line += tr(", then {}{}", panic_words(*story.end), restart_words(*story.end));
  }
  // Two events that end in a panic are told already.
  if (story.followers > (story.end != nullptr ? 1 : 0)) {
    line += tr(", and {} after it", plural(story.followers, "more event", "more events"));
  }
  line +=
      is_undetermined(event) ? tr("; cause undetermined") : tr("; {}", printable(event.root_cause));
  out.text(line, Paint::plain, 2, 2);
}

void write_sources(Document& out, const Overview& overview, const Depth& depth) {
  std::string read;
  std::string unread;
  const auto add = [](std::string& list, const std::string& name) {
    list += (list.empty() ? "" : tr(", ")) + printable(name);
  };
  std::size_t gaps = 0;
  for (const LogSource& source : overview.sources) {
    if (!depth.sources && source.gap.empty()) {
      continue;
    }
    if (source.read && depth.each_source) {
      out.text(tr("read: {}: {}", printable(source.name), source_text(source)), Paint::dim, 2, 2);
    } else if (source.read) {
      add(read, source.name);
    }
    if (!source.gap.empty() && gaps < depth.gaps) {
      out.labelled(source.read ? tr("but:") : tr("not read:"), Paint::yellow,
                   printable(tr("{}: {}", source.name, source.gap)), 2);
      ++gaps;
    } else if (!source.gap.empty()) {
      add(unread, source.name);
    }
  }
  if (!read.empty()) {
    out.text(tr("read: {}", read), Paint::dim, 2, 2);
  }
  if (!unread.empty()) {
    out.labelled(tr("not all read:"), Paint::yellow,
                 tr("{}; why: {}", unread, command(overview, "whyoom explain")), 2);
  }
}

const diagnose::Event& telling_event(const Overview& overview) {
  const diagnose::Event* found = overview.stories.back().first;
  diagnose::LastWord word;
  for (const StoryHead& story : overview.stories) {
    found = word.offer(*story.first) ? story.first : found;
  }
  return *found;
}

void write_unverified(Document& out, const Overview& overview) {
  if (overview.unverified > 0) {
    out.labelled(
        tr("unverified:"), Paint::yellow,
        tr("{} passed over here ({}): {}", plural(overview.unverified, "event is", "events are"),
           printable(overview.unverified_why), command(overview, "whyoom explain")),
        2);
  }
}

std::string why_label(const Overview& overview) {
  if (&telling_event(overview) != overview.stories.back().first) {
    return tr("Why, the last with a known cause:");
  }
  return overview.stories.size() > 1 ? tr("Why, the last time:") : tr("Why:");
}

void write_what_happened(Document& out, const Overview& overview, const HostCheck& check,
                         const Depth& depth) {
  out.heading(tr("What happened{}", host_words(check.facts.name, check.facts.host)));
  if (!overview.last_boot.empty()) {
    out.text(printable(overview.last_boot), Paint::yellow, 2, 2);
  }
  const bool any_read = std::ranges::any_of(overview.sources, &LogSource::read);
  if (overview.stories.empty()) {
    out.text(overview.unverified > 0
                 ? tr("No OOM event stands in the logs that only the kernel could have written.")
             : any_read ? tr("No OOM event stands in the logs that could be read.")
                        : tr("Not known: no kernel log could be read."),
             Paint::plain, 2, 2);
    write_unverified(out, overview);
    write_sources(out, overview, depth);
    return;
  }
  const std::size_t shown = std::min(depth.stories, overview.stories.size());
  if (shown < overview.stories.size()) {
    out.text(tr("{}: {}", plural(overview.stories.size() - shown, "older one", "older ones"),
                command(overview, "whyoom explain")),
             Paint::dim, 2);
  }
  for (std::size_t i = overview.stories.size() - shown; i < overview.stories.size(); ++i) {
    write_story(out, overview.stories[i]);
  }
  write_unverified(out, overview);
  write_sources(out, overview, depth);
  const std::string label = why_label(overview);
  out.labelled(label, Paint::bold,
               clipped(first_sentences(answer(telling_event(overview)), depth.answer_sentences),
                       depth.width - label.size() - 1, depth.answer_lines));
}

const Finding* finding_of(const HostCheck& check, std::string_view cause) {
  const auto found = std::ranges::find_if(
      check.findings, [cause](const Finding& finding) { return finding.cause == cause; });
  return found == check.findings.end() ? nullptr : &*found;
}

// The cause of the last event, as this host is now; true when it stands in the check as well.
bool write_last_cause(Document& out, const Overview& overview, const HostCheck& check,
                      const Depth& depth) {
  const std::string_view cause = telling_event(overview).root_cause;
  if (const Finding* finding = finding_of(check, cause)) {
    const bool gone = finding->role == Role::ruled_out;
    out.labelled(tr("Is it still so?"), Paint::bold,
                 (gone ? tr("No: ") : tr("Yes: ")) +
                     first_sentences(clean(finding->summary), depth.answer_sentences));
    return true;
  }
  const Finding* root = root_finding(telling_event(overview));
  for (const diagnose::Remedy& remedy : root ? root->remedies : std::vector<diagnose::Remedy>()) {
    const std::string set = remedy.setting ? set_at_boot(check, remedy.setting->key) : "";
    if (!set.empty()) {
      out.labelled(tr("Is it still so?"), Paint::bold, tr("The next boot sets {}.", set));
      return true;
    }
  }
  if (cause != "undetermined") {
    out.labelled(tr("Is it still so?"), Paint::bold,
                 tr("The files of this host do not tell of {}.", printable(cause)));
  }
  return false;
}

void write_is_it_still_so(Document& out, const Overview& overview, const HostCheck& check,
                          const Depth& depth) {
  const bool told = !overview.stories.empty() && write_last_cause(out, overview, check, depth);
  const std::string_view cause = told ? telling_event(overview).root_cause : "";
  std::size_t risks = 0;
  for (const Finding& finding : check.findings) {
    if (finding.role == Role::ruled_out || (told && finding.cause == cause)) {
      continue;
    }
    if (++risks <= depth.risks) {
      const bool now = finding.role == Role::root;
      out.labelled(role_label(finding), now ? Paint::red : Paint::yellow,
                   clipped(first_sentences(clean(finding.summary), depth.risk_sentences),
                           depth.width - 6, depth.risk_lines),
                   0);
    }
  }
  if (risks > depth.risks) {
    out.text(tr("{}: {}",
                depth.risks > 0 || told ? plural(risks - depth.risks, "more risk", "more risks")
                                        : plural(risks, "risk", "risks"),
                command(overview, "whyoom check")),
             Paint::yellow);
  }
  if (risks > 0 || told) {
    return;
  }
  const auto unjudged = unjudged_at_boot(check, overview.root);
  out.labelled(tr("This host now:"), Paint::bold,
               unjudged          ? tr("how much RAM it has is not known, so nobody judged what the "
                                               "next boot sets: {}.",
                                      unjudged->set)
               : check.state.ram ? tr("nothing wrong was found on it.")
                                 : tr("not known: its files do not tell how much RAM it has."));
}

// Which of the four steps shows the cause of an event; nothing for one that none of them looks at.
std::optional<std::size_t> step_of(const diagnose::Event& event) {
  const std::string_view id = event.root_cause;
  if (id == "cgroup-pids-max" || id == "many-processes") {
    return 1;
  }
  if (id == "min-free-too-high") {
    return 2;
  }
  const diagnose::Cause* cause = diagnose::find_cause(id);
  return cause != nullptr && cause->section == 'B' ? std::optional<std::size_t>(0) : std::nullopt;
}

// Sentences below each other, behind titles of one width.
void write_steps(Document& out, const Overview& overview, const HostCheck& check) {
  const auto cause = overview.stories.empty() ? std::nullopt : step_of(telling_event(overview));
  const auto steps = check_steps(check);
  std::size_t widest = 0;
  for (const CheckStep& step : steps) {
    widest = std::max(widest, display_width(step.title));
  }
  for (const CheckStep& step : steps) {
    std::string title = step.title;
    title.append(widest + 1 - display_width(title), ' ');
    const bool is_cause = cause && &step == &steps[*cause];
    out.labelled(
        title, is_cause ? Paint::red : Paint::bold,
        (step.lines.empty() ? "" : step.lines.front()) + (is_cause ? tr("  <- the cause") : ""));
  }
}

void write_gaps_of_host(Document& out, const Overview& overview, const HostCheck& check,
                        const Depth& depth) {
  const auto& gaps = check.facts.host.gaps;
  if (gaps.size() <= depth.gaps) {
    for (const host::Gap& gap : gaps) {
      out.labelled(tr("not read:"), Paint::yellow, printable(gap.str()));
    }
  } else {
    out.text(tr("{} not known of this host: {}", plural(gaps.size(), "thing is", "things are"),
                command(overview, "whyoom check --all")),
             Paint::dim);
  }
}

// What the host itself asks for, first because of the last event; when that is nothing, what the
// event asked for.
std::vector<Fix> steps_to_take(const Overview& overview, const HostCheck& check) {
  if (overview.stories.empty()) {
    return fixes(check.findings);
  }
  const diagnose::Event& last = telling_event(overview);
  auto list = fixes(check.findings);
  std::stable_partition(list.begin(), list.end(),
                        [&last](const Fix& fix) { return fix.cause == last.root_cause; });
  const Finding* now = finding_of(check, last.root_cause);
  if (list.empty() && (now == nullptr || now->role != Role::ruled_out)) {
    list = fixes(last.findings);
  }
  return list;
}

void write_what_to_do(Document& out, const Overview& overview, const HostCheck& check,
                      const Depth& depth) {
  const auto list = steps_to_take(overview, check);
  out.heading(tr("What to do"));
  const std::size_t shown = std::min(list.size(), depth.fixes);
  for (std::size_t i = 0; i < shown; ++i) {
    out.text(list[i].title, Paint::plain, 2, 2);
    for (const std::string& command : list[i].commands) {
      out.code(command);
    }
  }
  if (shown < list.size()) {
    out.text(tr("{}: {}", plural(list.size() - shown, "more step", "more steps"),
                command(overview, "whyoom check")),
             Paint::plain, 2);
  }
  const auto unjudged = list.empty() ? unjudged_at_boot(check, overview.root) : std::nullopt;
  if (unjudged) {
    out.text(tr("Let it be judged for the RAM of its machine"), Paint::plain, 2, 2);
    out.code(unjudged->lint);
  }
  if (overview.more_as_root) {
    out.text(list.empty() ? tr("Look again as root, who sees more") : tr("Root sees more"),
             Paint::plain, 2, 2);
    out.code("sudo whyoom");
  } else if (list.empty() && !unjudged) {
    const bool blind = !check.facts.host.gaps.empty() ||
                       std::ranges::any_of(overview.sources, [](const LogSource& source) {
                         return !source.gap.empty();
                       });
    out.text((blind ? tr("Nothing, as far as could be read. The numbers: ")
                    : tr("Nothing. The numbers: ")) +
                 command(overview, "whyoom check"),
             Paint::plain, 2, 2);
  }
}

std::string written(const Overview& overview, const HostCheck& check, const TextStyle& style,
                    const Depth& depth) {
  Document out;
  const auto gap = [&] {
    if (depth.blanks) {
      out.blank();
    }
  };
  write_what_happened(out, overview, check, depth);
  write_is_it_still_so(out, overview, check, depth);
  gap();
  write_steps(out, overview, check);
  write_gaps_of_host(out, overview, check, depth);
  gap();
  write_what_to_do(out, overview, check, depth);
  return to_text(out, style);
}

}  // namespace

std::string text_overview(const Overview& overview, const HostCheck& check,
                          const TextStyle& style) {
  const TextStyle plain{style.width, false, style.all};
  Depth least;
  least.width = std::clamp(style.width, 60U, 200U);
  const Depth depth = deepest(least, additions, most_lines, style.width, [&](const Depth& depth) {
    return written(overview, check, plain, depth);
  });
  return written(overview, check, style, depth);
}

}  // namespace whyoom::render
