// What the kernel printed about one event, as printed. Every field is optional: reports are cut,
// interleaved and filtered. Nothing is computed here; memory/ does that.
// Values keep the unit that the kernel printed (see kernel/fields.h): totals are pages, node and
// zone lines are kB, lowmem_reserve[] is pages, pgtables_bytes is bytes.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/message.h"
#include "base/place.h"
#include "base/units.h"
#include "kernel/fields.h"
#include "kernel/gfp.h"
#include "logtext/damage.h"

namespace whyoom::report {

enum class Kind : std::uint8_t {
  oom_kill,  // global, cpuset or mempolicy
  memcg_oom_kill,
  oom_panic,                // the report ends in a panic of the OOM path
  page_allocation_failure,  // also SLUB's and vmalloc's own lines
  fork_rejected,            // pids controller
  overcommit_refused,
  userspace_kill,  // systemd-oomd, earlyoom, nohang, oomd, kubelet, Android's
  limit_reached    // a table or a pool of the kernel is full
};
std::string_view name(Kind kind);  // "oom-kill"

// recovered: a process that was ending gave enough back; stalled: the request waited long, and went
// on.
enum class Outcome : std::uint8_t { unknown, killed, panic, no_victim, recovered, stalled };
enum class ConstraintKind : std::uint8_t { none, memcg, cpuset, mempolicy };

// One value for each field that the line had.
class FieldSet {
 public:
  [[nodiscard]] const Maybe<std::uint64_t>& get(kernel::Field field) const {
    return values_[static_cast<std::size_t>(field)];
  }
  void set(kernel::Field field, std::uint64_t value, Place at) {
    values_[static_cast<std::size_t>(field)] = Read<std::uint64_t>{value, at};
  }
  // False: it is there, with another value.
  bool set_once(kernel::Field field, std::uint64_t value, Place at) {
    const auto& there = get(field);
    if (!there) {
      set(field, value, at);
    }
    return there->value == value;
  }
  void forget(kernel::Field field) { values_[static_cast<std::size_t>(field)].reset(); }
  // In the order of kernel::Field.
  [[nodiscard]] const auto& values() const { return values_; }
  [[nodiscard]] std::size_t count() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(values_, [](const auto& value) { return value.has_value(); }));
  }
  [[nodiscard]] bool empty() const { return count() == 0; }
  // A field of `other` is here already.
  [[nodiscard]] bool overlaps(const FieldSet& other) const {
    return !std::ranges::equal(values_, other.values_,
                               [](const auto& a, const auto& b) { return !(a && b); });
  }
  void add(const FieldSet& other) {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      values_[i] = other.values_[i] ? other.values_[i] : values_[i];
    }
  }

 private:
  std::array<Maybe<std::uint64_t>, static_cast<std::size_t>(kernel::Field::count_)> values_;
};

struct Time {
  std::optional<std::uint64_t> monotonic_us;
  std::string wall;  // as the log has it; empty = none
};

// "X invoked oom-killer: ..." or "X: page allocation failure: ...".
struct Trigger {
  std::string comm;
  std::optional<std::int64_t> pid;  // from the stack dump's "PID:", or "comm:pid" by some tools
  std::optional<kernel::GfpMask> gfp;
  bool unnamed = false;      // "oom-killer: gfp_mask=0x1d2", as to 2.6.16
  std::optional<int> order;  // -1 = sysrq
  std::optional<int> oom_score_adj;
  std::optional<int> oom_adj;           // to 2.6.36: oomkilladj=, oom_adj=; -17..15
  std::optional<std::string> nodemask;  // as printed: "0-1", "(null)"
  Place at{};
};

struct StackDump {
  std::string release;  // "6.12.117+deb12-cloud-amd64"
  std::string hardware;
  std::vector<std::string> functions;  // innermost first, without offsets; at most 64
  bool narrow = false;                 // of a kernel of 32 bits, as its trace shows
  Place at{};
};

struct Node {
  int id = 0;
  FieldSet fields;
};

struct BuddyBlock {
  int order = 0;
  std::uint64_t count = 0;
  std::string types;  // "UME", "C"; empty on kernels that do not print them
};

struct Zone {
  int node = 0;
  std::string name;  // DMA, DMA32, Normal, HighMem, Movable, Device
  FieldSet fields;
  std::vector<std::uint64_t> lowmem_reserve;  // pages, one for each zone class
  Place lowmem_reserve_at{};
  std::vector<BuddyBlock> buddy;
  Maybe<std::uint64_t> buddy_total_kib;
  std::uint32_t smallest_block_kib = 0;  // of the buddy line: the page size; 0 = not seen
  Place at{};
};

struct Hugepages {
  int node = -1;
  std::uint64_t total = 0, free = 0, surplus = 0;
  KiB size;
  Place at{};
};

