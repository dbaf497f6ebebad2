#include "linux/change_root.h"

#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <ctime>

#include "base/language.h"
#include "base/text.h"
#include "linux/file_system.h"

namespace whyoom::linux {

tl::expected<void, std::string> change_root(const std::string& directory) {
  const auto failed = [&directory](int error) {
    const std::string why =
        error == others_hold_it
            ? tr("others than root own a directory on its path, or can write to it, "
                 "and could put another one in its place")
        : error == EPERM ? tr("this process may not make it its root (CAP_SYS_CHROOT)")
                         : errno_text(error);
    return tl::unexpected(tr("{} cannot be worked on: {}", printable(directory), why));
  };
  char real[PATH_MAX];
  if (::realpath(directory.c_str(), real) == nullptr) {
    return failed(errno);
  }
  const auto opened = open_real_directory(real);
  if (!opened) {
    return failed(opened.error());
  }
  ::tzset();  // times are told in this machine's zone
  if (::fchdir(opened->get()) != 0 || ::chroot(".") != 0 || ::chdir("/") != 0) {
    return failed(errno);
  }
  return {};
}

}  // namespace whyoom::linux
