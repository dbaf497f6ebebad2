// Kernel messages in, events out. Several reports can be open at once (CPUs that print at the same
// time); a line goes to the event that it fits. Parsing never fails: what does not make sense is
// written down as damage and the next line that does is taken up again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "logtext/line.h"
#include "report/report.h"

namespace whyoom::report {

class Assembler {
 public:
  using Sink = std::function<void(Report&&)>;

  // `source` is the name that the reports carry.
  Assembler(const std::string& source, const Sink& sink);
  ~Assembler();
  Assembler(const Assembler&) = delete;
  Assembler& operator=(const Assembler&) = delete;

  // The caller may leave out lines that cannot belong to an event: line numbers tell the distance.
  void line(const logtext::Line& line);

  // No event is open: lines without a mark of an event may be left out.
  [[nodiscard]] bool idle() const;

  // Ends every open event (end of input, or a pipe gone quiet).
  void flush();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace whyoom::report