// The lines behind the zones. Pages unless the type says otherwise.
struct Tail {
  Maybe<std::uint64_t> pagecache, swap_cache;
  Maybe<std::uint64_t> free_swap_kib, total_swap_kib;
  Maybe<std::uint64_t> ram, highmem_movable, reserved, cma_reserved, hwpoisoned;
  bool since_3_9 = false;  // one of these lines is as no older kernel prints it
};

struct SlabRow {
  std::string name;
  std::uint64_t used_kib = 0, total_kib = 0;
  Place at{};
};

// As std::optional<std::uint64_t>, in half of its bytes: what a large report is made of, and what
// goes from one processor to another. The highest number counts as nothing.
class MaybeCount {
 public:
  constexpr MaybeCount() = default;
  constexpr MaybeCount(std::uint64_t value) : above_(value + 1) {}
  [[nodiscard]] constexpr bool has_value() const { return above_ != 0; }
  constexpr explicit operator bool() const { return has_value(); }
  constexpr std::uint64_t operator*() const { return above_ - 1; }
  [[nodiscard]] constexpr std::uint64_t value_or(std::uint64_t other) const {
    return has_value() ? **this : other;
  }
  friend constexpr auto operator<=>(MaybeCount, MaybeCount) = default;  // nothing is the lowest

 private:
  std::uint64_t above_ = 0;  // one more than it
};

struct Task {
  std::string comm;
  std::int64_t pid = 0, tgid = 0;
  std::int64_t uid = -1;
  std::uint64_t total_vm = 0, rss = 0;                 // pages
  MaybeCount rss_anon, rss_file, rss_shmem, swapents;  // pages
  MaybeCount pgtables_bytes;                           // 4.15 and later
  MaybeCount page_table_pages;                         // nr_ptes + nr_pmds before
  int oom_score_adj = 0;
  LineNumber line = 0;
};

// "oom-kill:constraint=..." (5.0 and later); older reports leave this to be told from other lines.
struct Constraint {
  ConstraintKind kind = ConstraintKind::none;
  std::string nodemask, cpuset, mems_allowed, oom_memcg, task_memcg, task;
  std::optional<std::int64_t> pid, uid;
  bool global_oom = false;
  Place at{};
};

struct MemcgCounter {
  Maybe<std::uint64_t> usage_kib, limit_kib, failcnt;
};

struct MemcgStat {
  std::string name;         // "anon", "file", "cache", "rss", "hierarchical_memory_limit"
  std::uint64_t value = 0;  // bytes when `bytes`, else a plain count
  bool bytes = true;
  Place at{};
};

struct Memcg {
  std::string task_path;   // the task's own cgroup
  std::string limit_path;  // the cgroup whose limit was hit
  MemcgCounter memory, memsw, swap, kmem;
  // Of the cgroup whose limit was hit. Old kernels print one set for each cgroup below; only the
  // first (the topmost) is kept here, the rest adds up in `children`.
  std::vector<MemcgStat> stats;
  std::vector<MemcgStat> children;
  bool hierarchical = false;  // 5.4 and later: the values include the children
};

struct Victim {
  std::string comm;
  std::int64_t pid = 0;
  std::optional<std::int64_t> uid;
  std::optional<std::uint64_t> total_vm_kib, anon_rss_kib, file_rss_kib, shmem_rss_kib,
      pgtables_kib;
  std::optional<std::uint64_t> rss_kib;  // OpenVZ: all of it, of whatever kind
  std::optional<int> oom_score_adj;
  std::optional<std::int64_t> score;
  bool permille = false;  // the score is thousandths of all memory, as from 2.6.36 on
  bool reaped = false;
  bool by_group = false;         // memory.oom.group
  bool allocating_task = false;  // "Out of memory (oom_kill_allocating_task)"
  bool memcg = false;            // "Memory cgroup out of memory"
  // The process that was chosen, and whose child died in its place.
  std::optional<std::int64_t> instead_of;
  std::optional<std::uint64_t> monotonic_us;
  Place at{};

  // 0 where the line does not say it.
  [[nodiscard]] KiB anon() const { return KiB(anon_rss_kib.value_or(0)); }
  [[nodiscard]] KiB resident() const {
    return rss_kib ? KiB(*rss_kib)
                   : anon() + KiB(file_rss_kib.value_or(0)) + KiB(shmem_rss_kib.value_or(0));
  }
  [[nodiscard]] KiB page_tables() const { return KiB(pgtables_kib.value_or(0)); }
};

