#include "host/redact.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace whyoom::host {

namespace {

bool is_sysctl_file(std::string_view path) {
  return path == "/etc/sysctl.conf" || path.find("/sysctl.d/") != std::string_view::npos;
}

// What the readers of limits, units, kubelet, tuned and setters look for.
constexpr std::array<std::string_view, 16> wanted{
    "min_free_kbytes", "sysctl",       "nproc",   "TasksMax", "eviction", "memory.available",
    "podPidsLimit",    "pod-max-pids", "include", "Storage",  "Exec",     "DefaultTasksMax",
    "kind:",           "apiVersion",   "hard",    "soft"};

bool is_wanted(std::string_view line) {
  const std::string_view text = trim(line);
  if (text.empty()) {
    return false;
  }
  if (text.front() == '[') {  // a section of an INI file
    return true;
  }
  return std::ranges::any_of(
      wanted, [text](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

// A line that runs a program can carry a password among its arguments: of such a line only one that
// names the setting is kept.
bool is_command(std::string_view line) {
  return line.find("Exec") != std::string_view::npos &&
         line.find("min_free_kbytes") == std::string_view::npos;
}

std::string only_wanted_lines(std::string_view contents) {
  std::string kept;
  while (!contents.empty()) {
    const std::size_t end = contents.find('\n');
    const std::string_view line = contents.substr(0, end);
    if (is_wanted(line) && !is_command(line)) {
      kept += line;
    }
    if (end == std::string_view::npos) {
      break;
    }
    kept += '\n';
    contents.remove_prefix(end + 1);
  }
  return kept;
}

// The rules count the mappings; addresses and file names of a running process are nobody's
// business.
std::string only_line_ends(std::string_view contents) {
  std::string kept;
  for (const char c : contents) {
    kept += c == '\n' ? "-\n" : "";
  }
  return kept;
}

// Names, numbers and members; not what stands in /etc/shadow on some hosts here, nor people's
// names.
std::string only_accounts(std::string_view contents, bool group) {
  std::string kept;
  while (!contents.empty()) {
    std::string_view line = take_part(contents, '\n');
    for (int field = 0; field < 4 && !line.empty(); ++field) {
      const std::string_view text = take_part(line, ':');
      kept += field == 1 ? "x" : text;
      kept += field < 3 ? ":" : "";
    }
    kept += group ? "\n" : "::/:\n";
  }
  return kept;
}

// "/proc/12/cmdline"; "/proc/cmdline" is the kernel's.
bool is_command_line(std::string_view path) {
  return path.starts_with("/proc/") && path.ends_with("/cmdline") && path != "/proc/cmdline";
}

}  // namespace

std::string kept_in_capture(std::string_view path, std::string contents) {
  if (is_command_line(path)) {
    const bool ended = contents.ends_with('\0');
    contents.resize(keep_command_line(contents, contents.size()).size());
    return ended && !contents.empty() ? contents + '\0' : contents;
  }
  if (path.starts_with("/proc/") && path.ends_with("/maps")) {
    return only_line_ends(contents);
  }
  if (path.starts_with("/proc/") || path.starts_with("/sys/") || is_sysctl_file(path)) {
    return contents;
  }
  if (path == "/etc/passwd" || path == "/etc/group") {
    return only_accounts(contents, path == "/etc/group");
  }
  return only_wanted_lines(contents);
}

}  // namespace whyoom::host
