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

// A capture that somebody unpacked: what its reader saw of the host is in the index. The error says
// what is wrong with that.
tl::expected<void, std::string> use_index_of_capture(HostRoot& root) {
  constexpr std::size_t most_bytes = std::size_t{64} << 20U;
  const auto index = root.files->read("/" + std::string(host::capture_index), most_bytes);
  if (!index) {
    return index.error().kind == host::FileError::Kind::too_big
               ? tl::expected<void, std::string>(
                     tl::unexpected(std::string("its index is larger than 64 MiB")))
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

}  // namespace

tl::expected<HostRoot, std::string> capture_host(const linux::Input& input) {
  auto capture = linux::open_capture(input);
  if (!capture) {
    return tl::unexpected(printable(input.path()) + ": " + capture.error());
  }
  HostRoot result;
  result.name = input.path();
  result.files = std::move(*capture);
  result.is_capture = true;
  return result;
}

tl::expected<HostRoot, std::string> open_host(const std::string& root,
                                              linux::SandboxChoice sandbox) {
  HostRoot result;
  result.name = root.empty() ? "/" : root;
  struct stat info {};
  if (::stat(result.name.c_str(), &info) == 0 && S_ISREG(info.st_mode)) {
    const auto inputs = linux::open_inputs({result.name}, sandbox);
    return inputs ? capture_host(inputs->front()) : tl::unexpected(inputs.error());
  }
  if (sandbox == linux::SandboxChoice::require) {
    return tl::unexpected(
        std::string("--sandbox require: a machine, or a directory, is read with the rights that "
                    "you have; only logs and captures are not"));
  }
  auto files = linux::DirFiles::open(result.name);
  if (!files) {
    return tl::unexpected(printable(result.name) + ": " + files.error().text);
  }
  result.files = std::make_unique<linux::DirFiles>(std::move(*files));
  if (result.name != "/") {
    if (const auto used = use_index_of_capture(result); !used) {
      return tl::unexpected(printable(result.name) + ": " + used.error());
    }
  } else {
    const long page = ::sysconf(_SC_PAGESIZE);
    if (page > 0) {
      result.options.page_size = PageSize{static_cast<std::uint32_t>(page)};
    }
  }
  return result;
}

}  // namespace whyoom::app
