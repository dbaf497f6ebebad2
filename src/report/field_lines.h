// Lines of "key:value" fields: the totals, node and zone lines of Mem-Info. Keys are looked up in
// kernel/fields.h; their order and grouping do not matter. Also the small line forms around them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kernel/fields.h"
#include "report/report.h"

namespace whyoom::report {

struct LineKind;
extern const LineKind totals, node_line;
extern const LineKind node_prefix;  // "Node 0 " alone: the rest of the record came apart
extern const LineKind hugepages;
extern const LineKind slab_title, slab_columns, slab_row, slab_refused;

// What a run over the fields of a line found.
struct FieldRun {
  unsigned known = 0;         // fields that went into the set
  unsigned other = 0;         // well-formed, but no kernel that we know prints this key here
  unsigned malformed = 0;     // a value without its number or unit
  bool reclaim_said = false;  // "all_unreclaimable?" and its answer
  bool cut = false;           // the line ends in "..." or inside a field
  std::string_view bad;       // the first malformed field

  [[nodiscard]] int score() const {
    return static_cast<int>(known + other) - 2 * static_cast<int>(malformed);
  }
};

// Reads the fields of `text` into `fields`. Node and zone values must carry kB, totals must not.
FieldRun read_fields(kernel::Scope scope, std::string_view text, Place at, FieldSet& fields);

// What is to be said of it, and how much of a node's or a zone's line is there: it ends in a field
// that depends on the kernel.
struct KernelLine;
void note_run(const FieldRun& run, std::string_view text, const FieldSet& fields, KernelLine& out);

// "Node 0 active_anon:..." -> 0
std::optional<int> parse_node_prefix(std::string_view text);

// "Node 0 hugepages_total=0 hugepages_free=0 hugepages_surp=0 hugepages_size=2048kB"
// The size is 0 where the line is cut before it.
std::optional<Hugepages> parse_hugepages(std::string_view text, Place at);

// "Name                      Used          Total" has been seen; "kmalloc-64    68KB    68KB".
std::optional<SlabRow> parse_slab_row(std::string_view text, Place at);

}  // namespace whyoom::report
