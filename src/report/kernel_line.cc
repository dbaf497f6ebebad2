#include "report/kernel_line.h"

#include <array>
#include <utility>

#include "base/text.h"
#include "logtext/literal_scan.h"
#include "report/constraint_lines.h"
#include "report/field_lines.h"
#include "report/kernel_notices.h"
#include "report/memcg_lines.h"
#include "report/tail_lines.h"
#include "report/userspace_lines.h"
#include "report/zone_lines.h"

namespace whyoom::report {

const LineKind unknown_line{.stands_alone = false};
const LineKind fragment{};

namespace {

constexpr auto npos = std::string_view::npos;

bool read_per_cpu(std::string_view text, Place /*at*/, KernelLine& /*out*/) {
  return text.starts_with("CPU") ? text.find(": hi:") != npos
         : parse_node_prefix(text)
             ? text.find(" per-cpu:") != npos
             : text.front() >= 'A' && text.front() <= 'Z' && text.ends_with(" per-cpu:");
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
constexpr Row kRows[] = {
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
    {"Memory limit reached of cgroup ", Where::begins, &limit_reached},
    {"Task in ", Where::begins, &task_in},
    {"killed as a result of limit of ", Where::begins, &task_in, "of limit of"},
    {"Tasks state (memory values in ", Where::begins, &task_title, "Tasks state"},
    {"Tasks in ", Where::begins, &kill_group},
    {"Unreclaimable slab info:", Where::begins, &slab_title},
    {"excessive unreclaimable slab but cannot dump stats", Where::begins, &slab_refused},
    {"Hardware name:", Where::begins, &hardware_line},
    {"Call Trace:", Where::begins, &trace_start},
    {"Call trace:", Where::begins, &trace_start},
    {"Backtrace:", Where::begins, &trace_start},
    {"oom_reaper: reaped process ", Where::begins, &reaped, "oom_reaper"},
    {"Out of memory and no killable processes", Where::begins, &no_killable},
    {"Rebooting in ", Where::begins, &panic_restart},
    {"---[ end Kernel panic", Where::begins, &panic_halt},
    {"SLUB: Unable to allocate memory on ", Where::begins, &slub_failure, "SLUB: Unable"},
    {"cache: ", Where::begins, &slub_cache},
    {"TCP: out of memory", Where::start, &limit_line},
    {"Out of socket memory", Where::start, &limit_line, "of socket memory"},
    {"nf_conntrack: ", Where::start, &limit_line, "conntrack: table full"},
    {"ip_conntrack: ", Where::start, &limit_line},
    {"VFS: file-max limit ", Where::start, &limit_line, "file-max limit"},
    {"neighbour: ", Where::start, &limit_line, "neighbor table overflow"},
    {"Neighbour table overflow", Where::start, &limit_line, "Neighbour table overflow"},
    {"cma: ", Where::start, &limit_line, "alloc failed, req-size"},
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
    {"Kill", Where::anywhere, &victim_line, "Killed process", "ut of memory", "ut of Memory"},
    {"Kill", Where::anywhere, &kill_intent},
    {"kill process ", Where::anywhere, &kill_intent},  // 2.6.19 to 2.6.35
    {"alloc", Where::anywhere, &failure_header, "page allocation"},
    {"alloc", Where::anywhere, &vmalloc_failure, "vmalloc"},
    {"alloc", Where::anywhere, &overcommit_refused, "enough memory for"},
    {"Kernel panic", Where::anywhere, &oom_panic, "panic_on_oom", "deadlocked on memory"},
    {"rejected by pids", Where::anywhere, &fork_rejected, "pids controller"},
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
constexpr std::string_view kLossAnchor = "messages dropped";

constexpr std::size_t count_anchors() {
  std::size_t count = 1 + kUserspaceAnchors.size();
  for (const Row& row : kRows) {
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
  for (const Row& row : kRows) {
    for (const std::string_view anchor : row.anchors) {
      if (!anchor.empty()) {
        all[next++] = anchor;
      }
    }
  }
  for (const std::string_view anchor : kUserspaceAnchors) {
    all[next++] = anchor;
  }
  all[next] = kLossAnchor;
  return all;
}
constexpr auto kAnchors = collect_anchors();

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
bool read_behind_name(std::string_view text, Place at, KernelLine& out) {
  constexpr std::size_t longest = kMaxComm + 8;
  const std::size_t invoked = text.find(" invoked oom-killer:");
  const std::size_t failure = text.find(": page allocation ");
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
  for (const Row& row : kRows) {
    if (row.where > Where::start || !text.starts_with(row.mark) ||
        (row.where == Where::is_all && text != row.mark)) {
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

bool read_anywhere(std::string_view text, Place at, KernelLine& out) {
  std::size_t first = npos;
  for (const Row& row : kRows) {
    const std::size_t found = row.where == Where::anywhere ? text.find(row.mark) : npos;
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
  return first != npos;
}

bool is_fragment(std::string_view text) {
  for (const std::string_view end : {" invoked", "emory: Killed", "Killed process",
                                     "emory: Kill process", ": page allocation"}) {
    if (text.ends_with(end)) {
      return true;
    }
  }
  const std::size_t kill = text.rfind("emory: Kill process ");
  return kill != npos && Cursor(text.substr(kill + 20)).take_unsigned();
}

void read_into(std::string_view text, Place at, KernelLine& out) {
  // Most lines of a report: a trace entry. Nothing else has a hex offset.
  if (read_behind_name(text, at, out) ||
      (text.front() != '[' && text.find("+0x") != npos &&
       text.find(" invoked oom-killer:") == npos && reads_as(trace_entry, text, at, out)) ||
      read_at_start(text, at, out) || read_anywhere(text, at, out) || text.front() == '[') {
    return;
  }
  if (is_fragment(text)) {
    out.kind = &fragment;
    out.fullness = Fullness::partial;
    return;
  }
  for (const Row& row : kRows) {
    if (row.where == Where::context && reads_as(*row.kind, text, at, out)) {
      return;
    }
  }
}

}  // namespace

KernelLine read_line(std::string_view text, LineNumber number, std::size_t columns) {
  KernelLine line;
  line.kind = &unknown_line;
  line.columns = columns;
  line.at = {0, number};
  if (const std::string_view whole = trim(text); !whole.empty()) {
    read_into(whole, line.at, line);
  }
  return line;
}

std::span<const std::string_view> anchors() { return kAnchors; }

}  // namespace whyoom::report
