// What the recorder keeps of a machine: a sample of its numbers, and notes of what happened. Both
// have a fixed size and hold no memory of their own. docs/formats/ring.md is about how they lie on
// the disk; the numbers of the fields below are part of that and are never used again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace whyoom::record {

// A set of optional numbers.
template <class Name, std::size_t size>
struct Fields {
  static_assert(size <= 64);
  std::array<std::uint64_t, size> value{};
  std::uint64_t known = 0;

  static constexpr std::uint64_t bit(std::size_t i) { return std::uint64_t{1} << i; }
  void set(Name name, std::uint64_t number) {
    value[static_cast<std::size_t>(name)] = number;
    known |= bit(static_cast<std::size_t>(name));
  }
  void set(Name name, std::optional<std::uint64_t> number) {
    if (number) {
      set(name, *number);
    }
  }
  [[nodiscard]] bool has(Name name) const {
    return (known & bit(static_cast<std::size_t>(name))) != 0;
  }
  // 0 when it is not known.
  [[nodiscard]] std::uint64_t of(Name name) const { return value[static_cast<std::size_t>(name)]; }
  [[nodiscard]] std::optional<std::uint64_t> get(Name name) const {
    return has(name) ? std::optional(of(name)) : std::nullopt;
  }
  friend bool operator==(const Fields&, const Fields&) = default;
};

// Of the machine. Sizes in KiB, counters since boot. New ones are added at the end.
enum class Field : std::uint8_t {
  mem_total,
  mem_free,
  mem_available,
  buffers,
  cached,
  active_anon,
  inactive_anon,
  active_file,
  inactive_file,
  unevictable,
  swap_total,
  swap_free,
  dirty,
  writeback,
  shmem,
  slab_reclaimable,
  slab_unreclaimable,
  kernel_stack,
  page_tables,
  commit_limit,
  committed,
  hugepages_total,
  hugepages_free,
  hugetlb,
  cma_total,
  cma_free,
  percpu,
  oom_kill,  // /proc/vmstat
  allocstall,
  pgscan_direct,
  pgsteal_direct,
  workingset_refault,
  pswpin,
  pswpout,
  compact_fail,
  psi_some_avg10,  // hundredths of a per cent
  psi_some_us,
  psi_full_avg10,
  psi_full_us,
  tasks,  // threads of the whole machine, as /proc/loadavg counts them
  threads_max,
  pid_max,
  min_free_kbytes,  // settings below /proc/sys
  watermark_scale_factor,
  panic_on_oom,
  panic_seconds,  // kernel.panic, zigzag
  overcommit_memory,
  swappiness,
  processes,  // as the last look at all of them counted
  cost_us,  // CPU time of the recorder from the end of a sample to that of the next: the one before
  end
};
using MachineFields = Fields<Field, static_cast<std::size_t>(Field::end)>;

// Of a zone with pages, in pages. The marks are without the boost, which zoneinfo prints them with.
enum class ZoneField : std::uint8_t {
  node,
  zone,  // kernel::ZoneClass
  free,
  min,
  low,
  high,
  boost,
  present,
  spanned,
  managed,
  reserve,  // lowmem_reserve against an ordinary request of a process
  free_cma,
  reclaimable,  // file pages
  end
};
using ZoneFields = Fields<ZoneField, static_cast<std::size_t>(ZoneField::end)>;

// Of one of the biggest processes. Its pid and its name are in a note with the same id. What is not
// known of it is 0.
enum class ProcessField : std::uint8_t { id, rss_kib, swap_kib, oom_score_adj, end };
using ProcessFields = Fields<ProcessField, static_cast<std::size_t>(ProcessField::end)>;

// Of one of the fullest cgroups. Its path is in a note with the same id. Sizes in KiB; a limit that
// is not set is not known.
enum class CgroupField : std::uint8_t {
  id,
  current,
  max,
  high,
  pids,
  pids_max,
  oom_kills,  // memory.events
  throttled,  // memory.events high
  end
};
using CgroupFields = Fields<CgroupField, static_cast<std::size_t>(CgroupField::end)>;

inline constexpr std::size_t most_zones = 32;
inline constexpr std::size_t most_cgroups = 8;
// The biggest of all, then for each place of a cgroup one of its own.
inline constexpr std::size_t most_biggest = 8;
inline constexpr std::size_t most_processes = most_biggest + most_cgroups;

// Slots keep their process or cgroup from sample to sample; one without known fields is empty.
struct Sample {
  std::int64_t real_ms = 0;   // since 1970
  std::uint64_t boot_ms = 0;  // CLOCK_BOOTTIME
  MachineFields machine{};
  std::array<ZoneFields, most_zones> zones{};
  std::array<ProcessFields, most_processes> processes{};
  std::array<CgroupFields, most_cgroups> cgroups{};
  friend bool operator==(const Sample&, const Sample&) = default;
};

// The kinds of records, with what the numbers a, b, c and the texts of a note are.
enum class Kind : std::uint8_t {
  segment = 1,  // a version, b number of the segment, c page size; boot id; release of the kernel
  sample = 2,
  process = 3,   // a id, b pid, c its start in ticks since boot; name; cgroup; command line
  cgroup = 4,    // a id; path
  kmsg = 5,      // a sequence; the line as /dev/kmsg has it
  kmsg_gap = 6,  // a lines that were overwritten or left out; one of these
  setting = 7,   // a old, b new; key; who wrote it when that could be seen
  warning = 8,   // a WarningKind; the sentence
  clock = 9,     // a milliseconds that the wall clock was set forward, zigzag
  asleep = 10,   // a milliseconds that the machine was suspended
  stopped = 11,  // the recorder ended in order; the signal
  kill = 12,     // a vmstat oom_kill before, b after; c how many no kernel line told of
  trouble = 13,  // the recorder could not do something; what
  // In no ring, only on the way to the process that counts: it is to tell its metrics now. a bytes
  // of the ring, b records that could not be stored, c when the recorder began, ms since 1970
  publish = 14
};

// Its texts point into the segment or into what it was made of.
struct Note {
  Kind kind = Kind::trouble;
  std::int64_t real_ms = 0;
  std::uint64_t boot_ms = 0;
  std::uint64_t a = 0, b = 0, c = 0;
  std::string_view text{}, more{}, detail{};
  friend bool operator==(const Note&, const Note&) = default;
};

inline constexpr unsigned format_version = 1;

}  // namespace whyoom::record
