// Opening a path that stays below a directory, whatever symbolic links lie on the way. Private to
// DirFiles.
#pragma once

#include <string>

namespace whyoom::linux {

// `path` is relative to `root`. By openat2(RESOLVE_IN_ROOT): absolute links and ".." mean the root
// directory, as after chroot. -1 and errno ENOSYS (or EPERM, from a filter of system calls) where
// there is no such call.
int open_in_root(int root, const std::string& path, int flags);

// The same without that call: -1 and EXDEV at a link that is absolute or has "..".
int open_walking(int root, const std::string& path, int flags);

}  // namespace whyoom::linux
