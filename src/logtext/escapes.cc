#include "logtext/escapes.h"

#include "base/text.h"
#include "logtext/clean.h"

namespace whyoom::logtext {

namespace {

constexpr std::size_t npos = std::string_view::npos;

int hex_value(char c) {
  if (is_digit(c)) {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// The byte of a "\xNN" at the start of `text`; -1 when there is none.
int escaped_byte(std::string_view text) {
  if (text.size() < 4 || text[0] != '\\' || text[1] != 'x') {
    return -1;
  }
  const int high = hex_value(text[2]);
  const int low = hex_value(text[3]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// Bytes that a UTF-8 sequence with this lead has; 0 when it is no lead.
std::size_t utf8_length(int lead) {
  if (lead >= 0xc2 && lead < 0xe0) {
    return 2;
  }
  if (lead >= 0xe0 && lead < 0xf0) {
    return 3;
  }
  return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}

}  // namespace

std::string_view unescape_kmsg(std::string_view text, std::string& buffer) {
  std::size_t at = text.find("\\x");
  if (at == npos) {
    return text;
  }
  buffer.assign(text.substr(0, at));
  while (at < text.size()) {
    const std::string_view rest = text.substr(at);
    const int byte = escaped_byte(rest);
    std::size_t take = 1;  // source bytes to copy as they are
    if (byte == '\n' || byte == '\t' || (byte >= 0x20 && byte < 0x7f)) {
      buffer += static_cast<char>(byte);
      at += 4;
      continue;
    }
    if (const std::size_t length = utf8_length(byte); length != 0) {
      std::string whole(1, static_cast<char>(byte));
      for (std::size_t i = 1; i < length; ++i) {
        const int next = escaped_byte(rest.size() > 4 * i ? rest.substr(4 * i) : "");
        if (next >= 0x80 && next < 0xc0) {
          whole += static_cast<char>(next);
        }
      }
      if (whole.size() == length && printable(whole) == whole) {
        buffer += whole;
        at += 4 * length;
        continue;
      }
    }
    if (byte >= 0) {
      take = 4;
    }
    buffer.append(rest.substr(0, take));
    at += take;
  }
  return buffer;
}

std::string_view unescape_rsyslog(std::string_view text, std::string& buffer) {
  const auto code_at = [text](std::size_t at) {
    // Three octal digits below 040: "#0[0-3][0-7]".
    if (at + 4 > text.size() || text[at + 1] != '0' || text[at + 2] < '0' || text[at + 2] > '3' ||
        text[at + 3] < '0' || text[at + 3] > '7') {
      return -1;
    }
    return (text[at + 2] - '0') * 8 + (text[at + 3] - '0');
  };
  std::size_t hash = text.find('#');
  while (hash != npos && code_at(hash) < 0) {
    hash = text.find('#', hash + 1);
  }
  if (hash == npos) {
    return text;
  }
  buffer.clear();
  std::size_t done = 0;
  for (; hash != npos; hash = text.find('#', hash + 1)) {
    const int code = code_at(hash);
    if (code < 0 || hash < done) {
      continue;
    }
    buffer.append(text.substr(done, hash - done));
    done = hash + 4;
    if (code == '\n' || code == '\t') {
      buffer += static_cast<char>(code);
    } else if (code == 0x1b && done < text.size() && text[done] == '[' && !ends_in_path(buffer)) {
      const std::size_t end = text.find_first_not_of("[0123456789;", done);
      done = end == npos ? text.size() : end + 1;
    } else {
      buffer.append(text.substr(hash, 4));
    }
  }
  buffer.append(text.substr(std::min(done, text.size())));
  return buffer;
}

}  // namespace whyoom::logtext
