// Profiles of tuned and shell scripts: what stands on a line is looked at, and nothing is run.
#include <algorithm>

#include "base/text.h"
#include "lint/config.h"

namespace whyoom::lint {

namespace {

// Calls `take(line, number)` for each line, from 0.
template <class Take>
void each_line(std::string_view text, const Take& take) {
  for (std::uint32_t number = 0; !text.empty(); ++number) {
    take(take_part(text, '\n'), number);
  }
}

Spot spot_of(Spot from, std::string_view line, std::size_t offset, std::uint32_t number) {
  return {from.line + number, characters(line, offset) + (number == 0 ? from.column : 1)};
}

// tuned cuts a comment off, and reads ">N" as "at least N".
std::string_view tuned_value(std::string_view value) {
  value = trim(value.substr(0, value.find('#')));
  return value.starts_with('>') || value.starts_with('<') ? trim(value.substr(1)) : value;
}

// A word of a shell's command without its quotes.
struct Word {
  std::string text;
  std::size_t offset = 0;
  bool ends_command = false;  // ; & | or a newline follows
};

bool is_separator(char c) { return c == ';' || c == '&' || c == '|' || c == '(' || c == ')'; }

// The words of a line; a quote that is not closed goes to its end.
std::vector<Word> words_of(std::string_view line) {
  std::vector<Word> words;
  for (std::size_t i = 0; i < line.size();) {
    if (is_space(line[i])) {
      ++i;
      continue;
    }
    if (line[i] == '#') {
      break;
    }
    if (is_separator(line[i])) {
      if (!words.empty()) {
        words.back().ends_command = true;
      }
      ++i;
      continue;
    }
    Word word;
    word.offset = i;
    char quote = '\0';
    for (; i < line.size() && (quote != '\0' || (!is_space(line[i]) && !is_separator(line[i])));
         ++i) {
      if (quote == '\0' && (line[i] == '"' || line[i] == '\'')) {
        quote = line[i];
        word.offset += word.text.empty() ? 1 : 0;
      } else if (line[i] == quote) {
        quote = '\0';
      } else if (quote == '\0' && line[i] == '>' && !word.text.empty() &&
                 word.text.find_first_not_of(">") != std::string::npos) {
        break;  // "1>/proc/sys/vm/x"
      } else {
        word.text += line[i];
      }
    }
    words.push_back(std::move(word));
  }
  return words;
}

bool is_program(std::string_view word, std::string_view name) {
  return word == name || (word.ends_with(name) && word[word.size() - name.size() - 1] == '/');
}

// "> /proc/sys/vm/x" behind "echo VALUE".
void add_written_file(const std::vector<Word>& words, std::size_t i, std::string_view line,
                      Spot from, std::uint32_t number, std::uint32_t group, Config& out) {
  constexpr std::string_view folder = "/proc/sys/";
  std::string_view path = words[i].text;
  const std::size_t signs = std::min(path.find_first_not_of('>'), path.size());
  path.remove_prefix(signs);
  const bool redirects =
      signs > 0 || (i > 0 && (words[i - 1].text == ">" || words[i - 1].text == ">>" ||
                              words[i - 1].text == "tee"));
  if (!path.starts_with(folder) || !redirects) {
    return;
  }
  for (std::size_t j = i; j-- > 0;) {
    if (words[j].text == "echo" || words[j].text == "printf") {
      j += j + 1 < i && words[j + 1].text.starts_with('-') ? 2 : 1;
      if (j < i) {
        out.settings.push_back({std::string(path.substr(folder.size())), words[j].text,
                                spot_of(from, line, words[i].offset + signs, number), group});
      }
      return;
    }
  }
}

}  // namespace

void read_tuned_text(std::string_view text, Spot from, Config& out) {
  const std::uint32_t group = out.groups++;
  std::string_view section;
  each_line(text, [&](std::string_view line, std::uint32_t number) {
    const std::string_view what = trim(line);
    if (what.starts_with('[')) {
      section = what;
      return;
    }
    const std::size_t equals = line.find('=');
    if (what.empty() || what.front() == '#' || what.front() == ';' || section != "[sysctl]" ||
        equals == std::string_view::npos) {
      return;
    }
    const std::string_view key = trim(line.substr(0, equals));
    const Spot at{from.line + number, characters(line, line.find_first_not_of(" \t")) + 1};
    if (key.find_first_of("./") != std::string_view::npos) {  // else an option of the plugin
      out.settings.push_back(
          {std::string(key), std::string(tuned_value(line.substr(equals + 1))), at, group});
    }
  });
}

void read_shell_text(std::string_view text, Spot from, Config& out) {
  bool in_sysctl = false;  // of a line that goes on behind a backslash
  each_line(text, [&](std::string_view line, std::uint32_t number) {
    const std::string_view what = trim(line);
    if (what.empty() || what.front() == '#') {
      return;
    }
    const std::uint32_t group = out.groups++;  // of two branches each may set the same key
    // A line of a here-document that becomes a file: "vm.x = 1".
    const std::size_t equals = what.find('=');
    const std::string_view key = trim_right(what.substr(0, equals));
    if (equals != std::string_view::npos && looks_like_sysctl(key)) {
      add_assignment(what, spot_of(from, line, line.find_first_not_of(" \t"), number), group, out);
      return;
    }
    const std::vector<Word> words = words_of(line);
    for (std::size_t i = 0; i < words.size(); ++i) {
      const Word& word = words[i];
      if (is_program(word.text, "sysctl")) {
        in_sysctl = true;
      } else if (in_sysctl || (i > 0 && words[0].text == "echo")) {
        add_assignment(word.text, spot_of(from, line, word.offset, number), group, out);
      }
      add_written_file(words, i, line, from, number, group, out);
      in_sysctl = in_sysctl && !word.ends_command;
    }
    in_sysctl = in_sysctl && line.ends_with('\\');
  });
}

}  // namespace whyoom::lint
