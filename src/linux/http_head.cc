#include "linux/http_head.h"

#include <algorithm>

namespace whyoom::linux {
namespace {

constexpr std::size_t none = std::string_view::npos;

// Without its end, which may be a bare LF (RFC 9112, 2.2).
std::string_view first_line(std::string_view bytes) {
  std::string_view line = bytes.substr(0, bytes.find('\n'));
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  return line;
}

bool is_printable_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

HttpHead parse_http_head(std::string_view bytes) {
  HttpHead head;
  const std::size_t end = std::min(bytes.find("\n\r\n"), bytes.find("\n\n"));
  if (end == none || end > most_http_head) {
    head.state =
        bytes.size() > most_http_head ? HttpHead::State::too_long : HttpHead::State::unfinished;
    return head;
  }
  head.state = HttpHead::State::bad;
  const std::string_view line = first_line(bytes);
  const std::size_t method_end = line.find(' ');
  const std::size_t target_end = line.rfind(' ');
  if (method_end == none || target_end <= method_end) {
    return head;
  }
  const std::string_view method = line.substr(0, method_end);
  const std::string_view target = line.substr(method_end + 1, target_end - method_end - 1);
  const std::string_view version = line.substr(target_end + 1);
  if (method.empty() || !is_printable_ascii(method) || !target.starts_with('/') ||
      !is_printable_ascii(target) || version.size() != 8 || !version.starts_with("HTTP/1.")) {
    return head;
  }
  head.state = HttpHead::State::good;
  head.method = method;
  head.path = target.substr(0, target.find('?'));
  return head;
}

}  // namespace whyoom::linux
