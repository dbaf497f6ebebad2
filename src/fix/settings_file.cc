#include "fix/settings_file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "advise/sysctl_edit.h"
#include "base/language.h"
#include "base/text.h"
#include "linux/file_system.h"

namespace whyoom::fix {
namespace {

// Of what stands at the path; 0 where the file system has no such flags.
int flags_of(const std::string& path) {
  const linux::Descriptor file(
      ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  int flags = 0;
  return file.get() >= 0 && ::ioctl(file.get(), FS_IOC_GETFLAGS, &flags) == 0 ? flags : 0;
}

// What stands in the way when the kernel only says "Operation not permitted".
std::string forbidding_flag(std::string_view path) {
  for (const auto& [what, kind] :
       {std::pair{path, "file"}, {linux::directory_of(path), "directory"}}) {
    const int flags = flags_of(std::string(what));
    if ((flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)) != 0) {
      const bool immutable = (flags & FS_IMMUTABLE_FL) != 0;
      return immutable ? tr("the {} is immutable. Run {} first", tr(kind),
                            command_on("chattr -i {}", what))
                       : tr("the {} is append-only. Run {} first", tr(kind),
                            command_on("chattr -a {}", what));
    }
  }
  return {};
}

}  // namespace

bool is_settings_path(std::string_view path) {
  return linux::is_plain_path(path) && advise::may_be_edited(path);
}

std::string command_on(ShellPattern<ShellOperand> pattern, std::string_view path) {
  std::string text(pattern.text());
  if (const auto word = ShellOperand::from(path)) {
    text = ShellCommand(pattern, *word).text();
  } else {
    text.replace(text.find("{}"), 2, "<path>");
  }
  return "`" + text + "`";
}

std::string why_not(std::string_view path, int error) {
  const std::string_view directory = linux::directory_of(path);
  std::string why;
  switch (error) {
    case EROFS:
      why = tr(
          "the file system is read-only. {} shows which one; in a container, do this on the host",
          command_on("findmnt -T {}", directory));
      break;
    case ENOSPC:
      why = tr("no space is left. Free some first: {}, {}", command_on("df -h {}", directory),
               command_on("df -i {}", directory));
      break;
    case EDQUOT:
      why = tr("the disk quota is used up");
      break;
    case EACCES:
    case EPERM:
      why = forbidding_flag(path);
      if (why.empty()) {
        why = ::geteuid() == 0 ? tr("{}, even for root. A security module (SELinux, AppArmor) or "
                                    "the container may forbid it",
                                    linux::errno_text(error))
                               : tr("permission denied. Run this as root");
      }
      break;
    case ELOOP:
      why = tr(
          "it is a symbolic link now, and was a file a moment ago. Nothing is written through it");
      break;
    case ENOTDIR:
      why = tr("a directory on its path is no directory any more");
      break;
    case linux::others_hold_it:
      why =
          tr("others than root own a directory on its path, or can write to it, and could put "
             "another file in its place. See who may with {}",
             command_on("namei -l {}", path));
      break;
    case EINVAL:
      why = tr("it is no regular file");
      break;
    case EFBIG:
      why =
          tr("it is larger than a file of settings may be, or than this process may write (`ulimit "
             "-f`)");
      break;
    default:
      why = linux::errno_text(error);
  }
  return why;
}

std::string cannot_change(std::string_view path, int error) {
  return tr("{} cannot be changed: {}", printable(path), why_not(path, error));
}

}  // namespace whyoom::fix
