#include "app/lint_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

#include "base/language.h"
#include "base/text.h"
#include "linux/descriptor.h"
#include "linux/file_system.h"

namespace whyoom::app {

namespace {

constexpr std::size_t most_bytes = std::size_t{4} << 20U;
constexpr std::size_t most_bytes_of_all = std::size_t{256} << 20U;
constexpr std::size_t most_files = 100'000;
constexpr std::size_t deepest = 64;

bool can_be_configuration(std::string_view name) {
  constexpr std::array<std::string_view, 5> ends = {".conf", ".yml", ".yaml", ".json", ".sh"};
  constexpr std::array<std::string_view, 2> names = {"user-data", "user_data"};
  return std::ranges::find(names, name) != names.end() ||
         std::ranges::any_of(ends, [name](std::string_view end) { return name.ends_with(end); });
}

// A pipe too. The error is errno; EFBIG for more than `most`.
tl::expected<std::string, int> read_all(int fd, std::size_t most) {
  std::string text;
  std::array<char, 65536> piece{};
  while (true) {
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got < 0 && errno != EINTR) {
      return tl::unexpected(errno);
    }
    if (got == 0) {
      return text;
    }
    text.append(piece.data(), got < 0 ? 0 : static_cast<std::size_t>(got));
    if (text.size() > most) {
      return tl::unexpected(EFBIG);
    }
  }
}

class Gatherer {
 public:
  LintFiles gather(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
      if (path == "-") {
        take(STDIN_FILENO, path, true);
        continue;
      }
      const linux::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
      struct stat status {};
      if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
        complain(path, linux::errno_text(errno));
      } else if (S_ISDIR(status.st_mode)) {
        directory(file.get(), path, 0);
      } else {
        take(file.get(), path, true);
      }
    }
    return std::move(out_);
  }

 private:
  void complain(std::string_view path, const std::string& why) {
    out_.trouble.push_back(tr("{}: {}", path == "-" ? tr("standard input") : printable(path), why));
  }

  void take(int fd, const std::string& path, bool named) {
    struct stat status {};
    if (path.ends_with("sysctl.conf") && ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
        !seen_.insert(std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino)).second) {
      return;  // by a link to it
    }
    auto text = read_all(fd, std::min(most_bytes, most_bytes_of_all - bytes_));
    if (!text) {
      complain(path, text.error() == EFBIG
                         ? tr("too large: lint reads 4 MiB of a file, and 256 MiB of all")
                         : linux::errno_text(text.error()));
      return;
    }
    bytes_ += text->size();
    out_.files.push_back({path, std::move(*text), named});
  }

  void directory(int fd, const std::string& path, std::size_t depth) {
    if (depth > deepest) {
      complain(path, tr("nested deeper than 64; not read"));
      return;
    }
    std::set<std::string> names;
    linux::Descriptor own(::openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const int error =
        own.get() < 0 ? errno : linux::each_entry(std::move(own), [&](const dirent& entry) {
          names.insert(entry.d_name);
          return names.size() < most_files;
        });
    if (error != 0) {
      complain(path, linux::errno_text(error));
      return;
    }
    for (const std::string& name : names) {
      std::string below = path;
      below.append(path.ends_with('/') ? "" : "/").append(name);
      entry(fd, below, name, depth);
    }
  }

  // Debian's sysctl.d/99-sysctl.conf is a link to /etc/sysctl.conf, which belongs to it. Where else
  // a link leads somebody may have chosen who wants others to read it.
  void link(int fd, const std::string& path, const std::string& name) {
    constexpr std::string_view usual = "../sysctl.conf";
    std::array<char, usual.size() + 1> target{};
    const auto size = ::readlinkat(fd, name.c_str(), target.data(), target.size());
    if (size > 0 && std::string_view(target.data(), static_cast<std::size_t>(size)) == usual) {
      const linux::Descriptor opened(
          ::openat(fd, usual.data(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
      struct stat status {};
      if (opened.get() >= 0 && ::fstat(opened.get(), &status) == 0 && S_ISREG(status.st_mode)) {
        take(opened.get(), path, false);
        return;
      }
    }
    struct stat status {};
    if (::fstatat(fd, name.c_str(), &status, 0) == 0 &&
        (S_ISDIR(status.st_mode) || (S_ISREG(status.st_mode) && can_be_configuration(name)))) {
      out_.link = out_.links++ == 0 ? path : out_.link;
    }
  }

  void entry(int fd, const std::string& path, const std::string& name, std::size_t depth) {
    struct stat status {};
    if (name.front() != '.' && ::fstatat(fd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISLNK(status.st_mode)) {
      link(fd, path, name);
      return;
    }
    if (name.front() == '.' || ::fstatat(fd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode))) {
      return;
    }
    const bool folder = S_ISDIR(status.st_mode);
    if (!folder && !can_be_configuration(name)) {
      return;
    }
    const linux::Descriptor opened(
        ::openat(fd, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    if (opened.get() < 0) {
      complain(path, linux::errno_text(errno));
    } else if (folder) {
      directory(opened.get(), path, depth + 1);
    } else {
      take(opened.get(), path, false);
    }
  }

  LintFiles out_;
  std::set<std::string> seen_;
  std::size_t bytes_ = 0;
};

}  // namespace

LintFiles read_lint_files(const std::vector<std::string>& paths) {
  return Gatherer().gather(paths);
}

}  // namespace whyoom::app
