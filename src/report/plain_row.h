// A row of numbers as the kernel prints it, with blanks between them and nothing else, 64
// characters at a time: a large report is rows of its task table, most of all.
#pragma once

#include <string_view>

#include "report/task_lines.h"

namespace whyoom::report {

// So many characters from the end of a number on are looked at, whatever stands there.
inline constexpr std::size_t plain_row_lookahead = 72;

// Reads "[  123]" and so many numbers behind it, at the start of `text`, of which those characters
// must be there; fills `row` as parse_task_row() does, but that of `ends` only the last is set.
// False: it differs in something, be it a number of more than 18 digits, or a tab; `row` holds
// anything.
bool read_plain_row(std::string_view text, std::size_t columns, TaskRow& row);

}  // namespace whyoom::report
