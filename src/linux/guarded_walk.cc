#include "linux/guarded_walk.h"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <iterator>
#include <optional>
#include <utility>

#include "base/language.h"
#include "host/writers.h"
#include "linux/clock.h"
#include "linux/file_system.h"

namespace whyoom::linux {
namespace {

using host::FileError;
using host::FileStatus;

constexpr int most_links = 40;  // as in the kernel
constexpr mode_t permission_bits = 07777;

tl::unexpected<FileError> failure(int error) { return tl::unexpected(error_of(error)); }

tl::unexpected<FileError> untrusted(std::string text) {
  return tl::unexpected(FileError{FileError::Kind::untrusted, std::move(text)});
}

// Puts the names of `path` on the stack, the first one on top.
void push_names(std::vector<std::string>& stack, std::string_view path) {
  const std::vector<std::string> names = parts_of(path);
  std::ranges::copy_if(names.rbegin(), names.rend(), std::back_inserter(stack),
                       [](const std::string& name) { return name != "."; });
}

// The list lies behind the descriptor; one opened with O_PATH takes no fgetxattr.
bool has_acl(int fd) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  return ::getxattr(path.c_str(), "system.posix_acl_access", nullptr, 0) > 0;
}

// Who besides root and the services of logs can write it.
std::string stranger(FileStatus status, const Owners& owners) {
  if (std::ranges::find(owners.log_uids, status.uid) != owners.log_uids.end()) {
    status.uid = 0;
  }
  if (std::ranges::find(owners.log_gids, status.gid) != owners.log_gids.end()) {
    status.gid = 0;
  }
  return host::other_writers(status);
}

constexpr std::size_t most_known = 64;
constexpr std::size_t most_known_depth = 16;  // each holds a descriptor of every directory above
constexpr std::uint64_t known_for_ms = 1000;

class Walk {
 public:
  Walk(int flags, const Owners& owners, KnownWays& known)
      : flags_(flags), owners_(owners), known_(known) {}
  tl::expected<Guarded, FileError> run(int root, std::string_view path);

 private:
  tl::expected<void, FileError> go_to(int root, std::string_view directory);
  tl::expected<void, FileError> go_to_top(int root);
  // Walks what is left of the names. Without a file: the path ended in a directory, where it is.
  tl::expected<std::optional<Guarded>, FileError> walk(bool to_directory);
  // The next name is a directory to walk into, a link that is followed, or the end of the path.
  tl::expected<void, FileError> enter(Descriptor next, std::string name, struct stat status);
  // A link counts only where nobody else can make one.
  [[nodiscard]] tl::expected<void, FileError> trust_link(const std::string& name) const;
  tl::expected<void, FileError> follow(const Descriptor& link);
  tl::expected<Guarded, FileError> open_last(Descriptor look, const std::string& name,
                                             struct stat status);
  [[nodiscard]] bool is_planted(const struct stat& status) const;
  [[nodiscard]] std::string doubt_of(int fd, const struct stat& status) const;
  [[nodiscard]] std::string here() const;

