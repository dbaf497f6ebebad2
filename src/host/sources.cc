#include "host/sources.h"

#include <algorithm>

namespace whyoom::host {
namespace {

// Files of one directory are read one after the other, and the same file names come again in the
// next directory: looking at the newest names is enough.
constexpr std::size_t names_to_look_at = 32;

std::uint32_t intern(std::vector<std::string>& names, std::string_view name) {
  const std::size_t from = names.size() > names_to_look_at ? names.size() - names_to_look_at : 0;
  const auto found =
      std::find(names.begin() + static_cast<std::ptrdiff_t>(from), names.end(), name);
  if (found != names.end()) {
    return static_cast<std::uint32_t>(found - names.begin());
  }
  names.emplace_back(name);
  return static_cast<std::uint32_t>(names.size() - 1);
}

}  // namespace

std::uint32_t Sources::add(std::string_view path) {
  const std::size_t cut = path.rfind('/') + 1;  // 0: there is none
  paths_.push_back({intern(directories_, path.substr(0, cut)), intern(files_, path.substr(cut))});
  return static_cast<std::uint32_t>(paths_.size() - 1);
}

std::string Sources::name(std::uint32_t source) const {
  if (source >= paths_.size()) {
    return {};
  }
  const Path& path = paths_[source];
  return directories_[path.directory] + files_[path.file];
}

}  // namespace whyoom::host
