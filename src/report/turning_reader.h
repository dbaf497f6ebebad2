// A log in whichever order it comes. One that has its newest line first, as web consoles and
// journalctl -r give it, has each report in pieces; it is read again, from its last line on. And a
// short text, in which somebody may have posted what the host was like.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "report/log_reader.h"

namespace whyoom::report {

class TurningReader {
 public:
  // The text of a log is kept until it has shown its order, and up to this where that is turned: a
  // longer one is read as it is.
  static constexpr std::uint64_t most_turned = std::uint64_t{16} << 20U;

  // Copies are handed on: others may be in other logs.
  TurningReader(const std::string& source, LogReader::Sink sink);

  // As those of LogReader.
  void keep_lines();
  void feed(std::string_view chunk);
  std::size_t pass_over(std::string_view text);
  void idle();
  InputAccount finish();

 private:
  void on_report(Report&& report);
  void tell(Report&& report);
  void hand_on();
  InputAccount turned();

  std::string source_;
  LogReader::Sink sink_;
  LogReader reader_;
  bool keeps_lines_ = false;
  // The text itself, where it shows a host.
  std::shared_ptr<const std::string> beside_;
  // While it may be turned: all of it, and what was found in it.
  bool may_turn_ = true;
  std::string text_;
  std::vector<Report> pieces_;
};

}  // namespace whyoom::report
