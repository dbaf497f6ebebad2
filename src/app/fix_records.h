// The fixes that were made on this machine, as text, and what an interrupted one left.
#pragma once

#include <string>
#include <string_view>

#include "app/command.h"
#include "fix/apply.h"
#include "render/layout.h"

namespace whyoom::app {

// `whyoom fix --list`
int list_fixes(const Options& options, Console& io);
// `whyoom fix --resume`
int resume_fix(const Options& options, bool yes, Console& io);

// "fix 3: vm.min_free_kbytes 1048576 -> 45056, 2026-11-24 17:30:01"
std::string record_line(const fix::FixRecord& record);
// Where the files and values of a fix stand, a line each.
std::string standing_text(const fix::FixRecord& record, const fix::Examination& found);

// Says what failed, what was put back and what was not. `what`: "fix" or "undo". The exit status.
int tell_failure(std::string_view what, const fix::ApplyFailure& failure,
                 const render::TextStyle& style, Console& io);

}  // namespace whyoom::app
