// Landlock (Linux 5.13): a process forbids itself files. Private to sandbox.h.
#pragma once

namespace whyoom::linux {

// From here on no path can be opened, made or removed, and no TCP port or abstract socket reached,
// as far as this kernel knows of such rules. Open descriptors go on. Needs no_new_privs.
// False: this kernel has none of it, or a container forbids it.
bool forbid_files();

}  // namespace whyoom::linux
