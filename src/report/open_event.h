// One event while its lines come in, and how it is closed into a Report.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "logtext/line.h"
#include "report/header_lines.h"
#include "report/report.h"
#include "report/stack_lines.h"
#include "report/task_lines.h"

namespace whyoom::report {

// The parts of a report in the order in which kernels print them. Within a group versions differ.
enum class Stage : std::uint8_t {
  header,
  stack,
  memcg,
  mem_info,
  totals,
  nodes,
  zones,
  buddy,
  hugepages,
  tail,
  slab,
  tasks,
  constraint,
  victim
};
constexpr int group_of(Stage stage) {
  constexpr int groups[] = {0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 4, 5};
  return groups[static_cast<std::size_t>(stage)];
}

// When a line was printed, as far as the log tells.
struct Moment {
  LineNumber line = 0;
  std::optional<std::uint64_t> monotonic_us;
  std::string wall;
};
Moment moment_of(const logtext::Line& line);
// Whether the line is at most so many lines behind.
inline bool within(const Moment& moment, const logtext::Line& line, LineNumber lines) {
  return line.number >= moment.line && line.number - moment.line <= lines;
}
inline Place place_of(const logtext::Line& line) { return {0, line.number}; }
// Seconds from `earlier` to `line`; nullopt when the two do not share a clock.
std::optional<double> seconds_between(const Moment& earlier, const logtext::Line& line);

// The lower of two line numbers, as far as they are known.
constexpr std::optional<LineNumber> earlier(std::optional<LineNumber> a,
                                            std::optional<LineNumber> b) {
  return a && b ? std::min(*a, *b) : a ? a : b;
}

// A report whose head is cut off begins where its log begins. Task rows alone, which nothing else
// marks as a report, are looked for only there.
inline constexpr LineNumber start_lines = 1024;

// At most this many rows of one table are kept; the damage says how many were not. No event takes
// more than about 48 MiB with them, and all that are open together not more than most_open_bytes
// and one event: the oldest are closed before that.
inline constexpr std::size_t most_tasks = 65536;
inline constexpr std::size_t most_rows = 4096;
inline constexpr int most_numa_nodes = 1024;       // NODES_SHIFT is at most 10
inline constexpr std::size_t most_node_zones = 8;  // kernels have six classes
inline constexpr std::size_t most_stats = 512;     // of a cgroup; 6.12 has 60
inline constexpr std::size_t most_open_bytes = std::size_t{64} << 20U;
inline constexpr std::size_t most_damage = 64;
inline constexpr std::size_t most_functions = 64;
// TASK_COMM_LEN less its end: a process can choose so many bytes of any kind for its name.
inline constexpr std::size_t longest_comm = 15;

// Where lines are kept: so many of an event, half of them rows of the task table, and so much of
// each. The lines of zones have 700 characters.
inline constexpr std::size_t most_lines = 8192;
inline constexpr std::size_t longest_line_text = 2048;

// Keeps the line with the report where there are fewer than `most`; the bytes that it takes.
std::size_t keep_line(Report& report, const logtext::Line& line, std::size_t most = most_lines);

// What the first line of an event tells beside its text, in a new report.
void begin_report(Report& report, const std::string& source, Kind kind, const logtext::Line& line);

struct OpenEvent {
  static constexpr std::size_t no_index = static_cast<std::size_t>(-1);
  static constexpr std::uint64_t one_second = 1'000'000;  // microseconds

  Report report;
  std::string caller;
  std::optional<GfpText> gfp;
  Stage stage = Stage::header;
  Moment last;
  std::uint64_t foreign = 0;  // lines of others in the log, up to the last of this event

  bool fresh = true;         // nothing was put into it yet
  bool interleaved = false;  // got a line after a younger event had begun
  bool superseded = false;   // over; only the reaper may still name its victim
  bool ignored = false;      // Mem-Info that somebody asked for: no event
  bool orphan_rows = false;  // only task rows so far, without anything that says OOM
  bool lone_tail = false;    // only the lines behind the zones so far: any report can end with them
  bool announced = false;    // vmalloc's own line has come, and its header has not

