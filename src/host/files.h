// The files of a host, behind an interface: a live machine, a directory that holds a copy of one
// (--root), a capture, or a fake in memory for tests. Paths are absolute as on the host
// ("/proc/meminfo") and have no ".." in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace whyoom::host {

struct FileError {
  enum class Kind : std::uint8_t {
    missing,     // also: vanished meanwhile (a process that ended), or switched off in this kernel
    denied,      // permissions
    not_a_file,  // a directory, device or FIFO where a file was asked for; not a directory for list
    too_big,
    failed,    // anything else; `text` is the system's own
    untrusted  // somebody besides root could have planted it here; `text` says how
  };
  Kind kind = Kind::failed;
  std::string text;
};

inline tl::unexpected<FileError> no_such_file() {
  return tl::unexpected(FileError{FileError::Kind::missing, "No such file or directory"});
}

struct Entry {
  std::string name;  // any bytes but "/" and NUL; never "." or ".."
  bool is_directory = false;
  bool may_be_link = true;  // false: it is no symbolic link, and need not be asked
};

struct Listing {
  std::vector<Entry> entries;
  bool cut = false;  // there were more than asked for
};

// Who may change a file or directory. In a copy of a host the copy's own owner and group count as
// root's, so they are 0 here.
struct FileStatus {
  std::uint32_t uid = 0, gid = 0;
  std::uint32_t mode = 0;  // permission bits: 0644
  bool acl = false;        // an access control list says more than the group's bits
};

inline constexpr std::size_t default_most_bytes = std::size_t{16} << 20U;
inline constexpr std::size_t default_most_entries = std::size_t{1} << 20U;

class Files {
 public:
  virtual ~Files() = default;

  // The whole file; too_big when it has more than `most` bytes.
  virtual tl::expected<std::string, FileError> read(std::string_view path,
                                                    std::size_t most = default_most_bytes) = 0;
  // In no particular order.
  virtual tl::expected<Listing, FileError> list(std::string_view path,
                                                std::size_t most = default_most_entries) = 0;
  // Where a symbolic link points, as it is written.
  virtual tl::expected<std::string, FileError> read_link(std::string_view path) = 0;
  // Of the file itself: `path` is one with all links followed. Missing also means not known.
  virtual tl::expected<FileStatus, FileError> status(std::string_view path) = 0;
  // What says it, for a file that was made of something else: "free". Lives as long as the two.
  virtual std::string_view said_by(std::string_view path) { return path; }
};

}  // namespace whyoom::host
