// The system calls that are left (seccomp). Private to sandbox.h.
#pragma once

namespace whyoom::linux {

// From here on the process can read what is open, write to standard output and standard error,
// have memory that is not code, tell the time, and end. Anything else is not done: a message on
// standard error names the call, and the process ends with exit status 2. Needs no_new_privs.
// The result is 0 or an errno: the kernel has no filters, or something around the program (a
// container, an emulator) does not let it have one. ENOSYS: this build has none.
int filter_system_calls();

}  // namespace whyoom::linux
