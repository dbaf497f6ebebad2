// Opening a path that stays below a directory, whatever lies on the way. Private to DirFiles and to
// RunningValues.
#pragma once

#include <string>

namespace whyoom::linux {

// `path` is relative to `root`. By openat2(RESOLVE_IN_ROOT): absolute links and ".." mean the root
// directory, as after chroot. -1 and errno ENOSYS (or EPERM, from a filter of system calls) where
// there is no such call.
int open_in_root(int root, const std::string& path, int flags);

// The same without that call: -1 and EXDEV at a link that is absolute or has "..".
int open_walking(int root, const std::string& path, int flags);

// No symbolic link at all, no "..", and no other file system: -1 and ELOOP, EXDEV. By
// openat2(RESOLVE_BENEATH and the RESOLVE_NO_ flags) where there is such a call, else name by name.
int open_strictly_below(int directory, const std::string& path, int flags, bool by_walking = false);

}  // namespace whyoom::linux
