// The sysctl files of a host: which ones there are, where links lead, and their texts.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "host/files.h"
#include "host/sysctl_text.h"

namespace whyoom::host {

// `path` with every symbolic link followed, as the host itself would follow it: an absolute link
// starts at the root of `files`. The last part need not exist. An error only for a loop.
tl::expected<std::string, FileError> real_path(Files& files, std::string_view path);

// The same of an entry of `directory`, whose own path has no link in it.
struct RealName {
  std::string path;
  bool may_be_directory = false;  // it was a link
};
tl::expected<RealName, FileError> real_path_in(Files& files, const std::string& directory,
                                               const Entry& entry);

// One file of a sysctl.d directory.
struct SysctlFile {
  std::string path;       // as the directory of the search path names it
  std::string masked_by;  // a higher directory's file of the same name; empty: none
};

struct SysctlGap {
  std::string path;
  FileError error;
  bool masked = false;  // a file of the same name in a higher directory is read instead
};

inline constexpr std::string_view sysctl_conf = "/etc/sysctl.conf";
// From high to low: a file of a higher one masks its namesakes.
inline constexpr std::array<std::string_view, 5> sysctl_directories = {
    "/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d",
    "/lib/sysctl.d"};

class SysctlFiles {
 public:
  explicit SysctlFiles(Files& files);

  // All *.conf of the search path, sorted by name, those that are masked right after what masks
  // them. systemd-sysctl and procps agree on this order: /etc/sysctl.d, /run/sysctl.d,
  // /usr/local/lib/sysctl.d, /usr/lib/sysctl.d, /lib/sysctl.d.
  [[nodiscard]] const std::vector<SysctlFile>& found() const { return found_; }
  // Directories and files that are there and could not be read.
  [[nodiscard]] const std::vector<SysctlGap>& gaps() const { return gaps_; }

  struct Loaded {
    std::string real;
    const SysctlText* text = nullptr;  // null: not there, no regular file or not readable
    bool missing = false;
  };
  // Read once however often it is asked for.
  Loaded load(std::string_view path);

 private:
  void add_gap(std::string_view path, const FileError& error);
  void list_directory(const std::string& directory, std::vector<std::string>& seen);

  struct Kept {
    std::string real;
    bool there = false, missing = false;
    SysctlText text = SysctlText::parse({});
  };

  Files& files_;
  std::vector<SysctlFile> found_;
  std::vector<SysctlGap> gaps_;
  std::map<std::string, Kept, std::less<>> kept_;
  std::size_t kept_bytes_ = 0;
};

}  // namespace whyoom::host
