// A machine of which only the size of its RAM is known, for settings that are looked at before they
// reach one: x86-64, one node, pages of 4 KiB, the newest rules, huge pages on from 512 MB.
#pragma once

#include "memory/machine.h"
#include "memory/watermarks.h"

namespace whyoom::memory {

// Its zones, RAM and the kernel's own choice of vm.min_free_kbytes; nothing is free or used.
Machine usual_machine(Bytes ram);

// What a value of vm.min_free_kbytes costs there against the kernel's own choice: both high marks,
// up to which the kernel frees memory, and which MemAvailable leaves out.
Bytes cost_of_min_free(const Machine& machine, KiB value);

// The kernel's own choice of kernel.threads-max: stacks of 16 KiB for all tasks are an eighth of
// RAM (kernel/fork.c set_max_threads()).
std::uint64_t default_threads_max(const Machine& machine);
// And of fs.file-max: a tenth of RAM in kB (fs/file_table.c files_maxfiles_init()).
std::uint64_t default_file_max(const Machine& machine);

}  // namespace whyoom::memory
