#include "render/story_quotes.h"

#include <algorithm>

#include "base/language.h"

namespace whyoom::render {

// A page has the stories of several logs, so a number alone names no line.
std::string quote_id(const diagnose::Event& event, Place at) {
  const bool quoted =
      at.source == 0 && std::ranges::find(event.report.lines, at.line, &report::LogLine::number) !=
                            event.report.lines.end();
  return quoted ? "line-" + std::to_string(event.story) + "." + std::to_string(event.in_story) +
                      "-" + std::to_string(at.line)
                : std::string();
}

void add_quotes(Document& out, const diagnose::Event& event) {
  const std::vector<report::LogLine>& lines = event.report.lines;
  if (lines.empty()) {
    return;
  }
  const auto of_log = [&event](const report::LogLine& line) {
    return event.report.line_of_log(line.number);
  };
  const std::size_t width = std::to_string(of_log(std::ranges::max(lines, {}, of_log))).size();
  out.fold(tr("The lines of the log"));
  LineNumber last = 0;
  for (const report::LogLine& line : lines) {
    const std::string number = std::to_string(of_log(line));
    out.quote(std::string(width - number.size(), ' ') + number + "  " + line.text,
              line.number == last ? std::string() : quote_id(event, {0, line.number}));
    last = line.number;
  }
  out.unfold();
}

}  // namespace whyoom::render
