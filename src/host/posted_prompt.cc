#include "host/posted_prompt.h"

#include <algorithm>

#include "base/text.h"

namespace whyoom::host {

namespace {

constexpr auto npos = std::string_view::npos;

bool is_of_name(char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; }

std::string_view take_name(std::string_view& text) {
  const auto end = std::ranges::find_if_not(text, is_of_name);
  const std::string_view name(text.data(), static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(name.size());
  return name;
}

// Of the prompt that the line begins with; empty: it has none.
std::string_view host_of_prompt(std::string_view line) {
  constexpr std::size_t longest = 128;
  line.remove_prefix(std::min(line.find_first_not_of(" \t>|["), line.size()));
  const std::string_view user = take_name(line);
  if (user.empty() || !line.starts_with('@')) {
    return {};
  }
  line.remove_prefix(1);
  const std::string_view host = take_name(line);
  const bool parted = line.starts_with(':') || line.starts_with(' ');
  return parted && line.substr(0, longest).find_first_of("#$%") != npos ? host : std::string_view();
}

bool same_host(std::string_view a, std::string_view b) {
  return std::ranges::equal(a.substr(0, a.find('.')), b.substr(0, b.find('.')), {}, to_lower,
                            to_lower);
}

}  // namespace

bool is_of_other_host(std::string_view text, std::string_view host) {
  bool other = false;
  while (!text.empty() && !host.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view name = host_of_prompt(text.substr(0, end));
    if (!name.empty() && same_host(name, host)) {
      return false;
    }
    other = other || !name.empty();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return other;
}

}  // namespace whyoom::host
