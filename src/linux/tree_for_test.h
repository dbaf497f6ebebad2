// Only for tests: a scratch directory, and all that a directory holds as one value to compare.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>

#include "host/sysctl_key.h"
#include "linux/descriptor.h"
#include "linux/file_attributes.h"

namespace whyoom::linux::test {

inline host::SysctlKey key(std::string_view text) { return host::SysctlKey::parse(text).value(); }

namespace fs = std::filesystem;

// In memory where that can be had: fsync on a disk makes thousands of runs slow.
inline std::string scratch_base(bool on_disk = false) {
  struct stat status {};
  const char* set = std::getenv("TMPDIR");
  const std::string disk = set != nullptr ? fs::canonical(set).string() : "/tmp";
  return !on_disk && ::access("/dev/shm", W_OK) == 0 && ::stat("/dev/shm", &status) == 0 &&
                 S_ISDIR(status.st_mode)
             ? "/dev/shm"
             : disk;
}

class Scratch {
 public:
  explicit Scratch(const std::string& base = scratch_base()) : path_(base + "/whyoom-test-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) {
      std::perror(path_.c_str());
      std::abort();
    }
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline void put(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

inline std::string get(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return std::move(text).str();
}

// Path -> type, mode, owner, extended attributes, link count and content or target.
using Snapshot = std::map<std::string, std::string>;

inline std::string describe(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    return "unreadable";
  }
  std::string text = std::to_string(status.st_mode) + " " + std::to_string(status.st_uid) + ":" +
                     std::to_string(status.st_gid);
  if (S_ISLNK(status.st_mode)) {
    return text + " -> " + fs::read_symlink(path).string();
  }
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (const auto attributes = read_attributes(file.get())) {
    for (const auto& [name, value] : attributes->xattrs) {
      text.append(" ").append(name).append("=").append(value);
    }
  }
  if (S_ISREG(status.st_mode)) {
    text += " links " + std::to_string(status.st_nlink) + ":\n" + get(path);
  }
  return text;
}

inline Snapshot snapshot(const std::string& top) {
  Snapshot result;
  for (const auto& entry : fs::recursive_directory_iterator(top)) {
    result[entry.path().lexically_relative(top).string()] = describe(entry.path());
  }
  return result;
}

// The paths that are not the same in both, with the text of each.
inline std::string difference(const Snapshot& a, const Snapshot& b) {
  std::string paths;
  for (const auto* one : {&a, &b}) {
    const Snapshot& other = one == &a ? b : a;
    for (const auto& [path, text] : *one) {
      const auto found = other.find(path);
      if (found == other.end() || (one == &a && found->second != text)) {
        paths += path + ": " + text.substr(0, 200) + "\n";
        if (found != other.end()) {
          paths += "  is " + found->second.substr(0, 200) + "\n";
        }
      }
    }
  }
  return paths;
}

}  // namespace whyoom::linux::test
