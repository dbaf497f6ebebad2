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

FileError not_a_file() { return {FileError::Kind::not_a_file, "not a regular file"}; }

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
  explicit Walk(const WalkStart& start) : start_(start) {}
  // What a path names: a name in the directory where the walk is then.
  struct Found {
    std::string name;
    struct stat status {};
  };
  // With O_NOFOLLOW a link itself is found.
  tl::expected<Found, FileError> find(std::string_view path, int flags);
  tl::expected<void, FileError> go_to(std::string_view directory);
  // To the directory of the last name, which is returned.
  tl::expected<std::string, FileError> go_above_last(std::string_view path);
  [[nodiscard]] const WalkedDirectory& at() const { return *way_.back(); }
  // A link counts only where nobody else can make one.
  [[nodiscard]] tl::expected<void, FileError> trust_link(const std::string& name) const;
  [[nodiscard]] tl::expected<Guarded, FileError> open(const Found& found, int flags) const;
  [[nodiscard]] std::string doubt_of(const Guarded& file) const;

 private:
  tl::expected<void, FileError> go_to_top();
  // Walks what is left of the names. Without a name: the path ended in the directory where it is.
  enum class Last : std::uint8_t { entered, found, link_found };
  tl::expected<std::optional<Found>, FileError> walk(Last last);
  tl::expected<void, FileError> enter(Descriptor next, std::string name, struct stat status);
  tl::expected<void, FileError> follow(int directory, const char* link);
  [[nodiscard]] bool is_planted(const struct stat& status) const;
  [[nodiscard]] std::string here() const;

  const WalkStart& start_;
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
  const FileStatus as_host = status_of(next.get(), status, start_.owners);
  way_.push_back(std::make_shared<const WalkedDirectory>(
      WalkedDirectory{std::move(next), std::move(name), status, as_host}));
  return {};
}

tl::expected<void, FileError> Walk::trust_link(const std::string& name) const {
  const std::string who = host::other_writers(at().as_host);
  if (who.empty()) {
    return {};
  }
  return untrusted(tr("{} is a symbolic link in {}, where {} can write", name, here(), who));
}

tl::expected<void, FileError> Walk::follow(int directory, const char* link) {
  if (++links_ > most_links) {
    return failure(ELOOP);
  }
  char target[PATH_MAX];
  const ssize_t size = ::readlinkat(directory, link, target, sizeof target);
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
  FileStatus directory = at().as_host;
  directory.uid = at().status.st_uid == ::geteuid() ? 0 : at().status.st_uid;
  if (host::other_writers(directory).empty()) {
    return false;
  }
  directory.uid = 0;
  return status.st_uid != at().status.st_uid || !host::other_writers(directory).empty();
}

std::string Walk::doubt_of(const Guarded& file) const {
  const Owners& owners = start_.owners;
  std::string who = stranger(status_of(file.file.get(), file.status, owners), owners);
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
    who = stranger(directory, owners);
    if (!who.empty()) {
      return tr("{} can write its directory {}", who, path.empty() ? "/" : path);
    }
  }
  return {};
}

