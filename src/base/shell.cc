#include "base/shell.h"

#include <algorithm>

#include "base/text.h"

namespace whyoom {
namespace {

std::string in_quotes(std::string_view word) {
  // zsh takes a word that begins with '=' for a command to be looked up.
  if (!word.empty() && word.front() != '=' && std::ranges::all_of(word, shell::is_bare)) {
    return std::string(word);
  }
  return "'" + replaced(std::string(word), "'", "'\\''") + "'";
}

// `word` with each {} replaced by the next of the arguments, from `next` on.
std::string filled(std::string_view word, const std::vector<std::string>& arguments,
                   std::size_t& next) {
  std::string out;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (next < arguments.size() && word.substr(i).starts_with("{}")) {
      out += arguments[next++];
      ++i;
    } else {
      out += word[i];
    }
  }
  return out;
}

}  // namespace

std::optional<ShellWord> ShellWord::from(std::string_view text) {
  if (text.empty() || text.size() > most_bytes || printable(text) != text) {
    return std::nullopt;
  }
  return ShellWord(text);
}

std::optional<ShellOperand> ShellOperand::from(std::string_view text) {
  if (text.starts_with('-') || !ShellWord::from(text)) {
    return std::nullopt;
  }
  return ShellOperand(text);
}

std::string ShellCommand::text() const {
  std::string out;
  std::size_t next = 0;
  for (std::string_view rest = pattern_; !rest.empty();) {
    const std::string_view word = take_part(rest, ' ');
    const std::size_t before = next;
    const std::string whole = filled(word, arguments_, next);
    out += next == before ? std::string(word) : in_quotes(whole);
    out += rest.empty() ? "" : " ";
  }
  return out;
}

std::optional<std::vector<std::string>> ShellCommand::argv() const {
  std::vector<std::string> words;
  std::size_t next = 0;
  for (std::string_view rest = pattern_; !rest.empty();) {
    const std::string_view word = take_part(rest, ' ');
    const std::size_t before = next;
    words.push_back(filled(word, arguments_, next));
    if (next == before && !std::ranges::all_of(word, shell::is_bare)) {
      return std::nullopt;
    }
  }
  // "LC_ALL=C ls": an assignment is for the shell.
  return words.empty() || words.front().find('=') != std::string::npos
             ? std::nullopt
             : std::optional(std::move(words));
}

}  // namespace whyoom
