#include "report/assembler.h"

#include "report/assembly.h"
#include "report/doubt.h"

namespace whyoom::report {

// What somebody may have made up is put together apart: it adds nothing to what the kernel said,
// and neither ends nor divides it.
struct Assembler::State {
  State(const std::string& source, const Sink& sink)
      : believed(source, sink), doubtful(source, sink) {}

  Assembly believed, doubtful;
};

Assembler::Assembler(const std::string& source, const Sink& sink)
    : state_(std::make_unique<State>(source, sink)) {}

Assembler::~Assembler() = default;

void Assembler::line(const logtext::Line& line) {
  const bool believed = doubt_of(line) == Doubt::none;
  (believed ? state_->believed : state_->doubtful).line(line);
  (believed ? state_->doubtful : state_->believed).foreign_line();
}

bool Assembler::idle() const { return state_->believed.idle() && state_->doubtful.idle(); }

void Assembler::flush() {
  state_->believed.flush();
  state_->doubtful.flush();
}

}  // namespace whyoom::report
