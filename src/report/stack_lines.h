// The stack dump of a report: who ran, on which kernel and machine, and through which functions the
// request came.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "report/report.h"

namespace whyoom::report {

struct LineKind;
extern const LineKind cpu_line, hardware_line, trace_start, trace_entry;

// "CPU: 0 UID: 0 PID: 190 Comm: hog Not tainted 6.12.117 #1 ...", el6: "Pid: 1743, comm: sshd ...".
struct CpuLine {
  std::optional<std::int64_t> pid;
  std::string comm;
  std::string release;
  bool complete = false;  // reaches the build number ("#1")
};
std::optional<CpuLine> parse_cpu_line(std::string_view text);

// "Hardware name: QEMU Standard PC, BIOS 1.16.2 04/01/2014" -> what follows the key.
std::optional<std::string_view> parse_hardware(std::string_view text);

// One entry of a call trace in any of the forms of the architectures. `function` is empty when only
// an address was printed.
struct TraceEntry {
  std::string_view function;
  std::string_view caller;  // "x from y+0x4/0x8" of 32-bit ARM
  bool reliable = true;     // no "?" before it
  bool cut = false;         // the line ends in the name, which may be longer
  bool narrow = false;      // as kernels of 32 bits print it
};
std::optional<TraceEntry> parse_trace_entry(std::string_view text);

// Goes along a trace, innermost entry first, and finds who called the OOM killer: the page
// allocator does it for the machine, or for nodes of it; a cgroup's charge comes by another way
// (mm/page_alloc.c __alloc_pages_may_oom(), mm/memcontrol.c mem_cgroup_out_of_memory()). From 6.1
// on kswapd does it too (mm/vmscan.c lru_gen_age_node()), of the machine.
class OomCaller {
 public:
  void add(const TraceEntry& entry);
  [[nodiscard]] bool is_allocator() const { return allocator_; }
  [[nodiscard]] bool is_kswapd() const { return kswapd_; }
  [[nodiscard]] bool is_cgroup() const { return cgroup_; }

 private:
  void step(std::string_view function, bool reliable);

  std::optional<bool> after_oom_;   // whether out_of_memory(), the entry before, was reliable
  std::optional<bool> after_kill_;  // the same of oom_kill_process()
  bool allocator_ = false;
  bool kswapd_ = false;
  bool cgroup_ = false;
};

// Functions whose presence says what a stack is about.
bool is_memcg_function(std::string_view function);
bool is_oom_function(std::string_view function);
bool is_failure_function(std::string_view function);
bool is_stack_printer(std::string_view function);  // of its own stack: dump_stack()

}  // namespace whyoom::report
