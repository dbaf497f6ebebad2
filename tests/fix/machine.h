// A machine for whyoom itself: a private mount and UTS namespace with an /etc and a /var/lib of its
// own, and kernel.domainname as the setting. Shared by kill_whyoom and fault_whyoom.
#pragma once

#include <sched.h>
#include <sys/mount.h>

#include <filesystem>

#include "linux/tree_for_test.h"

namespace whyoom::test {

inline constexpr const char* running = "/proc/sys/kernel/domainname";
inline constexpr const char* deciding = "/etc/sysctl.d/50-domain.conf";

inline bool enter_namespaces() {
  if (::unshare(CLONE_NEWNS | CLONE_NEWUTS) != 0 ||
      ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return false;
  }
  // Each fix reads whatever could set a value at a boot: hundreds of files that are not the test's.
  for (const char* others : {"/usr/lib/systemd/system", "/usr/lib/tmpfiles.d"}) {
    if (std::filesystem::is_directory(others)) {
      ::mount("none", others, "tmpfs", 0, "mode=755");
    }
  }
  return ::mount("none", "/etc", "tmpfs", 0, "mode=755") == 0 &&
         ::mount("none", "/var/lib", "tmpfs", 0, "mode=755") == 0;
}

// /etc and the running value.
inline linux::test::Snapshot state_of_machine() {
  linux::test::Snapshot all = linux::test::snapshot("/etc");
  all["running value"] = linux::test::get(running);
  return all;
}

inline void fresh_machine() {
  namespace fs = std::filesystem;
  for (const char* directory : {"/etc", "/var/lib"}) {
    for (const auto& entry : fs::directory_iterator(directory)) {
      fs::remove_all(entry.path());
    }
  }
  fs::create_directories("/etc/sysctl.d");
  linux::test::put("/etc/sysctl.conf", "# nothing here\r\n; and no end of line");
  linux::test::put(deciding, "# our domain\nkernel.domainname = before.example\n");
  fs::permissions(deciding, fs::perms(0640));
  fs::create_symlink("../sysctl.conf", "/etc/sysctl.d/99-sysctl.conf");
  linux::test::put(running, "before.example\n");
}

}  // namespace whyoom::test
