// What in a line of the kernel's somebody else has chosen. The kernel prints names of files and
// arguments as they are, up to 255 bytes and a record long, so they can hold whole lines of an OOM
// report; of a process's name (15 bytes) the readers of the lines take care.
#pragma once

#include <cstddef>
#include <string_view>

namespace whyoom::report {

// A newline in a process's name: behind it the kernel's own words begin where a name can end,
// `before` bytes of the record being in front of this line.
bool begins_behind_name(std::string_view line, std::size_t before);

// The line tells what a process did, and ends with names of files: "a[12]: segfault at ... in
// NAME[", "traps: a[12] trap divide error ... in NAME[" (print_vma_addr()), "process 'PATH' started
// with executable stack" (fs/exec.c). Nothing in it is of a report.
bool is_of_a_process(std::string_view line);

// Where the first word of others begins, in a line that is known to be just what the kernel wrote:
// behind a quote (parameters of mounts, command lines), or a bad option of tmpfs before 5.4. npos:
// none.
std::size_t others_words(std::string_view line);

}  // namespace whyoom::report
