// Lines of several machines, or of several boots, in one log (a central syslog, journal-remote):
// each has an assembler of its own, so that none breaks the reports of another. A thousand can
// print at the same time; what a line costs does not depend on how many there are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "report/assembler.h"

namespace whyoom::report {

// The part of a name before its domain; empty for what is no name of a machine ("localhost").
// Daemons write one machine's name with and without its domain.
std::string_view short_host(std::string_view host);

class Streams {
 public:
  Streams(std::string source, Assembler::Sink sink)
      : source_(std::move(source)), sink_(std::move(sink)) {}

  // As Assembler::keep_lines(); before the first line.
  void keep_lines() { keeps_lines_ = true; }
  void line(const logtext::Line& line);
  // As those of Assembler, of the machine whose line was the last, when it is the only one.
  [[nodiscard]] std::size_t columns_of_next_row(LineNumber line) const;
  bool next_row(const logtext::Line& line, const TaskRow& row, std::string_view name);
  [[nodiscard]] bool idle() const { return busy_ == 0; }
  // The first line of the open events.
  [[nodiscard]] std::optional<LineNumber> first_open() const;
  // Lines so far that an event can be made of.
  [[nodiscard]] std::uint64_t lines_of_events() const { return lines_of_events_; }
  void flush();

 private:
  struct Stream {
    std::string host, boot;  // empty: no line has said it yet
    Assembler assembler;
    std::uint64_t last;  // number of its last line, counted over all streams
    // What the sums below have of it.
    bool busy = false;
    std::size_t open_bytes = 0;

    Stream(const std::string& source, const Assembler::Sink& sink, std::uint64_t line)
        : assembler(source, sink), last(line) {}
    // The line can be of it: what both know is equal.
    [[nodiscard]] bool fits(std::string_view host, std::string_view boot) const;
  };
  using Place = std::list<Stream>::iterator;
  using Index = std::unordered_map<std::string_view, Place>;

  Stream& stream_of(const logtext::Line& line);
  [[nodiscard]] Place find(std::string_view host, std::string_view boot);
  // The names of the stream are about to change, or have changed.
  void take_from_index(const Stream& stream);
  void put_into_index(Place stream);
  void count(Stream& stream);
  void limit();
  void drop(Place stream);

  std::string source_;
  bool keeps_lines_ = false;
  Assembler::Sink sink_;
  std::uint64_t lines_ = 0;
  std::uint64_t lines_of_events_ = 0;
  std::size_t busy_ = 0;        // streams with an open event
  std::size_t open_bytes_ = 0;  // of all of them
  std::list<Stream> streams_;   // the one of the last line first
  Index by_boot_, by_host_;     // by_host_: those of no known boot; keys are the streams' own
};

}  // namespace whyoom::report
