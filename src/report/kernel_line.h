// A line of kernel text, read once: of which kind it is, what it says, and whether all of it is
// there. Each kind belongs to the file that reads it (*_lines.cc) whole; read_line() knows by what
// words it is told from the others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "logtext/line.h"
#include "report/header_lines.h"
#include "report/open_event.h"
#include "report/openvz_lines.h"
#include "report/report.h"
#include "report/stack_lines.h"
#include "report/task_lines.h"
#include "report/victim_lines.h"

namespace whyoom::report {

enum class Fullness : std::uint8_t {
  partial,     // something that every kernel prints in this line is missing
  extensible,  // good as it is, but could go on
  whole
};
inline Fullness whole_if(bool whole) { return whole ? Fullness::whole : Fullness::partial; }

struct LineKind;

struct KernelLine {
  const LineKind* kind = nullptr;
  Place at{};
  const logtext::Line* line = nullptr;  // when it goes to an event
  // What a line says of an event, in the words of the report where that has them.
  std::variant<std::monostate, HeaderLine, CpuLine, StackDump, TraceEntry, FieldSet, Node, Zone,
               std::vector<std::uint64_t>, Hugepages, Tail, SlabRow, TaskColumns, TaskRow, Memcg,
               MemcgStat, Constraint, VictimLine, UbRage, Panic, Sysrq, ForkRejected,
               OvercommitRefused::Request, LimitReached>
      part;
  Fullness fullness = Fullness::whole;
  int score = 0;            // parts that make sense, less parts that do not
  std::size_t columns = 0;  // numeric ones of the task table at hand; 0: not known
  bool good = true;         // false: the kind is sure, but the rest makes no sense
  bool may_open = true;     // false: a row that no kernel has
  // The part of the text that this line is, where a post lost the newlines around it.
  std::size_t begins = 0;
  std::size_t ends = std::string_view::npos;
  std::vector<std::string> damage;  // for the event that the line goes to

  template <class T>
  [[nodiscard]] T& as() {
    return *std::get_if<T>(&part);
  }
  template <class T>
  [[nodiscard]] const T& as() const {
    return *std::get_if<T>(&part);
  }
};

// What a kind of line does with an event. Kinds that need more than this have a function of their
// own in the assembler.
struct LineKind {
  // Reads `text`, which has no blanks around it. False: it is no line of this kind; `out` is as it
  // was, unless the words at its start have settled the kind. None: those words are all.
  bool (*read)(std::string_view text, Place at, KernelLine& out) = nullptr;
  Stage stage = Stage::header;
  bool opens = false;  // a report whose head is lost can begin with it
  bool (*lacks)(const OpenEvent& event, const KernelLine& read) = nullptr;
  // The event has such a line already, and it says something else. None: see `opens`.
  bool (*contradicts)(const OpenEvent& event, const KernelLine& read) = nullptr;
  // False: the event has no use for it.
  bool (*put)(OpenEvent& event, KernelLine& read) = nullptr;
  bool stands_alone = true;    // never the wrapped rest of another line
  bool in_record = false;      // can be a further line of one record
  bool has_no_blanks = false;  // where a wrap is likely: it cuts inside of words
};

// A reader of a line that is all there when `parse` can read it.
template <auto parse>
bool read_part(std::string_view text, Place at, KernelLine& out) {
  const auto parse_it = [&] {
    if constexpr (std::is_invocable_v<decltype(parse), std::string_view, Place>) {
      return parse(text, at);
    } else {
      return parse(text);
    }
  };
  auto part = parse_it();
  if (part) {
    out.part = std::move(*part);
  }
  return part.has_value();
}

extern const LineKind unknown_line;
// The beginning of a line that a wrap cut before it can be told.
extern const LineKind fragment;

// The text is just what the kernel wrote: its own frame is around it.
inline bool is_exact(const logtext::Line& line) {
  return line.framed && (line.origin == logtext::Origin::kernel || line.monotonic_us);
}

// `columns`: as in KernelLine. `exact`: is_exact(), so words of others in it can be told.
KernelLine read_line(std::string_view text, LineNumber number = 0, std::size_t columns = 0,
                     bool exact = false);

// The texts that can begin or be part of an event. A stretch of a log without any of them is never
// split into lines' fields. Each is rare in other text, and short enough to survive most wraps.
std::span<const std::string_view> anchors();

}  // namespace whyoom::report
