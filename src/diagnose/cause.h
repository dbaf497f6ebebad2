// A cause of the catalogue: one folder under causes/, one pure function over the evidence.
// To add a cause, add a folder with cause.cc, README.md, positive.case and near-miss.case; the
// build finds it. Its cause.cc defines `extern const Cause causes::cause_<id with _ for ->`.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "diagnose/finding.h"
#include "diagnose/task_limits.h"
#include "host/facts.h"
#include "memory/evidence.h"
#include "memory/host_state.h"

namespace whyoom::diagnose {

// Which root candidate wins when several claim the event: what was asked for before what a limit
// forbade, that before memory that was free but out of reach, that before memory that was used.
enum class Rank : std::uint8_t { asked_for, limit, out_of_reach, used_up };

// What a cause says of an event or a host. Role root = candidate: the engine turns the losers into
// contributing, and fills in `cause`.
struct Claim : Finding {
  Rank rank = Rank::used_up;
  double strength = 0;  // 0..1 within the rank: usually the share of RAM that it explains
  // How far it holds as the root. Undetermined: a candidate that a lost line leaves open; when it
  // is the best one, no other can be the root either. `decides` names the line.
  Verdict grade = Verdict::proved;
  std::vector<Overturn> overturned_by{};  // of a likely one
  Message decides{};
};

// What a rule knows of the story that the event belongs to (a spree of kills is one story).
struct StoryContext {
  std::uint64_t story = 0;    // which of the stories, from 1 in the order in which they began
  std::uint32_t number = 1;   // 1 = the first event
  LineNumber first_line = 0;  // where the first event stands
  std::optional<double> seconds_since_first;
  std::uint32_t victims_before = 0;
  // Where the kernel killed the process that this report is about. A process that is being killed
  // gets no more memory, and what it still asks for fails (mm/page_alloc.c
  // __alloc_pages_slowpath(), tsk_is_oom_victim()): such a failure is part of the kill.
  Place killed_at{};
};

struct Context {
  const memory::Evidence& evidence;
  const report::Report& report;
  const StoryContext& story;
};

// What a rule knows of a host.
struct HostContext {
  const host::HostFacts& facts;
  const memory::HostState& state;
  std::span<const TaskLimit> limits;
  // For the place of a number that the host's own record keeps without one (of a process).
  host::Sources& sources;
};

#ifdef __wasm__
// The page reads no host: what a rule says of one is left out of it, a tenth of its bytes.
struct HostRule {
  constexpr HostRule() = default;
  template <class Rule>
  constexpr HostRule(Rule&& /*unused*/) {}
};
#else
using HostRule = std::vector<Claim> (*)(const HostContext& context);
#endif

struct Cause {
  std::string_view id;
  char section = 'A';      // of the catalogue
  std::string_view title;  // one line for `whyoom causes`
  // Of an event in a log: a claim (also "ruled out, by this number"), or nothing when the evidence
  // does not bear on it. Null: no report can prove it.
  std::optional<Claim> (*judge)(const Context& context) = nullptr;
  // Of a host as it is, the same; the role is root when it happens now, risk when it can happen.
  // Several when several things of the host have it. Null: no host can prove it.
  HostRule check{};
};

// Every cause of the build, by section and id.
std::span<const Cause* const> all_causes();
const Cause* find_cause(std::string_view id);

}  // namespace whyoom::diagnose
