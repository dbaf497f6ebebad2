// The texts that can begin or be part of an event. A stretch of a log without any of them is never
// split into lines' fields. Each is rare in other text, and short enough to survive most wraps.
#pragma once

#include <array>
#include <string_view>

namespace whyoom::report {

inline constexpr std::array<std::string_view, 32> kAnchors{{
    "oom-killer",  // the header
    "oom-kill:c",  // the constraint line
    "oom_reaper",
    "Killed process",
    "ut of memory",  // "Out of memory", "Memory cgroup out of memory"
    "ut of Memory",  // 2.4 and 2.6
    "panic_on_oom",
    "deadlocked on memory",
    "page allocation",  // failure, stalls
    "Mem-Info",
    "Mem-info",
    "ctive_anon:",  // totals, nodes, zones, old cgroup statistics
    "lowmem_reserve",
    "pagecache pages",
    "oom_score_adj",  // header, task table, victim
    "Tasks state",
    "emory: usage",  // a cgroup's counters
    "Memory cgroup ",
    "of limit of",  // "killed as a result of limit of"
    "OOM ",         // "Manual OOM execution", "OOM request ignored", "OOM victim"
    "pids controller",
    "enough memory for",  // overcommit
    "SLUB: Unable",
    "vmalloc",
    "Show Memory",
    "due to memory",    // systemd-oomd, memory.oom.group
    "sending SIG",      // earlyoom
    "to the victim",    // nohang
    "Preventing OOM",   // nohang, older
    "viction manager",  // kubelet
    "oomd kill",
    "messages dropped",  // what the log itself lost
}};

}  // namespace whyoom::report
