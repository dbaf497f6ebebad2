#include "app/host_root.h"

#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "base/text.h"
#include "host/capture_files.h"
#include "linux/capture_file.h"
#include "linux/dir_files.h"

namespace whyoom::app {

namespace {

// A capture that somebody unpacked: what its reader saw of the host is in the index.
void use_index_of_capture(HostRoot& root) {
  constexpr std::size_t most_bytes = std::size_t{256} << 20U;
  const auto index = root.files->read("/" + std::string(host::capture_index), most_bytes);
  auto capture = std::make_unique<host::CaptureFiles>();
  if (index && capture->add_index(*index)) {
    capture->contents_in(std::move(root.files));
    root.files = std::move(capture);
    root.is_capture = true;
  }
}

}  // namespace

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
    result.is_capture = true;
    return result;
  }
  auto files = linux::DirFiles::open(result.name);
  if (!files) {
    return tl::unexpected(printable(result.name) + ": " + files.error().text);
  }
  result.files = std::make_unique<linux::DirFiles>(std::move(*files));
  if (result.name != "/") {
    use_index_of_capture(result);
  } else {
    const long page = ::sysconf(_SC_PAGESIZE);
    if (page > 0) {
      result.options.page_size = PageSize{static_cast<std::uint32_t>(page)};
    }
  }
  return result;
}

}  // namespace whyoom::app
