#include "host/lines.h"

#include "base/language.h"
#include "base/text.h"

namespace whyoom::host {
namespace {

constexpr std::size_t most_quoted = 60;

// A line that ends in its unit or in a bracket is whole also without its newline.
bool is_whole(std::string_view line) { return line.ends_with(" kB") || line.ends_with(')'); }

}  // namespace

bool Lines::next() {
  if (rest_.empty()) {
    return false;
  }
  ++number_;
  const std::size_t end = rest_.find('\n');
  if (end != std::string_view::npos) {
    line_ = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return true;
  }
  line_ = rest_;
  rest_ = {};
  if (end_ == End::kernel && !is_whole(line_)) {
    damaged(tr("the end of the line"), line_);
    return false;
  }
  return true;
}

void Lines::damaged(std::string_view expected, std::string_view found) {
  if (damage_ == nullptr || noted_ == most_damage) {
    return;
  }
  ++noted_;
  std::string what =
      found.empty()
          ? tr("expected {}, found nothing", expected)
          : tr("expected {}, found {}", expected,
               printable(found.substr(0, most_quoted)) + (found.size() > most_quoted ? "..." : ""));
  if (noted_ == most_damage) {
    what += tr(" (more of this file is not listed)");
  }
  damage_->push_back({place(), std::move(what)});
}

std::string_view next_word(std::string_view& rest) {
  rest = trim_left(rest);
  std::size_t size = 0;
  while (size < rest.size() && !is_space(rest[size])) {
    ++size;
  }
  const std::string_view word = rest.substr(0, size);
  rest.remove_prefix(size);
  return word;
}

std::optional<KeyValue> key_value(std::string_view line) {
  KeyValue result;
  if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
    result.key = trim(line.substr(0, colon));
    line.remove_prefix(colon + 1);
  } else {
    result.key = next_word(line);
  }
  const auto value = parse_number<std::uint64_t>(next_word(line));
  const std::string_view unit = next_word(line);
  if (result.key.empty() || !value || !(unit.empty() || unit == "kB") || !trim(line).empty()) {
    return std::nullopt;
  }
  result.value = *value;
  result.kb = unit == "kB";
  return result;
}

bool has_part(std::string_view list, std::string_view wanted) {
  while (!list.empty()) {
    if (take_part(list, ',') == wanted) {
      return true;
    }
  }
  return false;
}

}  // namespace whyoom::host
