#include "app/host_root.h"

#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "base/text.h"
#include "linux/capture_file.h"
#include "linux/dir_files.h"

namespace whyoom::app {

tl::expected<HostRoot, std::string> open_host(const std::string& root) {
  HostRoot result;
  result.name = root.empty() ? "/" : root;
  struct stat info {};
  if (::stat(result.name.c_str(), &info) == 0 && S_ISREG(info.st_mode)) {
    auto capture = linux::open_capture(result.name);
    if (!capture) {
      return tl::unexpected(printable(result.name) + ": " + capture.error());
    }
    result.files = std::move(*capture);
    return result;
  }
  auto files = linux::DirFiles::open(result.name);
  if (!files) {
    return tl::unexpected(printable(result.name) + ": " + files.error().text);
  }
  result.files = std::make_unique<linux::DirFiles>(std::move(*files));
  if (result.name == "/") {
    const long page = ::sysconf(_SC_PAGESIZE);
    if (page > 0) {
      result.options.page_size = PageSize{static_cast<std::uint32_t>(page)};
    }
  }
  return result;
}

}  // namespace whyoom::app
