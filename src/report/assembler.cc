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

bool Assembler::idle() const { return state_->assembly.idle(); }

void Assembler::flush() { state_->assembly.flush(); }

}  // namespace whyoom::report
