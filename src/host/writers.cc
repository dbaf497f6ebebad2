#include "host/writers.h"

#include <utility>

#include "base/language.h"

namespace whyoom::host {
namespace {

constexpr std::uint32_t group_writes = 020;
constexpr std::uint32_t all_write = 02;

}  // namespace

std::string other_writers(const FileStatus& status) {
  if ((status.mode & all_write) != 0) {
    return "everybody";
  }
  if (status.uid != 0) {  // the owner can give the right to write to himself
    return tr("user {}", std::to_string(status.uid));
  }
  if ((status.mode & group_writes) == 0) {
    return {};
  }
  // With a list these bits are its mask: they say what its entries may at most.
  if (status.acl) {
    return tr("whoever its access control list names");
  }
  return status.gid != 0 ? tr("group {}", std::to_string(status.gid)) : std::string();
}

OpenToOthers open_to_others(Files& files, std::string_view path) {
  while (!path.empty()) {
    if (const auto status = files.status(path)) {
      if (std::string who = other_writers(*status); !who.empty()) {
        return {std::string(path), std::move(who)};
      }
    }
    if (path == "/") {
      break;
    }
    const auto slash = path.rfind('/');
    path = slash == 0 || slash == std::string_view::npos ? "/" : path.substr(0, slash);
  }
  return {};
}

}  // namespace whyoom::host