// Looked at before it is opened, so that no device is touched; looked at again afterwards, because
// a name can stand for another file by then.
tl::expected<Guarded, FileError> Walk::open(const Found& found, int flags) const {
  const bool any_kind = (flags & O_PATH) != 0;
  if (!any_kind && !S_ISREG(found.status.st_mode)) {
    return tl::unexpected(not_a_file());
  }
  Guarded result;
  result.file = Descriptor(::openat(at().fd.get(), found.name.c_str(),
                                    flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (result.file.get() < 0 || ::fstat(result.file.get(), &result.status) != 0) {
    return failure(errno);
  }
  if (!any_kind && !S_ISREG(result.status.st_mode)) {
    return tl::unexpected(not_a_file());
  }
  if (is_planted(result.status)) {
    return untrusted(tr(
        "it has another name elsewhere (a hard link), and others than root can write {}", here()));
  }
  return result;
}

tl::expected<void, FileError> Walk::go_to_top() {
  struct stat status {};
  Descriptor top(::openat(start_.root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (top.get() < 0 || ::fstat(top.get(), &status) != 0) {
    return failure(errno);
  }
  return enter(std::move(top), {}, status);
}

tl::expected<void, FileError> Walk::go_to(std::string_view directory) {
  while (directory.ends_with('/')) {
    directory.remove_suffix(1);
  }
  if (const auto* known = start_.known.find(directory)) {
    way_ = known->way;
    links_ = known->links;
    return {};
  }
  if (directory.empty()) {
    if (auto done = go_to_top(); !done) {
      return done;
    }
  } else {
    const auto name = go_above_last(directory);
    if (!name) {
      return tl::unexpected(name.error());
    }
    push_names(names_, *name);
    if (auto walked = walk(Last::entered); !walked) {
      return tl::unexpected(walked.error());
    }
  }
  start_.known.keep(std::string(directory), way_, links_);
  return {};
}

tl::expected<std::string, FileError> Walk::go_above_last(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) {
    return failure(ENOENT);
  }
  const std::size_t name = path.rfind('/') + 1;  // 0: there is no slash
  if (auto there = go_to(path.substr(0, name)); !there) {
    return tl::unexpected(there.error());
  }
  return std::string(path.substr(name));
}

tl::expected<std::optional<Walk::Found>, FileError> Walk::walk(Last last) {
  while (!names_.empty()) {
    Found next{std::move(names_.back()), {}};
    names_.pop_back();
    if (next.name == "..") {
      way_.resize(std::max<std::size_t>(1, way_.size() - 1));  // the top is its own parent
      continue;
    }
    const bool ends = names_.empty() && last != Last::entered;
    const int around = at().fd.get();
    Descriptor inside;
    int looked = -1;
    if (ends) {  // not to be walked into, so not opened only to look at it
      looked = ::fstatat(around, next.name.c_str(), &next.status, AT_SYMLINK_NOFOLLOW);
    } else {
      inside = Descriptor(::openat(around, next.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
      looked = inside.get() < 0 ? -1 : ::fstat(inside.get(), &next.status);
    }
    if (looked != 0) {
      return failure(errno);
    }
    const bool link = S_ISLNK(next.status.st_mode);
    if (link) {
      if (auto trusted = trust_link(next.name); !trusted) {
        return tl::unexpected(trusted.error());
      }
    }
    if (ends && (!link || last == Last::link_found)) {
      return next;
    }
    auto done = !link  ? enter(std::move(inside), std::move(next.name), next.status)
                : ends ? follow(around, next.name.c_str())
                       : follow(inside.get(), "");
    if (!done) {
      return tl::unexpected(done.error());
    }
  }
  return std::nullopt;
}

tl::expected<Walk::Found, FileError> Walk::find(std::string_view path, int flags) {
  const auto name = go_above_last(path);
  if (!name) {
    return tl::unexpected(name.error());
  }
  push_names(names_, *name);
  auto walked = walk((flags & O_NOFOLLOW) != 0 ? Last::link_found : Last::found);
  if (!walked) {
    return tl::unexpected(walked.error());
  }
  // Without a name the path ended at the top, in a link to it, or in "..".
  return *walked ? std::move(**walked) : Found{".", at().status};
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
  if (way.size() > most_known_depth) {
    return;
  }
  if (known_.size() >= most_known) {
    known_.clear();  // a tree is walked directory by directory: what is above comes back soon
  }
  if (known_.empty()) {
    since_ms_ = clock_ms(CLOCK_MONOTONIC);
  }
  known_.insert_or_assign(std::move(directory), Known{way, links});
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

tl::expected<Guarded, FileError> open_guarded(const WalkStart& start, std::string_view path,
                                              int flags) {
  Walk walk(start);
  const auto found = walk.find(path, flags);
  return found ? walk.open(*found, flags) : tl::unexpected(found.error());
}

tl::expected<Guarded, FileError> open_guarded_log(const WalkStart& start, std::string_view path) {
  Walk walk(start);
  const auto found = walk.find(path, O_RDONLY);
  auto opened = found ? walk.open(*found, O_RDONLY) : tl::unexpected(found.error());
  if (opened) {
    opened->doubt = walk.doubt_of(*opened);
  }
  return opened;
}

tl::expected<Descriptor, FileError> open_guarded_directory(const WalkStart& start,
                                                           std::string_view path) {
  Walk walk(start);
  if (auto there = walk.go_to(path); !there) {
    return tl::unexpected(there.error());
  }
  Descriptor opened(::openat(walk.at().fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.get() < 0 ? failure(errno) : tl::expected<Descriptor, FileError>(std::move(opened));
}

tl::expected<std::string, FileError> read_guarded_link(const WalkStart& start,
                                                       std::string_view path) {
  Walk walk(start);
  const auto name = walk.go_above_last(path);
  if (!name) {
    return tl::unexpected(name.error());
  }
  char target[PATH_MAX];
  const ssize_t size = ::readlinkat(walk.at().fd.get(), name->c_str(), target, sizeof target);
  if (size < 0) {
    return failure(name->empty() ? EINVAL : errno);
  }
  if (auto trusted = walk.trust_link(*name); !trusted) {
    return tl::unexpected(trusted.error());
  }
  return std::string(target, static_cast<std::size_t>(size));
}

}  // namespace whyoom::linux
