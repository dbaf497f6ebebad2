#include "linux/disk.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "advise/sysctl_edit.h"
#include "base/text.h"
#include "host/writers.h"
#include "linux/guarded_walk.h"

namespace whyoom::linux {
namespace {

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    if (slash != 0) {
      parts.emplace_back(path.substr(0, slash));
    }
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return parts;
}

// Of what stands at the path; 0 where the file system has no such flags.
int flags_of(const std::string& path) {
  const Descriptor file(
      ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  int flags = 0;
  return file.get() >= 0 && ::ioctl(file.get(), FS_IOC_GETFLAGS, &flags) == 0 ? flags : 0;
}

// What stands in the way when the kernel only says "Operation not permitted".
std::string forbidding_flag(std::string_view path) {
  for (const auto& [what, kind] : {std::pair{path, "file"}, {directory_of(path), "directory"}}) {
    const int flags = flags_of(std::string(what));
    if ((flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)) != 0) {
      const bool immutable = (flags & FS_IMMUTABLE_FL) != 0;
      return std::string("the ") + kind + (immutable ? " is immutable" : " is append-only") +
             ". Run " +
             (immutable ? command_on("chattr -i {}", what) : command_on("chattr -a {}", what)) +
             " first";
    }
  }
  return {};
}

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

}  // namespace

bool is_plain_path(std::string_view path) {
  if (path.size() < 2 || path[0] != '/' || path.back() == '/' ||
      path.find('\0') != std::string_view::npos || path.find("//") != std::string_view::npos) {
    return false;
  }
  const auto parts = parts_of(path);
  return std::none_of(parts.begin(), parts.end(),
                      [](const std::string& part) { return part == "." || part == ".."; });
}

bool is_settings_path(std::string_view path) {
  return is_plain_path(path) && advise::may_be_edited(path);
}

std::string_view directory_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string_view::npos ? std::string_view("/")
                                                       : path.substr(0, slash);
}

std::string_view name_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
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

tl::expected<std::string, int> read_whole(int fd, std::size_t most) {
  std::string content;
  char buffer[16384];
  for (;;) {
    const ssize_t got = ::pread(fd, buffer, sizeof buffer, static_cast<off_t>(content.size()));
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
  auto content = directory ? read_at(directory->get(), std::string(name_of(path)))
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
    if (done < 0 && errno != EINTR) {
      return errno;
    }
    data.remove_prefix(done < 0 ? 0 : static_cast<std::size_t>(done));
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

std::string errno_text(int error) { return std::generic_category().message(error); }

std::string command_on(ShellPattern<ShellOperand> pattern, std::string_view path) {
  std::string text(pattern.text());
  if (const auto word = ShellOperand::from(path)) {
    text = ShellCommand(pattern, *word).text();
  } else {
    text.replace(text.find("{}"), 2, "<path>");
  }
  return "`" + text + "`";
}

std::string cannot_change(std::string_view path, int error) {
  const std::string_view directory = directory_of(path);
  std::string why;
  switch (error) {
    case EROFS:
      why = "the file system is read-only. " + command_on("findmnt -T {}", directory) +
            " shows which one; in a container, do this on the host";
      break;
    case ENOSPC:
      why = "no space is left in the file system. Free some first: " +
            command_on("df -h {}", directory) + ", " + command_on("df -i {}", directory);
      break;
    case EDQUOT:
      why = "the disk quota is used up";
      break;
    case EACCES:
    case EPERM:
      why = forbidding_flag(path);
      if (why.empty()) {
        why = ::geteuid() == 0 ? errno_text(error) +
                                     ", even for root. A security module (SELinux,"
                                     " AppArmor) or the container may forbid it"
                               : "permission denied. Run this as root";
      }
      break;
    case ELOOP:
      why = "it is a symbolic link now, and was a file a moment ago. Nothing is written through it";
      break;
    case ENOTDIR:
      why = "a directory on its path is no directory any more";
      break;
    case others_hold_it:
      why =
          "others than root own a directory on its path, or can write to it, and could put another"
          " file in its place. See who may with " +
          command_on("namei -l {}", path);
      break;
    case EINVAL:
      why = "it is no regular file";
      break;
    case EFBIG:
      why = "it is too large for a file of settings";
      break;
    default:
      why = errno_text(error);
  }
  return printable(path) + " cannot be changed: " + why;
}

}  // namespace whyoom::linux
