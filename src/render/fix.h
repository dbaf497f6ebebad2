// What `whyoom fix` and `whyoom undo` show: the plan before it is carried out, and differences.
#pragma once

#include <string>
#include <string_view>

#include "advise/change.h"
#include "advise/plan.h"
#include "memory/machine.h"
#include "render/render.h"

namespace whyoom::render {

// The plan: what changes and what that does. Nothing for an empty plan.
Document plan_document(const advise::Plan& plan, const memory::Machine& machine);
// The change alone: files as a diff, then running values.
Document change_document(const advise::Change& change);
// One difference, for a file that is not as it should be.
Document diff_document(std::string_view before_name, std::string_view before,
                       std::string_view after_name, std::string_view after);

// How it ended, for the JSON.
struct FixResult {
  // "planned" (nothing was changed), "applied", "nothing-to-do", "refused", "rolled-back"
  std::string_view state;
  int number = 0;   // of the fix, for undo; 0 = none
  std::string why;  // of a refusal or a failure
};
// Output version 1, one object, no newline at the end. `plan`: null when there is nothing to plan.
std::string json_plan(const advise::Plan* plan, const FixResult& result = {});

}  // namespace whyoom::render
