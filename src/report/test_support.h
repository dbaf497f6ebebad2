// For the tests of this layer only.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/shared_for_test.h"
#include "base/text.h"
#include "logtext/framer.h"
#include "report/log_reader.h"
#include "report/streams.h"

namespace whyoom::report::testing {

inline std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (;;) {
    const std::size_t to = text.find(at, from);
    parts.emplace_back(text.substr(from, to == std::string_view::npos ? to : to - from));
    if (to == std::string_view::npos) {
      return parts;
    }
    from = to + 1;
  }
}

// The lines of a text, each without its newline.
inline std::vector<std::string> lines_of(std::string_view text) {
  auto lines = split(text, '\n');
  if (lines.back().empty()) {
    lines.pop_back();
  }
  return lines;
}

inline std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) {
    text += line + "\n";
  }
  return text;
}

struct Result {
  std::vector<Report> events;
  InputAccount account;
};

// The whole way: chunks, skipping, framing, copies.
inline Result read_log(std::string_view text, std::size_t chunk = 0) {
  Result result;
  LogReader reader("log", [&](Report&& report) { result.events.push_back(std::move(report)); });
  if (chunk == 0) {
    reader.feed(text);
  } else {
    for (std::size_t i = 0; i < text.size(); i += chunk) {
      reader.feed(text.substr(i, chunk));
    }
  }
  result.account = reader.finish();
  return result;
}

// Every line, without any skipping, and without leaving out copies.
inline std::vector<Report> assemble(std::string_view text) {
  std::vector<Report> events;
  Streams assembler("log", [&](Report&& report) { events.push_back(std::move(report)); });
  logtext::Framer framer([&](const logtext::Line& line) { assembler.line(line); });
  LineNumber number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    framer.line(text.substr(0, end), ++number);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  framer.flush();
  assembler.flush();
  return events;
}

// All that a report holds, as text, to compare two of them.
std::string describe(const Report& report);

// A log of one whole report, made up, in the form that 6.1 to 6.8 print.
std::string sample_report(const std::string& caller = "");
// A page allocation failure with Mem-Info: that report's first half, other numbers.
std::string sample_failure(const std::string& caller = "");

inline std::string killed_line(const char* time, int pid, const char* what = "Out of memory") {
  return std::string("[") + time + "] " + what + ": Killed process " + std::to_string(pid) +
         " (w) total-vm:1kB, anon-rss:1kB, file-rss:1kB, shmem-rss:0kB, UID:0 pgtables:4kB "
         "oom_score_adj:0\n";
}

}  // namespace whyoom::report::testing
