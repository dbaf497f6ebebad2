#include "diagnose/quotes.h"

#include <algorithm>
#include <vector>

namespace whyoom::diagnose {

void keep_cited_lines(Event& event) {
  std::vector<report::LogLine>& lines = event.report.lines;
  if (lines.empty()) {
    return;
  }
  std::vector<LineNumber> cited = {lines.front().number};
  const auto cite = [&cited](const Proof& proof) {
    if (proof.at.source == 0) {  // the log
      cited.push_back(proof.at.line);
    }
  };
  for (const Finding& finding : event.findings) {
    if (finding.role == Role::root) {
      std::ranges::for_each(finding.proof, cite);
    } else if (finding.role == Role::ruled_out && !finding.proof.empty()) {
      cite(finding.proof.front());
    }
  }
  std::erase_if(lines, [&cited](const report::LogLine& line) {
    return std::ranges::find(cited, line.number) == cited.end();
  });
  lines.shrink_to_fit();
}

}  // namespace whyoom::diagnose
