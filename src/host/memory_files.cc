#include "host/memory_files.h"

#include <utility>

#include "base/language.h"

namespace whyoom::host {
namespace {

tl::unexpected<FileError> missing() {
  return tl::unexpected(FileError{FileError::Kind::missing, "No such file or directory"});
}

}  // namespace

void MemoryFiles::add_parents(std::string_view path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string_view::npos;
       slash = path.find('/', slash + 1)) {
    directories_.emplace(path.substr(0, slash));
  }
}

void MemoryFiles::add(std::string_view path, std::string contents) {
  add_parents(path);
  files_.insert_or_assign(std::string(path), std::move(contents));
}

void MemoryFiles::add_directory(std::string_view path) {
  add_parents(path);
  directories_.emplace(path);
}

void MemoryFiles::add_link(std::string_view path, std::string target) {
  add_parents(path);
  links_.insert_or_assign(std::string(path), std::move(target));
}

void MemoryFiles::fail(std::string_view path, FileError error) {
  add_parents(path);
  failures_.insert_or_assign(std::string(path), std::move(error));
}

void MemoryFiles::remove(std::string_view path) {
  const auto erase = [path](auto& all) {
    if (const auto found = all.find(path); found != all.end()) {
      all.erase(found);
    }
  };
  erase(files_);
  erase(links_);
}

void MemoryFiles::set_status(std::string_view path, FileStatus status) {
  statuses_.insert_or_assign(std::string(path), status);
}

tl::expected<std::string, FileError> MemoryFiles::read(std::string_view path, std::size_t most) {
  if (const auto failure = failures_.find(path); failure != failures_.end()) {
    return tl::unexpected(failure->second);
  }
  const auto found = files_.find(path);
  if (found == files_.end()) {
    if (directories_.contains(path)) {
      return tl::unexpected(FileError{FileError::Kind::not_a_file, "Is a directory"});
    }
    return missing();
  }
  if (found->second.size() > most) {
    return tl::unexpected(FileError{FileError::Kind::too_big, "File too large"});
  }
  return found->second;
}

tl::expected<Listing, FileError> MemoryFiles::list(std::string_view path, std::size_t most) {
  if (const auto failure = failures_.find(path); failure != failures_.end()) {
    return tl::unexpected(failure->second);
  }
  if (!directories_.contains(path)) {
    if (files_.contains(path)) {
      return tl::unexpected(FileError{FileError::Kind::not_a_file, "Not a directory"});
    }
    return missing();
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

tl::expected<std::string, FileError> MemoryFiles::read_link(std::string_view path) {
  const auto found = links_.find(path);
  if (found == links_.end()) {
    return missing();
  }
  return found->second;
}

tl::expected<FileStatus, FileError> MemoryFiles::status(std::string_view path) {
  const auto found = statuses_.find(path);
  if (found == statuses_.end()) {
    return missing();
  }
  return found->second;
}

}  // namespace whyoom::host
