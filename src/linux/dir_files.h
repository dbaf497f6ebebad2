// A host's files below a directory: "/" for this machine, or a copy of another one (--root DIR).
// No path and no symbolic link leads out of the directory. Only regular files are opened, so no
// device is touched and no FIFO is waited for. A link that somebody besides root could have planted
// is an error (guarded_walk.h): what root reads here goes into captures and answers that others
// see. This machine's /proc and /sys, where nobody makes links, are read without a walk.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

#include "host/files.h"
#include "linux/descriptor.h"
#include "linux/guarded_walk.h"

namespace whyoom::linux {

class DirFiles : public host::Files {
 public:
  // The error says what is wrong with the directory ("No such file or directory").
  static tl::expected<DirFiles, host::FileError> open(const std::string& root);

  tl::expected<std::string, host::FileError> read(
      std::string_view path, std::size_t most = host::default_most_bytes) override;
  tl::expected<host::Listing, host::FileError> list(
      std::string_view path, std::size_t most = host::default_most_entries) override;
  tl::expected<std::string, host::FileError> read_link(std::string_view path) override;
  tl::expected<host::FileStatus, host::FileError> status(std::string_view path) override;

  // A regular file to read in pieces, for what is too big to be held.
  tl::expected<Guarded, host::FileError> open_file(std::string_view path);
  tl::expected<Descriptor, host::FileError> open_directory(std::string_view path);

 private:
  DirFiles(Descriptor root, bool whole_machine, Owners owners)
      : root_(std::move(root)), whole_machine_(whole_machine), owners_(std::move(owners)) {}

  [[nodiscard]] WalkStart start() { return {root_.get(), owners_, known_}; }
  // What openat() takes instead of a walk; empty: not a path of this machine's kernel.
  [[nodiscard]] std::string name_in_kernel(std::string_view path) const;
  tl::expected<Descriptor, host::FileError> open_to_read(std::string_view path);
  // With the services that write logs, by the host's own tables of users and groups.
  const Owners& log_owners();

  Descriptor root_;
  bool whole_machine_;  // "/"
  Owners owners_;
  std::optional<Owners> log_owners_;
  KnownWays known_;
};

}  // namespace whyoom::linux
