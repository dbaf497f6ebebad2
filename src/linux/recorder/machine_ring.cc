#include "linux/recorder/machine_ring.h"

#include "host/whyoom_conf.h"
#include "linux/dir_files.h"
#include "linux/recorder/ring.h"

namespace whyoom::linux {

tl::expected<std::string, std::string> machine_ring() {
  auto files = DirFiles::open("/");
  if (!files) {
    return tl::unexpected(files.error().text);
  }
  const auto conf = host::read_conf(*files);
  if (!conf) {
    return tl::unexpected(conf.error());
  }
  const host::ConfLine* line = conf->find("store");
  return line != nullptr && !line->value.empty() ? line->value : std::string(default_ring);
}

}  // namespace whyoom::linux
