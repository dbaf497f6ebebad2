#include "host/sysctl_boot.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "base/text.h"

namespace whyoom::host {
namespace {

constexpr std::string_view unit = "systemd-sysctl.service";
constexpr std::array<std::string_view, 7> unit_directories = {
    "/etc/systemd/system.control", "/etc/systemd/system",           "/etc/systemd/system.attached",
    "/run/systemd/system",         "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
    "/lib/systemd/system"};

// A directory that is there and cannot be listed is a gap: what it has is not known.
bool lists(Files& files, std::string_view directory, std::string_view name,
           std::vector<SysctlGap>& gaps) {
  const auto real = real_path(files, directory);
  const auto listing = real ? files.list(*real) : tl::make_unexpected(real.error());
  if (!listing && listing.error().kind != FileError::Kind::missing) {
    const std::string path = real.value_or(std::string(directory));
    if (std::ranges::find(gaps, path, &SysctlGap::path) == gaps.end()) {  // /lib is /usr/lib
      gaps.push_back({path, listing.error()});
    }
  }
  return listing && std::any_of(listing->entries.begin(), listing->entries.end(),
                                [&](const Entry& entry) { return entry.name == name; });
}

// Empty text: a mask. nullopt: not there, or a gap.
std::optional<std::string> text_of(Files& files, const std::string& path,
                                   std::vector<SysctlGap>& gaps) {
  const auto real = real_path(files, path);
  if (!real) {
    return std::nullopt;
  }
  auto text = *real == "/dev/null" ? std::string() : files.read(*real);
  if (!text && text.error().kind != FileError::Kind::missing) {
    gaps.push_back({path, text.error()});
  }
  return text ? std::optional(std::move(*text)) : std::nullopt;
}

// What ExecStart= of these lines makes of `known`: whether systemd-sysctl runs, for all files.
std::optional<bool> runs_it(std::string_view text, std::optional<bool> known) {
  while (!text.empty()) {
    std::string_view line = trim(take_part(text, '\n'));
    constexpr std::string_view key = "ExecStart";
    if (!line.starts_with(key)) {
      continue;
    }
    line = trim_left(line.substr(key.size()));
    if (!line.starts_with('=')) {
      continue;
    }
    line = trim(line.substr(1));
    // "-", "@", ":", "+", "!" and "|" stand before the path.
    line.remove_prefix(std::min(line.size(), line.find('/')));
    known = known.value_or(false) || last_part(line) == "systemd-sysctl";
    known = line.empty() ? false : known;
  }
  return known;
}

// Drop-ins by name, one that a higher directory has hides its namesakes.
std::map<std::string, std::string> drop_ins_of(Files& files) {
  std::map<std::string, std::string> found;
  for (auto top = unit_directories.rbegin(); top != unit_directories.rend(); ++top) {
    const std::string directory = std::string(*top) + "/" + std::string(unit) + ".d";
    const auto real = real_path(files, directory);
    const auto listing = real ? files.list(*real) : tl::make_unexpected(real.error());
    for (const Entry& entry : listing ? listing->entries : std::vector<Entry>()) {
      if (entry.name.ends_with(".conf")) {
        found[entry.name] = directory + "/" + entry.name;
      }
    }
  }
  return found;
}

// systemd.mask=NAME, where ".service" may be left out.
bool masks(std::string_view command_line) {
  for (std::string_view rest = trim(command_line); !rest.empty(); rest = trim_left(rest)) {
    std::string_view word = rest.substr(0, rest.find_first_of(" \t\n"));
    rest.remove_prefix(word.size());
    constexpr std::string_view option = "systemd.mask=";
    if (word.starts_with(option)) {
      word.remove_prefix(option.size());
      if (word == unit || word == unit.substr(0, unit.rfind('.'))) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

SysctlBootReader boot_reader_of(Files& files, std::string_view command_line,
                                std::vector<SysctlGap>& gaps) {
  SysctlBootReader result;
  if (!lists(files, "/usr/lib/systemd", "systemd-sysctl", gaps) &&
      !lists(files, "/lib/systemd", "systemd-sysctl", gaps)) {
    result.reader = SysctlBoot::procps_system;
    return result;
  }
  result.masked_by_command_line = masks(command_line);
  std::optional<bool> runs;
  for (const std::string_view directory : unit_directories) {
    const std::string path = std::string(directory) + "/" + std::string(unit);
    const auto text = text_of(files, path, gaps);
    if (!text) {
      continue;
    }
    if (text->empty()) {
      result.reader = SysctlBoot::nothing;
      return result;
    }
    runs = runs_it(*text, runs);
    result.other_command = runs.value_or(true) ? "" : path;
    break;
  }
  for (const auto& [name, path] : drop_ins_of(files)) {
    const auto then = runs_it(text_of(files, path, gaps).value_or(""), runs);
    if (then != runs) {
      runs = then;
      result.other_command = runs.value_or(true) ? "" : path;
    }
  }
  return result;
}

}  // namespace whyoom::host
