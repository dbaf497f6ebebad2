// The words of a command line, told apart by the table of flags, and what is said of those that
// nobody can understand.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/command.h"

namespace whyoom::app {

struct OptionWord {
  std::string name;                  // "--last"
  std::optional<std::string> value;  // "3"; of "-yx" the x
};

struct Words {
  std::size_t command = 0;              // in the table; 0 = none was given
  std::vector<std::string> operands{};  // behind the command, or of a line without one
  std::vector<OptionWord> options{};
  std::vector<OptionWord> before{};  // those of them that stand before the command
  std::string unknown{};             // the first option that the command does not have
  bool unknown_first = false;        // no operand stands before it
};

bool asks_for_help(const OptionWord& option);
bool asks_for_version(const OptionWord& option);

// The first operand is the command, if there is one of that name.
Words sort_words(std::span<const char* const> words, const std::vector<CommandInfo>& table);

// Each is a whole message, or empty when there is nothing to say.
std::string misspelt(const Words& words, const std::vector<CommandInfo>& table);
std::string complaint(const CommandInfo& command, const std::string& what);

// The first sentence of what a command does, without its full stop.
std::string_view first_sentence(std::string_view about);

// Sentences.
std::string no_command(std::string_view name, const std::vector<CommandInfo>& table,
                       bool nor_file = false);
std::string not_one_of(std::string_view option, std::string_view given,
                       const std::vector<std::string>& choices);

}  // namespace whyoom::app
