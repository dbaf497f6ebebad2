#include "host/sysctl_text.h"

#include <algorithm>
#include <optional>

#include "base/language.h"
#include "base/text.h"

namespace whyoom::host {
namespace {

using Kind = SysctlStatement::Kind;

// systemd's WHITESPACE, and isspace() of the C locale as procps uses it. A form feed before a key
// is a blank for procps 4.0.2 and a part of the key for systemd 252.
constexpr std::string_view systemd_blanks = " \t\n\r";
constexpr std::string_view procps_blanks = " \t\n\v\f\r";
constexpr std::string_view systemd_endings("\n\r\0", 3);
// LONG_LINE_MAX: systemd 252 gives up a file at a line of this length, what stands before counts.
constexpr std::size_t systemd_longest_line = std::size_t{1} << 20U;

std::string_view strip_left(std::string_view text, std::string_view blanks) {
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text;
}

std::string_view strip_right(std::string_view text, std::string_view blanks) {
  const auto last = text.find_last_not_of(blanks);
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

std::string_view strip(std::string_view text, std::string_view blanks) {
  return strip_right(strip_left(text, blanks), blanks);
}

void name_key(SysctlStatement& statement, SysctlTool tool, std::string_view key) {
  statement.key = key;
  statement.path = tool_path_of(tool, key);
  statement.glob = is_sysctl_glob(statement.path);
}

// What is left of a line behind its blanks: "#..", "key = value", "-key = value", "-key". Not
// empty.
SysctlStatement read_statement(std::string_view text, SysctlTool tool, std::string_view blanks) {
  SysctlStatement statement;
  if (text.front() == '#' || text.front() == ';') {
    return statement;
  }
  const auto equals = text.find('=');
  const bool minus = text.front() == '-';
  if (equals == std::string_view::npos && !minus) {
    statement.kind = Kind::not_an_assignment;
    return statement;
  }
  if (equals == std::string_view::npos) {
    statement.kind = Kind::exclusion;
  } else {
    statement.kind = Kind::assignment;
    statement.value = strip(text.substr(equals + 1), blanks);
    text = text.substr(0, equals);
  }
  text.remove_prefix(minus && !text.empty() ? 1 : 0);
  // "- key" with a blank is fine for systemd; procps 4.0.2 looks for a file whose name begins with
  // one.
  text = strip_right(text, blanks);
  name_key(statement, tool, tool == SysctlTool::systemd ? strip_left(text, blanks) : text);
  return statement;
}

// One line as systemd ends lines.
std::optional<SysctlStatement> read_systemd_line(std::string_view content) {
  const auto text = strip(content, systemd_blanks);
  return text.empty() ? std::nullopt
                      : std::optional(read_statement(text, SysctlTool::systemd, systemd_blanks));
}

std::optional<SysctlStatement> read_procps_line(std::string_view content) {
  // A NUL ends the line for procps, which works on C strings. The newline counts in getline() and
  // in strlen(): one character and a newline are two.
  const auto text = strip_left(content.substr(0, content.find('\0')), procps_blanks);
  return text.empty() ? std::nullopt
                      : std::optional(read_statement(text, SysctlTool::procps, procps_blanks));
}

SysctlReading read_procps(const SysctlText& text) {
  SysctlReading reading;
  for (std::uint32_t number = 1; number <= text.line_count(); ++number) {
    if (auto statement = read_procps_line(text.line(number).content)) {
      statement->line = number;
      reading.statements.push_back(std::move(*statement));
    }
  }
  return reading;
}

SysctlReading read_systemd(const SysctlText& text) {
  SysctlReading reading;
  for (std::uint32_t number = 1; number <= text.line_count(); ++number) {
    auto rest = text.line(number).content;
    while (!rest.empty()) {
      const auto part = rest.substr(0, rest.find_first_of(systemd_endings));
      rest.remove_prefix(std::min(part.size() + 1, rest.size()));
      if (part.size() >= systemd_longest_line) {
        reading.stopped_at = number;
        return reading;
      }
      if (auto statement = read_systemd_line(part)) {
        statement->line = number;
        reading.statements.push_back(std::move(*statement));
      }
    }
  }
  return reading;
}

// Why `value` cannot stand on a line; empty when it can.
std::string complaint_of_value(std::string_view value) {
  if (value.empty()) {
    return tr("an empty value would be written to the kernel as it is");
  }
  if (value.find_first_of(systemd_endings) != std::string_view::npos) {
    return tr("the value has a line ending in it");
  }
  if (strip(value, procps_blanks) != value) {
    return tr("the value has blanks around it, which the tools would drop");
  }
  return {};
}

bool is_utf16(std::string_view text) {
  return text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff");
}

}  // namespace

SysctlText::SysctlText(std::string text) { change(std::move(text)); }

SysctlText SysctlText::parse(std::string text) { return SysctlText(std::move(text)); }

void SysctlText::change(std::string text) {
  text_ = std::move(text);
  starts_.clear();
  for (std::size_t at = 0; at < text_.size();) {
    starts_.push_back(at);
    const auto newline = text_.find('\n', at);
    at = newline == std::string::npos ? text_.size() : newline + 1;
  }
}

SysctlText::Line SysctlText::line(std::uint32_t number) const {
  if (number == 0 || number > starts_.size()) {
    return {};
  }
  const auto start = starts_[number - 1];
  const auto end = number < starts_.size() ? starts_[number] : text_.size();
  const auto whole = std::string_view(text_).substr(start, end - start);
  const std::size_t ending = whole.ends_with("\r\n") ? 2 : whole.ends_with('\n') ? 1 : 0;
  return {whole.substr(0, whole.size() - ending), whole.substr(whole.size() - ending)};
}

SysctlReading SysctlText::read_as(SysctlTool tool) const {
  return tool == SysctlTool::systemd ? read_systemd(*this) : read_procps(*this);
}

SysctlText::Edited SysctlText::replace_value(std::uint32_t number, std::string_view value) {
  if (const auto complaint = complaint_of_value(value); !complaint.empty()) {
    return tl::make_unexpected(complaint);
  }
  const auto content = line(number).content;
  const auto equals = content.find('=');
  const auto now = read_procps_line(content);
  if (!now || now->kind != Kind::assignment || equals == std::string_view::npos) {
    return tl::make_unexpected(tr("line {} is no assignment", std::to_string(number)));
  }
  const auto after = content.substr(equals + 1);
  const auto old = strip(after, systemd_blanks);
  if (after.find_first_of(systemd_endings) < after.size() - (after.ends_with('\r') ? 1 : 0) ||
      content.substr(0, equals).find_first_of(systemd_endings) != std::string_view::npos) {
    return tl::make_unexpected(
        tr("line {} has a carriage return or a NUL in it, and the programs that read it disagree "
           "on where it ends",
           std::to_string(number)));
  }
  const auto gap = old.empty() ? after.size() - strip_right(after, "\r").size()
                               : static_cast<std::size_t>(after.end() - old.end());
  const auto start = starts_[number - 1] + equals + 1 + (after.size() - gap - old.size());
  std::string text = text_;
  text.replace(start, old.size(), value);
  change(std::move(text));
  return {};
}

SysctlText::Edited SysctlText::comment_out(std::uint32_t number) {
  if (number == 0 || number > starts_.size()) {
    return tl::make_unexpected(tr("there is no line {}", std::to_string(number)));
  }
  const auto content = line(number).content;
  std::string commented;
  for (std::size_t at = 0; at < content.size();) {
    const auto end = std::min(content.find_first_of(systemd_endings, at), content.size());
    const auto part = content.substr(at, end - at);
    // What is a comment for systemd is one for procps, which skips more blanks.
    const auto text = strip_left(part, systemd_blanks);
    if (!text.empty() && text.front() != '#' && text.front() != ';') {
      commented += "# ";
    }
    commented += part;
    if (end < content.size()) {
      commented += content[end];
    }
    at = end + 1;
  }
  std::string changed = text_;
  changed.replace(starts_[number - 1], content.size(), commented);
  change(std::move(changed));
  return {};
}

SysctlText::Edited SysctlText::append_line(std::string_view content) {
  if (is_utf16(text_)) {
    return tl::make_unexpected(
        tr("the file is UTF-16, which no program that reads sysctl files understands; "
           "convert it to UTF-8"));
  }
  const auto last = line_count() == 0 ? Line{} : line(line_count());
  auto ending = last.ending;
  if (ending.empty() && line_count() > 1) {
    ending = line(line_count() - 1).ending;
  }
  const std::string newline(ending.empty() ? "\n" : ending);
  std::string text = text_;
  if (!text.empty() && last.ending.empty()) {
    text += newline;
  }
  text += content;
  text += newline;
  change(std::move(text));
  return {};
}

SysctlText::Edited SysctlText::append(std::string_view key, std::string_view value) {
  if (const auto complaint = complaint_of_value(value); !complaint.empty()) {
    return tl::make_unexpected(complaint);
  }
  if (key.empty() || strip(key, procps_blanks) != key || key.front() == '#' || key.front() == ';' ||
      key.find('=') != std::string_view::npos ||
      key.find_first_of(systemd_endings) != std::string_view::npos) {
    return tl::make_unexpected(tr("\"{}\" is no key", printable(key)));
  }
  return append_line(std::string(key) + " = " + std::string(value));
}

SysctlText::Edited SysctlText::append_comment(std::string_view words) {
  if (words.find_first_of(systemd_endings) != std::string_view::npos) {
    return tl::make_unexpected(tr("a comment is one line"));
  }
  return append_line("# " + std::string(words));
}

}  // namespace whyoom::host
