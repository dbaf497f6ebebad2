#include "linux/file_system.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <system_error>

#include "base/language.h"
#include "base/text.h"
#include "host/writers.h"
#include "linux/guarded_walk.h"

namespace whyoom::linux {
namespace {

// Of a directory: what lies in it can be replaced by root and by who runs this alone.
bool is_held_by_us(int directory, const struct stat& status) {
  Owners owners;
  owners.uid = ::geteuid();
  host::FileStatus as_host = status_of(directory, status, owners);
  if ((status.st_mode & S_ISVTX) != 0) {  // nobody renames or removes what is another's
    as_host.mode &= ~022U;
  }
  return host::other_writers(as_host).empty();
}

int open_below_walking(int directory, const std::string& path, int flags) {
  const std::vector<std::string> names = parts_of(path);
  struct stat start {};
  if (names.empty() || std::ranges::find(names, "..") != names.end()) {
    errno = EXDEV;
    return -1;
  }
  Descriptor at(::openat(directory, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (at.get() < 0 || ::fstat(at.get(), &start) != 0) {
    return -1;
  }
  for (const std::string& name : names) {
    const int how = &name == &names.back() ? flags : O_PATH | O_DIRECTORY;
    Descriptor next(::openat(at.get(), name.c_str(), how | O_NOFOLLOW | O_CLOEXEC));
    struct stat status {};
    if (next.get() < 0 || ::fstat(next.get(), &status) != 0) {
      return -1;
    }
    if (status.st_dev != start.st_dev) {
      errno = EXDEV;
      return -1;
    }
    at = std::move(next);
  }
  return at.release();
}

}  // namespace

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    if (const std::string_view part = take_part(path, '/'); !part.empty()) {
      parts.emplace_back(part);
    }
  }
  return parts;
}

bool is_plain_path(std::string_view path) {
  if (path.size() < 2 || path[0] != '/' || path.back() == '/' ||
      path.find('\0') != std::string_view::npos || path.find("//") != std::string_view::npos) {
    return false;
  }
  const auto parts = parts_of(path);
  return std::none_of(parts.begin(), parts.end(),
                      [](const std::string& part) { return part == "." || part == ".."; });
}

std::string_view directory_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string_view::npos ? std::string_view("/")
                                                       : path.substr(0, slash);
}

tl::expected<Descriptor, int> open_real_directory(std::string_view path) {
  // Not O_PATH: it is needed for fsync.
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  const std::vector<std::string> parts = parts_of(path);
  Descriptor at(::open("/", flags));
  for (std::size_t i = 0;; ++i) {
    struct stat status {};
    if (at.get() < 0 || ::fstat(at.get(), &status) != 0) {
      return tl::unexpected(errno);
    }
    if (!is_held_by_us(at.get(), status)) {
      return tl::unexpected(others_hold_it);
    }
    if (i == parts.size()) {
      return at;
    }
    at = Descriptor(::openat(at.get(), parts[i].c_str(), flags));
  }
}

std::vector<std::string> missing_directories(std::string_view path) {
  std::vector<std::string> missing;
  for (; path != "/"; path = directory_of(path)) {
    struct stat status {};
    if (::lstat(std::string(path).c_str(), &status) == 0 || errno != ENOENT) {
      break;
    }
    missing.emplace_back(path);
  }
  std::reverse(missing.begin(), missing.end());
  return missing;
}

int open_strictly_below(int directory, const std::string& path, int flags, bool by_walking) {
  if (!by_walking) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
    const auto fd =
        static_cast<int>(::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how));
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM && errno != EAGAIN)) {
      return fd;
    }
  }
  return open_below_walking(directory, path, flags);
}

int each_entry(Descriptor directory, const std::function<bool(const dirent&)>& take) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(
      directory.get() < 0 ? nullptr : ::fdopendir(directory.get()), &::closedir);
  if (!stream) {
    return errno;
  }
  directory.release();
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) {
      return errno;
    }
    const std::string_view name = entry->d_name;
    if (name != "." && name != ".." && !take(*entry)) {
      return 0;
    }
  }
}

