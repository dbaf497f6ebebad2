// What of a log goes into a capture: enough for the same events to be found in it, and little else,
// because a log of a whole machine can hold secrets. Kept are, where the event reader reads at all
// (the start of the log, and the lines around each text that an event can have), the kernel's own
// messages and what killers in user space say. Other lines become empty ones, so that line numbers
// hold. Audit records, and what programs wrote into the kernel's log, are left out.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "report/log_reader.h"

namespace whyoom::report {

// All lines of the log are the kernel's, also those that do not say so (a dump, dmesg).
enum class LogOwner : std::uint8_t { kernel, anybody };

class LogExcerpt {
 public:
  LogExcerpt(LogOwner owner, std::size_t most_bytes);
  LogExcerpt(const LogExcerpt&) = delete;
  LogExcerpt& operator=(const LogExcerpt&) = delete;

  void skip_lines(LineNumber lines);
  void feed(std::string_view chunk) { reader_.feed(chunk); }

  struct Result {
    std::string text;                    // whole lines
    LineNumber first_line = 0;           // so many lines stand before the text
    std::uint64_t bytes = 0, lines = 0;  // of the whole log
    std::uint64_t kept = 0;              // lines that are not empty
    std::uint64_t no_room = 0;           // the oldest ones that should be there
    std::set<std::string> hosts;         // names in the framing of what was kept
  };
  Result finish();

 private:
  void message(const logtext::Line& line);
  void line(LineNumber number, std::string_view raw, bool held);
  void drop_oldest();
  [[nodiscard]] bool is_wanted(const logtext::Line& line) const;

  LogOwner owner_;
  std::size_t most_bytes_;
  Result result_;
  LineNumber last_ = 0;  // number of the last line in the text
  bool wanted_ = false;  // a message of the line at hand is
  LogReader reader_;
};

}  // namespace whyoom::report
