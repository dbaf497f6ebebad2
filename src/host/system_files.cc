#include "host/system_files.h"

#include "base/fixed.h"
#include "base/language.h"
#include "base/text.h"

namespace whyoom::host {
namespace {

constexpr std::size_t most_words = 4096;

// Of a whole line.
std::optional<double> avg60_of(std::string_view text) {
  const auto number = [text](std::string_view key) {
    const auto value = value_after(text, key);
    return value ? parse_fixed(*value) : std::nullopt;
  };
  const auto total = value_after(text, "total=");
  const bool whole =
      number("avg10=") && number("avg300=") && total && parse_number<std::uint64_t>(*total);
  return whole ? number("avg60=") : std::nullopt;
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

Maybe<std::uint64_t> parse_tasks(Lines lines) {
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
  return Read<std::uint64_t>{*total, lines.place()};
}

Maybe<double> parse_stalled(Lines lines) {
  Maybe<double> result;
  while (lines.next()) {
    std::string_view rest = lines.line();
    const std::string_view kind = next_word(rest);
    const auto read = avg60_of(rest);
    if (kind == "full" && read) {
      result = Read<double>{*read, lines.place()};
    } else if (!(kind == "some" && read) && !trim(lines.line()).empty()) {
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

std::string CommandLine::str() const { return join(words, " "); }

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
