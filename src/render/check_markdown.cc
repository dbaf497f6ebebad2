#include "base/human.h"
#include "base/text.h"
#include "render/check.h"
#include "render/phrase.h"

namespace whyoom::render {
namespace {

// Text of the host could end a table or start a heading.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '*' || c == '_' || c == '`' || c == '<' || c == '#' || c == '[') {
      out += '\\';
    }
    out += c;
  }
  return out;
}

}  // namespace

std::string markdown_check(const diagnose::HostCheck& check) {
  std::string out = "# whyoom check\n";
  for (const CheckStep& step : check_steps(check)) {
    out += "\n## " + escaped(step.title) + "\n\n";
    for (const std::string& line : step.lines) {
      out += "- " + escaped(line) + "\n";
    }
  }
  for (const auto& finding : check.findings) {
    if (finding.role == diagnose::Role::ruled_out) {
      continue;
    }
    out += "\n## " +
           escaped(std::string(diagnose::name(finding.role)) + ": " + printable(finding.cause)) +
           "\n\n" + escaped(clean(finding.summary)) +
           "\n\n| proof | value | where |\n|---|---:|---|\n";
    for (const auto& proof : finding.proof) {
      out += "| " + escaped(clean(proof.what)) + " | " + escaped(value_text(proof)) + " | " +
             escaped(place_text(check.sources(), proof.at)) + " |\n";
    }
  }
  const auto list = fixes(check.findings);
  out += list.empty() ? "" : "\n## What to do\n\n";
  for (const Fix& fix : list) {
    out += escaped(fix.title) + "\n";
    for (const std::string& command : fix.commands) {
      out += "\n    " + command + "\n";
    }
    out += "\n";
  }
  for (const host::Gap& gap : check.facts.host.gaps) {
    out += "- not read: " + escaped(printable(gap.str())) + "\n";
  }
  return out;
}

}  // namespace whyoom::render
