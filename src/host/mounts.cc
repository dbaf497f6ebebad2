#include "host/mounts.h"

#include "base/language.h"

namespace whyoom::host {
namespace {

constexpr std::size_t most_mounts = 64;

// The kernel writes a blank, a newline and a backslash as \040, \012 and \134.
std::string unescape(std::string_view text) {
  const auto is_octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && text[i + 1] <= '3' && is_octal(text[i + 1]) &&
        is_octal(text[i + 2]) && is_octal(text[i + 3])) {
      const int value = (text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0');
      result += static_cast<char>(value);
      i += 3;
    } else {
      result += text[i];
    }
  }
  return result;
}

bool is_safe(std::string_view path) {
  return path.starts_with('/') && path.find("/../") == std::string_view::npos &&
         !path.ends_with("/..") && path.find('\0') == std::string_view::npos;
}

}  // namespace

// 36 35 98:0 /root /mount/point rw,noatime shared:1 - type source super,options
Mounts parse_mountinfo(Lines lines) {
  Mounts result;
  while (lines.next()) {
    std::string_view rest = lines.line();
    const std::size_t dash = rest.find(" - ");
    if (dash == std::string_view::npos) {
      if (!trim(rest).empty()) {
        lines.damaged(tr("a line of mountinfo"), rest);
      }
      continue;
    }
    std::string_view tail = rest.substr(dash + 3);
    const std::string_view type = next_word(tail);
    next_word(tail);
    const std::string_view super = next_word(tail);
    for (int i = 0; i < 3; ++i) {
      next_word(rest);
    }
    const std::string root = unescape(next_word(rest));
    const std::string point = unescape(next_word(rest));
    if (type == "proc" && point == "/proc") {
      result.proc_seen = true;
    } else if (type == "pstore") {
      result.pstore = true;
    } else if ((type == "cgroup" || type == "cgroup2") && is_safe(point) &&
               result.cgroups.size() < most_mounts) {
      result.cgroups.push_back(
          {point, root, type == "cgroup2", has_part(super, "memory"), has_part(super, "pids")});
    }
  }
  return result;
}

MountOfFile mount_of(std::string_view mountinfo, std::string_view path) {
  MountOfFile result;
  std::size_t longest = 0;
  while (!mountinfo.empty()) {
    std::string_view rest = take_part(mountinfo, '\n');
    const std::size_t dash = std::min(rest.find(" - "), rest.size());
    std::string_view tail = rest.substr(dash);
    next_word(tail);
    const std::string_view type = next_word(tail);
    next_word(tail);
    for (int i = 0; i < 4; ++i) {
      next_word(rest);
    }
    const std::string point = unescape(next_word(rest));
    // A later mount at the same place covers the earlier.
    if (type.empty() || point.size() < longest || !is_at_or_below(path, point)) {
      continue;
    }
    longest = point.size();
    result = {std::string(type), {}};
    for (std::string_view super = next_word(tail); type == "overlay" && !super.empty();) {
      std::string_view option = take_part(super, ',');
      if (option.starts_with("upperdir=")) {
        result.upper = unescape(option.substr(option.find('=') + 1));
      }
    }
  }
  return result;
}

}  // namespace whyoom::host
