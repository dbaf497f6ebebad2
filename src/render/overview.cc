#include "render/overview.h"

#include <algorithm>

#include "base/human.h"
#include "base/text.h"
#include "diagnose/last_word.h"
#include "render/check.h"
#include "render/layout.h"
#include "render/phrase.h"

namespace whyoom::render {
namespace {

using diagnose::Finding;
using diagnose::HostCheck;
using diagnose::Role;

constexpr std::size_t most_lines = 23;

// How much is told: the least, and what is added while there is room, the most wanted first.
// Sentences: of an answer or a risk, the first ones.
struct Detail {
  std::size_t stories = 1, answer_sentences = 1, risks = 0, risk_sentences = 1, risk_lines = 2;
  std::size_t fixes = 1, gaps = 0;
  bool sources = false, each_source = false, blanks = false;
};
constexpr void (*additions[])(Detail&) = {
    [](Detail& detail) { detail.risks = 1; },
    [](Detail& detail) { detail.fixes = 2; },
    [](Detail& detail) { detail.blanks = true; },
    [](Detail& detail) { detail.sources = true; },
    [](Detail& detail) { detail.answer_sentences = 2; },
    [](Detail& detail) { detail.answer_sentences = SIZE_MAX; },
    [](Detail& detail) { detail.risk_lines = detail.risk_sentences = SIZE_MAX; },
    [](Detail& detail) { detail.risks = 2; },
    [](Detail& detail) { detail.stories = 3; },
    [](Detail& detail) { detail.fixes = SIZE_MAX; },
    [](Detail& detail) { detail.gaps = 3; },
    [](Detail& detail) { detail.each_source = true; },
    [](Detail& detail) { detail.risks = 3; },
    [](Detail& detail) { detail.stories = 5; },
};

std::string first_sentences(const std::string& text, std::size_t count) {
  std::size_t end = 0;
  for (; count > 0 && end != std::string::npos; --count) {
    end = text.find(". ", end + 1);
  }
  return end == std::string::npos ? text : text.substr(0, end + 1);
}

// "whyoom check" of the host that this is about.
std::string command(const Overview& overview, std::string_view what) {
  std::string text = "`whyoom " + std::string(what);
  if (!overview.root.empty()) {
    text += " --root " + printable(overview.root);
  } else if (what == "explain") {
    text += " --host";
  }
  return text + "`";
}

// At most `most` lines of a sentence.
std::string clipped(const std::string& text, std::size_t columns, std::size_t most) {
  const auto lines = wrap(text, columns);
  if (lines.size() <= most) {
    return text;
  }
  std::string kept;
  for (std::size_t i = 0; i < most; ++i) {
    kept += (i == 0 ? "" : " ") + lines[i];
  }
  const std::size_t blank = kept.rfind(' ');  // room for the dots
  return kept.substr(0, blank == std::string::npos ? kept.size() : blank) + " ...";
}

void write_story(Canvas& out, const StoryHead& story) {
  const diagnose::Event& event = *story.first;
  const std::string time = time_text(event.report.time);
  std::string line = (time.empty() ? source_range(event.report) : time) + "  " + headline(event);
  if (story.followers > 0) {
    line += ", and " + plural(story.followers, "more event", "more events") + " after it";
  }
  line += is_undetermined(event) ? "; cause undetermined" : "; " + printable(event.root_cause);
  out.text(line, Paint::plain, 2, 2);
}

void write_sources(Canvas& out, const Overview& overview, const Detail& detail) {
  std::string read;
  std::string unread;
  const auto add = [](std::string& list, const std::string& name) {
    list += (list.empty() ? "" : ", ") + printable(name);
  };
  std::size_t gaps = 0;
  for (const LogSource& source : overview.sources) {
    if (!detail.sources && source.gap.empty()) {
      continue;
    }
    if (source.read && detail.each_source) {
      out.text("read: " + printable(source.name) + ": " + source_text(source), Paint::dim, 2, 2);
    } else if (source.read) {
      add(read, source.name);
    }
    if (!source.gap.empty() && gaps < detail.gaps) {
      out.labelled("not read:", Paint::yellow, printable(source.name + ": " + source.gap), 2);
      ++gaps;
    } else if (!source.gap.empty()) {
      add(unread, source.name);
    }
  }
  if (!read.empty()) {
    out.text("read: " + read, Paint::dim, 2, 2);
  }
  if (!unread.empty()) {
    out.labelled("not all read:", Paint::yellow, unread + "; why: " + command(overview, "explain"),
                 2);
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

void write_unverified(Canvas& out, const Overview& overview) {
  if (overview.unverified > 0) {
    out.labelled("unverified:", Paint::yellow,
                 plural(overview.unverified, "event is", "events are") + " passed over here (" +
                     printable(overview.unverified_why) + "): " + command(overview, "explain"),
                 2);
  }
}

std::string why_label(const Overview& overview) {
  if (&telling_event(overview) != overview.stories.back().first) {
    return "Why, the last with a known cause:";
  }
  return overview.stories.size() > 1 ? "Why, the last time:" : "Why:";
}

void write_what_happened(Canvas& out, const Overview& overview, const Detail& detail) {
  out.text("What happened", Paint::bold);
  const bool any_read = std::ranges::any_of(overview.sources, &LogSource::read);
  if (overview.stories.empty()) {
    out.text(overview.unverified > 0
                 ? "No OOM event stands in the logs that only the kernel could have written."
             : any_read ? "No OOM event stands in the logs that could be read."
                        : "Not known: no kernel log could be read.",
             Paint::plain, 2, 2);
    write_unverified(out, overview);
    write_sources(out, overview, detail);
    return;
  }
  const std::size_t shown = std::min(detail.stories, overview.stories.size());
  if (shown < overview.stories.size()) {
    out.text(plural(overview.stories.size() - shown, "older one", "older ones") + ": " +
                 command(overview, "explain"),
             Paint::dim, 2);
  }
  for (std::size_t i = overview.stories.size() - shown; i < overview.stories.size(); ++i) {
    write_story(out, overview.stories[i]);
  }
  write_unverified(out, overview);
  write_sources(out, overview, detail);
  out.labelled(why_label(overview), Paint::bold,
               first_sentences(answer(telling_event(overview)), detail.answer_sentences), 0);
}

const Finding* finding_of(const HostCheck& check, std::string_view cause) {
  const auto found = std::ranges::find_if(
      check.findings, [cause](const Finding& finding) { return finding.cause == cause; });
  return found == check.findings.end() ? nullptr : &*found;
}

// The cause of the last event, as this host is now; true when it stands in the check as well.
bool write_last_cause(Canvas& out, const Overview& overview, const HostCheck& check,
                      const Detail& detail) {
  const std::string_view cause = telling_event(overview).root_cause;
  if (const Finding* finding = finding_of(check, cause)) {
    const bool gone = finding->role == Role::ruled_out;
    out.labelled("Is it still so?", Paint::bold,
                 (gone ? "No: " : "Yes: ") +
                     first_sentences(clean(finding->summary), detail.answer_sentences),
                 0);
    return true;
  }
  if (cause != "undetermined") {
    out.labelled("Is it still so?", Paint::bold,
                 "The files of this host do not tell of " + printable(cause) + ".", 0);
  }
  return false;
}

void write_is_it_still_so(Canvas& out, const Overview& overview, const HostCheck& check,
                          const Detail& detail) {
  const bool told = !overview.stories.empty() && write_last_cause(out, overview, check, detail);
  const std::string_view cause = told ? telling_event(overview).root_cause : "";
  std::size_t risks = 0;
  for (const Finding& finding : check.findings) {
    if (finding.role == Role::ruled_out || (told && finding.cause == cause)) {
      continue;
    }
    if (++risks <= detail.risks) {
      const bool now = finding.role == Role::root;
      out.labelled(now ? "now:" : "risk:", now ? Paint::red : Paint::yellow,
                   clipped(first_sentences(clean(finding.summary), detail.risk_sentences),
                           out.width() - 6, detail.risk_lines),
                   0);
    }
  }
  if (risks > detail.risks) {
    out.text((detail.risks > 0 || told ? plural(risks - detail.risks, "more risk", "more risks")
                                       : plural(risks, "risk", "risks")) +
                 ": " + command(overview, "check"),
             Paint::yellow);
  }
  if (risks == 0 && !told) {
    out.labelled("This host now:", Paint::bold, "nothing wrong was found on it.", 0);
  }
}

// Sentences below each other, behind titles of one width.
void write_steps(Canvas& out, const HostCheck& check) {
  const auto steps = check_steps(check);
  std::size_t widest = 0;
  for (const CheckStep& step : steps) {
    widest = std::max(widest, step.title.size());
  }
  for (const CheckStep& step : steps) {
    std::string title = step.title;
    title.resize(widest + 1, ' ');
    out.labelled(title, Paint::bold, step.lines.empty() ? "" : step.lines.front(), 0);
  }
}

void write_gaps_of_host(Canvas& out, const Overview& overview, const HostCheck& check,
                        const Detail& detail) {
  const auto& gaps = check.facts.host.gaps;
  if (gaps.size() <= detail.gaps) {
    for (const host::Gap& gap : gaps) {
      out.labelled("not read:", Paint::yellow, printable(gap.str()), 0);
    }
  } else {
    out.text(plural(gaps.size(), "thing is", "things are") +
                 " not known of this host: " + command(overview, "check --all"),
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
  auto sorted = check.findings;
  std::stable_partition(sorted.begin(), sorted.end(), [&last](const Finding& finding) {
    return finding.cause == last.root_cause;
  });
  auto list = fixes(sorted);
  const Finding* now = finding_of(check, last.root_cause);
  if (list.empty() && (now == nullptr || now->role != Role::ruled_out)) {
    list = fixes(last.findings);
  }
  return list;
}

void write_what_to_do(Canvas& out, const Overview& overview, const HostCheck& check,
                      const Detail& detail) {
  const auto list = steps_to_take(overview, check);
  out.text("What to do", Paint::bold);
  const std::size_t shown = std::min(list.size(), detail.fixes);
  for (std::size_t i = 0; i < shown; ++i) {
    out.text(list[i].title, Paint::plain, 2, 2);
    for (const std::string& command : list[i].commands) {
      out.verbatim(command, Paint::green, 4);
    }
  }
  if (shown < list.size()) {
    out.text(
        plural(list.size() - shown, "more step", "more steps") + ": " + command(overview, "check"),
        Paint::plain, 2);
  }
  if (overview.more_as_root) {
    out.text(list.empty() ? "Look again as root, who sees more" : "Root sees more", Paint::plain, 2,
             2);
    out.verbatim("sudo whyoom", Paint::green, 4);
  } else if (list.empty()) {
    const bool blind = !check.facts.host.gaps.empty() ||
                       std::ranges::any_of(overview.sources, [](const LogSource& source) {
                         return !source.gap.empty();
                       });
    out.text(
        (blind ? "Nothing, as far as could be read. The numbers: " : "Nothing. The numbers: ") +
            command(overview, "check"),
        Paint::plain, 2, 2);
  }
}

std::string written(const Overview& overview, const HostCheck& check, const TextStyle& style,
                    const Detail& detail) {
  Canvas out(style.width, style.colour);
  const auto gap = [&] {
    if (detail.blanks) {
      out.blank();
    }
  };
  write_what_happened(out, overview, detail);
  write_is_it_still_so(out, overview, check, detail);
  gap();
  write_steps(out, check);
  write_gaps_of_host(out, overview, check, detail);
  gap();
  write_what_to_do(out, overview, check, detail);
  return out.take();
}

// Rows of the screen: a command that is wider than the terminal takes several.
std::size_t rows_of(std::string_view text, std::size_t width) {
  std::size_t rows = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::size_t wide = display_width(text.substr(0, end));
    rows += std::max<std::size_t>(1, (wide + width - 1) / width);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return rows;
}

}  // namespace

std::string text_overview(const Overview& overview, const HostCheck& check,
                          const TextStyle& style) {
  const TextStyle plain{style.width, false, style.all};
  Detail detail;
  for (const auto& add : additions) {
    Detail more = detail;
    add(more);
    if (rows_of(written(overview, check, plain, more), style.width) <= most_lines) {
      detail = more;
    }
  }
  return written(overview, check, style, detail);
}

}  // namespace whyoom::render
