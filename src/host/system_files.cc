#include "host/system_files.h"

#include "base/fixed.h"
#include "base/language.h"

namespace whyoom::host {
namespace {

constexpr std::size_t most_words = 4096;

// The columns are: Filename Type Size Used Priority
std::optional<SwapArea> swap_area(std::string_view line, Place at) {
  SwapArea area;
  area.name = next_word(line);
  area.type = next_word(line);
  const auto size = parse_number<std::uint64_t>(next_word(line));
  const auto used = parse_number<std::uint64_t>(next_word(line));
  const auto priority = parse_number<std::int64_t>(next_word(line));
  if (!size || !used || !priority) {
    return std::nullopt;
  }
  area.size = KiB(*size);
  area.used = KiB(*used);
  area.priority = *priority;
  area.at = at;
  return area;
}

std::optional<PressureLine> pressure_line(std::string_view text, Place at) {
  const auto number = [text](std::string_view key) {
    const auto value = value_after(text, key);
    return value ? parse_fixed(*value) : std::nullopt;
  };
  const auto avg10 = number("avg10=");
  const auto avg60 = number("avg60=");
  const auto avg300 = number("avg300=");
  const auto total_text = value_after(text, "total=");
  const auto total = total_text ? parse_number<std::uint64_t>(*total_text) : std::nullopt;
  if (!avg10 || !avg60 || !avg300 || !total) {
    return std::nullopt;
  }
  return PressureLine{*avg10, *avg60, *avg300, *total, at};
}

char same_dash(char c) { return c == '-' ? '_' : c; }

bool same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (same_dash(a[i]) != same_dash(b[i])) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::vector<SwapArea> parse_swaps(Lines lines) {
  std::vector<SwapArea> result;
  while (lines.next()) {
    const std::string_view line = lines.line();
    if (line.starts_with("Filename") || trim(line).empty()) {
      continue;
    }
    if (auto area = swap_area(line, lines.place())) {
      result.push_back(std::move(*area));
    } else {
      lines.damaged(tr("\"name type size used priority\""), line);
    }
  }
  return result;
}

// "size                            4    8589934592": name, type of the number, number.
ZfsArc parse_arcstats(Lines lines) {
  ZfsArc arc;
  while (lines.next()) {
    std::string_view rest = lines.line();
    const std::string_view name = next_word(rest);
    auto* field = name == "size"    ? &arc.size
                  : name == "c_min" ? &arc.least
                  : name == "c_max" ? &arc.most
                                    : nullptr;
    if (field == nullptr) {
      continue;
    }
    next_word(rest);
    if (const auto bytes = parse_number<std::uint64_t>(next_word(rest))) {
      *field = Read<Bytes>{Bytes(*bytes), lines.place()};
    } else {
      lines.damaged(tr("\"name type bytes\""), lines.line());
    }
  }
  return arc;
}

std::optional<LoadAverage> parse_loadavg(Lines lines) {
  if (!lines.next()) {
    return std::nullopt;
  }
  std::string_view rest = lines.line();
  const auto one = parse_fixed(next_word(rest));
  const auto five = parse_fixed(next_word(rest));
  const auto fifteen = parse_fixed(next_word(rest));
  Cursor tasks(next_word(rest));
  const auto running = tasks.take_unsigned();
  const bool slash = tasks.take('/');
  const auto total = tasks.take_unsigned();
  if (!one || !five || !fifteen || !running || !slash || !total || !tasks.at_end()) {
    lines.damaged(tr("\"load load load running/tasks pid\""), lines.line());
    return std::nullopt;
  }
  return LoadAverage{*one, *five, *fifteen, *running, *total, lines.place()};
}

Pressure parse_pressure(Lines lines) {
  Pressure result;
  while (lines.next()) {
    std::string_view rest = lines.line();
    const std::string_view kind = next_word(rest);
    const auto read = pressure_line(rest, lines.place());
    if (kind == "some" && read) {
      result.some = read;
    } else if (kind == "full" && read) {
      result.full = read;
    } else if (!trim(lines.line()).empty()) {
      lines.damaged(tr("\"some avg10=N avg60=N avg300=N total=N\""), lines.line());
    }
  }
  return result;
}

CommandLine parse_command_line(Lines lines) {
  CommandLine result;
  if (!lines.next()) {
    return result;
  }
  result.at = lines.place();
  std::string_view rest = lines.line();
  std::string word;
  bool quoted = false;
  // Quotes keep blanks inside one word and are not part of it.
  for (const char c : trim(rest)) {
    if (c == '"') {
      quoted = !quoted;
    } else if (is_space(c) && !quoted) {
      if (!word.empty() && result.words.size() < most_words) {
        result.words.push_back(word);
      }
      word.clear();
    } else {
      word += c;
    }
  }
  if (!word.empty()) {
    result.words.push_back(word);
  }
  return result;
}

std::optional<std::string_view> CommandLine::value_of(std::string_view name) const {
  std::optional<std::string_view> result;
  for (const std::string_view word : words) {
    const std::size_t equals = word.find('=');
    if (equals != std::string_view::npos && same_name(word.substr(0, equals), name)) {
      result = word.substr(equals + 1);
    }
  }
  return result;
}

std::string CommandLine::str() const {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : " ") + word;
  }
  return text;
}

Maybe<std::string> parse_choice(Lines lines) {
  if (!lines.next()) {
    return std::nullopt;
  }
  const std::string_view line = lines.line();
  const std::size_t open = line.find('[');
  const std::size_t close = open == std::string_view::npos ? open : line.find(']', open);
  if (close == std::string_view::npos || close == open + 1) {
    lines.damaged(tr("a choice in [brackets]"), line);
    return std::nullopt;
  }
  return Read<std::string>{std::string(line.substr(open + 1, close - open - 1)), lines.place()};
}

Maybe<std::string> parse_line(Lines lines) {
  if (!lines.next() || trim(lines.line()).empty()) {
    return std::nullopt;
  }
  return Read<std::string>{std::string(trim(lines.line())), lines.place()};
}

Maybe<std::vector<std::int64_t>> parse_numbers(Lines lines) {
  if (!lines.next()) {
    return std::nullopt;
  }
  std::vector<std::int64_t> numbers;
  std::string_view rest = lines.line();
  for (auto word = next_word(rest); !word.empty(); word = next_word(rest)) {
    const auto number = parse_number<std::int64_t>(word);
    if (!number || numbers.size() == most_words) {
      lines.damaged("numbers", lines.line());
      return std::nullopt;
    }
    numbers.push_back(*number);
  }
  return Read<std::vector<std::int64_t>>{std::move(numbers), lines.place()};
}

Maybe<std::uint64_t> parse_flags(Lines lines) {
  if (!lines.next()) {
    return std::nullopt;
  }
  const std::string_view text = trim(lines.line());
  std::optional<std::uint64_t> value;
  if (text.starts_with("0x")) {
    value = parse_hex(text);
  } else if (text == "Y" || text == "N") {
    value = text == "Y" ? 1 : 0;
  } else {
    value = parse_number<std::uint64_t>(text);
  }
  if (!value) {
    lines.damaged(tr("a number"), text);
    return std::nullopt;
  }
  return Read<std::uint64_t>{*value, lines.place()};
}

}  // namespace whyoom::host
