#include "logtext/flat_log.h"

#include <algorithm>

#include "base/text.h"
#include "logtext/logger_notices.h"
#include "logtext/peel.h"

namespace whyoom::logtext {

namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::string_view escape = "\\n";
constexpr std::size_t longest_name = 24;   // of a process, with what some tools add to it
constexpr std::size_t shortest_time = 10;  // "[1.123456]"

bool is_kernel(const Peeled& peeled) {
  return peeled.kernel_time || peeled.line.origin == Origin::kernel;
}

// What is behind the frames at the start of `text`.
std::string_view behind_frames(std::string_view text, Peeled& peeled) {
  constexpr int most = 8;
  for (int i = 0; i < most && peel_any(text, peeled); ++i) {
    peeled.line.framed = true;
  }
  return text;
}

// "Oct 14 10:22:40 web kernel: ": no name that a process can have is so long, so it is a frame also
// behind a word. Newlines get lost whole where a page is made of a log.
bool is_kernels_frame(std::string_view text) {
  constexpr std::size_t longest_frame = 128;  // it is tried at each word of a long line
  text = text.substr(0, longest_frame);
  Peeled peeled;
  return is_letter(text.front()) && peel_wall_time(text, peeled) &&
         peeled.line.origin == Origin::kernel && !peeled.line.host.empty();
}

// Where the next frame begins that starts as the first one does, or npos. The letters of a month or
// the digits of a year are what ordinary lines do not have twice.
std::size_t next_frame(std::string_view text, std::size_t from, std::string_view start) {
  for (std::size_t at = text.find(start, from); at != npos; at = text.find(start, at + 1)) {
    if (at > 0 && (is_space(text[at - 1]) ? starts_framed(text.substr(at))
                                          : is_kernels_frame(text.substr(at)))) {
      return at;
    }
  }
  return npos;
}

std::string_view start_at(std::string_view text, std::size_t framed) {
  return text.substr(framed, text[framed] == '[' || text[framed] == '<' ? 1 : 3);
}

// Most lines have one frame, and no escape: they cost no more than a look for a few characters.
bool may_be_flat(std::string_view text) {
  if (text.find(escape) != npos || next_frame(text, shortest_time, start_at(text, 0)) != npos) {
    return true;
  }
  const bool words = text.front() != '[' && text.find(" [") != npos;
  const std::size_t time = words ? find_inner_time(text, 1, true, {}) : npos;
  return time != npos && find_inner_time(text, time + shortest_time, true, {}) != npos;
}

std::vector<std::string_view> by_frames(std::string_view text, bool has_frame) {
  std::vector<std::string_view> lines;
  const std::size_t framed = has_frame ? 0 : find_inner_time(text, 1, true, {});
  if (framed == npos) {
    return lines;
  }
  const std::string_view start = start_at(text, framed);
  std::size_t next = next_frame(text, framed + shortest_time, start);
  if (next == npos) {
    return lines;
  }
  if (framed != 0) {
    lines.push_back(text.substr(0, framed));
  }
  bool kernels = true;
  for (std::size_t at = framed; at != npos; at = next) {
    Peeled peeled;
    const std::string_view rest = behind_frames(text.substr(at), peeled);
    const auto behind = static_cast<std::size_t>(rest.data() - text.data());
    // What begins as a frame may be none: nothing is behind it then.
    next = next_frame(text, std::max(behind, at + 1), start);
    const std::string_view line = text.substr(at, next == npos ? npos : next - at);
    const std::string_view said = text.substr(behind, next == npos ? npos : next - behind);
    if (at == framed && (said.size() <= longest_name || may_be_in_a_name(said))) {
      return {};
    }
    kernels = kernels && is_kernel(peeled);
    lines.push_back(line);
  }
  constexpr std::size_t surely = 3;
  if (lines.size() < surely && !kernels) {
    lines.clear();
  }
  return lines;
}

// Of a string: what stands between the escapes, if some of it is lines of the kernel's.
std::vector<std::string_view> by_escapes(std::string_view text) {
  std::vector<std::string_view> lines;
  constexpr std::ptrdiff_t some = 2;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(escape, at), text.size());
    std::string_view line = text.substr(at, end - at);
    while (line.ends_with('\\') || line.ends_with("\\r")) {
      line.remove_suffix(line.ends_with('\\') ? 1 : 2);
    }
    const std::size_t framed =
        lines.empty() && !starts_framed(line) ? find_inner_time(line, 1, true, {}) : npos;
    if (framed != npos) {
      lines.push_back(line.substr(0, framed));
      line.remove_prefix(framed);
    }
    lines.push_back(line);
    at = end + escape.size();
  }
  // The first has the frame of whoever printed the string.
  const bool framed = std::count_if(lines.begin() + 1, lines.end(), starts_framed) >= some;
  const bool bare = std::ranges::find(lines, "Mem-Info:") != lines.end();
  if (!framed && !bare) {
    lines.clear();
  }
  return lines;
}

}  // namespace

std::vector<std::string_view> split_flat_log(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == npos || text[first] == '{' || text[first] == '"' ||
      text.substr(first).starts_with("[\"")) {
    return {};  // a record, or strings
  }
  text.remove_prefix(first);
  if (!may_be_flat(text)) {
    return {};
  }
  Peeled peeled;
  const bool has_frame = behind_frames(text, peeled).size() < text.size();
  if (peeled.line.origin <= Origin::relayed || peeled.line.origin.handed_on()) {
    return {};  // a program's line, whatever it holds
  }
  if (text.find(escape) != npos) {
    if (auto lines = by_escapes(text); !lines.empty()) {
      return lines;
    }
  }
  return by_frames(text, has_frame);
}

}  // namespace whyoom::logtext
