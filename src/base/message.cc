#include "base/message.h"

#include "base/language.h"

namespace whyoom {

void Message::take(const Argument* given, std::size_t count) {
  args_.reserve(count);
  for (const Argument* arg = given; arg != given + count; ++arg) {
    if (arg->text.data() != nullptr) {
      args_.emplace_back(arg->text);
    } else {
      args_.push_back((arg->negative ? "-" : "") + std::to_string(arg->number));
    }
  }
}

std::string Message::str() const { return fill(translated(pattern_), args_); }

namespace {

constexpr bool is_ascii(char c) { return (c & 0x80) == 0; }

}  // namespace

std::string Message::fill(std::string_view pattern, const std::vector<std::string>& args) {
  std::string out;
  std::size_t next = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '{') {
      out += pattern[i];
      continue;
    }
    const std::size_t close = pattern.find('}', i);
    if (close == std::string_view::npos) {
      out.append(pattern.substr(i));
      break;
    }
    std::size_t index = next;
    if (close == i + 1) {
      ++next;
    } else {
      index = static_cast<std::size_t>(pattern[i + 1] - '1');
    }
    i = close;
    const std::string_view arg = index < args.size() ? std::string_view(args[index]) : "";
    // Chinese stands apart from words and numbers, and not from Chinese: "有 {} 未知" is right for
    // "3 处" and for "它".
    if (!arg.empty() && !is_ascii(arg.front()) && out.size() > 1 && out.back() == ' ' &&
        !is_ascii(out[out.size() - 2])) {
      out.pop_back();
    }
    out += arg;
    if (!arg.empty() && !is_ascii(arg.back()) && close + 2 < pattern.size() &&
        pattern[close + 1] == ' ' && !is_ascii(pattern[close + 2])) {
      ++i;
    }
  }
  return out;
}

}  // namespace whyoom
