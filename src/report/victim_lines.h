// How a report ends: the victims, the reaper, the panics.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "report/report.h"

namespace whyoom::report {

struct LineKind;
extern const LineKind kill_intent, victim_line, kill_group, reaped, victim_exiting, no_killable;
extern const LineKind oom_panic, panic_restart, panic_halt, sysrq_line;
extern const LineKind fault_victim;  // of a page fault that got no memory, in old kernels

// "Killed process 186 (hog) total-vm:...", with any of the prefixes.
struct VictimLine {
  Victim victim;
  bool has_prefix = false;  // the line itself says whether it was the machine or a cgroup
  bool complete = false;    // nothing that this kernel prints is missing at the end
  bool name_alone = false;  // nothing follows the name, as to 2.6.31
  unsigned fields = 0;
  std::string container;  // "UB 103": the one of OpenVZ that is at its limit
  // Said by the prefix; to 2.6.35 nothing else names a cpuset or a policy.
  std::optional<ConstraintKind> constraint;
};
std::optional<VictimLine> parse_victim(std::string_view text, Place at);

// "Out of memory: Kill process 1371 (node) score 2081 or sacrifice child": said before the kill, to
// 5.3. The process that dies can be a child of it.
std::optional<VictimLine> parse_kill_intent(std::string_view text, Place at);

// Where a line about a kill begins behind words that are not the kernel's ("look: Out of memory:
// Kill process ..."); 0: nowhere. Only a whole one, parted from the words, with nothing behind it:
// a sentence about such lines has them in its midst.
std::size_t kill_behind_words(std::string_view text);

// "Tasks in /app are going to be killed due to memory.oom.group set"
std::optional<std::string_view> parse_group(std::string_view text);

// "oom_reaper: reaped process 186 (hog), now anon-rss:0kB, ...": the sizes are what was left.
std::optional<Victim> parse_reaped(std::string_view text, Place at);

// "Out of memory: OOM victim 186 (hog) is already exiting. Skip killing the task"
bool is_victim_exiting(std::string_view text);

// "Kernel panic - not syncing: ..." when the panic is one of the OOM path's. `whole`: all of its
// text is there; else the reason is known as far as what is there tells.
std::optional<Panic> parse_oom_panic(std::string_view text, Place at, bool& whole);

enum class Sysrq : std::uint8_t { none, manual_oom, nothing_eligible, show_memory };
Sysrq parse_sysrq(std::string_view text);

}  // namespace whyoom::report
