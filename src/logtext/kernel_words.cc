#include "logtext/kernel_words.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace whyoom::logtext {

namespace {

constexpr std::size_t longest_name = 15;

constexpr std::array<std::string_view, 44> first_words{"Mem-Info:",
                                                       "Mem-info:",
                                                       "active_anon:",
                                                       "active_file:",
                                                       "unevictable:",
                                                       "slab_reclaimable:",
                                                       "mapped:",
                                                       "Active_anon:",
                                                       "Active:",
                                                       "Free pages:",
                                                       "Free swap",
                                                       "Total swap",
                                                       "Swap cache",
                                                       "lowmem_reserve[]:",
                                                       "protections[]:",
                                                       "Call Trace:",
                                                       "Call trace:",
                                                       "Hardware name:",
                                                       "CPU: ",
                                                       "Pid: ",
                                                       "[<",
                                                       "Out of memory: ",
                                                       "Out of Memory: ",
                                                       "Out of memory (",
                                                       "Out of memory and no killable",
                                                       "Memory cgroup out of memory: ",
                                                       "Memory cgroup stats for ",
                                                       "Killed process ",
                                                       "memory: usage ",
                                                       "memory+swap: usage ",
                                                       "kmem: usage ",
                                                       "swap: usage ",
                                                       "Task in /",
                                                       "Tasks state (memory",
                                                       "oom-kill:constraint=",
                                                       "oom-killer: gfp_mask=",
                                                       "oom_reaper: reaped process ",
                                                       "Unreclaimable slab info:",
                                                       "SLUB: Unable to allocate",
                                                       "SLAB: Unable to allocate",
                                                       "cache: ",
                                                       "VM: killing process ",
                                                       "__alloc_pages: ",
                                                       "__vm_enough_memory: pid: "};

constexpr std::array<std::string_view, 6> zones{"DMA",     "DMA32",   "Normal",
                                                "HighMem", "Movable", "Device"};

// "DMA free:44kB", "DMA: 1*4kB", "Normal per-cpu:", "HighMem: empty"
bool begins_with_zone(std::string_view text) {
  return std::ranges::any_of(zones, [text](std::string_view zone) {
    const std::string_view rest = text.substr(std::min(zone.size(), text.size()));
    return text.starts_with(zone) &&
           (rest.starts_with(" free:") || rest.starts_with(" per-cpu:") || rest.starts_with(": "));
  });
}

// "cpu 0 hot: low 2", "CPU    0: hi:  186", "Node 0 DMA", "node 0: slabs: 53"
bool begins_with_number_of(std::string_view text) {
  Cursor cursor(text);
  const bool node = cursor.take("Node ") || cursor.take("node ");
  if (!node && !cursor.take("cpu ") && !cursor.take("CPU ")) {
    return false;
  }
  cursor.skip_spaces();
  if (!cursor.take_unsigned()) {
    return false;
  }
  const std::string_view rest = cursor.rest();
  return node
             ? rest.starts_with(' ') || rest.starts_with(": slabs:")
             : rest.starts_with(" hot:") || rest.starts_with(" cold:") || rest.starts_with(": hi:");
}

// "free:8407 free_pcp:36", "130 total pagecache pages", "1048445 pages RAM", "[ pid ]   uid  tgid",
// "[ 2687]     0  2687"
bool is_count_or_row(std::string_view text) {
  Cursor cursor(text);
  if (cursor.take("free:")) {  // pages; a zone's are in kB, behind its name
    return cursor.take_unsigned() && !cursor.rest().starts_with('k');
  }
  if (cursor.take_unsigned()) {
    const std::string_view rest = cursor.rest();
    return std::ranges::any_of(
        std::array<std::string_view, 10>{" total pagecache pages", " pages in swap cache",
                                         " pages RAM", " pages HighMem", " pages reserved",
                                         " pages of RAM", " reserved pages", " pages shared",
                                         " pages cma reserved", " pages swap cached"},
        [rest](std::string_view words) { return rest.starts_with(words); });
  }
  if (!cursor.take("[")) {
    return false;
  }
  cursor.skip_spaces();
  if (cursor.take("pid")) {
    return true;
  }
  return cursor.take_unsigned() && cursor.take("] ");
}

}  // namespace

bool begins_report_line(std::string_view text) {
  return std::ranges::any_of(first_words,
                             [text](std::string_view words) { return text.starts_with(words); }) ||
         begins_with_zone(text) || begins_with_number_of(text) || is_count_or_row(text);
}

bool begins_with_process(std::string_view text) {
  // "app[9]: x", "app: x" is what a program says.
  const auto is_name = [text](std::size_t end) {
    return end != 0 && end != std::string_view::npos && text.substr(0, end).find(": ") > end;
  };
  for (const std::string_view mark :
       {" invoked oom-killer: ", ": page allocation failure", ": page allocation stalls for "}) {
    const std::size_t at = text.substr(0, longest_name + mark.size()).find(mark);
    if (is_name(at)) {
      return true;
    }
  }
  const std::size_t cpuset = text.substr(0, longest_name + 8).find(" cpuset=");
  return is_name(cpuset) && text.find(" mems_allowed=") != std::string_view::npos;
}

}  // namespace whyoom::logtext
