// Findings to text. Renderers compute nothing: what they print stands in the event.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "diagnose/event.h"
#include "render/document.h"
#include "report/log_reader.h"

namespace whyoom::render {

// A log of a host that was read, or could not be.
struct LogSource {
  std::string name;  // "journal", "/var/log/kern.log.1"
  bool read = false;
  std::uint64_t events = 0, lines = 0;  // events that other sources have too count here as well
  report::Time from, to;                // of its first and last line that have a time
  std::string gap;                      // what of it could not be read; empty = nothing
};

// What one input (or all of them) held, for the closing lines.
struct Summary {
  std::uint64_t events = 0;
  std::uint64_t bytes = 0, lines = 0, lines_lost = 0, copies = 0;
  struct Damage {
    std::string at;  // "dmesg.log:77"
    std::string what;
  };
  std::vector<Damage> damage;
  std::uint64_t failed_inputs = 0;  // of the damage: inputs that could not be used at all
  std::uint64_t damage_more = 0;
  std::vector<LogSource> sources;     // only when the logs of a host were read
  std::uint64_t events_left_out = 0;  // the oldest, for which there was no memory
  // At most 1,000 are kept, then they are counted.
  void note(std::string at, std::string what);
  // What was read of one file of a log.
  void add(const std::string& file, const report::InputAccount& input);
  [[nodiscard]] bool any_source_read() const {
    return std::ranges::any_of(sources, [](const LogSource& source) { return source.read; });
  }
};

// Which processes of a report are listed.
struct TaskList {
  std::optional<std::uint32_t> most;  // empty: a few
  memory::TaskOrder order = memory::TaskOrder::size;
  // The user asked for it.
  [[nodiscard]] bool wanted() const { return most || order != memory::TaskOrder::size; }
};

// What a document is for.
struct Detail {
  bool page = false;   // Markdown: there is room, and a fact may stand in a table of its own
  bool all = false;    // also what was ruled out, and why
  bool brief = false;  // a story has been told on one screen, so its proof is still to be had
  TaskList tasks{};
  bool html = false;  // a page of a browser: what is long folds, and there are pictures
};

// One story: the event that explains it in full, then the others.
struct Follower {
  std::string kind, trigger, victims, outcome, root_cause, place;
  std::optional<double> seconds_after;  // the event in full; less than 0: before it
  bool before = false;                  // it stands before that event
  bool of_victim = false;               // a failed request of a process that was being killed
};

// What is known of a story as a whole.
struct Story {
  const diagnose::Event& lead;
  std::vector<Follower> others;  // in order, and the last of them
  std::uint64_t others_left_out = 0;
  std::uint64_t events = 1, killed = 0;
  report::Time first, last;
  std::optional<double> seconds;       // from the first to the last
  std::optional<report::Panic> end{};  // of another event than the one in full
};

// Ends with an empty line, so that stories and the summary can follow one another.
Document story(const Story& story, Detail detail);
Document summary(const Summary& summary, Detail detail);
// The logs of a host: what each held, how far back it reaches, what could not be read.
Document log_sources(const std::vector<LogSource>& sources);

// One event object of the JSON output, version 1, on one line (ndjson) or indented. No newline at
// the end. Indented, every line but the first has the margin of its place in the `explain` object:
// 4 spaces for an event, 2 for the input.
std::string json_event(const diagnose::Event& event, bool indented);
std::string json_input(const Summary& summary, bool indented);

}  // namespace whyoom::render