tl::expected<std::string, int> read_whole(int fd, std::size_t most) {
  std::string content;
  char buffer[16384];
  for (;;) {
    // No more than one byte too many: the kernel makes the text of its files as it is asked for it.
    const std::size_t wanted = std::min(sizeof buffer - 1, most - content.size()) + 1;
    const ssize_t got = ::pread(fd, buffer, wanted, static_cast<off_t>(content.size()));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return tl::unexpected(errno);
    }
    if (got == 0) {
      return content;
    }
    content.append(buffer, static_cast<std::size_t>(got));
    if (content.size() > most) {
      return tl::unexpected(EFBIG);
    }
  }
}

tl::expected<std::string, int> read_at(int directory, const std::string& name, std::size_t most) {
  const Descriptor file(
      ::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
    return tl::unexpected(errno);
  }
  if (!S_ISREG(status.st_mode)) {
    return tl::unexpected(EINVAL);
  }
  return read_whole(file.get(), most);
}

tl::expected<std::optional<std::string>, int> read_real_file(const std::string& path) {
  const auto directory = open_real_directory(directory_of(path));
  auto content = directory ? read_at(directory->get(), std::string(last_part(path)))
                           : tl::expected<std::string, int>(tl::unexpected(directory.error()));
  if (content) {
    return std::optional(std::move(*content));
  }
  if (content.error() == ENOENT) {
    return std::nullopt;
  }
  return tl::unexpected(content.error());
}

int write_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t done = ::write(fd, data.data(), data.size());
    if (done >= 0) {
      data.remove_prefix(static_cast<std::size_t>(done));
    } else if (errno == EAGAIN) {
      pollfd ready{fd, POLLOUT, 0};
      (void)::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

int sync(int fd) {
  // EINVAL: a file system that has nothing to write out.
  return ::fsync(fd) == 0 || errno == EINVAL ? 0 : errno;
}

int write_new_file(int directory, const std::string& name, std::string_view data, unsigned mode) {
  const Descriptor file(::openat(directory, name.c_str(),
                                 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file.get() < 0) {
    return errno;
  }
  int error = ::fchmod(file.get(), mode) == 0 ? 0 : errno;
  if (error == 0) {
    error = write_all(file.get(), data);
  }
  if (error == 0) {
    error = sync(file.get());
  }
  if (error != 0) {
    ::unlinkat(directory, name.c_str(), 0);
  }
  return error;
}

bool no_such_rename(int error) { return error == EINVAL || error == ENOSYS || error == ENOTSUP; }

int move_without_replacing(int directory, const std::string& from, const std::string& to) {
  if (::renameat2(directory, from.c_str(), directory, to.c_str(), RENAME_NOREPLACE) == 0) {
    return 0;
  }
  if (!no_such_rename(errno)) {
    return errno;
  }
  if (::linkat(directory, from.c_str(), directory, to.c_str(), 0) == 0) {
    const int error = ::unlinkat(directory, from.c_str(), 0) == 0 ? 0 : errno;
    if (error != 0) {
      (void)::unlinkat(directory, to.c_str(), 0);
    }
    return error;
  }
  if (errno != EPERM && errno != ENOTSUP && errno != ENOSYS) {
    return errno;
  }
  struct stat status {};
  if (::fstatat(directory, to.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
    return EEXIST;
  }
  return ::renameat(directory, from.c_str(), directory, to.c_str()) == 0 ? 0 : errno;
}

std::string errno_text(int error) { return tr(std::generic_category().message(error)); }

// Documentation/admin-guide/devices.txt: the character devices of major number 1.
bool is_endless(const struct stat& status) {
  constexpr unsigned memory = 1, null = 3, kmsg = 11;
  const unsigned number = minor(status.st_rdev);
  return S_ISCHR(status.st_mode) && major(status.st_rdev) == memory && number != null &&
         number != kmsg;
}

std::string endless_text() { return tr("it is a device that no log is read from"); }

}  // namespace whyoom::linux
