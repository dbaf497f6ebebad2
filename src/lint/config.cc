#include "lint/config.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "host/sysctl_text.h"

namespace whyoom::lint {

namespace {

bool is_name_character(char c) { return is_alnum(c) || c == '_' || c == '-' || c == '*'; }

bool ends_with_one_of(std::string_view text, std::initializer_list<std::string_view> ends) {
  return std::ranges::any_of(ends, [text](std::string_view end) { return text.ends_with(end); });
}

// The first line that is neither empty nor a comment.
std::string_view first_line(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = trim(take_part(text, '\n'));
    if (!line.empty() && line.front() != '#' && line.front() != ';') {
      return line;
    }
  }
  return {};
}

bool is_assignment(std::string_view line) {
  line.remove_prefix(line.starts_with('-') ? 1 : 0);
  const std::size_t equals = line.find('=');
  return equals != std::string_view::npos && looks_like_sysctl(trim(line.substr(0, equals)));
}

}  // namespace

bool looks_like_sysctl(std::string_view text) {
  constexpr std::array<std::string_view, 4> folders = {"fs", "kernel", "net", "vm"};
  const std::size_t first = text.find_first_of("./");
  if (first == std::string_view::npos || first + 1 >= text.size() || text.size() > 255 ||
      std::ranges::find(folders, text.substr(0, first)) == folders.end()) {
    return false;
  }
  if (text.starts_with("net")) {  // and not net.example.com/name, which is a label
    constexpr std::array<std::string_view, 7> below = {"bridge", "core",      "ipv4", "ipv6",
                                                       "mptcp",  "netfilter", "unix"};
    const std::string_view rest = text.substr(first + 1);
    const std::string_view name = rest.substr(0, rest.find_first_of("./"));
    return std::ranges::find(below, name) != below.end() || name.starts_with("nf_");
  }
  return std::ranges::all_of(text.substr(first + 1),
                             [](char c) { return is_name_character(c) || c == '.' || c == '/'; });
}

Format format_of(std::string_view path, std::string_view text) {
  const std::string_view name = last_part(path);
  const std::string_view line = first_line(text);
  const bool is_section = line.starts_with('[') && line.ends_with(']');
  if (name.ends_with(".conf") && is_section) {
    return text.find("[sysctl]") != std::string_view::npos || name == "tuned.conf"
               ? Format::tuned
               : Format::unknown;
  }
  const bool in_folder = path.find("sysctl.d/") != std::string_view::npos;
  if (name.ends_with(".conf") && (in_folder || name == "sysctl.conf" || is_assignment(line))) {
    return Format::sysctl;
  }
  if (ends_with_one_of(name, {".yml", ".yaml", ".json"}) || text.starts_with("#cloud-config")) {
    return Format::yaml;
  }
  if (text.starts_with("#!") ? text.substr(0, text.find('\n')).find("sh") != std::string_view::npos
                             : name.ends_with(".sh")) {
    return Format::shell;
  }
  return is_assignment(line) && !name.ends_with(".tf") ? Format::sysctl : Format::unknown;
}

Config read_config(Format format, std::string_view text) {
  Config out;
  switch (format) {
    case Format::sysctl:
      read_sysctl_text(text, {}, out);
      break;
    case Format::tuned:
      read_tuned_text(text, {}, out);
      break;
    case Format::yaml:
      read_yaml_text(text, out);
      break;
    case Format::shell:
      read_shell_text(text, {}, out);
      break;
    case Format::unknown:
      break;
  }
  return out;
}

// As systemd-sysctl reads the lines; what procps makes of them differs in errors alone.
void read_sysctl_text(std::string_view text, Spot from, Config& out) {
  const auto parsed = host::SysctlText::parse(std::string(text));
  const std::uint32_t group = out.groups++;
  if (text.starts_with("\xef\xbb\xbf")) {
    out.not_read.push_back(
        {from, Message("the file begins with a byte order mark: systemd-sysctl and sysctl take it "
                       "for a part of the first line, and that does nothing")});
  }
  const host::SysctlReading reading = parsed.read_as(host::SysctlTool::systemd);
  for (const host::SysctlStatement& statement : reading.statements) {
    const std::string_view line = parsed.line(statement.line).content;
    const bool assigns = statement.kind == host::SysctlStatement::Kind::assignment;
    const std::size_t begin = assigns ? line.find(statement.key) : line.find_first_not_of(" \t");
    const Spot at{from.line + statement.line - 1,
                  characters(line, begin == std::string_view::npos ? 0 : begin) + 1};
    if (assigns) {
      out.settings.push_back({statement.key, statement.value, at, group});
    } else if (statement.kind == host::SysctlStatement::Kind::not_an_assignment) {
      out.not_read.push_back({at, Message("this line is no KEY = VALUE: systemd-sysctl and sysctl "
                                          "pass over it")});
    }
  }
  if (reading.stopped_at != 0) {
    out.not_read.push_back({{from.line + reading.stopped_at - 1, 1},
                            Message("systemd-sysctl gives the file up here")});
  }
}

void add_assignment(std::string_view text, Spot at, std::uint32_t group, Config& out) {
  const std::size_t equals = text.find('=');
  if (equals != std::string_view::npos && looks_like_sysctl(trim(text.substr(0, equals)))) {
    out.settings.push_back({std::string(trim(text.substr(0, equals))),
                            std::string(trim(text.substr(equals + 1))), at, group});
  }
}

}  // namespace whyoom::lint
