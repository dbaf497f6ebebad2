#include "logtext/quoted_printable.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace whyoom::logtext {

namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::size_t shortest_cut = 40, longest_line = 77;  // RFC: 76; some count otherwise

constexpr std::array<std::string_view, 4> kernels{
    " invoked oom-killer: gfp_mask=3D0x", "oom-kill:constraint=3DCONSTRAINT_",
    "nodemask=3D(null),cpuset=3D", ", order=3D0, oom_score_adj=3D"};

bool is_code(std::string_view two) {
  const auto upper = [](char c) { return is_digit(c) || (c >= 'A' && c <= 'F'); };
  return two.size() == 2 && upper(two[0]) && upper(two[1]);
}

}  // namespace

bool QuotedPrintable::passes(std::string_view raw) const {
  return !on_ && raw.find("=3D") == npos;  // a line goes on only in a mail
}

QuotedPrintable::Text QuotedPrintable::decode(std::string_view raw) {
  if (!on_ && std::ranges::none_of(
                  kernels, [raw](std::string_view words) { return raw.find(words) != npos; })) {
    return {};
  }
  Text text;
  raw = trim_right(raw);  // the end of a line is CR LF, and relays add blanks
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
  on_ = text.coded = true;
  return text;
}

}  // namespace whyoom::logtext