struct Panic {
  enum class Reason : std::uint8_t {
    none,
    panic_on_oom_system_wide,
    panic_on_oom_compulsory,
    deadlocked,
    no_killable
  };
  Reason reason = Reason::none;
  std::string text;  // what follows "Kernel panic - not syncing: "
  Place at{};
  Maybe<std::uint64_t> restart_seconds{};  // "Rebooting in 10 seconds.."
  std::optional<Place> halted_at{};  // the end mark, which only a machine that stays down prints
};

// The own lines of SLUB and SLAB, and of vmalloc.
struct SlubNode {
  int node = 0;
  std::uint64_t slabs = 0, objects = 0, free = 0;
  Place at{};
};
struct SlubFailure {
  bool is_slab = false;  // the allocator that went with 6.8
  std::string cache;
  std::string cgroup;  // whose cache it is; empty: the machine's
  std::optional<int> default_order, min_order;
  std::optional<std::uint64_t> object_size, buffer_size;
  std::optional<int> node;
  std::vector<SlubNode> nodes;  // what the cache has on each
  std::uint64_t count = 1;      // times that it said so; the rest is of the first
};
inline constexpr std::string_view no_vmalloc_range = "no room in the vmalloc area";
struct VmallocFailure {
  std::optional<std::uint64_t> bytes;
  std::optional<std::uint64_t> allocated;  // of them, when a page could not be had
  std::optional<int> block_order;          // of what it took together: it asks again for pages
  std::string reason;
  Place at{};
};
// For what it maps, for the list of them or for their tables.
inline bool lacked_pages(const VmallocFailure& failure) {
  return failure.allocated || failure.reason.starts_with("failed");
}

// "cgroup: fork rejected by pids controller in PATH"; repeated lines for one cgroup are counted.
struct ForkRejected {
  std::string path;
  std::uint64_t count = 0;
  Place at{};
};

// "__vm_enough_memory: pid: P, comm: C, bytes: N not enough memory for the allocation".
struct OvercommitRefused {
  struct Request {
    std::string comm;
    std::int64_t pid = 0;
    std::optional<std::uint64_t> bytes;
    Place at{};
  };
  std::vector<Request> requests;  // at most 64 kept
  std::uint64_t count = 0;
};

// A table or a pool of the kernel, full as its own line says. The kernel prints such a line when it
// found the limit reached, and only now and then. Repeated lines are counted.
struct LimitReached {
  enum class What : std::uint8_t {
    tcp_memory,
    tcp_orphans,
    conntrack,
    file_max,
    neighbour,
    cma,
    swiotlb,
    percpu,
    xfs_memory
  };
  What what = What::tcp_memory;
  // "arp_cache", the CMA area, the device, of percpu the reason, of XFS who asked; empty: the line
  // has none.
  std::string name;
  std::optional<std::uint64_t> limit;  // of swiotlb: slots
  std::optional<std::uint64_t> used;   // of swiotlb: slots
  std::optional<std::uint64_t> bytes;  // of swiotlb, percpu, XFS, some of CMA: asked for
  std::optional<std::uint64_t> pages;  // of CMA: asked for
  std::optional<std::int64_t> error;   // of CMA: -12, -16
  bool either = false;  // of TCP to 3.2: tcp_mem, or more orphans than tcp_max_orphans
  std::uint64_t count = 0;
  unsigned teller = 0;  // of the lines that tell of one refusal, behind each other, which one
  Place at{};
};
std::string_view name(LimitReached::What what);  // "tcp-memory"

// A killer in user space, and the driver of old kernels of Android. `what` is its own sentence.
struct UserspaceKill {
  std::string killer;  // "systemd-oomd", "earlyoom", ...
  std::string victim;  // process or cgroup, as it says
  std::optional<std::int64_t> pid;
  std::string what;
  // Numbers of its sentence, where it has them.
  std::optional<double> pressure_percent, pressure_limit_percent;
  std::optional<double> mem_available_percent, swap_free_percent;
  std::optional<std::uint64_t> mem_used, mem_total, swap_used, swap_total;  // bytes
  // Of Android's lmkd: why, in its words; what its victim held, in bytes.
  std::string reason;
  std::optional<std::uint64_t> victim_resident, victim_swap;
  bool by_command = false;   // of its configuration, which may end the victim or restart it
  bool needs_facts = false;  // others say it too: it counts behind lines that only the killer has
  bool failed = false;       // it says that it tried, and that this failed
  bool done = false;         // nothing but that the process has ended
  bool undone = false;       // nothing but that the kill before did not come about
  Place at{};
};

using logtext::Damage;

// A line of a log as the kernel wrote it, without what carried it.
struct LogLine {
  LineNumber number = 0;
  std::string text;
};

// Of an event of a part of a log (range_reader.h).
struct PartOfLog {
  std::uint64_t lines_from = 0;  // lines are counted from this byte of the log
  bool before = false;  // the event belongs to the part before: it is known, and not to be told
};