  int flags_;
  const Owners& owners_;
  KnownWays& known_;
  Way way_;                         // from the top to where the walk is
  std::vector<std::string> names_;  // still to be walked, the next one last
  int links_ = 0;
};

std::string Walk::here() const {
  std::string path;
  for (std::size_t i = 1; i < way_.size(); ++i) {
    path += "/" + way_[i]->name;
  }
  return path.empty() ? "/" : path;
}

tl::expected<void, FileError> Walk::enter(Descriptor next, std::string name, struct stat status) {
  if (!S_ISDIR(status.st_mode)) {
    return failure(ENOTDIR);
  }
  const FileStatus as_host = status_of(next.get(), status, owners_);
  way_.push_back(std::make_shared<const WalkedDirectory>(
      WalkedDirectory{std::move(next), std::move(name), status, as_host}));
  return {};
}

tl::expected<void, FileError> Walk::trust_link(const std::string& name) const {
  const std::string who = host::other_writers(way_.back()->as_host);
  if (who.empty()) {
    return {};
  }
  return untrusted(tr("{} is a symbolic link in {}, where {} can write", name, here(), who));
}

tl::expected<void, FileError> Walk::follow(const Descriptor& link) {
  if (++links_ > most_links) {
    return failure(ELOOP);
  }
  char target[PATH_MAX];
  const ssize_t size = ::readlinkat(link.get(), "", target, sizeof target);
  if (size < 0) {
    return failure(errno);
  }
  const std::string_view text(target, static_cast<std::size_t>(size));
  if (text.starts_with('/')) {
    way_.resize(1);
  }
  push_names(names_, text);
  return {};
}

// A file that has another name elsewhere can be anybody's, when others can make names here. It is
// not when it is the directory's own user who owns it, as in a backup made of hard links.
bool Walk::is_planted(const struct stat& status) const {
  if (!S_ISREG(status.st_mode) || status.st_nlink < 2) {
    return false;
  }
  FileStatus directory = way_.back()->as_host;
  directory.uid = way_.back()->status.st_uid == ::geteuid() ? 0 : way_.back()->status.st_uid;
  if (host::other_writers(directory).empty()) {
    return false;
  }
  directory.uid = 0;
  return status.st_uid != way_.back()->status.st_uid || !host::other_writers(directory).empty();
}

std::string Walk::doubt_of(int fd, const struct stat& status) const {
  std::string who = stranger(status_of(fd, status, owners_), owners_);
  if (!who.empty()) {
    return tr("{} can write it", who);
  }
  std::string path;
  for (std::size_t i = 0; i < way_.size(); ++i) {
    path += i == 0 ? "" : "/" + way_[i]->name;
    FileStatus directory = way_[i]->as_host;
    // With the sticky bit nobody takes away or renames what is another's.
    if ((directory.mode & S_ISVTX) != 0) {
      directory.mode &= ~static_cast<std::uint32_t>(S_IWGRP | S_IWOTH);
    }
    who = stranger(directory, owners_);
    if (!who.empty()) {
      return tr("{} can write its directory {}", who, path.empty() ? "/" : path);
    }
  }
  return {};
}

tl::expected<Guarded, FileError> Walk::open_last(Descriptor look, const std::string& name,
                                                 struct stat status) {
  Guarded result;
  if ((flags_ & O_PATH) != 0) {
    result.file = std::move(look);
  } else {
    // Looked at before it is opened, so that no device is touched; looked at again afterwards,
    // because a name can stand for another file by then.
    const mode_t wanted = (flags_ & O_DIRECTORY) != 0 ? S_IFDIR : S_IFREG;
    const auto is_wanted = [&] { return (status.st_mode & S_IFMT) == wanted; };
    if (is_wanted()) {
      result.file = Descriptor(::openat(way_.back()->fd.get(), name.c_str(),
                                        flags_ | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
      if (result.file.get() < 0 || ::fstat(result.file.get(), &status) != 0) {
        return failure(errno);
      }
    }
    if (!is_wanted()) {
      return tl::unexpected(wanted == S_IFDIR
                                ? error_of(ENOTDIR)
                                : FileError{FileError::Kind::not_a_file, "not a regular file"});
    }
  }
  if (is_planted(status)) {
    return untrusted(tr(
        "it has another name elsewhere (a hard link), and others than root can write {}", here()));
  }
  result.status = status;
  result.doubt = doubt_of(result.file.get(), status);
  return result;
}

tl::expected<void, FileError> Walk::go_to_top(int root) {
  struct stat status {};
  Descriptor top(::openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (top.get() < 0 || ::fstat(top.get(), &status) != 0) {
    return failure(errno);
  }
  return enter(std::move(top), {}, status);
}

tl::expected<void, FileError> Walk::go_to(int root, std::string_view directory) {
  if (const auto* known = known_.find(directory)) {
    way_ = known->way;
    links_ = known->links;
    return {};
  }
  if (directory.empty()) {
    if (auto done = go_to_top(root); !done) {
      return done;
    }
  } else {
    const std::size_t slash = directory.rfind('/');
    const bool below_top = slash == std::string_view::npos;
    if (auto done = go_to(root, below_top ? "" : directory.substr(0, slash)); !done) {
      return done;
    }
    push_names(names_, below_top ? directory : directory.substr(slash + 1));
    if (auto walked = walk(true); !walked) {
      return tl::unexpected(walked.error());
    }
  }
  known_.keep(std::string(directory), way_, links_);
  return {};
}

tl::expected<std::optional<Guarded>, FileError> Walk::walk(bool to_directory) {
  struct stat status {};
  while (!names_.empty()) {
    const std::string name = std::move(names_.back());
    names_.pop_back();
    if (name == "..") {
      way_.resize(std::max<std::size_t>(1, way_.size() - 1));  // the top is its own parent
      continue;
    }
    Descriptor next(::openat(way_.back()->fd.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (next.get() < 0 || ::fstat(next.get(), &status) != 0) {
      return failure(errno);
    }
    const bool last = names_.empty() && !to_directory;
    const bool link = S_ISLNK(status.st_mode);
    if (link) {
      if (auto trusted = trust_link(name); !trusted) {
        return tl::unexpected(trusted.error());
      }
    }
    if (last && (!link || (flags_ & O_NOFOLLOW) != 0)) {
      return open_last(std::move(next), name, status);
    }
    auto done = link ? follow(next) : enter(std::move(next), name, status);
    if (!done) {
      return tl::unexpected(done.error());
    }
  }
  return std::nullopt;
}

tl::expected<Guarded, FileError> Walk::run(int root, std::string_view path) {
  const std::vector<std::string> names = parts_of(path);
  const std::string last = names.empty() ? std::string() : names.back();
  std::string directory;
  for (std::size_t i = 0; i + 1 < names.size(); ++i) {
    directory += (i == 0 ? "" : "/") + names[i];
  }
  if (auto there = go_to(root, directory); !there) {
    return tl::unexpected(there.error());
  }
  push_names(names_, last);
  auto walked = walk(false);
  if (!walked) {
    return tl::unexpected(walked.error());
  }
  if (*walked) {
    return std::move(**walked);
  }
  // The path ended at the top, in a link to it, or in "..": the directory where the walk is.
  Descriptor at(::openat(way_.back()->fd.get(), ".", O_PATH | O_CLOEXEC));
  if (at.get() < 0) {
    return failure(errno);
  }
  return open_last(std::move(at), ".", way_.back()->status);
}

}  // namespace

const KnownWays::Known* KnownWays::find(std::string_view directory) {
  if (clock_ms(CLOCK_MONOTONIC) - since_ms_ >= known_for_ms) {
    known_.clear();
  }
  const auto found = known_.find(directory);
  return found == known_.end() ? nullptr : &found->second;
}

void KnownWays::keep(std::string directory, const Way& way, int links) {
  if (known_.empty()) {
    since_ms_ = clock_ms(CLOCK_MONOTONIC);
  }
  if (known_.size() < most_known && way.size() <= most_known_depth) {
    known_.insert_or_assign(std::move(directory), Known{way, links});
  }
}

host::FileStatus status_of(int fd, const struct stat& status, const Owners& owners) {
  FileStatus result;
  result.uid = status.st_uid == owners.uid ? 0 : status.st_uid;
  result.gid = status.st_gid == owners.gid ? 0 : status.st_gid;
  result.mode = status.st_mode & permission_bits;
  result.acl = (status.st_mode & S_IWGRP) != 0 && has_acl(fd);
  return result;
}

host::FileError error_of(int error) {
  const auto kind = [error] {
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
  }();
  return {kind, std::generic_category().message(error)};
}

tl::expected<Guarded, FileError> open_guarded(int root, std::string_view path, int flags,
                                              const Owners& owners, KnownWays& known) {
  if (path.find('\0') != std::string_view::npos) {
    return failure(ENOENT);
  }
  return Walk(flags, owners, known).run(root, path);
}

}  // namespace whyoom::linux
