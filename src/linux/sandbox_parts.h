// What enter_sandbox() is made of. Private to sandbox.h.
#pragma once

namespace whyoom::linux {

inline constexpr unsigned nobody = 65534;  // user and group; owns nothing on any distribution

// All capabilities go, those that exec could bring back too. Root becomes nobody, without groups.
// Nobody else may trace the process then, and it leaves no core file with the log in it.
// The result is 0, or the errno of a root that stays root, without capabilities: EINVAL in a user
// namespace that has no such user (there root is whoever made it), EPERM where root may not change
// its user.
int give_up_identity();

// Landlock (Linux 5.13): from here on no path can be opened, made or removed, and no TCP port or
// abstract socket reached, as far as this kernel knows of such rules. Open descriptors go on. Needs
// no_new_privs. False: this kernel has none of it, or a container forbids it.
bool forbid_files();

// seccomp: from here on the process, with all its threads, can read what is open, write to standard
// output and standard error, have memory that is not code, tell the time, and end. Anything else is
// not done: a message on standard error names the call, and the process ends with exit status 2.
// Needs no_new_privs. The result is 0 or an errno: the kernel has no filters, or something around
// the program (a container, an emulator) does not let it have one. ENOSYS: this build has none.
enum class Calls : unsigned char {
  reader,  // those above
  server,  // and those of sockets that are open, and to open files for reading
};
int filter_system_calls(Calls calls = Calls::reader);

}  // namespace whyoom::linux
