#include "base/text.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace whyoom {
namespace {

constexpr bool is_word(char c) { return is_digit(c) || is_letter(c) || c == '_' || c == '-'; }

constexpr unsigned byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

struct Decoded {
  char32_t code = 0;
  std::size_t length = 0;  // 0: the bytes here are not UTF-8
};

// One code point. Rejects overlong forms, surrogates and what lies above U+10FFFF.
Decoded decode(std::string_view text, std::size_t at) {
  const unsigned lead = byte_at(text, at);
  if (lead < 0x80) {
    return {lead, 1};
  }
  std::size_t length = 0;
  char32_t lowest = 0;
  char32_t code = 0;
  if ((lead & 0xe0U) == 0xc0) {
    length = 2, lowest = 0x80, code = lead & 0x1fU;
  } else if ((lead & 0xf0U) == 0xe0) {
    length = 3, lowest = 0x800, code = lead & 0x0fU;
  } else if ((lead & 0xf8U) == 0xf0) {
    length = 4, lowest = 0x10000, code = lead & 0x07U;
  } else {
    return {};
  }
  if (text.size() - at < length) {
    return {};
  }
  for (std::size_t i = 1; i < length; ++i) {
    const unsigned next = byte_at(text, at + i);
    if ((next & 0xc0U) != 0x80) {
      return {};
    }
    code = (code << 6U) | (next & 0x3fU);
  }
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return code < lowest || surrogate || code > 0x10ffff ? Decoded{} : Decoded{code, length};
}

struct CodeRange {
  char32_t first, last;
};

// What changes how the text around it is shown, or is not shown at all: controls, what separates
// lines, what changes the direction, and Unicode's Default_Ignorable_Code_Point (zero width, soft
// hyphen, fillers, variation selectors, tags). In order.
constexpr std::array harmful{
    CodeRange{0x00, 0x1f},      CodeRange{0x7f, 0x9f},       CodeRange{0xad, 0xad},
    CodeRange{0x034f, 0x034f},  CodeRange{0x061c, 0x061c},   CodeRange{0x115f, 0x1160},
    CodeRange{0x17b4, 0x17b5},  CodeRange{0x180b, 0x180f},   CodeRange{0x200b, 0x200f},
    CodeRange{0x2028, 0x202e},  CodeRange{0x2060, 0x206f},   CodeRange{0x3164, 0x3164},
    CodeRange{0xfe00, 0xfe0f},  CodeRange{0xfeff, 0xfeff},   CodeRange{0xffa0, 0xffa0},
    CodeRange{0xfff0, 0xfffb},  CodeRange{0x1bca0, 0x1bca3}, CodeRange{0x1d173, 0x1d17a},
    CodeRange{0xe0000, 0xe0fff}};

constexpr bool is_harmful(char32_t code) {
  if (code >= 0x20 && code < 0x7f) {
    return false;  // nearly all
  }
  return std::ranges::any_of(
      harmful, [code](CodeRange range) { return code >= range.first && code <= range.last; });
}

void append_escaped(std::string& out, std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const unsigned byte = byte_at(bytes, i);
    out += "\\x";
    out += digits[byte >> 4U];
    out += digits[byte & 0xfU];
  }
}

}  // namespace

bool is_printable_without(std::string_view text, char one, char other) {
  // So many at once, each with a place of its own to say no: compilers make it one instruction for
  // each step.
  constexpr std::size_t step = 16;
  std::array<unsigned char, step> bad{};
  const auto look = [&](const char* at) {
    for (std::size_t i = 0; i < step; ++i) {
      const auto byte = static_cast<unsigned char>(at[i]);
      const bool outside = static_cast<unsigned char>(byte - ' ') > '~' - ' ';
      bad[i] |= static_cast<unsigned char>(outside | (at[i] == one) | (at[i] == other));
    }
  };
  if (text.size() < step) {
    return std::ranges::none_of(
        text, [=](char c) { return c < ' ' || c > '~' || c == one || c == other; });
  }
  for (std::size_t at = 0; at + step <= text.size(); at += step) {
    look(text.data() + at);
  }
  look(text.data() + text.size() - step);
  return bad == std::array<unsigned char, step>{};
}

std::string_view trim_left(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size() && is_space(text[i])) {
    ++i;
  }
  return text.substr(i);
}

std::string_view trim_right(std::string_view text) {
  std::size_t n = text.size();
  while (n > 0 && is_space(text[n - 1])) {
    --n;
  }
  return text.substr(0, n);
}

std::string_view trim(std::string_view text) { return trim_left(trim_right(text)); }

std::optional<std::uint64_t> parse_hex(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X")) {
    text.remove_prefix(2);
  }
  return parse_number<std::uint64_t>(text, 16);
}

bool Cursor::take(std::string_view literal) {
  if (!rest_.starts_with(literal)) {
    return false;
  }
  rest_.remove_prefix(literal.size());
  return true;
}

namespace {

template <class T>
std::optional<T> take_integer(std::string_view& rest) {
  T value{};
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error != std::errc{}) {
    return std::nullopt;
  }
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return value;
}

}  // namespace

std::optional<std::uint64_t> Cursor::take_unsigned() { return take_integer<std::uint64_t>(rest_); }

std::optional<std::int64_t> Cursor::take_signed() { return take_integer<std::int64_t>(rest_); }

std::string_view Cursor::take_word() {
  std::size_t n = 0;
  while (n < rest_.size() && !is_space(rest_[n])) {
    ++n;
  }
  const std::string_view word = rest_.substr(0, n);
  rest_.remove_prefix(n);
  return word;
}

std::optional<std::string_view> Cursor::take_until(std::string_view stop) {
  const std::size_t at = rest_.find(stop);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view taken = rest_.substr(0, at);
  rest_.remove_prefix(at);
  return taken;
}

std::optional<std::string_view> value_after(std::string_view text, std::string_view key) {
  std::size_t at = text.find(key);
  const bool starts_word = !key.empty() && is_word(key.front());
  while (at != std::string_view::npos && starts_word && at > 0 && is_word(text[at - 1])) {
    at = text.find(key, at + 1);
  }
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view rest = text.substr(at + key.size());
  std::size_t n = 0;
  while (n < rest.size() && rest[n] != ',' && !is_space(rest[n])) {
    ++n;
  }
  return rest.substr(0, n);
}

namespace {

// How many of the first bytes are printable ASCII.
std::size_t plain_length(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && text[n] >= ' ' && text[n] <= '~') {
    ++n;
  }
  return n;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    if (const std::size_t plain = plain_length(text.substr(i)); plain > 0) {
      out.append(text.substr(i, plain));
      i += plain;
      continue;
    }
    const Decoded c = decode(text, i);
    const std::size_t length = c.length == 0 ? 1 : c.length;
    if (c.length == 0 || is_harmful(c.code)) {
      append_escaped(out, text.substr(i, length));
    } else {
      out.append(text.substr(i, length));
    }
    i += length;
  }
  return out;
}

}  // namespace whyoom
