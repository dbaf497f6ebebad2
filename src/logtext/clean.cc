#include "logtext/clean.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace whyoom::logtext {

namespace {

constexpr std::size_t npos = std::string_view::npos;

// Bytes that clean_line has to look at; 0xC2, 0xE2 and 0xEF can begin an odd blank or a BOM.
constexpr std::array<bool, 256> special_bytes() {
  std::array<bool, 256> special{};
  for (std::size_t c = 0; c < 32; ++c) {
    special[c] = c != '\t';
  }
  special[0x7f] = special[0xc2] = special[0xe2] = special[0xef] = true;
  return special;
}
constexpr std::array<bool, 256> special = special_bytes();

bool is_special(char c) { return special[static_cast<unsigned char>(c)]; }

// Length of the escape sequence at the start of `text` (which begins with ESC).
std::size_t escape_length(std::string_view text) {
  if (text.size() < 2) {
    return text.size();
  }
  const char kind = text[1];
  if (kind == '[') {  // ESC [ parameters final
    std::size_t at = 2;
    while (at < text.size() && text[at] >= 0x20 && text[at] <= 0x3f) {
      ++at;
    }
    // A broken sequence ends where something else begins.
    const bool ended = at < text.size() && text[at] >= 0x40 && text[at] <= 0x7e;
    return ended ? at + 1 : at;
  }
  if (kind == ']' || kind == 'P' || kind == '_' || kind == '^') {  // up to BEL or ESC backslash
    for (std::size_t at = 2; at < std::min<std::size_t>(text.size(), 256); ++at) {
      if (text[at] == '\a') {
        return at + 1;
      }
      if (text[at] == '\x1b') {
        return at + 1 < text.size() && text[at + 1] == '\\' ? at + 2 : at;
      }
    }
    return 2;
  }
  if (kind >= 0x20 && kind <= 0x2f) {  // ESC ( B
    return std::min<std::size_t>(3, text.size());
  }
  return kind >= 0x30 && kind <= 0x7e ? 2 : 1;
}

// Bytes at the start of `text` that are a blank which is not ASCII, or nothing to see at all.
struct Odd {
  std::size_t length = 0;
  bool blank = false;
};

Odd odd_character(std::string_view text) {
  if (static_cast<unsigned char>(text.front()) < 0x80) {  // a control byte
    return {1, false};
  }
  if (text.starts_with("\xc2\xa0")) {  // no-break space
    return {2, true};
  }
  if (text.starts_with("\xe2\x80\xaf") || text.starts_with("\xe2\x80\x87")) {  // narrow, figure
    return {3, true};
  }
  if (text.starts_with("\xe2\x80\x8b") || text.starts_with("\xef\xbb\xbf")) {  // zero width, BOM
    return {3, false};
  }
  if (text.starts_with("\u21aa")) {  // an arrow, as magazines mark a line that goes on
    return {3, false};
  }
  return {};
}

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view cut_tail(std::string_view text) {
  text = trim_right(text);
  while (text.ends_with('>')) {
    const std::size_t open = text.rfind('<');
    if (open == npos || text.size() - open > 7) {
      break;
    }
    const std::string_view tag = text.substr(open);
    if (tag != "<br>" && tag != "<br/>" && tag != "<br />" && tag != "<BR>") {
      break;
    }
    text = trim_right(text.substr(0, open));
  }
  return text;
}

}  // namespace

bool ends_in_path(std::string_view text) {
  constexpr std::size_t longest = 4096;
  text.remove_prefix(text.size() - std::min(text.size(), longest));
  const std::size_t blank = text.find_last_of(" \t");
  const std::string_view word = text.substr(blank == npos ? 0 : blank + 1);
  return word.starts_with('/') || word.find("=/") != npos;
}

std::string_view clean_line(std::string_view raw, std::string& buffer) {
  raw = trim_right(raw);
  const auto first = std::find_if(raw.begin(), raw.end(), is_special);
  if (first == raw.end()) {
    return cut_tail(raw);
  }
  auto at = static_cast<std::size_t>(first - raw.begin());
  buffer.assign(raw.substr(0, at));
  bool in_path = ends_in_path(buffer);
  while (at < raw.size()) {
    const char c = raw[at];
    const char before = buffer.empty() ? ' ' : buffer.back();
    in_path = !is_blank(c) && (in_path || (c == '/' && (is_blank(before) || before == '=')));
    if (c == '\x1b' && !in_path) {
      at += escape_length(raw.substr(at));
      continue;
    }
    const Odd odd = is_special(c) ? odd_character(raw.substr(at)) : Odd{};
    // A path without what cannot be seen in it would be another file's or cgroup's.
    const bool stays = in_path && c != '\0' && !odd.blank;
    if (odd.length == 0 || stays) {
      buffer += c;
      ++at;
      continue;
    }
    if (odd.blank) {
      buffer += ' ';
    }
    at += odd.length;
  }
  return cut_tail(buffer);
}

void append_utf8(std::string& out, char32_t code) {
  const auto put = [&out](char32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | (code >> 6U));
    put(0x80 | (code & 0x3fU));
  } else if (code < 0x10000) {
    put(0xe0 | (code >> 12U));
    put(0x80 | ((code >> 6U) & 0x3fU));
    put(0x80 | (code & 0x3fU));
  } else {
    put(0xf0 | (code >> 18U));
    put(0x80 | ((code >> 12U) & 0x3fU));
    put(0x80 | ((code >> 6U) & 0x3fU));
    put(0x80 | (code & 0x3fU));
  }
}

void Utf16::begin(std::string_view first_line) {
  order_ = Order::none;
  first_ = true;
  if (first_line.starts_with("\xff\xfe")) {
    order_ = Order::little;
  } else if (first_line.starts_with("\xfe\xff")) {
    order_ = Order::big;
  }
}

std::string_view Utf16::decode(std::string_view raw, std::string& buffer, bool& damaged) {
  damaged = false;
  // The other byte of each newline is left at one side of the cut.
  if (order_ == Order::little && !first_ && raw.starts_with('\0')) {
    raw.remove_prefix(1);
  } else if (order_ == Order::big && raw.size() % 2 == 1 && raw.ends_with('\0')) {
    raw.remove_suffix(1);
  } else if (!first_ && raw.find('\0') == npos) {
    return raw;  // an 8-bit log was appended
  }
  first_ = false;
  buffer.clear();
  const auto unit = [&](std::size_t at) {
    const auto a = static_cast<unsigned char>(raw[at]);
    const auto b = static_cast<unsigned char>(raw[at + 1]);
    return static_cast<char32_t>(order_ == Order::little ? a + b * 256U : a * 256U + b);
  };
  for (std::size_t at = 0; at + 1 < raw.size(); at += 2) {
    char32_t code = unit(at);
    if (code >= 0xd800 && code < 0xdc00 && at + 3 < raw.size()) {
      const char32_t low = unit(at + 2);
      if (low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10U) + (low - 0xdc00);
        at += 2;
      }
    }
    if (code >= 0xd800 && code < 0xe000) {
      code = 0xfffd;
      damaged = true;
    }
    if (code != 0xfeff) {
      append_utf8(buffer, code);
    }
  }
  damaged = damaged || raw.size() % 2 == 1;
  return buffer;
}

}  // namespace whyoom::logtext
