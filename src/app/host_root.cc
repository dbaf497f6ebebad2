#include "app/host_root.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/language.h"
#include "base/text.h"
#include "host/capture_files.h"
#include "host/posted_files.h"
#include "linux/capture_file.h"
#include "linux/descriptor.h"
#include "linux/dir_files.h"

namespace whyoom::app {

namespace {

// A capture that somebody unpacked: what its reader saw of the host is in the index. The error says
// what is wrong with that.
tl::expected<void, std::string> use_index_of_capture(HostRoot& root) {
  constexpr std::size_t most_bytes = std::size_t{64} << 20U;
  const auto index = root.files->read("/" + std::string(host::capture_index), most_bytes);
  if (!index) {
    return index.error().kind == host::FileError::Kind::too_big
               ? tl::expected<void, std::string>(
                     tl::unexpected(tr("its index is larger than 64 MiB")))
               : tl::expected<void, std::string>();
  }
  auto capture = std::make_unique<host::CaptureFiles>();
  if (auto added = capture->add_index(*index); !added) {
    return added;
  }
  capture->contents_in(std::move(root.files));
  root.files = std::move(capture);
  root.is_capture = true;
  return {};
}

// Without some directories of the top: a rescue system that mounts its own /proc, /sys, /dev and
// /run in a disk's does not tell of the system on the disk.
class WithoutMounts : public host::Files {
 public:
  WithoutMounts(std::unique_ptr<host::Files> files, std::vector<std::string> hidden)
      : files_(std::move(files)), hidden_(std::move(hidden)) {}

  tl::expected<std::string, host::FileError> read(std::string_view path,
                                                  std::size_t most) override {
    return is_hidden(path) ? missing() : files_->read(path, most);
  }
  tl::expected<host::Listing, host::FileError> list(std::string_view path,
                                                    std::size_t most) override {
    return is_hidden(path) ? missing() : files_->list(path, most);
  }
  tl::expected<std::string, host::FileError> read_link(std::string_view path) override {
    return is_hidden(path) ? missing() : files_->read_link(path);
  }
  tl::expected<host::FileStatus, host::FileError> status(std::string_view path) override {
    return is_hidden(path) ? missing() : files_->status(path);
  }

 private:
  [[nodiscard]] bool is_hidden(std::string_view path) const {
    return std::ranges::any_of(hidden_, [path](const std::string& top) {
      return path == top || path.starts_with(top + "/");
    });
  }
  static tl::unexpected<host::FileError> missing() {
    return tl::unexpected(host::FileError{host::FileError::Kind::missing,
                                          "it is not on the disk: something is mounted there"});
  }

