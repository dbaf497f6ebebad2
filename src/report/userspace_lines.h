// Killers in user space. A line is theirs when its tag says so, or, without a tag, when it is
// exactly their sentence. Some spread an event over several lines: facts first, then the kill.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "report/report.h"

namespace whyoom::report {

// As the anchors of the kernel's lines: one of them is in each line of these killers that counts.
// The kernel's find most of Android's ("oom_score_adj") and what earlyoom said before 1.2. The
// first sentence of its driver and a command of nohang are found in the first 64 KiB of a log and
// near other lines: two more anchors would cost the scan of every log 1 %.
inline constexpr std::array<std::string_view, 7> userspace_anchors{
    "due to memory",    // systemd-oomd, memory.oom.group
    "sending SIG",      // earlyoom
    "to the victim",    // nohang
    "Preventing OOM",   // nohang, older
    "viction manager",  // kubelet
    "SIGKILL to cgr",   // Talos
    "oomd kill"};

// The driver, and what lmkd calls itself in the log.
inline constexpr std::string_view android_killer = "lowmemorykiller";

// A line without `what` only tells facts: numbers and, with nohang, the victim.
std::optional<UserspaceKill> parse_userspace(std::string_view text, std::string_view tag, Place at);

// What is written to `out` begins with the killer.
void begin_kill(std::string_view killer, std::string_view text, Place at, UserspaceKill& out);

// Adds what `from` knows and `into` does not.
void merge_facts(const UserspaceKill& from, UserspaceKill& into);

}  // namespace whyoom::report
