#include "report/kernel_line.h"

#include <array>
#include <bit>
#include <cstdint>
#include <utility>

#include "base/text.h"
#include "logtext/literal_scan.h"
#include "report/constraint_lines.h"
#include "report/field_lines.h"
#include "report/kernel_notices.h"
#include "report/memcg_lines.h"
#include "report/openvz_lines.h"
#include "report/others_words.h"
#include "report/symptoms.h"
#include "report/tail_lines.h"
#include "report/userspace_lines.h"
#include "report/words_held.h"
#include "report/zone_lines.h"

namespace whyoom::report {

const LineKind unknown_line{.stands_alone = false};
const LineKind fragment{};

namespace {

constexpr auto npos = std::string_view::npos;

bool read_per_cpu(std::string_view text, Place /*at*/, KernelLine& /*out*/) {
  return text.starts_with("CPU")   ? text.find(": hi:") != npos
         : parse_node_prefix(text) ? text.find(" per-cpu:") != npos
                                   : is_upper(text.front()) && text.ends_with(" per-cpu:");
}
const LineKind per_cpu{.read = read_per_cpu};

// Where the mark stands, and what it proves.
enum class Where : std::uint8_t {
  begins,    // at the start, and settles the kind
  is_all,    // nothing else is in the line
  start,     // at the start; the reader has the last word, as below
  anywhere,  // it can stand behind other words
  context    // no mark: lines that mean something only inside of a report
};

struct Row {
  std::string_view mark;
  Where where;
  const LineKind* kind;
  std::array<std::string_view, 3> anchors;

