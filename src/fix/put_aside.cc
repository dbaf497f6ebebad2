#include "fix/put_aside.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "base/language.h"
#include "base/text.h"
#include "linux/descriptor.h"
#include "linux/file_system.h"

namespace whyoom::fix {
namespace {

// Of 255 bytes that a name can have.
constexpr std::size_t most_of_a_name = 200;
constexpr int most_kept = 100;

void tell(const Warn& warn, const std::string& what) {
  if (warn) {
    warn(what);
  }
}

std::string place_of(const PutAside& aside, const std::string& name) {
  const std::string_view directory = linux::directory_of(aside.path);
  return printable((directory == "/" ? "" : std::string(directory)) + "/" + name);
}

// True when the temporary name is free again.
bool keep_beside(const PutAside& aside, const std::string& why, const Warn& warn) {
  int error = EEXIST;
  for (int count = 1; error == EEXIST && count <= most_kept; ++count) {
    const std::string name = aside.kept + (count == 1 ? "" : "-" + std::to_string(count));
    error = linux::move_without_replacing(aside.directory, aside.temporary, name);
    if (error == 0) {
      (void)linux::sync(aside.directory);
      tell(warn, tr("{}. It is kept in {}: compare the two", why, place_of(aside, name)));
    }
  }
  if (error != 0) {
    tell(warn, tr("{}. It is kept in {}: compare the two", why, place_of(aside, aside.temporary)));
  }
  return error == 0;
}

}  // namespace

std::string kept_name(std::string_view file_name, std::string_view tag) {
  return std::string(file_name.substr(0, most_of_a_name)) + ".kept-by-whyoom-" + std::string(tag);
}

bool settle(const PutAside& aside, const std::function<bool(std::string_view)>& ours,
            const Warn& warn) {
  const linux::Descriptor file(::openat(aside.directory, aside.temporary.c_str(),
                                        O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (file.get() < 0 && errno == ENOENT) {
    return true;
  }
  struct stat status {};
  const bool is_file =
      file.get() >= 0 && ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode);
  const std::string path = printable(aside.path);
  if (is_file && is_open_for_writing(file.get())) {
    return keep_beside(aside, tr("another program has the file open to write that was {}", path),
                       warn);
  }
  const auto content = is_file ? linux::read_whole(file.get()) : tl::unexpected(EINVAL);
  if (!content) {
    return keep_beside(
        aside,
        tr("what was put aside of {} cannot be read: {}", path, linux::errno_text(content.error())),
        warn);
  }
  if (!ours(*content)) {
    return keep_beside(aside, tr("there is a text of {} that somebody else wrote", path), warn);
  }
  if (::unlinkat(aside.directory, aside.temporary.c_str(), 0) != 0 && errno != ENOENT) {
    tell(warn, tr("the temporary file {} could not be removed: {}. Remove it by hand",
                  place_of(aside, aside.temporary), linux::errno_text(errno)));
    return false;
  }
  (void)linux::sync(aside.directory);
  return true;
}

bool is_open_for_writing(int fd) {
  struct statfs system {};
  // NFS gives no lease without a delegation of the server, whoever has the file open.
  if (::fstatfs(fd, &system) == 0 && system.f_type == NFS_SUPER_MAGIC) {
    return false;
  }
  // A lease to read is given only when nobody can write. Who breaks it in the meantime would send
  // SIGIO, which ends a process; SIGURG does not.
  if (::fcntl(fd, F_SETSIG, SIGURG) != 0) {
    return false;
  }
  if (::fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
    (void)::fcntl(fd, F_SETLEASE, F_UNLCK);
    return false;
  }
  return errno == EAGAIN;
}

bool is_mixture(std::string_view now, std::string_view before, std::string_view after,
                std::size_t written) {
  if (now.size() > std::max(before.size(), after.size())) {
    return false;
  }
  for (std::size_t i = 0; i < now.size(); ++i) {
    const bool known = (i < before.size() && now[i] == before[i]) ||
                       (i < after.size() && now[i] == after[i]) || (i >= written && now[i] == '\0');
    if (!known) {
      return false;
    }
  }
  return true;
}

}  // namespace whyoom::fix