  // Sections that go on for several lines.
  bool trace_open = true;
  bool lone_trace = false;  // its head is lost, and its trace says what printed it
  bool slab_open = false;
  bool stats_open = false;
  bool stats_framed = false;
  bool first_stats = true;
  std::size_t lowmem_zone = no_index;  // the zone whose lowmem_reserve[] line comes next
  std::size_t broken_lowmem = no_index;
  std::size_t open_buddy = no_index;
  std::optional<int> pending_node;  // "Node 0 " came alone
  TaskColumns columns;
  std::size_t rows_lost = 0;
  bool cut_by_pager = false;  // a line that the kernel ends otherwise ends with '>'
  std::size_t bytes = 0;      // of the rows that are kept, about

  // Where the rows of a node, and of a process, are in the report.
  std::unordered_map<int, std::vector<std::uint32_t>> zones_of;
  std::unordered_set<int> nodes;
  std::unordered_map<std::int64_t, std::vector<std::uint32_t>> unreaped;

  std::optional<Victim> intent;  // a kill that was announced
  bool group_kill = false;
  bool exiting = false;
  bool memcg_seen = false;
  bool global_seen = false;
  OomCaller oom_caller;  // by the trace

  [[nodiscard]] bool is_failure() const { return report.kind == Kind::page_allocation_failure; }
  [[nodiscard]] bool is_oom() const { return !is_failure() && !ignored; }
  // The part that closes a report has come.
  [[nodiscard]] bool ended() const;
  // It holds numbers of all memory, and no kernel that prints these does so for a cgroup.
  [[nodiscard]] bool shows_machine() const;
  // How many of the parts behind the header are there.
  [[nodiscard]] int parts() const;
  // A victim of the machine or of a cgroup can belong here.
  [[nodiscard]] bool fits_kind(bool known, bool memcg) const;
  // No further line of it can come after `line`.
  [[nodiscard]] bool gone(const logtext::Line& line, std::uint64_t foreign_lines) const;

  // `line`, which is the next one, follows at once: it is not gone, nor is any other that is not.
  [[nodiscard]] bool goes_on_at_once(const logtext::Line& line) const {
    return !line.monotonic_us ||
           (last.monotonic_us && *line.monotonic_us - *last.monotonic_us < one_second);
  }
  // More of its report is to come, and can come with `line`.
  [[nodiscard]] bool in_the_midst(const logtext::Line& line) const;
  // How far a line of that stage is from what came last.
  [[nodiscard]] int distance_to(Stage to) const {
    return to > stage ? static_cast<int>(to) - static_cast<int>(stage) : 0;
  }
  // Some of its lines may be of another report.
  void mix(LineNumber line);

  void damage(LineNumber line, std::string what);
  // What the line of a kill says of it, where no line of its own does.
  void note_constraint(std::optional<ConstraintKind> kind, Place at);
  // Another report of the OOM killer begins with `line`.
  void note_going_on(const logtext::Line& line);
  void settle_intent();  // a kill that was announced, and never reported done
  StackDump& stack(Place at);
  Memcg& memcg();
  // Its limit it is, and what ran inside of it.
  void note_container(const std::string& name);
  [[nodiscard]] const Zone* find_zone(int node, std::string_view name) const;
  Zone* find_zone(int node, std::string_view name);
  // A line of sizes of that zone has come.
  [[nodiscard]] bool has_sizes_of(int node, std::string_view name) const;
  // nullptr: there is no room for it, which is counted.
  Zone* add_zone(Zone&& zone);
  void add_victim(Victim&& victim);
  // The log does not say whom it killed, and nothing in it says that it was not this process.
  [[nodiscard]] bool lacks_victim(std::int64_t pid) const;
  // Marks the last victim of that number that was not reaped yet.
  bool reap(std::int64_t pid);
  // A new row when the table has fewer than `most`; nullptr otherwise: it counts as lost.
  template <class Row>
  Row* room_in(std::vector<Row>& table, std::size_t most = most_rows) {
    if (table.size() >= most) {
      ++rows_lost;
      return nullptr;
    }
    bytes += sizeof(Row) + 32;  // names are short
    return &table.emplace_back();
  }
  template <class Row>
  bool keep(std::vector<Row>& table, Row&& row, std::size_t most = most_rows) {
    Row* const place = room_in(table, most);
    if (place != nullptr) {
      *place = std::forward<Row>(row);
    }
    return place != nullptr;
  }
};

// The event as it goes out; nullopt when it holds nothing that makes an event.
std::optional<Report> close_event(OpenEvent&& event);

}  // namespace whyoom::report
