// Lines of several machines, or of several boots, in one log (a central syslog, journal-remote):
// each has an assembler of its own, so that none breaks the reports of another.
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>

#include "report/assembler.h"

namespace whyoom::report {

// The part of a name before its domain; empty for what is no name of a machine ("localhost").
// Daemons write one machine's name with and without its domain.
std::string_view short_host(std::string_view host);

class Streams {
 public:
  Streams(std::string source, Assembler::Sink sink)
      : source_(std::move(source)), sink_(std::move(sink)) {}

  void line(const logtext::Line& line);
  [[nodiscard]] bool idle() const;
  // The first line of the open events.
  [[nodiscard]] std::optional<LineNumber> first_open() const;
  // Lines so far that an event can be made of.
  [[nodiscard]] std::uint64_t lines_of_events() const { return lines_of_events_; }
  void flush();

 private:
  struct Stream {
    std::string host, boot;  // empty: no line has said it yet
    Assembler assembler;

    Stream(const std::string& source, const Assembler::Sink& sink) : assembler(source, sink) {}
    // The line can be of it: what both know is equal.
    [[nodiscard]] bool fits(std::string_view host, std::string_view boot) const;
  };

  Stream& stream_of(const logtext::Line& line);
  void limit();

  std::string source_;
  Assembler::Sink sink_;
  std::uint64_t lines_of_events_ = 0;
  std::list<Stream> streams_;  // the one of the last line first
};

}  // namespace whyoom::report
