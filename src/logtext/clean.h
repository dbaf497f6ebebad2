// What a terminal, a serial line or a mail program left in a line, taken out: escape sequences,
// NUL and other control bytes, byte order marks, blanks that are not ASCII, UTF-16.
#pragma once

#include <string>
#include <string_view>

namespace whyoom::logtext {

// Escape sequences and control bytes removed (tab stays), no-break spaces made plain, trailing
// blanks (and a trailing <br>) cut. The result is `raw` itself or a view of `buffer`.
std::string_view clean_line(std::string_view raw, std::string& buffer);

// A file in UTF-16, of which every line comes cut at the byte 0x0A.
// Whether what comes behind `text` is in a word that is a path, as "/a" or "oom_memcg=/a". A name
// in it keeps what cannot be seen: without it it would be the name of another cgroup.
bool ends_in_path(std::string_view text);

class Utf16 {
 public:
  // A byte order mark at the start of the first line turns it on.
  void begin(std::string_view first_line);
  [[nodiscard]] bool active() const { return order_ != Order::none; }
  // The line as UTF-8 in `buffer`. `damaged` is set when code units were broken.
  std::string_view decode(std::string_view raw, std::string& buffer, bool& damaged);

 private:
  enum class Order : unsigned char { none, little, big };
  Order order_ = Order::none;
  bool first_ = true;
};

void append_utf8(std::string& out, char32_t code);

}  // namespace whyoom::logtext
