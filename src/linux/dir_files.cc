#include "linux/dir_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <memory>
#include <utility>

#include "base/text.h"
#include "linux/beneath.h"
#include "linux/descriptor.h"

namespace whyoom::linux {
namespace {

using host::FileError;

constexpr std::size_t first_buffer = std::size_t{64} << 10U;

tl::unexpected<FileError> failure(int error) { return tl::unexpected(error_of(error)); }

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

// Only the kernel makes names there, and there are many to read.
bool is_of_kernel(std::string_view path) {
  const std::string name = relative(path);
  return (name.starts_with("proc/") || name.starts_with("sys/")) &&
         name.find("/..") == std::string::npos;
}

// Users and groups under which the programs run that write the logs of a host.
constexpr std::array<std::string_view, 7> log_services = {"syslog",
                                                          "rsyslog",
                                                          "syslog-ng",
                                                          "systemd-journal",
                                                          "systemd-journal-remote",
                                                          "systemd-journal-upload",
                                                          "systemd-journal-gateway"};

// The numbers of these names in /etc/passwd or /etc/group: the third field in both.
template <class Id>
std::vector<Id> ids_of_services(std::string_view table) {
  std::vector<Id> ids;
  while (!table.empty()) {
    const std::size_t end = std::min(table.find('\n'), table.size());
    Cursor line(table.substr(0, end));
    table.remove_prefix(std::min(end + 1, table.size()));
    const auto name = line.take_until(":");
    if (!name || std::ranges::find(log_services, *name) == log_services.end() || !line.take(':') ||
        !line.take_until(":") || !line.take(':')) {
      continue;
    }
    if (const auto id = line.take_unsigned(); id && *id > 0 && line.peek() == ':') {
      ids.push_back(static_cast<Id>(*id));
    }
  }
  return ids;
}

}  // namespace

DirFiles::DirFiles(int root, bool whole_machine, Resolve resolve, const Owners& owners)
    : root_(root),
      whole_machine_(whole_machine),
      resolve_(resolve),
      owners_(owners),
      buffer_(first_buffer) {}

DirFiles::DirFiles(DirFiles&& other) noexcept
    : root_(std::exchange(other.root_, -1)),
      whole_machine_(other.whole_machine_),
      resolve_(other.resolve_),
      owners_(std::move(other.owners_)),
      log_owners_(std::move(other.log_owners_)),
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
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    const int error = errno;
    ::close(fd);
    return failure(error);
  }
  return DirFiles(fd, root == "/" && resolve == Resolve::automatic, resolve,
                  {status.st_uid, status.st_gid, {}, {}});
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

tl::expected<Guarded, FileError> DirFiles::open_checked(std::string_view path, int flags) {
  if (!is_of_kernel(path)) {
    return open_guarded(root_, path, flags, owners_);
  }
  Guarded result;
  const bool directory = (flags & O_DIRECTORY) != 0;
  const FileError no_file{FileError::Kind::not_a_file, "not a regular file"};
  // In a copy of another machine anything may lie there: look before opening. On this machine the
  // paths are known, and one call for each file is saved.
  if (!whole_machine_ && !directory) {
    const Descriptor look(open_path(path, O_PATH));
    if (look.get() < 0) {
      return failure(errno);
    }
    if (::fstat(look.get(), &result.status) != 0 || !S_ISREG(result.status.st_mode)) {
      return tl::unexpected(no_file);
    }
  }
  result.file = Descriptor(open_path(path, flags | O_NONBLOCK | O_NOCTTY));
  if (result.file.get() < 0 || ::fstat(result.file.get(), &result.status) != 0) {
    return failure(errno);
  }
  if (!directory && !S_ISREG(result.status.st_mode)) {
    return tl::unexpected(no_file);
  }
  if (!directory && result.status.st_nlink > 1) {
    return open_guarded(root_, path, flags, owners_);
  }
  return result;
}

const Owners& DirFiles::log_owners() {
  if (!log_owners_) {
    log_owners_ = owners_;
    const auto users = read("/etc/passwd");
    const auto groups = read("/etc/group");
    log_owners_->log_uids = ids_of_services<uid_t>(users.value_or(""));
    log_owners_->log_gids = ids_of_services<gid_t>(groups.value_or(""));
    // A copy of nothing but the logs: system users have the numbers below 1000.
    constexpr unsigned first_person = 1000;
    for (unsigned id = 1; id < first_person && !whole_machine_; ++id) {
      if (!users) {
        log_owners_->log_uids.push_back(id);
      }
      if (!groups) {
        log_owners_->log_gids.push_back(id);
      }
    }
  }
  return *log_owners_;
}

tl::expected<std::string, FileError> DirFiles::read(std::string_view path, std::size_t most) {
  const auto opened = open_checked(path, O_RDONLY);
  if (!opened) {
    return tl::unexpected(opened.error());
  }
  const Descriptor& file = opened->file;
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
  auto opened = open_guarded(root_, path, O_RDONLY, log_owners());
  if (!opened) {
    return tl::unexpected(opened.error());
  }
  constexpr std::int64_t second_us = 1'000'000;
  const timespec& modified = opened->status.st_mtim;
  return OpenFile{std::move(opened->file), modified.tv_sec * second_us + modified.tv_nsec / 1000,
                  std::move(opened->doubt)};
}

tl::expected<Descriptor, FileError> DirFiles::open_directory(std::string_view path) {
  auto opened = open_checked(path, O_RDONLY | O_DIRECTORY);
  if (!opened) {
    return tl::unexpected(opened.error());
  }
  return std::move(opened->file);
}

tl::expected<host::Listing, FileError> DirFiles::list(std::string_view path, std::size_t most) {
  auto opened = open_directory(path);
  if (!opened) {
    return tl::unexpected(opened.error());
  }
  Descriptor fd = std::move(*opened);
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
  Descriptor link;
  if (is_of_kernel(path)) {
    link = Descriptor(open_path(path, O_PATH | O_NOFOLLOW));
    if (link.get() < 0) {
      return failure(errno);
    }
  } else {
    auto opened = open_guarded(root_, path, O_PATH | O_NOFOLLOW, owners_);
    if (!opened) {
      return tl::unexpected(opened.error());
    }
    link = std::move(opened->file);
  }
  char target[PATH_MAX];
  const ssize_t size = ::readlinkat(link.get(), "", target, sizeof target);
  if (size < 0) {
    return failure(errno == ENOENT ? EINVAL : errno);
  }
  return std::string(target, static_cast<std::size_t>(size));
}

tl::expected<host::FileStatus, FileError> DirFiles::status(std::string_view path) {
  const auto opened = open_guarded(root_, path, O_PATH | O_NOFOLLOW, owners_);
  if (!opened) {
    return tl::unexpected(opened.error());
  }
  if (S_ISLNK(opened->status.st_mode)) {
    return failure(ELOOP);
  }
  return status_of(opened->file.get(), opened->status, owners_);
}

}  // namespace whyoom::linux
