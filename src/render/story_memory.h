// The parts of a story that tell who had the memory.
#pragma once

#include "diagnose/event.h"
#include "render/phrase.h"
#include "render/render.h"

namespace whyoom::render {

// The root is one of the causes "memory is used up": then the account is the proof.
bool is_used_up(const diagnose::Event& event);

// Counters of a cgroup against their limits, then its biggest parts.
Table cgroup_table(const report::Memcg& memcg, Sizes sizes = Sizes::exact);
// Biggest first; lines below 0.1 % are added up in the last one.
Table account_table(const memory::Account& account, Sizes sizes = Sizes::exact);

// The cgroup at its limit: its counters, its biggest parts, whose it is.
void add_cgroup(Document& out, const diagnose::Event& event);
// Where RAM went, when it was used up or nobody can tell why it was not.
void add_account(Document& out, const diagnose::Event& event, Detail detail);
// The processes, and a title that says in which order; no rows where the report has none.
// `score`: with what the kernel weighs of each, where that is known.
Table task_table(const diagnose::Event& event, const TaskList& list, std::uint32_t usual,
                 bool score = false);
std::string task_title(const diagnose::Event& event, const TaskList& list);
// The biggest processes, and what is notable of them.
void add_tasks(Document& out, const diagnose::Event& event, Detail detail);

}  // namespace whyoom::render
