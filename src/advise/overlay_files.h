// A host's files with some of them replaced, added or removed in memory: to ask what a reader would
// make of a change before anything is written.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "host/files.h"

namespace whyoom::advise {

class OverlayFiles : public host::Files {
 public:
  explicit OverlayFiles(host::Files& below) : below_(below) {}

  // `path` with all links followed; nullopt = the file is not there.
  void put(std::string path, std::optional<std::string> contents) {
    changed_.insert_or_assign(std::move(path), std::move(contents));
  }

  tl::expected<std::string, host::FileError> read(
      std::string_view path, std::size_t most = host::default_most_bytes) override;
  tl::expected<host::Listing, host::FileError> list(
      std::string_view path, std::size_t most = host::default_most_entries) override;
  tl::expected<std::string, host::FileError> read_link(std::string_view path) override;
  tl::expected<host::FileStatus, host::FileError> status(std::string_view path) override {
    return below_.status(path);
  }

 private:
  host::Files& below_;
  std::map<std::string, std::optional<std::string>, std::less<>> changed_;
};

}  // namespace whyoom::advise