struct Report {
  Kind kind = Kind::oom_kill;
  Outcome outcome = Outcome::unknown;
  std::string source;  // file name as the user gave it, "-" for standard input
  LineNumber first_line = 0, last_line = 0;
  std::optional<PartOfLog> part;
  // Lines of the log, where it has its newest line first: it was read from its last line on, and
  // all lines here are counted from there.
  LineNumber turned_lines = 0;
  Time time;
  std::string host;
  std::string boot;  // id of the boot, where the log has one; empty = not known
  // What the boot kept from the allocator, by its line "Memory: 415712K/785948K available".
  Maybe<std::uint64_t> reserved_at_boot_kib;

  std::optional<Trigger> trigger;
  std::optional<StackDump> stack;
  std::optional<Place> sysrq_at;  // "sysrq: Manual OOM execution"
  std::optional<Place> mem_info_at;
  FieldSet totals;  // pages
  std::vector<Node> nodes;
  std::vector<Zone> zones;
  std::vector<Hugepages> hugepages;
  std::optional<Place> hugepages_cut;  // a pool that has pages, and a line without their size
  Tail tail;
  std::vector<SlabRow> slab;
  std::optional<Place> task_table_at;
  bool tasks_have_rss_kinds = false;  // 6.8 and later: rss_anon, rss_file, rss_shmem
  std::vector<Task> tasks;
  std::optional<Constraint> constraint;
  std::optional<Memcg> memcg;
  std::optional<std::string> cpuset;  // the line of its own, before 5.0
  std::optional<std::string> mems_allowed;
  std::optional<Place> no_killable_at;  // "Out of memory and no killable processes..."
  std::vector<Victim> victims;
  // A line says that it was no cgroup's limit: "Out of memory: Killed process", the constraint, a
  // trace in which the page allocator or kswapd called the OOM killer, kthreadd as who asked, flags
  // that no charge to a cgroup has, or numbers of all memory from a kernel that prints none for a
  // cgroup. "Killed process" alone, a head and a task table are the same for both.
  bool known_global = false;
  bool by_kswapd = false;  // by its trace
  std::optional<Panic> panic;

  std::optional<SlubFailure> slub;
  std::optional<VmallocFailure> vmalloc;
  std::optional<ForkRejected> fork_rejected;
  std::optional<OvercommitRefused> overcommit;
  // With a kill by the kernel: its victim, which such a killer had sent a signal, too.
  std::optional<UserspaceKill> userspace;
  std::optional<LimitReached> limit_reached;

  // Where it could first not be told whether a line is of this report or of another that was being
  // printed at the same time: nothing here is sure to be of one report. It stands in `damage` too.
  std::optional<Place> mixed_at;
  std::uint32_t lines_lost = 0;  // messages that the log says were dropped inside the event
  // Why others than the kernel could have written these lines, a sentence without its stop; empty:
  // neither the framing nor the file lets them.
  Message unverified;
  std::vector<Damage> damage;

  // For people and editors: the line of the log as it is.
  [[nodiscard]] LineNumber line_of_log(LineNumber line) const {
    return turned_lines == 0 || line == 0 ? line : turned_lines + 1 - line;
  }
  [[nodiscard]] LineNumber first_of_log() const {
    return line_of_log(turned_lines == 0 ? first_line : last_line);
  }
  [[nodiscard]] LineNumber last_of_log() const {
    return line_of_log(turned_lines == 0 ? last_line : first_line);
  }
  // What it was read from, where somebody wants to see that (LogReader::keep_lines); several with
  // one number where a line of the log holds several of the kernel's.
  std::vector<LogLine> lines;
  // A short log that also shows a host, as people post it (`free`, /proc/meminfo, sysctl): all of
  // it.
  std::shared_ptr<const std::string> beside;
};

// The parts that a whole report of this kind has and this one lacks, by the names that the JSON
// uses: "header", "mem-info", "totals", "zones", "hugepages", "pages-ram", "memcg-stats", "tasks",
// "constraint", "victim". Never a part that the kernel of this report may not print: what else the
// report has tells that, and its release.
std::vector<std::string> missing_parts(const Report& report);

// "6.12.117+deb12-cloud-amd64", or "" where no line names it.
std::string_view release_of(const Report& report);

// Each process that was killed, once: the kernel names the first of a group again when it comes to
// the others (memory.oom.group).
std::vector<const Victim*> killed_processes(const Report& report);

// Without the lines around a kill: no header, stack, limit, totals, zones, tasks or constraint.
bool is_bare(const Report& report);

// A line of it is the OOM killer's. Mem-Info, the zones and what is between them are printed of a
// failed request and by SysRq-m as well.
bool tells_of_oom(const Report& report);

}  // namespace whyoom::report
