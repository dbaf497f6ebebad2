#include "app/fix_choice.h"

#include <algorithm>
#include <utility>

#include "app/cause_pages.h"
#include "app/disk.h"
#include "base/language.h"
#include "base/text.h"
#include "diagnose/cause.h"
#include "render/check.h"

namespace whyoom::app {

namespace {

using diagnose::Finding;
using diagnose::Role;

// A cause that has been found and whose remedy is no sysctl: what to do instead of a fix.
std::string no_setting(const Finding& finding) {
  std::string text = tr("{}: no setting fixes it. ", std::string(finding.cause));
  text += printable(finding.summary.str());
  for (const diagnose::Remedy& remedy : finding.remedies) {
    text += "\n  " + printable(remedy.title.str());
    for (const ShellCommand& command : remedy.commands) {
      text += "\n    " + command.text();
    }
  }
  return text;
}

}  // namespace

const diagnose::Remedy* remedy_with_setting(const Finding& finding) {
  for (const diagnose::Remedy& remedy : finding.remedies) {
    if (remedy.setting) {
      return &remedy;
    }
  }
  return nullptr;
}

tl::expected<FixChoice, NoFix> settings_of(const std::vector<std::string>& assignments,
                                           const memory::Machine& machine) {
  FixChoice choice;
  for (const std::string& assignment : assignments) {
    auto wanted = advise::parse_wanted(assignment, machine);
    if (!wanted) {
      return tl::unexpected(NoFix{wanted.error().str(), true});
    }
    choice.wanted.push_back(std::move(*wanted));
  }
  return choice;
}

namespace {

tl::expected<FixChoice, NoFix> choice_of(const diagnose::Setting& setting, std::string cause,
                                         std::string summary, const memory::Machine& machine) {
  auto choice = settings_of({setting.key + "=" + std::to_string(setting.value)}, machine);
  if (choice) {
    choice->cause = std::move(cause);
    choice->summary = std::move(summary);
  }
  return choice;
}

// Sections of the catalogue: E is what happens on OOM, F what can come of the settings.
int urgency(const Finding& finding) {
  const diagnose::Cause* cause = diagnose::find_cause(finding.cause);
  const char section = cause == nullptr ? 'E' : cause->section;
  return (finding.role == Role::root ? 0 : 4) + (section < 'E' ? 0 : section == 'F' ? 1 : 2);
}

std::string elsewhere(const std::vector<Finding>& findings, const LastCause& last) {
  const auto found = std::ranges::find_if(
      findings, [&last](const Finding& finding) { return finding.cause == last.cause; });
  const bool gone = found != findings.end() && found->role == Role::ruled_out;
  return tr("The last event ({}) was {}{}. This is another matter.", printable(last.place),
            last.cause,
            gone               ? tr(", and that is no longer so")
            : last.has_setting ? tr(", and the files of this host do not tell of it")
                               : tr(", which no setting fixes"));
}

NoFix nothing_to_fix(const std::string& cause, const Finding* without) {
  if (cause.empty()) {
    return {
        without == nullptr
            ? tr("nothing to fix: nothing is wrong on this host")
            : tr("nothing that a setting fixes; `whyoom check` says what is wrong and what to do"),
        false};
  }
  return without != nullptr
             ? NoFix{no_setting(*without), true}
             : NoFix{tr("nothing to fix: {} is not found on this host", cause), false};
}

}  // namespace

tl::expected<FixChoice, NoFix> choose(const std::vector<Finding>& findings,
                                      const std::string& cause, const LastCause& last,
                                      const memory::Machine& machine) {
  if (!cause.empty() && diagnose::find_cause(cause) == nullptr) {
    return tl::unexpected(NoFix{no_cause(cause), true});
  }
  if (last.setting && (cause.empty() || cause == last.cause)) {
    return choice_of(*last.setting, last.cause, last.summary, machine);
  }
  const Finding* without = nullptr;
  std::vector<const Finding*> candidates;
  for (const Finding& finding : findings) {
    if (!cause.empty() && finding.cause != cause) {
      continue;
    }
    if (finding.role == Role::ruled_out && !cause.empty()) {
      return tl::unexpected(
          NoFix{tr("nothing to fix: {}", printable(finding.summary.str())), false});
    }
    if (finding.role == Role::ruled_out) {
      continue;
    }
    if (remedy_with_setting(finding) != nullptr) {
      candidates.push_back(&finding);
    } else if (without == nullptr) {
      without = &finding;
    }
  }
  if (candidates.empty()) {
    return tl::unexpected(nothing_to_fix(cause, without));
  }
  std::ranges::stable_sort(candidates, {}, [&last](const Finding* each) {
    return each->cause == last.cause ? -1 : urgency(*each);
  });
  const Finding& first = *candidates.front();
  auto choice = choice_of(*remedy_with_setting(first)->setting, std::string(first.cause),
                          first.summary.str(), machine);
  if (choice) {
    for (std::size_t i = 1; i < candidates.size(); ++i) {
      choice->others.emplace_back(candidates[i]->cause);
    }
    if (!last.cause.empty() && choice->cause != last.cause) {
      choice->elsewhere = elsewhere(findings, last);
    }
  }
  return choice;
}

NoFix nothing_on_disk(const diagnose::HostCheck& check, const std::string& root) {
  const auto unjudged = render::unjudged_at_boot(check, root);
  if (!unjudged) {
    return {tr("nothing to fix: no log on the disk tells of an event that a setting ends"), false};
  }
  return {tr("the disk sets {}; how much RAM its machine has is not known, so nobody judged it. "
             "`{}` does, and `sudo whyoom fix{} {}=NUMBER` sets another value",
             unjudged->set, unjudged->lint, root_option(root), unjudged->key),
          true};
}

}  // namespace whyoom::app
