#include "app/fix_choice.h"

#include "base/text.h"
#include "diagnose/cause.h"

namespace whyoom::app {

namespace {

using diagnose::Finding;
using diagnose::Role;

const diagnose::Remedy* remedy_with_setting(const Finding& finding) {
  for (const diagnose::Remedy& remedy : finding.remedies) {
    if (remedy.setting) {
      return &remedy;
    }
  }
  return nullptr;
}

// A cause that has been found and whose remedy is no sysctl: what to do in place of a fix.
std::string no_setting(const Finding& finding) {
  std::string text = std::string(finding.cause) + ": no setting mends it. ";
  text += printable(finding.summary.str());
  for (const diagnose::Remedy& remedy : finding.remedies) {
    text += "\n  " + printable(remedy.title.str());
    for (const std::string& command : remedy.commands) {
      text += "\n    " + printable(command);
    }
  }
  return text;
}

}  // namespace

tl::expected<FixChoice, NoFix> setting_of(const std::string& assignment,
                                          const memory::Machine& machine) {
  auto wanted = advise::parse_wanted(assignment, machine);
  if (!wanted) {
    return tl::unexpected(NoFix{wanted.error().str(), true});
  }
  return FixChoice{std::move(*wanted), {}, {}};
}

tl::expected<FixChoice, NoFix> choose(const std::vector<Finding>& findings,
                                      const std::string& cause, const memory::Machine& machine) {
  if (!cause.empty() && diagnose::find_cause(cause) == nullptr) {
    return tl::unexpected(
        NoFix{printable(cause) + ": there is no such cause; `whyoom causes` lists them", true});
  }
  const Finding* without = nullptr;
  for (const Finding& finding : findings) {
    if (!cause.empty() && finding.cause != cause) {
      continue;
    }
    if (finding.role == Role::ruled_out) {
      if (!cause.empty()) {
        return tl::unexpected(NoFix{"nothing to fix: " + printable(finding.summary.str()), false});
      }
      continue;
    }
    const diagnose::Remedy* remedy = remedy_with_setting(finding);
    if (remedy == nullptr) {
      without = without == nullptr ? &finding : without;
      continue;
    }
    auto choice =
        setting_of(remedy->setting->key + "=" + std::to_string(remedy->setting->value), machine);
    if (choice) {
      choice->cause = finding.cause;
      choice->summary = finding.summary.str();
    }
    return choice;
  }
  if (!cause.empty() && without != nullptr) {
    return tl::unexpected(NoFix{no_setting(*without), true});
  }
  if (!cause.empty()) {
    return tl::unexpected(NoFix{"nothing to fix: " + cause + " is not found on this host", false});
  }
  return tl::unexpected(
      NoFix{without == nullptr
                ? std::string("nothing to fix: nothing is wrong on this host")
                : "nothing that a setting mends; `whyoom check` says what is wrong and what to do",
            false});
}

}  // namespace whyoom::app
