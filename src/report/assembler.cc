#include "report/assembler.h"

#include <utility>

#include "report/assembly.h"

namespace whyoom::report {

struct Assembler::State {
  Assembly assembly;
};

Assembler::Assembler(std::string source, Sink sink)
    : state_(new State{Assembly(std::move(source), std::move(sink))}) {}

Assembler::~Assembler() = default;

void Assembler::line(const logtext::Line& line) { state_->assembly.line(line); }

// Line numbers tell how far apart two lines are, so nothing is left to count.
void Assembler::skipped(std::uint64_t /*lines*/) {}

bool Assembler::idle() const { return state_->assembly.idle(); }

void Assembler::flush() { state_->assembly.flush(); }

}  // namespace whyoom::report
