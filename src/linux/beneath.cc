#include "linux/beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "linux/descriptor.h"

namespace whyoom::linux {
namespace {

constexpr int most_links = 40;

// Puts the names of `path` on the stack, the first one on top. False for a path that climbs.
bool push_names(std::vector<std::string>& stack, std::string_view path) {
  std::vector<std::string> names;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view name = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (name == "..") {
      return false;
    }
    if (!name.empty() && name != ".") {
      names.emplace_back(name);
    }
  }
  stack.insert(stack.end(), names.rbegin(), names.rend());
  return true;
}

// Follows a link that lies in `directory`: its names go on the stack.
bool push_link(std::vector<std::string>& stack, int link) {
  char target[PATH_MAX];
  const ssize_t size = ::readlinkat(link, "", target, sizeof target);
  if (size < 0) {
    return false;
  }
  const std::string_view text(target, static_cast<std::size_t>(size));
  if (text.starts_with('/') || !push_names(stack, text)) {
    errno = EXDEV;
    return false;
  }
  return true;
}

bool is_link(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISLNK(status.st_mode);
}

}  // namespace

int open_in_root(int root, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags);
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how));
}

int open_walking(int root, const std::string& path, int flags) {
  std::vector<std::string> stack;
  if (!push_names(stack, path)) {
    errno = EXDEV;
    return -1;
  }
  int links = 0;
  Descriptor at(::openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  while (at.get() >= 0 && !stack.empty()) {
    const std::string name = std::move(stack.back());
    stack.pop_back();
    Descriptor next(::openat(at.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (next.get() < 0) {
      return -1;
    }
    if (is_link(next.get())) {
      if (stack.empty() && (flags & O_NOFOLLOW) != 0) {
        return ::openat(at.get(), name.c_str(), flags);
      }
      if (++links > most_links) {
        errno = ELOOP;
        return -1;
      }
      if (!push_link(stack, next.get())) {
        return -1;
      }
      continue;  // the link's names count from the directory that it lies in
    }
    if (stack.empty()) {
      return ::openat(at.get(), name.c_str(), flags | O_NOFOLLOW);
    }
    at = std::move(next);
  }
  return at.get() < 0 ? -1 : ::openat(at.get(), ".", flags);
}

namespace {

int open_below_walking(int directory, const std::string& path, int flags) {
  std::vector<std::string> stack;
  struct stat start {};
  if (!push_names(stack, path) || stack.empty()) {
    errno = EXDEV;
    return -1;
  }
  Descriptor at(::openat(directory, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (at.get() < 0 || ::fstat(at.get(), &start) != 0) {
    return -1;
  }
  for (; !stack.empty(); stack.pop_back()) {
    const int how = stack.size() == 1 ? flags : O_PATH | O_DIRECTORY;
    Descriptor next(::openat(at.get(), stack.back().c_str(), how | O_NOFOLLOW | O_CLOEXEC));
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

}  // namespace whyoom::linux
