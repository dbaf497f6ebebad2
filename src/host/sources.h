// The names behind Place::source for a host: one number for each file that was read. A path is kept
// as its directory and its name, so that a thousand cgroups with a dozen files each stay small.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace whyoom::host {

class Sources {
 public:
  // A new number for every call: a file is read once.
  std::uint32_t add(std::string_view path);
  // "/proc/meminfo"; empty for a number that was never given out.
  [[nodiscard]] std::string name(std::uint32_t source) const;

 private:
  struct Path {
    std::uint32_t directory = 0, file = 0;
  };
  std::vector<Path> paths_;
  std::vector<std::string> directories_, files_;
};

}  // namespace whyoom::host