  constexpr Row(std::string_view says, Where at, const LineKind* of, std::string_view anchor = {},
                std::string_view second = {}, std::string_view third = {})
      : mark(says), where(at), kind(of), anchors{anchor, second, third} {}
};

// Every kind of line, in the order in which they are tried. Of several marks that can stand
// anywhere the first in the line decides: a user chooses the names of cgroups and processes, and
// the kernel's own words stand before them.
constexpr Row row_table[] = {
    {"Mem-Info:", Where::is_all, &mem_info, "Mem-Info"},
    {"Mem-info:", Where::is_all, &mem_info, "Mem-info"},
    {"lowmem_reserve[]:", Where::begins, &lowmem_reserve, "lowmem_reserve"},
    {"protections[]:", Where::begins, &lowmem_reserve},
    {"oom-kill:constraint=", Where::begins, &constraint_line, "oom-kill:c"},
    {",task=", Where::begins, &constraint_rest},
    {"memory: usage ", Where::begins, &memcg_counter, "emory: usage"},
    {"memory+swap: usage ", Where::begins, &memcg_counter},
    {"kmem: usage ", Where::begins, &memcg_counter},
    {"swap: usage ", Where::begins, &memcg_counter},
    {"Memory cgroup stats for ", Where::begins, &memcg_stats, "Memory cgroup "},
    {"Out of memory in UB ", Where::begins, &ub_victim},
    {"OOM killer in rage, ", Where::start, &ub_rage},
    {"Memory limit reached of cgroup ", Where::begins, &limit_reached},
    {"Task in ", Where::begins, &task_in},
    {"killed as a result of limit of ", Where::begins, &task_in, "of limit of"},
    {"Tasks state (memory values in ", Where::begins, &task_title, "Tasks state"},
    {"Tasks in ", Where::begins, &kill_group},
    {"Unreclaimable slab info:", Where::begins, &slab_title},
    {"excessive unreclaimable slab but cannot dump stats", Where::begins, &slab_refused},
    {"Hardware name:", Where::begins, &hardware_line},
    {"Call ", Where::start, &trace_start},
    {"Backtrace:", Where::begins, &trace_start},
    {"oom_reaper: reaped process ", Where::begins, &reaped, "oom_reaper"},
    {"Out of memory and no killable processes", Where::begins, &no_killable},
    {"Rebooting in ", Where::begins, &panic_restart},
    {"---[ end Kernel panic", Where::begins, &panic_halt},
    {"SL", Where::start, &slub_failure, "SLUB: Unable", "SLAB: Unable"},
    {"cache: ", Where::begins, &slub_cache},
    {"node ", Where::begins, &slub_node},
    {"TCP: ", Where::start, &limit_line, "ed sockets"},
    {"MPTCP: ", Where::start, &limit_line},
    {"Out of socket memory", Where::start, &limit_line, "of socket memory"},
    {"n", Where::start, &limit_line, "conntrack: table full", "neighbor table overflow"},
    {"VFS: file-max limit ", Where::start, &limit_line, "file-max limit"},
    {"Neighbour table overflow", Where::start, &limit_line, "Neighbour table overflow"},
    {"cma", Where::start, &limit_line, "alloc failed, req-size"},
    {"ip", Where::start, &limit_line},  // "ip_conntrack: ", "ipv4: "
    {"IPv", Where::start, &limit_line},
    {"percpu: ", Where::start, &limit_line, "allocation failed, size"},
    {"PERCPU: ", Where::start, &limit_line},
    {"XFS: ", Where::start, &limit_line, "ocation deadlock"},
    {"xfs: ", Where::start, &limit_line},
    {"[drm:vc4", Where::start, &limit_line},
    {"vc4-drm ", Where::start, &limit_line},
    {"VM: ", Where::start, &fault_victim},
    {"__alloc_pages: ", Where::start, &old_failure},
    {"__vm_enough_memory: ", Where::start, &overcommit_refused, "vm_enough_memory: "},
    {"[", Where::start, &task_columns},
    {"[", Where::start, &task_row},
    {"[", Where::start, &trace_entry},
    {"CPU", Where::start, &cpu_line},
    {"Pid: ", Where::start, &cpu_line},
    {"Node ", Where::start, &node_prefix},
    {"Node ", Where::start, &node_line, "ctive_anon:"},
    {"Node ", Where::start, &hugepages},
    {"Name ", Where::start, &slab_columns},
    {"", Where::start, &zone_line},
    {"", Where::start, &buddy_lists},
    {"", Where::start, &per_cpu},
    {"oom-killer:", Where::start, &nameless_oom},
    {"invoked oom-killer:", Where::start, &nameless_oom},
    {"page allocation failure", Where::start, &nameless_failure},
    {": page allocation failure", Where::start, &nameless_failure},
    {" invoked oom-killer:", Where::anywhere, &oom_header, "oom-killer", "oom_score_adj"},
    {" invoked oom-killer in ub ", Where::anywhere, &ub_header},
    {"Kill", Where::anywhere, &victim_line, "Killed process", "ut of memory", "ut of Memory"},
    {"Kill", Where::anywhere, &kill_intent},
    {"kill process ", Where::anywhere, &kill_intent},  // 2.6.19 to 2.6.35
    {"alloc", Where::anywhere, &failure_header, "page allocation"},
    {"alloc", Where::anywhere, &vmalloc_failure, "vmalloc"},
    {"alloc", Where::anywhere, &overcommit_refused, "enough memory for"},
    {"Kernel panic", Where::anywhere, &oom_panic, "panic_on_oom", "deadlocked on memory"},
    {"rejected by pids", Where::anywhere, &fork_rejected, "pids controller"},
    {"swiotlb buffer is full", Where::anywhere, &limit_line, "swiotlb buffer"},
    {"SW-IOMMU", Where::anywhere, &limit_line},
    {"OOM killed process ", Where::anywhere, &ub_victim},
    {"OOM", Where::anywhere, &victim_exiting, "OOM "},
    {"OOM", Where::anywhere, &sysrq_line},
    {"Show Memory", Where::anywhere, &sysrq_line, "Show Memory"},
    {" cpuset=", Where::anywhere, &cpuset_line},
    {"", Where::context, &totals},
    {"", Where::context, &tail_line, "pagecache pages"},
    {"", Where::context, &trace_entry},
    {"", Where::context, &slab_row},
    {"", Where::context, &memcg_stat},
    {"", Where::context, &buddy_piece},
    {"", Where::context, &lowmem_piece},
};

// What the log itself says that it lost.
constexpr std::string_view loss_anchor = "messages dropped";

constexpr std::size_t count_anchors() {
  std::size_t count = 1 + userspace_anchors.size() + symptom_anchors.size();
  for (const Row& row : row_table) {
    for (const std::string_view anchor : row.anchors) {
      count += anchor.empty() ? 0 : 1;
    }
  }
  return count;
}
static_assert(count_anchors() <= logtext::LiteralScan::max_literals,
              "the scanner cannot hold so many anchors");

constexpr auto collect_anchors() {
  std::array<std::string_view, count_anchors()> all{};
  std::size_t next = 0;
  for (const Row& row : row_table) {
    for (const std::string_view anchor : row.anchors) {
      if (!anchor.empty()) {
        all[next++] = anchor;
      }
    }
  }
  for (const std::string_view anchor : userspace_anchors) {
    all[next++] = anchor;
  }
  for (const std::string_view anchor : symptom_anchors) {
    all[next++] = anchor;
  }
  all[next] = loss_anchor;
  return all;
}
constexpr auto anchor_words = collect_anchors();

// The rows that begin with a mark stand first.
constexpr std::size_t count_starts() {
  std::size_t count = 0;
  while (row_table[count].where <= Where::start) {
    ++count;
  }
  return count;
}
constexpr std::size_t start_rows = count_starts();
constexpr std::size_t all_rows = std::size(row_table);
static_assert(start_rows <= 64, "a bit for each row that begins with a mark");

// For each first character of a line the rows of row_table that it can be, as bits.
constexpr auto index_starts() {
  std::array<std::uint64_t, 256> rows{};
  for (std::size_t i = 0; i < start_rows; ++i) {
    const std::string_view mark = row_table[i].mark;
    for (std::size_t c = 0; c < rows.size(); ++c) {
      if (mark.empty() || static_cast<unsigned char>(mark.front()) == c) {
        rows[c] |= std::uint64_t{1} << i;
      }
    }
  }
  return rows;
}
constexpr auto rows_by_start = index_starts();

// The words that are looked for in the middle of a line: the marks that can stand anywhere, in the
// order of their rows, and these.
constexpr std::string_view invoked_mark = " invoked oom-killer:";
constexpr std::string_view failed_mark = ": page allocation ";
constexpr std::string_view offset_mark = "+0x";  // of an address in a function

constexpr std::size_t count_anywhere() {
  std::size_t count = 0;
  while (start_rows + count < all_rows && row_table[start_rows + count].where == Where::anywhere) {
    ++count;
  }
  return count;
}
constexpr std::size_t anywhere_rows = count_anywhere();

constexpr auto collect_words() {
  std::array<std::string_view, anywhere_rows + 3> words{};
  for (std::size_t i = 0; i < anywhere_rows; ++i) {
    words[i] = row_table[start_rows + i].mark;
  }
  words[anywhere_rows] = invoked_mark;
  words[anywhere_rows + 1] = failed_mark;
  words[anywhere_rows + 2] = offset_mark;
  return words;
}
constexpr WordsHeld held_words(collect_words());
constexpr std::uint32_t holds_any_mark = (1U << anywhere_rows) - 1;
constexpr std::uint32_t holds_invoked = 1U << anywhere_rows;
constexpr std::uint32_t holds_failed = holds_invoked << 1U;
constexpr std::uint32_t holds_offset = holds_failed << 1U;

constexpr bool rows_are_in_order() {
  for (std::size_t i = 0; i < all_rows; ++i) {
    const Where where = row_table[i].where;
    if ((i < start_rows) != (where <= Where::start) ||
        (i >= start_rows + anywhere_rows) != (where == Where::context)) {
      return false;
    }
  }
  return true;
}
static_assert(rows_are_in_order(), "first the rows of a start, then of anywhere, then of context");

bool reads_as(const LineKind& kind, std::string_view text, Place at, KernelLine& out) {
  if (!kind.read(text, at, out)) {
    return false;
  }
  out.kind = &kind;
  return true;
}

// "X invoked oom-killer:", "X: page allocation failure": the name stands first and can look like
// the start of any other line. Only a name has room before the mark, with what some tools add to
// it.
bool read_behind_name(std::string_view text, bool exact, Place at, KernelLine& out) {
  const std::size_t longest = exact ? longest_comm : longest_comm + 8;
  const std::size_t invoked = text.find(invoked_mark);
  const std::size_t failure = text.find(failed_mark);
  const bool fails = failure != 0 && failure <= longest;
  // The name of a cgroup can look like these, too.
  if ((invoked > longest && !fails) || text.find(" killed as a result of limit of ") != npos ||
      parse_group(text) || parse_cpuset_line(text)) {
    return false;
  }
  return (invoked <= longest && reads_as(oom_header, text, at, out)) ||
         (fails && reads_as(failure_header, text, at, out));
}

bool read_at_start(std::string_view text, Place at, KernelLine& out) {
  std::uint64_t rows = rows_by_start[static_cast<unsigned char>(text.front())];
  for (; rows != 0; rows &= rows - 1) {
    const Row& row = row_table[std::countr_zero(rows)];
    if (!text.starts_with(row.mark) || (row.where == Where::is_all && text != row.mark)) {
      continue;
    }
    if (row.where == Where::start) {
      if (reads_as(*row.kind, text, at, out)) {
        return true;
      }
      continue;
    }
    out.kind = row.kind;
    out.good = row.kind->read == nullptr || row.kind->read(text, at, out);
    return true;
  }
  return false;
}

// `limit`: where words of others begin.
bool read_anywhere(std::string_view text, std::uint32_t held, std::size_t limit, Place at,
                   KernelLine& out) {
  std::size_t first = limit;
  for (std::uint32_t rows = held & holds_any_mark; rows != 0; rows &= rows - 1) {
    const Row& row = row_table[start_rows + static_cast<std::size_t>(std::countr_zero(rows))];
    const std::size_t found = text.find(row.mark);
    if (found >= first) {
      continue;
    }
    KernelLine line;
    line.at = at;
    if (reads_as(*row.kind, text, at, line)) {
      first = found;
      out = std::move(line);
    }
  }
  return first != limit;
}

bool is_fragment(std::string_view text) {
  for (const std::string_view end :
       {" invoked", "emory: Killed", "Killed process", "emory: Kill process", ": page allocation",
        ": page", ": vmalloc"}) {
    if (text.ends_with(end)) {
      return true;
    }
  }
  if (text == "oom-" || is_zone_alone(text)) {  // mail breaks at a hyphen, too
    return true;
  }
  const std::size_t kill = text.rfind("emory: Kill process ");
  return kill != npos && Cursor(text.substr(kill + 20)).take_unsigned();
}

// Most lines of a large report. Before the name stand numbers alone, and a name has no room for
// what another kind of line would have.
bool read_row(std::string_view text, Place at, KernelLine& out) {
  if (text.front() != '[' || !reads_as(task_row, text, at, out)) {
    return false;
  }
  const auto& row = out.as<TaskRow>();
  if (trim(text.substr(row.ends[row.count])).size() <= longest_comm) {
    return true;
  }
  const std::size_t columns = out.columns;
  out = KernelLine();
  out.kind = &unknown_line;
  out.at = at;
  out.columns = columns;
  return false;
}

void read_into(std::string_view text, bool exact, Place at, KernelLine& out) {
  if (read_row(text, at, out)) {
    return;
  }
  // The longest lines, of zones, begin with the number of the node: of what a name would have
  // before its mark they can have no more than stands at their start.
  constexpr std::size_t name_and_mark = 64;
  const bool is_nodes = text.starts_with("Node ") && text.size() > name_and_mark;
  std::uint32_t held = held_words.in(is_nodes ? text.substr(0, name_and_mark) : text);
  const auto holds = [&held](std::uint32_t word) { return (held & word) != 0; };
  if (holds(holds_invoked | holds_failed) && read_behind_name(text, exact, at, out)) {
    return;
  }
  if (is_nodes && read_at_start(text, at, out)) {
    return;
  }
  held = is_nodes ? held_words.in(text) : held;
  // Most lines of a report: a trace entry. Nothing else has a hex offset.
  if (holds(holds_offset) && text.front() != '[' && text.find(offset_mark) != npos &&
      text.find(invoked_mark) == npos && reads_as(trace_entry, text, at, out)) {
    return;
  }
  const std::size_t limit = exact && holds(holds_any_mark) ? others_words(text) : npos;
  if ((!is_nodes && read_at_start(text, at, out)) || read_anywhere(text, held, limit, at, out) ||
      text.front() == '[') {
    return;
  }
  if (is_fragment(text)) {
    out.kind = &fragment;
    out.fullness = Fullness::partial;
    return;
  }
  for (std::size_t i = start_rows + anywhere_rows; i < all_rows; ++i) {
    if (reads_as(*row_table[i].kind, text, at, out)) {
      return;
    }
  }
}

}  // namespace

KernelLine read_line(std::string_view text, LineNumber number, std::size_t columns, bool exact) {
  KernelLine line;
  line.kind = &unknown_line;
  line.columns = columns;
  line.at = {0, number};
  if (const std::string_view whole = trim(text); !whole.empty()) {
    read_into(whole, exact, line.at, line);
    const auto indent = static_cast<std::size_t>(whole.data() - text.data());
    line.begins += line.begins == 0 ? 0 : indent;
    line.ends = line.ends >= whole.size() ? npos : line.ends + indent;
  }
  return line;
}

std::span<const std::string_view> anchors() { return anchor_words; }

}  // namespace whyoom::report
