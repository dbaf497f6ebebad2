// What can stand at a place of a command line, for completion.
#pragma once

#include <string>
#include <vector>

#include "app/command.h"

namespace whyoom::app {

struct Completion {
  bool files = false;
  bool events = false;             // a file, and behind it # and the number of one of its events
  bool assignments = false;        // each word goes on with = and a value
  std::vector<std::string> words;  // with neither: anything, which nobody can guess
};

// Of the value of an option, or of an operand.
Completion completion_of(const CommandInfo& info, const FlagInfo& flag,
                         const std::vector<CommandInfo>& table);

std::string bash_completion(const std::vector<CommandInfo>& table);
std::string zsh_completion(const std::vector<CommandInfo>& table);
std::string fish_completion(const std::vector<CommandInfo>& table);

}  // namespace whyoom::app
