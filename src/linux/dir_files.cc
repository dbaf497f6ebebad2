#include "linux/dir_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <utility>

#include "base/text.h"
#include "linux/descriptor.h"
#include "linux/file_system.h"
#include "linux/now_reading.h"

namespace whyoom::linux {
namespace {

using host::FileError;

tl::unexpected<FileError> failure(int error) { return tl::unexpected(error_of(error)); }

host::Entry entry_of(int directory, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) {
    // A link counts as what it is, not as where it leads: no tree is walked twice.
    return {entry.d_name, entry.d_type == DT_DIR, entry.d_type == DT_LNK};
  }
  struct stat status {};
  const bool known = ::fstatat(directory, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0;
  return {entry.d_name, known && S_ISDIR(status.st_mode), !known || S_ISLNK(status.st_mode)};
}

// As openat() takes it at the top; empty: not a path of the kernel's own, where only the kernel
// makes names, and there are many to read.
std::string name_in_kernel(std::string_view path) {
  const std::size_t start = std::min(path.find_first_not_of('/'), path.size());
  const std::string_view name = path.substr(start);
  const bool of_kernel = (name.starts_with("proc/") || name.starts_with("sys/")) &&
                         name.find("/..") == std::string_view::npos &&
                         name.find('\0') == std::string_view::npos;
  return std::string(of_kernel ? name : std::string_view());
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
    Cursor line(take_part(table, '\n'));
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

tl::expected<DirFiles, FileError> DirFiles::open(const std::string& root) {
  Descriptor top(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat status {};
  if (top.get() < 0 || ::fstat(top.get(), &status) != 0) {
    return failure(errno);
  }
  return DirFiles(std::move(top), root == "/", {status.st_uid, status.st_gid, {}, {}});
}

std::string DirFiles::name_in_kernel(std::string_view path) const {
  return whole_machine_ ? linux::name_in_kernel(path) : std::string();
}

tl::expected<Descriptor, FileError> DirFiles::open_to_read(std::string_view path) {
  // One call for each is enough.
  if (const std::string name = name_in_kernel(path); !name.empty()) {
    Descriptor file(
        ::openat(root_.get(), name.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat status {};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
      return failure(errno);
    }
    if (!S_ISREG(status.st_mode)) {
      return tl::unexpected(FileError{FileError::Kind::not_a_file, "not a regular file"});
    }
    if (status.st_nlink <= 1) {
      return file;
    }
  }
  auto opened = open_guarded(start(), path, O_RDONLY);
  return opened ? tl::expected<Descriptor, FileError>(std::move(opened->file))
                : tl::unexpected(opened.error());
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
  now_reading(path);
  const auto opened = open_to_read(path);
  if (!opened) {
    return tl::unexpected(opened.error());
  }
  auto text = read_whole(opened->get(), most);
  if (text) {
    return std::move(*text);
  }
  return text.error() == EFBIG
             ? tl::unexpected(FileError{FileError::Kind::too_big, "the file is too large"})
             : failure(text.error());
}

tl::expected<Guarded, FileError> DirFiles::open_file(std::string_view path) {
  return open_guarded_log({root_.get(), log_owners(), known_}, path);
}

tl::expected<Descriptor, FileError> DirFiles::open_directory(std::string_view path) {
  const std::string name = name_in_kernel(path);
  if (name.empty()) {
    return open_guarded_directory(start(), path);
  }
  Descriptor opened(::openat(root_.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.get() < 0 ? failure(errno) : tl::expected<Descriptor, FileError>(std::move(opened));
}

tl::expected<host::Listing, FileError> DirFiles::list(std::string_view path, std::size_t most) {
  auto opened = open_directory(path);
  if (!opened) {
    return tl::unexpected(opened.error());
  }
  const int directory = opened->get();
  host::Listing listing;
  const int error = each_entry(std::move(*opened), [&](const dirent& entry) {
    listing.cut = listing.entries.size() >= most;
    if (!listing.cut) {
      listing.entries.push_back(entry_of(directory, entry));
    }
    return !listing.cut;
  });
  if (error != 0) {
    return failure(error);
  }
  return listing;
}

tl::expected<std::string, FileError> DirFiles::read_link(std::string_view path) {
  const std::string name = name_in_kernel(path);
  if (name.empty()) {
    return read_guarded_link(start(), path);
  }
  char target[PATH_MAX];
  const ssize_t size = ::readlinkat(root_.get(), name.c_str(), target, sizeof target);
  if (size < 0) {
    return failure(errno);
  }
  return std::string(target, static_cast<std::size_t>(size));
}

tl::expected<host::FileStatus, FileError> DirFiles::status(std::string_view path) {
  const auto opened = open_guarded(start(), path, O_PATH | O_NOFOLLOW);
  if (!opened) {
    return tl::unexpected(opened.error());
  }
  if (S_ISLNK(opened->status.st_mode)) {
    return failure(ELOOP);
  }
  return status_of(opened->file.get(), opened->status, owners_);
}

}  // namespace whyoom::linux
