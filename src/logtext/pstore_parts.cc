#include "logtext/pstore_parts.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"

namespace whyoom::logtext {

namespace {

constexpr std::size_t max_held = 2U << 20U;

struct Header {
  std::string_view dump;  // "Panic#1"
  std::uint32_t part = 0;
};

// "Panic#1 Part2": the reason, how many oopses there were, the part from 1.
std::optional<Header> parse_header(std::string_view text) {
  constexpr std::array<std::string_view, 8> reasons{"Panic",    "Oops", "Emerg",   "Emergency",
                                                    "Shutdown", "Halt", "Restart", "Unknown"};
  text = trim(text);
  if (text.size() > 48) {
    return std::nullopt;
  }
  const std::size_t hash = text.find('#');
  const std::size_t part = text.find(" Part");
  if (hash == std::string_view::npos || part == std::string_view::npos || hash > part ||
      std::find(reasons.begin(), reasons.end(), text.substr(0, hash)) == reasons.end() ||
      !parse_number<std::uint32_t>(text.substr(hash + 1, part - hash - 1))) {
    return std::nullopt;
  }
  const auto index = parse_number<std::uint32_t>(text.substr(part + 5));
  return index ? std::optional<Header>({text.substr(0, part), *index}) : std::nullopt;
}

}  // namespace

bool PstoreParts::take(std::string_view text, LineNumber number, const Sink& sink) {
  if (const auto header = parse_header(text)) {
    if (header->dump != dump_) {
      flush(sink);
    }
    dump_.assign(header->dump);
    Part part;
    part.index = header->part;
    parts_.push_back(std::move(part));
    return true;
  }
  if (parts_.empty()) {
    return false;
  }
  Part& part = parts_.back();
  part.text += text;
  part.lines.push_back({number, static_cast<std::uint32_t>(text.size())});
  held_ += text.size() + sizeof(Held);
  if (held_ > max_held) {
    overflow_ = true;
    flush(sink);
  }
  return true;
}

void PstoreParts::flush(const Sink& sink) {
  // What the sink does must not find the parts half given out.
  std::vector<Part> parts;
  parts.swap(parts_);
  held_ = 0;
  dump_.clear();
  std::stable_sort(parts.begin(), parts.end(),
                   [](const Part& a, const Part& b) { return a.index > b.index; });
  for (const Part& part : parts) {
    std::string_view rest = part.text;
    for (const Held& line : part.lines) {
      sink(rest.substr(0, line.size), line.number);
      rest.remove_prefix(line.size);
    }
  }
}

bool PstoreParts::take_overflow() {
  const bool was = overflow_;
  overflow_ = false;
  return was;
}

}  // namespace whyoom::logtext
