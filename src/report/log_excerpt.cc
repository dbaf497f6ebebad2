#include "report/log_excerpt.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "logtext/literal_scan.h"
#include "report/kernel_line.h"
#include "report/userspace_lines.h"

namespace whyoom::report {
namespace {

constexpr auto npos = std::string_view::npos;

// "audit: type=1309 audit(1795419000.1:7): argc=3 a0=..." has the arguments of programs.
bool is_audit(std::string_view text) {
  return text.starts_with("audit") || text.find("audit(") != npos;
}

// "cloud-init[512]: ...": a program wrote it to /dev/kmsg. (The kernel says "app[512]: segfault"
// in the same form; no event needs that.)
bool is_of_program(std::string_view text) {
  const std::size_t open = text.find('[');
  const std::size_t close = text.find("]:");
  if (open == npos || open == 0 || close == npos || close < open + 2) {
    return false;
  }
  const std::string_view pid = text.substr(open + 1, close - open - 1);
  return text.substr(0, open).find(' ') == npos && std::ranges::all_of(pid, is_digit);
}

std::uint64_t lines_with_text(std::string_view text) {
  std::uint64_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    count += text[at] != '\n' && (at == 0 || text[at - 1] == '\n') ? 1 : 0;
  }
  return count;
}

}  // namespace

LogExcerpt::LogExcerpt(LogOwner owner, std::size_t most_bytes)
    : owner_(owner),
      most_bytes_(most_bytes),
      reader_(
          "", [](Report&&) {}, LogReader::Copies::handed_on) {
  reader_.watch({.message = [this](const logtext::Line& at) { message(at); },
                 .line = [this](LineNumber number, std::string_view raw,
                                bool held) { line(number, raw, held); }});
}

void LogExcerpt::skip_lines(LineNumber lines) {
  reader_.skip_lines(lines);
  last_ = result_.first_line = lines;
}

bool LogExcerpt::is_wanted(const logtext::Line& line) const {
  if (parse_userspace(line.text, line.tag, {})) {
    return true;
  }
  if (line.origin == logtext::Origin::other) {
    return false;
  }
  if (read_line(line.text).kind != &unknown_line) {
    return true;
  }
  const bool by_kernel = owner_ == LogOwner::kernel || line.origin == logtext::Origin::kernel ||
                         line.monotonic_us.has_value();
  return by_kernel && !is_audit(line.text) && !is_of_program(line.text);
}

void LogExcerpt::message(const logtext::Line& line) {
  if (is_wanted(line)) {
    wanted_ = true;
    if (!line.host.empty()) {
      result_.hosts.emplace(line.host);
    }
  }
}

void LogExcerpt::line(LineNumber number, std::string_view raw, bool held) {
  const bool keep = (std::exchange(wanted_, false) || held) && !trim(raw).empty();
  if (!keep || number <= last_) {
    return;
  }
  const LineNumber between = number - last_ - 1;
  if (result_.text.empty() || between > most_bytes_) {
    result_.no_room += lines_with_text(result_.text);
    result_.text.clear();
    result_.first_line = number - 1;
  } else {
    result_.text.append(static_cast<std::size_t>(between), '\n');
  }
  last_ = number;
  ++result_.kept;
  result_.text += raw;
  result_.text += '\n';
  if (result_.text.size() > most_bytes_) {
    drop_oldest();
  }
}

// Half of the room, so that not every line moves the text.
void LogExcerpt::drop_oldest() {
  std::string& text = result_.text;
  std::size_t cut = text.find('\n', text.size() - most_bytes_ / 2 - 1);
  cut = cut == npos ? text.size() : cut + 1;
  const std::string_view gone = std::string_view(text).substr(0, cut);
  result_.no_room += lines_with_text(gone);
  result_.first_line += static_cast<LineNumber>(logtext::count_newlines(gone));
  text.erase(0, cut);
}

LogExcerpt::Result LogExcerpt::finish() {
  const InputAccount account = reader_.finish();
  result_.bytes = account.bytes;
  result_.lines = account.lines;
  result_.kept -= result_.no_room;
  return std::move(result_);
}

}  // namespace whyoom::report
