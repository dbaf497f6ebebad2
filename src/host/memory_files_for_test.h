// A host's files in memory.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

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

inline void MemoryFiles::add_parents(std::string_view path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string_view::npos;
       slash = path.find('/', slash + 1)) {
    directories_.emplace(path.substr(0, slash));
  }
}

inline void MemoryFiles::add(std::string_view path, std::string contents) {
  add_parents(path);
  files_.insert_or_assign(std::string(path), std::move(contents));
}

inline void MemoryFiles::add_directory(std::string_view path) {
  add_parents(path);
  directories_.emplace(path);
}

inline void MemoryFiles::add_link(std::string_view path, std::string target) {
  add_parents(path);
  links_.insert_or_assign(std::string(path), std::move(target));
}

inline void MemoryFiles::fail(std::string_view path, FileError error) {
  add_parents(path);
  failures_.insert_or_assign(std::string(path), std::move(error));
}

inline void MemoryFiles::remove(std::string_view path) {
  const auto erase = [path](auto& all) {
    if (const auto found = all.find(path); found != all.end()) {
      all.erase(found);
    }
  };
  erase(files_);
  erase(links_);
}

inline void MemoryFiles::set_status(std::string_view path, FileStatus status) {
  statuses_.insert_or_assign(std::string(path), status);
}

inline tl::expected<std::string, FileError> MemoryFiles::read(std::string_view path,
                                                              std::size_t most) {
  if (const auto failure = failures_.find(path); failure != failures_.end()) {
    return tl::unexpected(failure->second);
  }
  const auto found = files_.find(path);
  if (found == files_.end()) {
    if (directories_.contains(path)) {
      return tl::unexpected(FileError{FileError::Kind::not_a_file, "Is a directory"});
    }
    return no_such_file();
  }
  if (found->second.size() > most) {
    return tl::unexpected(FileError{FileError::Kind::too_big, "File too large"});
  }
  return found->second;
}

inline tl::expected<Listing, FileError> MemoryFiles::list(std::string_view path, std::size_t most) {
  if (const auto failure = failures_.find(path); failure != failures_.end()) {
    return tl::unexpected(failure->second);
  }
  if (!directories_.contains(path)) {
    if (files_.contains(path)) {
      return tl::unexpected(FileError{FileError::Kind::not_a_file, "Not a directory"});
    }
    return no_such_file();
  }
  const std::string prefix = path == "/" ? "/" : std::string(path) + "/";
  Listing listing;
  // The name, when `full` lies directly in the directory.
  const auto take = [&](const std::string& full, bool is_directory, bool is_link) {
    if (full.size() <= prefix.size() || !full.starts_with(prefix) ||
        full.find('/', prefix.size()) != std::string::npos) {
      return;
    }
    if (listing.entries.size() >= most) {
      listing.cut = true;
      return;
    }
    listing.entries.push_back({full.substr(prefix.size()), is_directory, is_link});
  };
  for (auto at = directories_.lower_bound(prefix);
       at != directories_.end() && at->starts_with(prefix); ++at) {
    take(*at, true, false);
  }
  for (auto at = files_.lower_bound(prefix); at != files_.end() && at->first.starts_with(prefix);
       ++at) {
    take(at->first, false, false);
  }
  for (auto at = links_.lower_bound(prefix); at != links_.end() && at->first.starts_with(prefix);
       ++at) {
    take(at->first, false, true);
  }
  return listing;
}

inline tl::expected<std::string, FileError> MemoryFiles::read_link(std::string_view path) {
  const auto found = links_.find(path);
  if (found == links_.end()) {
    return no_such_file();
  }
  return found->second;
}

inline tl::expected<FileStatus, FileError> MemoryFiles::status(std::string_view path) {
  const auto found = statuses_.find(path);
  if (found == statuses_.end()) {
    return no_such_file();
  }
  return found->second;
}

}  // namespace whyoom::host
