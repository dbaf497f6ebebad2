// Commands that a reader pastes into a POSIX shell. What the shell reads as code can only come from
// string literals of this program; a name from a log, a host or a command line goes in as one
// argument, and only when it is what it looks like. Quoting happens in text(), at the last moment.
//
//   if (const auto unit = ShellWord::from(name)) {
//     commands = {ShellCommand("systemctl show -p MemoryMax -- {}", *unit)};
//   }
#pragma once

#include <array>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace whyoom {

// Text from outside, as one argument.
class ShellWord {
 public:
  // More than a unit's name (255) and what a line of the kernel (1024) can hold of a path.
  static constexpr std::size_t most_bytes = 1024;

  // nullopt: empty, too long, or not its own printable(): nobody may paste what cannot be seen.
  static std::optional<ShellWord> from(std::string_view text);

  [[nodiscard]] const std::string& text() const { return text_; }

 protected:
  explicit ShellWord(std::string_view text) : text_(text) {}

 private:
  std::string text_;
};

// One that cannot be taken for an option.
class ShellOperand : public ShellWord {
 public:
  // nullopt: no word, or it begins with '-'.
  static std::optional<ShellOperand> from(std::string_view text);

 private:
  using ShellWord::ShellWord;
};

namespace shell {

constexpr bool is_bare(char c) {
  constexpr std::string_view marks = "_./-=:,@";
  return is_alnum(c) || marks.find(c) != std::string_view::npos;
}

// Not constexpr: a call of it is a compiler's error that shows the rule.
inline void rule_is_broken(const char* /*rule*/) {}

}  // namespace shell

// A word of this program's own, as a name of a setting: bare for the shell, and no option.
class ShellLiteral {
 public:
  template <std::size_t N>
  // NOLINTNEXTLINE(google-explicit-constructor): stands where a literal is written
  consteval ShellLiteral(const char (&text)[N]) : text_(text, N - 1) {
    if (text_.empty() || text_.front() == '-' || text_.front() == '=') {
      shell::rule_is_broken("a literal word is no option");
    }
    for (const char c : text_) {
      if (!shell::is_bare(c)) {
        shell::rule_is_broken("a literal word needs no quotes");
      }
    }
  }
  [[nodiscard]] constexpr std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

template <class T>
concept ShellArgument =
    std::derived_from<T, ShellWord> || std::same_as<T, ShellLiteral> || std::integral<T>;

// A string literal with {} for each argument. One that breaks a rule does not compile:
// - {} is an argument or a part of one: not in quotes, not the command, not what is redirected to.
// - Behind "--" an argument may begin with anything. Before it, or without it, only one that cannot
//   be taken for an option may begin a word.
// Without arguments all of the shell may be used, and {} is just that.
template <class... Args>
class ShellPattern {
 public:
  template <std::size_t N>
  // NOLINTNEXTLINE(google-explicit-constructor): stands where a literal is written
  consteval ShellPattern(const char (&text)[N]) : text_(text, N - 1) {
    for (const char c : text_) {
      if (c < 0x20 || c > 0x7e) {
        shell::rule_is_broken("a pattern is printable ASCII");
      }
    }
    if (sizeof...(Args) > 0) {
      check_arguments();
    }
  }
  [[nodiscard]] constexpr std::string_view text() const { return text_; }

 private:
  consteval void check_arguments() const {
    constexpr std::array<bool, sizeof...(Args)> can_be_option{
        (std::same_as<Args, ShellWord> || std::signed_integral<Args>)...};
    std::size_t argument = 0;
    bool command_known = false;
    bool options_ended = false;
    bool redirects = false;
    for (std::string_view rest = text_; !rest.empty();) {
      const std::string_view word = take_part(rest, ' ');
      if (word == "|") {
        command_known = options_ended = false;
        continue;
      }
      for (std::size_t i = 0; i < word.size(); ++i) {
        if (!word.substr(i).starts_with("{}")) {
          check_plain(word[i], word.find("{}") != std::string_view::npos);
          continue;
        }
        if (argument == sizeof...(Args)) {
          shell::rule_is_broken("there are more {} than arguments");
        } else if (i == 0 && !options_ended && can_be_option[argument]) {
          shell::rule_is_broken("an argument that can begin with '-' needs a -- before it");
        }
        if (!command_known || redirects) {
          shell::rule_is_broken("an argument is neither the command nor redirected to");
        }
        ++argument;
        ++i;
      }
      options_ended = options_ended || word == "--";
      redirects = word.ends_with('>') || word.ends_with('<');
      command_known = true;
    }
    if (argument != sizeof...(Args)) {
      shell::rule_is_broken("there are fewer {} than arguments");
    }
  }

  static consteval void check_plain(char c, bool beside_argument) {
    if (!shell::is_bare(c) && (beside_argument || (c != '<' && c != '>'))) {
      shell::rule_is_broken("beside arguments stand plain words, pipes and <placeholders> only");
    }
  }

  std::string_view text_;
};

class ShellCommand {
 public:
  template <ShellArgument... Args>
  explicit ShellCommand(ShellPattern<std::type_identity_t<Args>...> pattern, const Args&... args)
      : pattern_(pattern.text()), arguments_{to_text(args)...} {}

  // One line that a POSIX shell reads as this command, each argument as it was given.
  [[nodiscard]] std::string text() const;

  // The words of the command; nullopt when it needs a shell, or a value of the reader's.
  [[nodiscard]] std::optional<std::vector<std::string>> argv() const;

 private:
  static std::string to_text(const ShellWord& word) { return word.text(); }
  static std::string to_text(const ShellLiteral& word) { return std::string(word.text()); }
  template <std::integral T>
  static std::string to_text(T number) {
    return std::to_string(number);
  }

  std::string_view pattern_;  // always a string literal
  std::vector<std::string> arguments_;
};

}  // namespace whyoom
