#include "logtext/quoted_printable.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/text.h"
#include "logtext/peel.h"

namespace whyoom::logtext {

namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::size_t shortest_cut = 40, longest_line = 77;  // RFC: 76; some count otherwise

constexpr std::array<std::string_view, 8> kernels{" invoked oom-killer: gfp_mask=3D0x",
                                                  "oom-kill:constraint=3DCONSTRAINT_",
                                                  "nodemask=3D(null),cpuset=3D",
                                                  ", order=3D0, oom_score_adj=3D",
                                                  "hugepages_total=3D",
                                                  "Unable to allocate memory on node -1, gfp=3D0x",
                                                  "Free swap  =3D ",
                                                  "Total swap =3D "};

// Of lines that have no "=" of their own.
constexpr std::array<std::string_view, 5> sizes{
    "active_anon:", "active_file:", "slab_reclaimable:", "kB min:", "lowmem_reserve[]:"};

bool holds_any(std::string_view text, std::span<const std::string_view> words) {
  return std::ranges::any_of(words,
                             [text](std::string_view word) { return text.find(word) != npos; });
}

// A mailer cut it: it fills a line of a mail, and ends as no such line does.
bool is_cut(std::string_view raw) {
  constexpr std::size_t full_line = 76;
  return raw.size() == full_line && raw.ends_with('=') && holds_any(raw, sizes);
}

bool is_code(std::string_view two) {
  const auto upper = [](char c) { return is_digit(c) || (c >= 'A' && c <= 'F'); };
  return two.size() == 2 && upper(two[0]) && upper(two[1]);
}

}  // namespace

bool QuotedPrintable::passes(std::string_view raw) const {
  return !on_ && held_.empty() && raw.find("=3D") == npos && !raw.ends_with('=') &&
         !raw.ends_with("=\r");
}

bool QuotedPrintable::begins_line(std::string_view raw) {
  raw = trim_left(strip_quotes(raw));
  return raw.starts_with('[') || starts_framed(raw);
}

QuotedPrintable::Text QuotedPrintable::decode(std::string_view raw) {
  raw = trim_right(raw);  // the end of a line is CR LF, and relays add blanks
  const bool known = on_ || holds() || holds_any(raw, kernels);
  if (!known && !is_cut(raw)) {
    return {};
  }
  Text text;
  decoded_.clear();
  std::size_t at = 0;
  for (std::size_t code = raw.find('='); code != npos; code = raw.find('=', at)) {
    decoded_ += raw.substr(at, code - at);
    const std::string_view two = raw.substr(code + 1, 2);
    if (two.empty() && raw.size() >= shortest_cut && raw.size() <= longest_line) {
      text.goes_on = true;
      at = raw.size();
      break;
    }
    if (!is_code(two)) {
      on_ = false;
      return {};
    }
    decoded_ += static_cast<char>(parse_number<unsigned>(two, 16).value_or(0));
    at = code + 3;
  }
  decoded_ += raw.substr(at);
  on_ = known;
  text.coded = true;
  return text;
}

}  // namespace whyoom::logtext
