#include "base/message.h"

#include <algorithm>

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

// A Chinese pattern has spaces around its arguments, which are words and numbers mostly: "有 {}
// 未知". Beside one that is Chinese, as "3 处", they fall away.
void append_to_chinese(std::string& out, std::string_view arg) {
  constexpr std::string_view brackets = "（";
  constexpr std::string_view comma = "，";
  const bool chinese = !arg.empty() && !is_ascii(arg.front());
  if (chinese && out.size() > 1 && out.back() == ' ' &&
      (!is_ascii(out[out.size() - 2]) || arg.starts_with(brackets) || arg.starts_with(comma))) {
    out.pop_back();
  }
  out += arg;
}

bool loses_space(std::string_view out, std::string_view rest) {
  return !out.empty() && !is_ascii(out.back()) && rest.size() > 1 && rest[0] == ' ' &&
         !is_ascii(rest[1]);
}

}  // namespace

std::string Message::fill(std::string_view pattern, const std::vector<std::string>& args) {
  const bool chinese = !std::ranges::all_of(pattern, is_ascii);
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
    if (!chinese) {
      out += arg;
      continue;
    }
    append_to_chinese(out, arg);
    i += loses_space(out, pattern.substr(close + 1)) ? 1 : 0;
  }
  return out;
}

}  // namespace whyoom
