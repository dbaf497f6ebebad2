#include "linux/dir_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <memory>
#include <system_error>
#include <utility>

#include "linux/beneath.h"
#include "linux/descriptor.h"
#include "linux/now_reading.h"

namespace whyoom::linux {
namespace {

using host::FileError;

constexpr std::size_t first_buffer = std::size_t{64} << 10U;

FileError::Kind kind_of(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ESRCH:       // the process ended
    case ENODEV:      // the cgroup was removed
    case EOPNOTSUPP:  // built in and switched off, as /proc/pressure
      return FileError::Kind::missing;
    case EACCES:
    case EPERM:
      return FileError::Kind::denied;
    case EISDIR:
      return FileError::Kind::not_a_file;
    default:
      return FileError::Kind::failed;
  }
}

tl::unexpected<FileError> failure(int error) {
  if (error == EXDEV) {
    return tl::unexpected(
        FileError{FileError::Kind::failed, "a symbolic link leads out of the directory"});
  }
  return tl::unexpected(FileError{kind_of(error), std::generic_category().message(error)});
}

bool is_dots(std::string_view name) { return name == "." || name == ".."; }

bool is_directory(int directory, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN && entry.d_type != DT_LNK) {
    return entry.d_type == DT_DIR;
  }
  // A link counts as what it is, not as where it leads: no tree is walked twice.
  struct stat status {};
  return ::fstatat(directory, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISDIR(status.st_mode);
}

std::string relative(std::string_view path) {
  const std::size_t start = path.find_first_not_of('/');
  return start == std::string_view::npos ? std::string(".") : std::string(path.substr(start));
}

}  // namespace

DirFiles::DirFiles(int root, bool whole_machine, Resolve resolve)
    : root_(root), whole_machine_(whole_machine), resolve_(resolve), buffer_(first_buffer) {}

DirFiles::DirFiles(DirFiles&& other) noexcept
    : root_(std::exchange(other.root_, -1)),
      whole_machine_(other.whole_machine_),
      resolve_(other.resolve_),
      buffer_(std::move(other.buffer_)) {}

DirFiles::~DirFiles() {
  if (root_ >= 0) {
    ::close(root_);
  }
}

tl::expected<DirFiles, FileError> DirFiles::open(const std::string& root, Resolve resolve) {
  const int fd = ::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    return failure(errno);
  }
  return DirFiles(fd, root == "/" && resolve == Resolve::automatic, resolve);
}

int DirFiles::open_path(std::string_view path, int flags) {
  const std::string name = relative(path);
  if (name.find('\0') != std::string::npos) {
    errno = ENOENT;
    return -1;
  }
  flags |= O_CLOEXEC;
  if (whole_machine_) {
    return ::openat(root_, name.c_str(), flags);
  }
  if (resolve_ == Resolve::automatic) {
    int fd = open_in_root(root_, name, flags);
    for (int again = 0; fd < 0 && errno == EAGAIN && again < 8; ++again) {
      fd = open_in_root(root_, name, flags);  // something was renamed meanwhile
    }
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) {
      return fd;
    }
    if (errno == ENOSYS) {
      resolve_ = Resolve::walk;  // EPERM may be this file's own, or a filter of system calls
    }
  }
  return open_walking(root_, name, flags);
}

tl::expected<std::string, FileError> DirFiles::read(std::string_view path, std::size_t most) {
  now_reading(path);
  struct stat status {};
  // In a copy of another machine anything may lie there: look before opening. On this machine the
  // paths are known, and one call for each file is saved.
  if (!whole_machine_) {
    const Descriptor look(open_path(path, O_PATH));
    if (look.get() < 0) {
      return failure(errno);
    }
    if (::fstat(look.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
      return tl::unexpected(FileError{FileError::Kind::not_a_file, "not a regular file"});
    }
  }
  const Descriptor file(open_path(path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  if (file.get() < 0) {
    return failure(errno);
  }
  if (::fstat(file.get(), &status) != 0) {
    return failure(errno);
  }
  if (!S_ISREG(status.st_mode)) {
    return tl::unexpected(FileError{FileError::Kind::not_a_file, "not a regular file"});
  }
  // The size of a file under /proc is 0: read until the end comes.
  std::size_t size = 0;
  for (;;) {
    if (size == buffer_.size()) {
      buffer_.resize(buffer_.size() * 2);
    }
    const ssize_t got = ::read(file.get(), buffer_.data() + size, buffer_.size() - size);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return failure(errno);
    }
    if (got == 0) {
      return std::string(buffer_.data(), size);
    }
    size += static_cast<std::size_t>(got);
    if (size > most) {
      return tl::unexpected(FileError{FileError::Kind::too_big, "the file is too large"});
    }
  }
}

tl::expected<DirFiles::OpenFile, FileError> DirFiles::open_file(std::string_view path) {
  struct stat status {};
  const Descriptor look(open_path(path, O_PATH));
  if (look.get() < 0) {
    return failure(errno);
  }
  if (::fstat(look.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return tl::unexpected(FileError{FileError::Kind::not_a_file, "not a regular file"});
  }
  Descriptor file(open_path(path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
    return failure(errno);
  }
  if (!S_ISREG(status.st_mode)) {  // replaced meanwhile
    return tl::unexpected(FileError{FileError::Kind::not_a_file, "not a regular file"});
  }
  constexpr std::int64_t second_us = 1'000'000;
  return OpenFile{std::move(file),
                  status.st_mtim.tv_sec * second_us + status.st_mtim.tv_nsec / 1000};
}

tl::expected<Descriptor, FileError> DirFiles::open_directory(std::string_view path) {
  Descriptor directory(open_path(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK));
  if (directory.get() < 0) {
    return failure(errno);
  }
  return directory;
}

tl::expected<host::Listing, FileError> DirFiles::list(std::string_view path, std::size_t most) {
  Descriptor fd(open_path(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK));
  if (fd.get() < 0) {
    return failure(errno);
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::fdopendir(fd.get()), &::closedir);
  if (!directory) {
    return failure(errno);
  }
  fd.release();
  host::Listing listing;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) {
      break;
    }
    if (is_dots(entry->d_name)) {
      continue;
    }
    if (listing.entries.size() >= most) {
      listing.cut = true;
      return listing;
    }
    listing.entries.push_back({entry->d_name, is_directory(::dirfd(directory.get()), *entry)});
  }
  if (errno != 0) {
    return failure(errno);
  }
  return listing;
}

tl::expected<std::string, FileError> DirFiles::read_link(std::string_view path) {
  const Descriptor link(open_path(path, O_PATH | O_NOFOLLOW));
  if (link.get() < 0) {
    return failure(errno);
  }
  char target[PATH_MAX];
  const ssize_t size = ::readlinkat(link.get(), "", target, sizeof target);
  if (size < 0) {
    return failure(errno == ENOENT ? EINVAL : errno);
  }
  return std::string(target, static_cast<std::size_t>(size));
}

}  // namespace whyoom::linux
