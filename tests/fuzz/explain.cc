// The whole of `whyoom explain` on the bytes of a log: read, assembled, explained, written in each
// format.
#include <utility>

#include "diagnose/engine.h"
#include "diagnose/story.h"
#include "explain/writer.h"
#include "fuzz.h"
#include "report/log_reader.h"

namespace whyoom::fuzz {
namespace {

struct Log {
  std::vector<report::Report> reports;
  report::InputAccount account;
};

// In chunks of 1 to `most` bytes; 0 = as a whole. `idle`: the pipe falls silent now and then.
Log read(std::string_view input, std::size_t most, bool idle) {
  Log log;
  Random random(most);
  report::LogReader reader(
      "a.log", [&](report::Report&& report) { log.reports.push_back(std::move(report)); });
  while (!input.empty()) {
    const std::size_t size = most == 0 ? input.size() : 1 + random.below(most);
    reader.feed(input.substr(0, size));
    input.remove_prefix(std::min(size, input.size()));
    if (idle && random.below(8) == 0) {
      reader.idle();
    }
  }
  log.account = reader.finish();
  return log;
}

render::Summary summary_of(const Log& log) {
  render::Summary summary;
  summary.events = log.reports.size();
  summary.bytes = log.account.bytes;
  summary.lines = log.account.lines;
  summary.lines_lost = log.account.lines_lost;
  summary.copies = log.account.copies;
  for (const report::Damage& damage : log.account.damage) {
    summary.damage.push_back({"a.log:" + std::to_string(damage.line), damage.what});
  }
  summary.damage_more = log.account.damage_more;
  return summary;
}

void require_place(std::uint64_t line, const Log& log, std::string_view what) {
  require(line <= log.account.lines, what,
          "line " + std::to_string(line) + " of " + std::to_string(log.account.lines));
}

void check_places(const diagnose::Event& event, const Log& log) {
  const report::Report& report = event.report;
  require(report.first_line >= 1 && report.first_line <= report.last_line,
          "an event's lines are in no order");
  require_place(report.last_line, log, "an event ends behind the log");
  for (const report::Task& task : report.tasks) {
    require_place(task.line, log, "a task stands behind the log");
  }
  for (const report::Damage& damage : report.damage) {
    require_place(damage.line, log, "damage stands behind the log");
  }
  for (const diagnose::Finding& finding : event.findings) {
    for (const diagnose::Proof& proof : finding.proof) {
      require_place(proof.at.line, log, "a proof stands behind the log");
    }
  }
}

std::string written(const Log& log, render::Format format, bool all, bool whole = true) {
  Captured out;
  const explain::Telling telling{.format = format,
                                 .style = {all ? 60U : 80U, false, all},
                                 .whole = whole,
                                 .summary = !whole && log.reports.size() % 2 == 1};
  linux::Output& output = out.output();
  const auto writer = explain::make_writer(
      telling,
      {[&output](std::string_view text) { output.write(text); }, [&output] { output.flush(); }});
  diagnose::StoryBuilder story;
  for (const report::Report& report : log.reports) {
    auto event = diagnose::explain(report::Report(report), story.next(report));
    check_places(*event, log);
    writer->event(std::move(event));
  }
  writer->finish(summary_of(log));
  return out.text();
}

void check_account(const Log& log, std::string_view input) {
  require(log.account.bytes == input.size(), "bytes were lost");
  require(log.account.lines == count_lines(input), "lines were lost",
          std::to_string(log.account.lines) + " of " + std::to_string(count_lines(input)));
  for (const report::Damage& damage : log.account.damage) {
    require_place(damage.line, log, "damage of the framing stands behind the log");
  }
}

}  // namespace

void run(std::string_view input) {
  constexpr Cost cost{.bytes = 24U << 20U, .bytes_each = 4000, .peak = 8U << 20U, .peak_each = 300};
  constexpr std::size_t chunks[] = {1, 3, 64, 700, 9000};
  Random random(input);
  const bool all = random.below(2) == 0;
  const Budget budget(input.size(), cost);
  const Log log = read(input, 0, false);
  check_account(log, input);
  const std::string json = written(log, render::Format::json, all);
  budget.check("explain");
  require_json(json, "the JSON");

  const Log again = read(input, chunks[random.below(std::size(chunks))], false);
  check_account(again, input);
  const std::string json_again = written(again, render::Format::json, all);
  require(json == json_again, "the size of chunks changes the answer",
          "\n" + json + "\n--- in chunks:\n" + json_again);
  if (random.below(8) == 0) {
    check_account(read(input, chunks[random.below(std::size(chunks))], true), input);
  }

  switch (random.below(3)) {  // one of them a run: each writes all that there is
    case 0: {
      const std::string lines = written(log, render::Format::ndjson, all);
      require(count_lines(lines) == log.reports.size(), "events are not one line each");
      for (const std::string_view line : split_lines(lines)) {
        require_json(line, "a line of NDJSON");
      }
      break;
    }
    case 1:
      require_printable(written(log, render::Format::text, all), "the text");
      require_printable(written(log, render::Format::text, false, false), "the text in brief");
      break;
    default:
      require_printable(written(log, render::Format::markdown, all), "the Markdown");
      break;
  }
}

std::vector<std::string> seeds() {
  std::vector<std::string> all = case_texts(Cases::logs);
  for (const char* name : {"memory-exhausted.log", "min-free-killed.log", "min-free-panic.log"}) {
    all.push_back(example(name));
  }
  return all;
}

}  // namespace whyoom::fuzz
