#include "host/config_files.h"

#include <algorithm>

#include "base/language.h"

namespace whyoom::host {
namespace {

constexpr std::size_t most_settings = 4096;

bool is_comment(std::string_view line, std::string_view marks) {
  const std::string_view text = trim(line);
  return text.empty() || marks.find(text.front()) != std::string_view::npos;
}

// "33" or "12.34": hundredths.
std::optional<std::uint64_t> hundredths(std::string_view text) {
  const std::size_t point = text.find('.');
  const auto whole = parse_number<std::uint64_t>(text.substr(0, point));
  if (!whole || *whole > 100) {
    return std::nullopt;
  }
  std::uint64_t part = 0;
  if (point != std::string_view::npos) {
    const std::string_view digits = text.substr(point + 1);
    const auto value = parse_number<std::uint64_t>(digits);
    if (!value || digits.size() > 2) {
      return std::nullopt;
    }
    part = digits.size() == 1 ? *value * 10 : *value;
  }
  return *whole * 100 + part;
}

}  // namespace

std::vector<NprocLine> parse_limits_conf(Lines lines) {
  std::vector<NprocLine> result;
  while (lines.next()) {
    std::string_view rest = lines.line().substr(0, lines.line().find('#'));
    if (trim(rest).empty()) {
      continue;
    }
    NprocLine line;
    line.domain = next_word(rest);
    line.type = next_word(rest);
    const std::string_view item = next_word(rest);
    const std::string_view value = next_word(rest);
    if (item != "nproc") {
      continue;
    }
    if (value != "unlimited" && value != "infinity" && value != "-1") {
      line.most = parse_number<std::uint64_t>(value);
      if (!line.most) {
        lines.damaged(tr("\"domain type nproc number\""), lines.line());
        continue;
      }
    }
    if (line.type != "soft" && line.type != "hard" && line.type != "-") {
      lines.damaged(tr("soft, hard or - as the type"), lines.line());
      continue;
    }
    line.at = lines.place();
    if (result.size() < most_settings) {
      result.push_back(std::move(line));
    }
  }
  return result;
}

std::vector<IniSetting> parse_ini(Lines lines, const std::vector<std::string_view>& keys) {
  std::vector<IniSetting> result;
  std::string section;
  std::string joined;  // of lines that end in a backslash
  Place start;
  bool joining = false;
  while (lines.next()) {
    std::string_view line = trim_right(lines.line());
    if (is_comment(line, "#;") && (!joining || !trim(line).empty())) {
      continue;  // a comment may stand between continued lines
    }
    start = joining ? start : lines.place();
    joining = line.ends_with('\\');
    line.remove_suffix(joining ? 1 : 0);
    joined += line;
    if (joining) {
      joined += ' ';
      continue;
    }
    const std::string whole = std::move(joined);
    joined.clear();
    const std::string_view text = trim(whole);
    if (text.starts_with('[') && text.ends_with(']')) {
      section = text.substr(1, text.size() - 2);
      continue;
    }
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) {
      continue;
    }
    const std::string_view key = trim(text.substr(0, equals));
    if (std::find(keys.begin(), keys.end(), key) != keys.end() && result.size() < most_settings) {
      result.push_back(
          {section, std::string(key), std::string(trim(text.substr(equals + 1))), start});
    }
  }
  return result;
}

std::optional<TasksMax> parse_tasks_max(const IniSetting& setting, std::string unit) {
  TasksMax result;
  result.unit = std::move(unit);
  result.text = setting.value;
  result.at = setting.at;
  std::string_view text = setting.value;
  if (text == "infinity") {
    result.kind = TasksMax::Kind::infinity;
    return result;
  }
  std::optional<std::uint64_t> number;
  if (text.ends_with('%')) {
    text.remove_suffix(1);
    result.kind = TasksMax::Kind::percent;
    number = hundredths(text);
  } else {
    number = parse_number<std::uint64_t>(text);
  }
  if (!number || *number == 0) {
    return std::nullopt;
  }
  result.number = *number;
  return result;
}

}  // namespace whyoom::host
