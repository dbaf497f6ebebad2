// A host's files below a directory: "/" for this machine, or a copy of another one (--root DIR).
// No path and no symbolic link leads out of the directory. Only regular files are opened, so no
// device is touched and no FIFO is waited for. Outside of /proc and /sys, where nobody makes links,
// a link that somebody besides root could have planted is an error (guarded_walk.h): what root
// reads here goes into captures and answers that others see.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "host/files.h"
#include "linux/descriptor.h"
#include "linux/guarded_walk.h"

namespace whyoom::linux {

class DirFiles : public host::Files {
 public:
  enum class Resolve : std::uint8_t {
    automatic,  // by the kernel (openat2, since 5.6) where it can, else by walking
    walk        // name by name; refuses links that are absolute or climb with ".."
  };

  // The error says what is wrong with the directory ("No such file or directory").
  static tl::expected<DirFiles, host::FileError> open(const std::string& root,
                                                      Resolve resolve = Resolve::automatic);
  DirFiles(DirFiles&& other) noexcept;
  DirFiles& operator=(DirFiles&&) = delete;
  ~DirFiles() override;

  tl::expected<std::string, host::FileError> read(
      std::string_view path, std::size_t most = host::default_most_bytes) override;
  tl::expected<host::Listing, host::FileError> list(
      std::string_view path, std::size_t most = host::default_most_entries) override;
  tl::expected<std::string, host::FileError> read_link(std::string_view path) override;
  tl::expected<host::FileStatus, host::FileError> status(std::string_view path) override;

  // A regular file to read in pieces, for what is too big to be held.
  struct OpenFile {
    Descriptor file;
    std::int64_t modified_us = 0;  // since 1970
    // "user 1000 can write it": who else could have written what is there; empty: nobody besides
    // root and the services that write logs.
    std::string doubt;
  };
  tl::expected<OpenFile, host::FileError> open_file(std::string_view path);
  tl::expected<Descriptor, host::FileError> open_directory(std::string_view path);

 private:
  DirFiles(int root, bool whole_machine, Resolve resolve, const Owners& owners);

  // A descriptor, or -1 with errno set. For paths below /proc and /sys.
  int open_path(std::string_view path, int flags);
  // A regular file, or with O_DIRECTORY a directory.
  tl::expected<Guarded, host::FileError> open_checked(std::string_view path, int flags);
  // With the services that write logs, by the host's own tables of users and groups.
  const Owners& log_owners();

  int root_;
  bool whole_machine_;  // "/": links lead where they lead
  Resolve resolve_;
  Owners owners_;
  std::optional<Owners> log_owners_;
  std::vector<char> buffer_;
};

}  // namespace whyoom::linux
