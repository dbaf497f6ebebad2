#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "linux/sandbox_parts.h"

namespace whyoom::linux {
namespace {

// Bounding, ambient, effective, permitted, inheritable. The first needs CAP_SETPCAP: who lacks it
// cannot gain anything by exec once no_new_privs is set.
void empty_bounding_set() {
  for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
       ++capability) {
    (void)prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
}

void drop_capabilities() {
  (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  (void)syscall(SYS_capset, &header, none);
}

int become_nobody() {
  // A user namespace can refuse this one alone; the groups are then its maker's.
  (void)setgroups(0, nullptr);
  // The group first: it takes a right that the user's change gives up.
  const bool group = setresgid(nobody, nobody, nobody) == 0;
  const bool user = setresuid(nobody, nobody, nobody) == 0;
  return group && user ? 0 : errno;
}

}  // namespace

int give_up_identity() {
  empty_bounding_set();
  const bool root = getuid() == 0 || geteuid() == 0;
  const int error = root ? become_nobody() : 0;
  drop_capabilities();
  (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  return error;
}

}  // namespace whyoom::linux
