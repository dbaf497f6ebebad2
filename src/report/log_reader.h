// A whole log, in chunks of any size, to events. Skips at memory speed what cannot belong to one,
// and counts an event once when the log holds two copies of it (a console log with its own dmesg).
// Memory is bounded: one open window of lines, the open events, and a ring of fingerprints.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "logtext/line.h"
#include "report/report.h"
#include "report/symptoms.h"

namespace whyoom::report {

// Sees what the reader reads, not what it skips.
struct LogWatch {
  std::function<void(const logtext::Line&)> message;
  // After the messages in it. `held`: it is part of something that takes several lines.
  std::function<void(LineNumber number, std::string_view raw, bool held)> line;
};

struct InputAccount {
  std::uint64_t bytes = 0;
  std::uint64_t lines = 0;
  std::uint64_t lines_lost = 0;  // messages that the log itself says were dropped
  std::uint64_t copies = 0;      // events that were a copy of one already seen
  bool binary = false;           // looked like no text at all
  std::vector<Damage> damage;    // at most 1000, then counted in damage_more
  std::uint64_t damage_more = 0;
  Symptoms symptoms;          // of a log without an event
  bool newest_first = false;  // the lines come in the wrong order
  bool turned = false;        // they did: the log was read from its last line on
};

class LogReader {
 public:
  using Sink = std::function<void(Report&&)>;

  // Of an event that the log has several times. Handed on: whoever reads other logs as well tells
  // them apart.
  enum class Copies : std::uint8_t { left_out, handed_on };

  LogReader(const std::string& source, Sink sink, Copies copies = Copies::left_out);
  ~LogReader();
  LogReader(const LogReader&) = delete;
  LogReader& operator=(const LogReader&) = delete;

  void watch(LogWatch watch);
  // Reports come with the lines that they were read from. Before the first feed().
  void keep_lines();
  // So many lines stand before the text that will be fed, and are not there any more.
  void skip_lines(LineNumber lines);
  // All events of this source are unverified, and why. The first reason of an event stays.
  void distrust(Message why);
  void feed(std::string_view chunk);
  // As feed(), up to the first line that an event could be made of, at the most: how many bytes it
  // took. The text may change meanwhile (pages of a file that is mapped): what is parsed is a copy.
  std::size_t pass_over(std::string_view text);
  // Lines so far that an event can be made of: while they come, one goes on.
  [[nodiscard]] std::uint64_t lines_of_events() const;
  // As far as it was fed, the log has its newest line first.
  [[nodiscard]] bool newest_first() const;
  // Lines that were fed whole.
  [[nodiscard]] LineNumber lines() const;
  // Where the first one begins of the events that another line could go on with.
  [[nodiscard]] std::optional<LineNumber> first_open() const;
  // The pipe is quiet: end what is open, so that the reader sees it now.
  void idle();
  InputAccount finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace whyoom::report
