// Files whose links are asked for once: every path below /etc/systemd/system has the same
// directories before it, and each could be a link.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "host/files.h"

namespace whyoom::host {

class RememberedLinks : public Files {
 public:
  explicit RememberedLinks(Files& files) : files_(files) {}

  tl::expected<std::string, FileError> read(std::string_view path, std::size_t most) override {
    return files_.read(path, most);
  }
  tl::expected<Listing, FileError> list(std::string_view path, std::size_t most) override {
    return files_.list(path, most);
  }
  tl::expected<std::string, FileError> read_link(std::string_view path) override {
    auto known = links_.find(path);
    if (known == links_.end()) {
      known = links_.emplace(path, files_.read_link(path)).first;
    }
    return known->second;
  }
  tl::expected<FileStatus, FileError> status(std::string_view path) override {
    return files_.status(path);
  }

 private:
  Files& files_;
  std::map<std::string, tl::expected<std::string, FileError>, std::less<>> links_;
};

}  // namespace whyoom::host
