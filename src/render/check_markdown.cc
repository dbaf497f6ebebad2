#include "base/human.h"
#include "base/text.h"
#include "render/check.h"
#include "render/markdown_text.h"
#include "render/phrase.h"

namespace whyoom::render {
std::string markdown_check(const diagnose::HostCheck& check) {
  std::string out = "# whyoom check\n";
  for (const CheckStep& step : check_steps(check)) {
    out += "\n## " + markdown_text(step.title) + "\n\n";
    for (const std::string& line : step.lines) {
      out += "- " + markdown_text(line) + "\n";
    }
  }
  for (const auto& finding : check.findings) {
    if (finding.role == diagnose::Role::ruled_out) {
      continue;
    }
    out +=
        "\n## " +
        markdown_text(std::string(diagnose::name(finding.role)) + ": " + printable(finding.cause)) +
        "\n\n" + markdown_text(clean(finding.summary)) +
        "\n\n| proof | value | where |\n|---|---:|---|\n";
    for (const auto& proof : finding.proof) {
      out += "| " + markdown_text(clean(proof.what)) + " | " + markdown_text(value_text(proof)) +
             " | " + markdown_text(place_text(check.sources(), proof.at)) + " |\n";
    }
  }
  const auto list = fixes(check.findings);
  out += list.empty() ? "" : "\n## What to do\n\n";
  for (const Fix& fix : list) {
    out += markdown_text(fix.title) + "\n\n" + markdown_commands(fix.commands);
  }
  for (const host::Gap& gap : check.facts.host.gaps) {
    out += "- not read: " + markdown_text(printable(gap.str())) + "\n";
  }
  return out;
}

}  // namespace whyoom::render
