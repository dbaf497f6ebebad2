// Only for tests: a host's files in memory.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "host/files.h"

namespace whyoom::host::test {

// Files and links by path; directories come of themselves. Links are not followed, as read_link
// tells of them.
class Tree : public Files {
 public:
  Tree& file(std::string path, std::string text) {
    files_[std::move(path)] = std::move(text);
    return *this;
  }
  Tree& link(std::string path, std::string target) {
    links_[std::move(path)] = std::move(target);
    return *this;
  }
  Tree& status(std::string path, FileStatus status) {
    statuses_[std::move(path)] = status;
    return *this;
  }
  Tree& deny(std::string path) {
    denied_[std::move(path)] = true;
    return *this;
  }

  tl::expected<std::string, FileError> read(std::string_view path, std::size_t most) override {
    if (denied_.count(path) != 0) {
      return tl::make_unexpected(FileError{FileError::Kind::denied, "Permission denied"});
    }
    const auto at = files_.find(path);
    if (at == files_.end()) {
      const bool directory = !entries_of(path).empty();
      return tl::make_unexpected(
          FileError{directory ? FileError::Kind::not_a_file : FileError::Kind::missing, "no file"});
    }
    if (at->second.size() > most) {
      return tl::make_unexpected(FileError{FileError::Kind::too_big, "too big"});
    }
    return at->second;
  }
  tl::expected<Listing, FileError> list(std::string_view path, std::size_t most) override {
    if (denied_.count(path) != 0) {
      return tl::make_unexpected(FileError{FileError::Kind::denied, "Permission denied"});
    }
    const auto entries = entries_of(path);
    if (entries.empty()) {
      return tl::make_unexpected(FileError{FileError::Kind::missing, "no directory"});
    }
    Listing listing;
    for (const auto& [name, is_directory] : entries) {
      if (listing.entries.size() == most) {
        listing.cut = true;
        break;
      }
      // Last first: nothing may hang on the order.
      listing.entries.insert(listing.entries.begin(), {name, is_directory});
    }
    return listing;
  }
  tl::expected<std::string, FileError> read_link(std::string_view path) override {
    const auto at = links_.find(path);
    if (at == links_.end()) {
      return tl::make_unexpected(FileError{FileError::Kind::failed, "Invalid argument"});
    }
    return at->second;
  }
  tl::expected<FileStatus, FileError> status(std::string_view path) override {
    const auto at = statuses_.find(path);
    if (at == statuses_.end()) {
      return tl::make_unexpected(FileError{FileError::Kind::missing, "not known"});
    }
    return at->second;
  }

 private:
  [[nodiscard]] std::map<std::string, bool> entries_of(std::string_view directory) const {
    std::map<std::string, bool> entries;
    const std::string start = std::string(directory) + "/";
    for (const auto* paths : {&files_, &links_}) {
      for (const auto& [path, text] : *paths) {
        if (path.starts_with(start)) {
          const auto rest = path.substr(start.size());
          entries[rest.substr(0, rest.find('/'))] |= rest.find('/') != std::string::npos;
        }
      }
    }
    return entries;
  }

  std::map<std::string, std::string, std::less<>> files_, links_;
  std::map<std::string, bool, std::less<>> denied_;
  std::map<std::string, FileStatus, std::less<>> statuses_;
};

}  // namespace whyoom::host::test
