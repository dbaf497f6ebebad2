// The words with which lines of the kernel's reports begin. A line of a log that names no program
// can be told by them.
#pragma once

#include <string_view>

namespace whyoom::logtext {

// Behind a host these words are no program's name and text.
bool begins_report_line(std::string_view text);

// "cron invoked oom-killer: gfp_mask=", "cron: page allocation failure", "cron cpuset=/ mems_": no
// more than a process's name stands before.
bool begins_with_process(std::string_view text);

}  // namespace whyoom::logtext
