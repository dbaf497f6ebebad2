// Opening a path of a host so that nobody but the host's own can lead the reader elsewhere: name by
// name, by descriptors. A symbolic link counts only in a directory where nobody else can make one,
// a second hard link likewise. What is read is what was judged: the answer is about the open file.
// Private to DirFiles.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "host/files.h"
#include "linux/descriptor.h"

namespace whyoom::linux {

// Who may write to a host's files besides root.
struct Owners {
  // Of the top directory: in a copy they stand for root, whose files the owner could replace
  // anyway.
  uid_t uid = 0;
  gid_t gid = 0;
  // The services that write logs. They may write lines, and may not plant links.
  std::vector<uid_t> log_uids;
  std::vector<gid_t> log_gids;
};

struct Guarded {
  Descriptor file;
  struct stat status {};
  // Of a log: who else can write the file, or put another one in its place: "user 1000 can write
  // it"; empty: nobody but root and the logs' services.
  std::string doubt;

  [[nodiscard]] std::int64_t modified_us() const {  // since 1970
    return status.st_mtim.tv_sec * std::int64_t{1'000'000} + status.st_mtim.tv_nsec / 1000;
  }
};

// A directory that a walk came through, and what it looked like then.
struct WalkedDirectory {
  Descriptor fd;
  std::string name;
  struct stat status {};
  host::FileStatus as_host;
};
using Way = std::vector<std::shared_ptr<const WalkedDirectory>>;  // from the top

// Ways to directories that were walked a moment ago: thousands of units and their links lie in a
// few directories. Forgotten after a second, so that what a path means is never old.
class KnownWays {
 public:
  struct Known {
    Way way;
    int links = 0;  // that were followed
  };
  [[nodiscard]] const Known* find(std::string_view directory);
  void keep(std::string directory, const Way& way, int links);

 private:
  std::map<std::string, Known, std::less<>> known_;
  std::uint64_t since_ms_ = 0;
};

// Where walks begin: a root, who counts as root there, and the ways that are known of it.
struct WalkStart {
  int root;
  const Owners& owners;
  KnownWays& known;
};

// `flags` without O_PATH opens what is there with O_NONBLOCK; only regular files are opened.
// O_PATH | O_NOFOLLOW gives a link itself.
tl::expected<Guarded, host::FileError> open_guarded(const WalkStart& start, std::string_view path,
                                                    int flags);
// The same to read a log, of which it counts who else can write it.
tl::expected<Guarded, host::FileError> open_guarded_log(const WalkStart& start,
                                                        std::string_view path);
tl::expected<Descriptor, host::FileError> open_guarded_directory(const WalkStart& start,
                                                                 std::string_view path);
// Where a link points, as it is written.
tl::expected<std::string, host::FileError> read_guarded_link(const WalkStart& start,
                                                             std::string_view path);

host::FileStatus status_of(int fd, const struct stat& status, const Owners& owners);

host::FileError error_of(int error);

}  // namespace whyoom::linux