  std::unique_ptr<host::Files> files_;
  std::vector<std::string> hidden_;
};

linux::Descriptor directory_at(int top, const char* name) {
  return linux::Descriptor(::openat(top, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

HostKind kind_of(const std::string& root) {
  const linux::Descriptor top(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat ours {
  }, other{};
  if (top.get() < 0 || ::fstat(top.get(), &ours) != 0) {
    return HostKind::copy;
  }
  const linux::Descriptor proc = directory_at(top.get(), "proc");
  struct statfs system {};
  if (proc.get() >= 0 && ::fstatfs(proc.get(), &system) == 0 && system.f_type == PROC_SUPER_MAGIC) {
    // Its first process has this very root, or it is another system's.
    const bool known = ::fstatat(proc.get(), "1/root", &other, 0) == 0;
    if (!known || (other.st_dev == ours.st_dev && other.st_ino == ours.st_ino)) {
      return HostKind::running;
    }
  } else if (proc.get() >= 0 && (::fstatat(proc.get(), "sys", &other, 0) == 0 ||
                                 ::fstatat(proc.get(), "meminfo", &other, 0) == 0)) {
    return HostKind::copy;
  }
  return directory_at(top.get(), "etc").get() >= 0 ? HostKind::disk : HostKind::copy;
}

std::unique_ptr<host::Files> without_mounts(std::unique_ptr<host::Files> files,
                                            const std::string& root) {
  const linux::Descriptor top(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat ours {
  }, other{};
  std::vector<std::string> hidden;
  for (const char* name : {"proc", "sys", "dev", "run"}) {
    if (::fstat(top.get(), &ours) == 0 &&
        ::fstatat(top.get(), name, &other, AT_SYMLINK_NOFOLLOW) == 0 &&
        ours.st_dev != other.st_dev) {
      hidden.push_back(std::string("/") + name);
    }
  }
  return hidden.empty() ? std::move(files)
                        : std::make_unique<WithoutMounts>(std::move(files), std::move(hidden));
}

}  // namespace

tl::expected<std::unique_ptr<host::Files>, std::string> files_of_new_root() {
  auto files = linux::DirFiles::open("/");
  if (!files) {
    return tl::unexpected(tr(files.error().text));
  }
  return without_mounts(std::make_unique<linux::DirFiles>(std::move(*files)), "/");
}

tl::expected<HostRoot, std::string> capture_host(const linux::Input& input) {
  auto capture = linux::open_capture(input);
  if (!capture) {
    return tl::unexpected(tr("{}: {}", printable(input.path()), capture.error()));
  }
  HostRoot result;
  result.name = input.path();
  result.files = std::move(*capture);
  result.is_capture = true;
  return result;
}

namespace {

// A capture, or a text in which somebody posted files of /proc.
tl::expected<HostRoot, std::string> file_host(const linux::Input& input) {
  constexpr std::size_t most_bytes = std::size_t{1} << 20U;  // nobody posts more
  std::string text;
  const auto done =
      input.read({.data = [&](std::string_view chunk) { text += chunk.substr(0, most_bytes); },
                  .quiet = [] {},
                  .stop = [&] { return text.size() >= most_bytes; },
                  .refuse_archives = true});
  const bool is_text = done && done->empty();
  if (!is_text && input.can_be_read_again()) {
    return capture_host(input);
  }
  host::Posted posted = host::posted_files(text);
  HostRoot result;
  result.name = input.path();
  result.files = std::move(posted.files);
  result.options.posted = std::move(posted.names);
  result.options.left_out = std::move(posted.left_out);
  result.options.shell = posted.shell;
  if (is_text && result.files != nullptr) {
    return result;
  }
  return tl::unexpected(tr("{}: {}", printable(input.path()),
                           !done ? done.error()
                           : is_text
                               ? tr("this is no capture of `whyoom capture`, and nothing "
                                    "that shows a host stands in it: /proc/meminfo, `free`, "
                                    "`top`, `systemctl status`, files of a cgroup, `ulimit -a`")
                               : *done));
}

}  // namespace

std::string why_no_host(const std::string& root, const host::Host& host) {
  return host.meminfo.mem_total || !host.zones.empty() || host.settings.min_free_kbytes
             ? std::string()
             : tr("{}: no /proc of a host in it: neither meminfo, zoneinfo nor sys/vm was found",
                  root.empty() ? "/" : printable(root));
}

tl::expected<HostRoot, std::string> open_host(const std::string& root,
                                              linux::SandboxChoice sandbox) {
  HostRoot result;
  result.name = root.empty() ? "/" : root;
  struct stat info {};
  if (root == "-" || (::stat(result.name.c_str(), &info) == 0 && S_ISREG(info.st_mode))) {
    const auto inputs = linux::open_inputs({result.name}, sandbox);
    return inputs ? file_host(inputs->front()) : tl::unexpected(inputs.error());
  }
  if (sandbox == linux::SandboxChoice::require) {
    return tl::unexpected(
        tr("--sandbox require: a machine, or a directory, is read with the rights that "
           "you have; only logs and captures are not"));
  }
  auto files = linux::DirFiles::open(result.name);
  if (!files) {
    return tl::unexpected(tr("{}: {}", printable(result.name), translated(files.error().text)));
  }
  result.files = std::make_unique<linux::DirFiles>(std::move(*files));
  if (result.name != "/") {
    result.kind = kind_of(result.name);
    if (result.kind == HostKind::disk) {
      result.files = without_mounts(std::move(result.files), result.name);
    }
    if (const auto used = use_index_of_capture(result); !used) {
      return tl::unexpected(tr("{}: {}", printable(result.name), used.error()));
    }
  } else {
    result.kind = HostKind::machine;
    const long page = ::sysconf(_SC_PAGESIZE);
    if (page > 0) {
      result.options.page_size = PageSize{static_cast<std::uint32_t>(page)};
    }
  }
  return result;
}

}  // namespace whyoom::app
