#include "fix/running_value.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>

#include "advise/sysctl_edit.h"
#include "base/language.h"
#include "base/text.h"
#include "linux/file_system.h"

namespace whyoom::fix {
namespace {

constexpr const char* another_mount =
    "something else is mounted there, as in a container. Do this on the host";

bool is_proc(int fd) {
  struct statfs status {};
  return ::fstatfs(fd, &status) == 0 && status.f_type == PROC_SUPER_MAGIC;
}

}  // namespace

tl::expected<linux::Descriptor, int> RunningValues::open(const host::SysctlKey& key,
                                                         int flags) const {
  const linux::Descriptor root(::open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (root.get() < 0) {
    return tl::unexpected(errno);
  }
  linux::Descriptor file(linux::open_strictly_below(root.get(), key.path(),
                                                    flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
    return tl::unexpected(errno);
  }
  if (kernel_ && !is_proc(file.get())) {
    return tl::unexpected(EXDEV);
  }
  if (!S_ISREG(status.st_mode)) {
    return tl::unexpected(S_ISDIR(status.st_mode) ? EISDIR : ENOENT);
  }
  return file;
}

std::string RunningValues::cannot_set(const advise::RunningEdit& edit, int error) const {
  std::string why;
  switch (error) {
    case EROFS:
      why = tr("/proc/sys is read-only here, as in a container. Do this on the host");
      break;
    case EXDEV:
      why = tr(another_mount);
      break;
    case EINVAL:
    case ERANGE:
    case EOVERFLOW:
      why = tr("the kernel refuses the value \"{}\" ({})", printable(edit.after),
               linux::errno_text(error));
      break;
    case EACCES:
    case EPERM:
      why = ::geteuid() == 0 ? tr("the kernel does not let this process do it, though it is root. "
                                  "In a container, do this on the host")
                             : tr("permission denied. Run this as root");
      break;
    case ENOENT:
      why = tr("this kernel has no {}", place(edit.key));
      break;
    default:
      why = linux::errno_text(error);
  }
  return tr("{} cannot be set: {}", edit.key.dotted(), why);
}

tl::expected<std::string, std::string> RunningValues::read(const host::SysctlKey& key) const {
  const auto file = open(key, O_RDONLY);
  const auto text = file ? linux::read_whole(file->get())
                         : tl::expected<std::string, int>(tl::unexpected(file.error()));
  if (!text) {
    return tl::unexpected(
        tr("{} cannot be read: {}", place(key),
           text.error() == EXDEV ? tr(another_mount) : linux::errno_text(text.error())));
  }
  return std::string(trim_right(*text));
}

tl::expected<void, std::string> RunningValues::can_write(const advise::RunningEdit& edit) const {
  const auto file = open(edit.key, O_WRONLY);
  return file ? tl::expected<void, std::string>() : tl::unexpected(cannot_set(edit, file.error()));
}

tl::expected<void, std::string> RunningValues::write(const advise::RunningEdit& edit) const {
  const auto file = open(edit.key, O_WRONLY);
  if (!file) {
    return tl::unexpected(cannot_set(edit, file.error()));
  }
  // One call: the kernel takes each write as a value of its own.
  const std::string line = edit.after + "\n";
  if ((!kernel_ && ::ftruncate(file->get(), 0) != 0) ||
      ::write(file->get(), line.data(), line.size()) < 0) {
    return tl::unexpected(cannot_set(edit, errno));
  }
  const auto now = read(edit.key);
  if (!now) {
    return tl::unexpected(now.error());
  }
  if (!advise::same_sysctl_value(*now, edit.after)) {
    return tl::unexpected(tr("{} is {} after {} was written: the kernel keeps another value",
                             edit.key.dotted(), printable(*now), printable(edit.after)));
  }
  return {};
}

}  // namespace whyoom::fix
