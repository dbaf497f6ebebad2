// How near a host is to a limit on tasks, by one rule for all causes: from 95 % on the limit is
// reached and its own cause says so; from 80 % on `threads-near-limit` names all such limits in one
// finding; below that the cause is ruled out by the number.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "diagnose/cause.h"
#include "diagnose/task_makers.h"

namespace whyoom::diagnose {

enum class Fullness : std::uint8_t { room, near, reached };

// A limit below this is one that a program or a unit gave to itself (sandboxes of sshd, avahi,
// rtkit; TasksMax=1): it is meant to be full.
inline constexpr std::uint64_t smallest_shared_limit = 16;

Fullness fullness(std::uint64_t used, std::uint64_t limit);
Fullness fullness(const TaskLimit& limit);

// "EAGAIN (\"Resource temporarily unavailable\")"
std::string errno_text(std::string_view error);

// What fork and clone run into, for a cause with one kind of limit.
struct LimitRule {
  TaskLimit::Kind kind = TaskLimit::Kind::pid_max;
  // Nothing: every process counts.
  ProcessFilter (*whose)(const TaskLimit& limit) = nullptr;
  Message (*reached)(const TaskLimit& limit, const std::string& makers) = nullptr;
  // Adds the remedies, and proof of its own.
  void (*complete)(const HostContext& context, const TaskLimit& limit, Finding& finding) = nullptr;
};
std::vector<Claim> judge_limits(const HostContext& context, const LimitRule& rule);

// "30,100 of 32,768 tasks (92 %)"
std::string filled_text(std::uint64_t used, std::uint64_t limit, std::string_view of_what);
std::string filled_text(const TaskLimit& limit);
// The limit and what there is against it.
void add_proof(Finding& finding, const TaskLimit& limit, const HostContext& context);

}  // namespace whyoom::diagnose
