// Who had the memory: the task table, added up by process and by name, and the cgroups that the
// report names, with their owners. The only place that does this arithmetic.
//
// A row stands for an address space. Rows of one thread group are one, and rows with the very same
// numbers are one when the machine cannot hold both (vfork and CLONE_VM show the same memory
// twice). Memory that several processes map is in the rss of each. From 6.8 on the table tells it
// apart and a name's sum counts it once; before, the sum is an upper bound, and is never more than
// the counters of the machine, or of the cgroup, allow. Sizes are bytes of the evidence's page
// size, also when that is only the usual one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/place.h"
#include "base/units.h"
#include "memory/cgroup_owner.h"
#include "report/report.h"

namespace whyoom::memory {

struct Evidence;

struct TaskUse {
  const report::Task* task = nullptr;
  Bytes rss;
  std::optional<Bytes> swap, page_tables;  // empty: the table has no such column
  // What RAM would get back: rss and page tables.
  [[nodiscard]] Bytes memory() const { return rss + page_tables.value_or(Bytes(0)); }
  // What the kernel weighs to choose a victim.
  [[nodiscard]] Bytes total() const { return memory() + swap.value_or(Bytes(0)); }
};
TaskUse task_use(const report::Task& task, PageSize page);

// The columns of the task table; numbers the highest first, names and pids from the start.
enum class TaskOrder : std::uint8_t { size, rss, swap, page_tables, adj, pid, name };

struct NameUse {
  std::string_view comm;    // as printed
  std::uint32_t count = 0;  // processes
  Bytes memory;             // of all of them, page tables included
  bool at_most = false;  // `memory` is an upper bound: they share, and the table does not tell what
  // Without shared memory, where the table tells it apart: of all, and of the biggest one.
  Bytes own, largest_own;
  Place first_at;
};

// A cgroup that the report names.
struct CgroupShare {
  std::string path;  // printable()
  std::optional<CgroupOwner> owner;
  std::string raw_path;  // as the kernel printed it: what commands must name
};

// For a sentence: "nginx.service"; "the cgroup worker in nginx.service" of one below a unit.
// nullopt: the path does not tell.
std::optional<std::string> whose(const CgroupShare& cgroup);

struct Attribution {
  // Nobody shows more.
  static constexpr std::size_t most_top = 16;

  // A process that was killed is not in the table, so rows are missing: nobody is the biggest.
  bool table_cut = false;
  std::uint32_t processes = 0;              // address spaces
  std::vector<TaskUse> top;                 // the biggest by total(), at most `most_top`
  std::optional<TaskUse> biggest;           // by memory()
  std::optional<TaskUse> unkillable;        // the biggest by memory() with oom_score_adj -1000
  std::optional<TaskUse> most_page_tables;  // empty also when the table has no such column
  std::vector<NameUse> names;               // the biggest by `memory` first
  // Of all processes; empty when the table has no such column.
  std::optional<Bytes> swap, page_tables;

  std::optional<CgroupShare> limit;   // the cgroup whose limit was hit
  std::optional<CgroupShare> victim;  // the one of the process that was chosen

  // The name whose processes hold most without what they share.
  [[nodiscard]] const NameUse* biggest_own() const;
};

// The first of the processes in that order, each address space once; equal ones as they stand in
// the table. They point into the report.
std::vector<TaskUse> first_tasks(const Evidence& evidence, TaskOrder order, std::size_t most);

// Reads the report, page, account, constraint and swap of the evidence. The result points into the
// report.
Attribution attribute(const Evidence& evidence);

}  // namespace whyoom::memory
