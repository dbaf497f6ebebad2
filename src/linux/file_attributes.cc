#include "linux/file_attributes.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/language.h"
#include "base/text.h"
#include "linux/file_system.h"

namespace whyoom::linux {
namespace {

constexpr unsigned permission_bits = 07777;

bool is_digest(std::string_view name) { return name == "security.ima" || name == "security.evm"; }

tl::expected<std::string, int> read_xattr(int fd, const std::string& name) {
  std::string value;
  for (;;) {
    const ssize_t size = ::fgetxattr(fd, name.c_str(), nullptr, 0);
    if (size < 0) {
      return tl::unexpected(errno);
    }
    value.resize(static_cast<std::size_t>(size));
    const ssize_t got = ::fgetxattr(fd, name.c_str(), value.data(), value.size());
    if (got >= 0) {
      value.resize(static_cast<std::size_t>(got));
      return value;
    }
    if (errno != ERANGE) {  // it grew meanwhile
      return tl::unexpected(errno);
    }
  }
}

tl::expected<std::vector<std::string>, int> list_xattrs(int fd) {
  std::string names;
  for (;;) {
    const ssize_t size = ::flistxattr(fd, nullptr, 0);
    if (size < 0) {
      return errno == ENOTSUP ? tl::expected<std::vector<std::string>, int>()
                              : tl::unexpected(errno);
    }
    names.resize(static_cast<std::size_t>(size));
    const ssize_t got = ::flistxattr(fd, names.data(), names.size());
    if (got >= 0) {
      names.resize(static_cast<std::size_t>(got));
      break;
    }
    if (errno != ERANGE) {
      return tl::unexpected(errno);
    }
  }
  std::vector<std::string> list;
  for (std::size_t at = 0; at < names.size(); at += list.back().size() + 1) {
    list.emplace_back(names.c_str() + at);
  }
  std::sort(list.begin(), list.end());
  return list;
}

tl::unexpected<std::string> cannot_keep(const std::string& what, int error) {
  return tl::unexpected(tr("its {} cannot be kept: {}", what, errno_text(error)));
}

}  // namespace

FileAttributes attributes_of_a_new_file() { return {0644, ::geteuid(), ::getegid(), {}}; }

tl::expected<FileAttributes, int> read_attributes(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    return tl::unexpected(errno);
  }
  FileAttributes attributes{status.st_mode & permission_bits, status.st_uid, status.st_gid, {}};
  const auto names = list_xattrs(fd);
  if (!names) {
    return tl::unexpected(names.error());
  }
  for (const std::string& name : *names) {
    if (is_digest(name)) {
      continue;
    }
    auto value = read_xattr(fd, name);
    if (!value && value.error() == ENODATA) {
      continue;  // removed meanwhile
    }
    if (!value) {
      return tl::unexpected(value.error());
    }
    attributes.xattrs.emplace_back(name, std::move(*value));
  }
  return attributes;
}

tl::expected<void, std::string> give_attributes(int fd, const FileAttributes& wanted) {
  const auto has = read_attributes(fd);
  if (!has) {
    return cannot_keep("attributes", has.error());
  }
  // The owner first: a change of the owner takes bits of the mode away.
  if ((has->uid != wanted.uid || has->gid != wanted.gid) &&
      ::fchown(fd, wanted.uid, wanted.gid) != 0) {
    return cannot_keep("owner", errno);
  }
  // What a directory's default ACL gave to the new file and the old one does not have. A label that
  // the system gives to each file cannot be taken away.
  for (const auto& extra : has->xattrs) {
    const std::string& name = extra.first;
    const bool kept = std::any_of(wanted.xattrs.begin(), wanted.xattrs.end(),
                                  [&](const auto& other) { return other.first == name; });
    if (!kept && !name.starts_with("security.") && ::fremovexattr(fd, name.c_str()) != 0 &&
        errno != ENODATA) {
      return cannot_keep(tr("lack of the attribute {}", printable(name)), errno);
    }
  }
  if (::fchmod(fd, wanted.mode) != 0) {
    return cannot_keep("mode", errno);
  }
  for (const auto& attribute : wanted.xattrs) {
    const auto& [name, value] = attribute;
    if (std::find(has->xattrs.begin(), has->xattrs.end(), attribute) == has->xattrs.end() &&
        ::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) != 0) {
      return cannot_keep(tr("attribute {}", printable(name)), errno);
    }
  }
  return {};
}

void copy_flags(int from, int to) {
  constexpr int kept = FS_SYNC_FL | FS_NODUMP_FL | FS_NOATIME_FL;
  int old_flags = 0;
  int new_flags = 0;
  if (::ioctl(from, FS_IOC_GETFLAGS, &old_flags) == 0 && (old_flags & kept) != 0 &&
      ::ioctl(to, FS_IOC_GETFLAGS, &new_flags) == 0) {
    new_flags |= old_flags & kept;
    (void)::ioctl(to, FS_IOC_SETFLAGS, &new_flags);
  }
}

}  // namespace whyoom::linux
