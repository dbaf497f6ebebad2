// A host's files in memory: for tests, and for captures once they are unpacked.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "host/files.h"

namespace whyoom::host {

class MemoryFiles : public Files {
 public:
  // Parents appear by themselves. A path that is added twice has the later contents.
  void add(std::string_view path, std::string contents);
  void add_directory(std::string_view path);
  void add_link(std::string_view path, std::string target);
  // Reading or listing `path` then fails so.
  void fail(std::string_view path, FileError error);
  void remove(std::string_view path);
  // Not known of any other path.
  void set_status(std::string_view path, FileStatus status);

  tl::expected<std::string, FileError> read(std::string_view path, std::size_t most) override;
  tl::expected<Listing, FileError> list(std::string_view path, std::size_t most) override;
  tl::expected<std::string, FileError> read_link(std::string_view path) override;
  tl::expected<FileStatus, FileError> status(std::string_view path) override;

 private:
  template <class T>
  using ByPath = std::map<std::string, T, std::less<>>;

  void add_parents(std::string_view path);

  ByPath<std::string> files_;
  ByPath<std::string> links_;
  ByPath<FileError> failures_;
  ByPath<FileStatus> statuses_;
  std::set<std::string, std::less<>> directories_{"/"};
};

}  // namespace whyoom::host
