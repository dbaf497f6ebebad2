// What a file has besides its content: owner, mode, and extended attributes, among them the SELinux
// label (security.selinux) and POSIX ACLs (system.posix_acl_access). For a fix, which keeps them.
#pragma once

#include <sys/types.h>

#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace whyoom::linux {

struct FileAttributes {
  unsigned mode = 0644;  // permission bits
  uid_t uid = 0;
  gid_t gid = 0;
  // Sorted by name. Without security.ima and security.evm: digests of the old content, which the
  // kernel makes anew.
  std::vector<std::pair<std::string, std::string>> xattrs;
  bool operator==(const FileAttributes&) const = default;
};

// 0644 and this process's user and group.
FileAttributes attributes_of_a_new_file();

// The error is errno.
tl::expected<FileAttributes, int> read_attributes(int fd);
// The error is a part of a sentence: "its attribute user.x cannot be kept: ...".
tl::expected<void, std::string> give_attributes(int fd, const FileAttributes& attributes);

// The flags of chattr(1) that `from` has and the owner can set; what cannot be set is left out.
void copy_flags(int from, int to);

}  // namespace whyoom::linux
