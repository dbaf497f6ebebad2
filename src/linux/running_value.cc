#include "linux/running_value.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "advise/sysctl_edit.h"
#include "base/text.h"
#include "linux/descriptor.h"
#include "linux/disk.h"

namespace whyoom::linux {
namespace {

std::string cannot_set(const advise::RunningEdit& edit, int error) {
  std::string why;
  switch (error) {
    case EROFS:
      why = "/proc/sys is read-only here, as in a container. Do this on the host";
      break;
    case EINVAL:
    case ERANGE:
    case EOVERFLOW:
      why = "the kernel refuses the value \"" + printable(edit.after) + "\" (" + errno_text(error) +
            ")";
      break;
    case EACCES:
    case EPERM:
      why = ::geteuid() == 0 ? "the kernel does not let this process do it, though it is root."
                               " In a container, do this on the host"
                             : "permission denied. Run this as root";
      break;
    case ENOENT:
      why = "this kernel has no " + printable(edit.path);
      break;
    default:
      why = errno_text(error);
  }
  return printable(edit.key) + " cannot be set: " + why;
}

}  // namespace

tl::expected<std::string, std::string> read_running(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  auto text = file.get() < 0 ? tl::expected<std::string, int>(tl::unexpected(errno))
                             : read_whole(file.get());
  if (!text) {
    return tl::unexpected(printable(path) + " cannot be read: " + errno_text(text.error()));
  }
  return std::string(trim_right(*text));
}

tl::expected<void, std::string> can_write_running(const advise::RunningEdit& edit) {
  const Descriptor file(::open(edit.path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  return file.get() >= 0 ? tl::expected<void, std::string>()
                         : tl::unexpected(cannot_set(edit, errno));
}

tl::expected<void, std::string> write_running(const advise::RunningEdit& edit) {
  const Descriptor file(
      ::open(edit.path.c_str(), O_WRONLY | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (file.get() < 0) {
    return tl::unexpected(cannot_set(edit, errno));
  }
  // One call: the kernel takes each write as a value of its own.
  const std::string line = edit.after + "\n";
  const ssize_t wrote = ::write(file.get(), line.data(), line.size());
  if (wrote < 0) {
    return tl::unexpected(cannot_set(edit, errno));
  }
  const auto now = read_running(edit.path);
  if (!now) {
    return tl::unexpected(now.error());
  }
  if (!advise::same_sysctl_value(*now, edit.after)) {
    return tl::unexpected(printable(edit.key) + " is " + printable(*now) + " after " +
                          printable(edit.after) + " was written: the kernel keeps another value");
  }
  return {};
}

}  // namespace whyoom::linux
