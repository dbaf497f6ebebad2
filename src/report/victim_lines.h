// How a report ends: the constraint line, the victims, the reaper, the panics.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "report/report.h"

namespace whyoom::report {

struct LineKind;
extern const LineKind constraint_line, constraint_rest;
extern const LineKind kill_intent, victim_line, kill_group, reaped, victim_exiting, no_killable;
extern const LineKind oom_panic, sysrq_line;

// "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),...,task=hog,pid=186,uid=0". Paths, names
// and lists all can hold commas, so it is split at its keys, task, pid and uid from the right.
std::optional<Constraint> parse_constraint(std::string_view text, Place at);
// A name in the line holds the keys of the line itself: where the names begin and end cannot be
// told, and none of them is kept.
bool constraint_has_doubtful_names(std::string_view text);
// ",task=hog,pid=186,uid=0": the rest of a constraint line that was broken over records.
bool extend_constraint(std::string_view text, Constraint& constraint);

// "Killed process 186 (hog) total-vm:...", with any of the prefixes.
struct VictimLine {
  Victim victim;
  bool has_prefix = false;  // the line itself says whether it was the machine or a cgroup
  bool complete = false;    // nothing that this kernel prints is missing at the end
  unsigned fields = 0;
};
std::optional<VictimLine> parse_victim(std::string_view text, Place at);

// "Out of memory: Kill process 1371 (node) score 2081 or sacrifice child": said before the kill, to
// 5.3. The process that dies can be a child of it.
std::optional<VictimLine> parse_kill_intent(std::string_view text, Place at);

// "Tasks in /app are going to be killed due to memory.oom.group set"
std::optional<std::string_view> parse_group(std::string_view text);

// "oom_reaper: reaped process 186 (hog), now anon-rss:0kB, ..."
std::optional<std::int64_t> parse_reaped(std::string_view text);

// "Out of memory: OOM victim 186 (hog) is already exiting. Skip killing the task"
bool is_victim_exiting(std::string_view text);

// "Kernel panic - not syncing: ..." when the panic is one of the OOM path's.
std::optional<Panic> parse_oom_panic(std::string_view text, Place at);

enum class Sysrq : std::uint8_t { none, manual_oom, nothing_eligible, show_memory };
Sysrq parse_sysrq(std::string_view text);

}  // namespace whyoom::report
