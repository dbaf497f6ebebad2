// How a pattern takes its arguments; for message.cc and language.cc alone.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace whyoom::fill {

constexpr bool is_ascii(char c) { return (c & 0x80) == 0; }
constexpr bool has_chinese(std::string_view text) { return !std::ranges::all_of(text, is_ascii); }

// A Chinese pattern has spaces around its arguments, which are words and numbers mostly: "有 {}
// 未知". Beside one that is Chinese, as "3 处", they fall away.
inline void append_to_chinese(std::string& out, std::string_view arg) {
  constexpr std::string_view bracket = "（";
  constexpr std::string_view comma = "，";
  const bool chinese = !arg.empty() && !is_ascii(arg.front());
  if (chinese && out.size() > 1 && out.back() == ' ' &&
      (!is_ascii(out[out.size() - 2]) || arg.starts_with(bracket) || arg.starts_with(comma))) {
    out.pop_back();
  }
  out += arg;
}

inline bool loses_space(std::string_view out, std::string_view rest) {
  return !out.empty() && !is_ascii(out.back()) && rest.size() > 1 && rest[0] == ' ' &&
         !is_ascii(rest[1]);
}

// `pattern` with each {} replaced by the next argument, {1} by the first and so on.
template <class Args>
std::string filled(std::string_view pattern, const Args& args, bool chinese) {
  std::string out;
  std::size_t size = pattern.size();
  for (const std::string_view arg : args) {
    size += arg.size();
  }
  out.reserve(size);
  std::size_t next = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const std::size_t open = std::min(pattern.find('{', i), pattern.size());
    out.append(pattern, i, open - i);
    i = open;
    const std::size_t close = pattern.find('}', i);
    if (close == std::string_view::npos) {
      out.append(pattern, i, pattern.npos);
      break;
    }
    std::size_t index = next;
    if (close == i + 1) {
      ++next;
    } else {
      index = static_cast<std::size_t>(pattern[i + 1] - '1');
    }
    i = close;
    const std::string_view arg =
        index < args.size() ? std::string_view(std::data(args)[index]) : "";
    if (!chinese) {
      out += arg;
      continue;
    }
    append_to_chinese(out, arg);
    i += loses_space(out, pattern.substr(close + 1)) ? 1 : 0;
  }
  return out;
}

}  // namespace whyoom::fill
