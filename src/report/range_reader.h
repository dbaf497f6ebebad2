// A part of a log, so that several programs can read one log at the same time: the events whose
// report begins in the bytes from `begin` up to, and without, `end`. Neighbours together have the
// events of the whole, each once. Copies that are far apart are told by their id alone. A line that
// comes again and again (a full table, rejected forks) is of the part in which it began; one that
// is farther from the one before than a part looks back is an event of its own part. It wants more
// than its part: what stands before it, so that a report which began there is not taken for one of
// its own, and behind it the end of its last report. Events that it finds before its part are
// handed on too, and marked (Report::part). Memory as LogReader.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "report/log_reader.h"
#include "report/report.h"

namespace whyoom::report {

struct ByteRange {
  std::uint64_t begin = 0, end = 0;
};

class RangeReader {
 public:
  RangeReader(const std::string& source, ByteRange range, LogReader::Sink sink);

  // The byte of the log from which it wants to be fed; once it was, the one at which its first line
  // begins: all line numbers of its events and of damage are counted from there.
  [[nodiscard]] std::uint64_t from() const { return from_; }
  // False: it wants no more.
  bool feed(std::string_view chunk);
  // Bytes and lines are those of its part.
  InputAccount finish();

 private:
  bool feed_up_to(std::uint64_t offset, std::string_view& chunk);
  void on_report(Report&& report);

  ByteRange range_;
  std::uint64_t from_;
  std::uint64_t at_;       // of the next byte
  bool at_line_ = false;   // it begins a line, or the log does
  LineNumber before_ = 0;  // lines that begin before the range,
  LineNumber within_ = 0;  // or before its end
  bool passed_begin_ = false, passed_end_ = false;
  LogReader::Sink sink_;
  LogReader reader_;
};

}  // namespace whyoom::report
