// Who the process is to the kernel: user, groups and capabilities. Private to sandbox.h.
#pragma once

namespace whyoom::linux {

inline constexpr unsigned nobody = 65534;  // user and group; owns nothing on any distribution

// All capabilities go, those that exec could bring back too. Root becomes nobody, without groups.
// Nobody else may trace the process then, and it leaves no core file with the log in it.
// The result is 0, or the errno of a root that stays root, without capabilities: EINVAL in a user
// namespace that has no such user (there root is whoever made it), EPERM where root may not change
// its user.
int give_up_identity();

}  // namespace whyoom::linux
