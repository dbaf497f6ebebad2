// `whyoom summary`: the events of many hosts added up, each once.
#include <memory>
#include <string>
#include <vector>

#include "app/command.h"
#include "app/event_files.h"
#include "explain/event_summary.h"
#include "linux/input.h"
#include "render/layout.h"
#include "render/markdown_text.h"

namespace whyoom::app {
namespace {

constexpr std::size_t most_rows = 10;

struct SummaryOptions : Options {
  std::vector<std::string> files;
};

int summary(const SummaryOptions& options, Console& io) {
  explain::EventSummary all;
  EventFiles events(io, [&all](const explain::EventFacts& facts) { all.add(facts); });
  const auto all_read = events.read_all(options.files, options.sandbox);
  if (!all_read) {
    return trouble;
  }
  if (options.format == Format::json) {
    io.out.write(all.json());
  } else if (*all_read || !all.empty()) {
    const auto document = all.document(options.all ? SIZE_MAX : most_rows);
    io.out.write(options.format == Format::markdown ? render::to_markdown(document)
                                                    : render::to_text(document, options.style()));
  }
  io.out.flush();
  events.tell_refused();
  return *all_read && events.refused() == 0 ? nothing_found : trouble;
}

}  // namespace

const Command summary_command{
    "summary", "whyoom summary [OPTIONS] [EVENTS...|-]",
    "Adds up the events of many logs and hosts, each event once.\n"
    "EVENTS are what `whyoom explain --format ndjson` or json wrote, and summaries as JSON. A\n"
    "summary of summaries is the summary of all their events: in any order, in any parts, and\n"
    "however often an event was sent.",
    "Exit status: 0 all was read, 2 wrong use, unreadable input, or lines that are no events.\n"
    "\nExamples:\n"
    "  whyoom explain --format ndjson --exit-zero web1.log > web1.ndjson\n"
    "  whyoom summary *.ndjson\n"
    "  whyoom summary --format json monday/*.ndjson > monday.json\n"
    "  whyoom summary --all monday.json tuesday.json\n",
    [](Flags& flags) -> Work {
      const auto options = std::make_shared<SummaryOptions>();
      flags.texts("EVENTS", options->files, "Files of events or summaries; - is standard input",
                  false);
      flags.format(*options, "text (default), markdown or json",
                   {Format::text, Format::markdown, Format::json});
      flags.flag("--all", options->all, "Every cause, host and kernel");
      flags.look(*options);
      flags.sandbox(*options);
      return [options](Console& io) { return summary(*options, io); };
    }};

}  // namespace whyoom::app
