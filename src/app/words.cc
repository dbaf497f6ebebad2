#include "app/words.h"

#include <algorithm>

#include "app/other_words.h"
#include "base/language.h"
#include "base/suggest.h"
#include "base/text.h"

namespace whyoom::app {

namespace {

const FlagInfo* find_flag(const CommandInfo& info, std::string_view name) {
  for (const FlagInfo& flag : info.flags) {
    if (std::ranges::find(flag.names, name) != flag.names.end()) {
      return &flag;
    }
  }
  return nullptr;
}

// "--since=-2h" and "--since"; of letters together, "-ny" and "-oFILE", the first one decides.
std::string_view option_name(std::string_view word) {
  return word.starts_with("--") ? word.substr(0, word.find('=')) : word.substr(0, 2);
}

// What stands in the same word.
std::optional<std::string> own_value(std::string_view word) {
  const std::size_t name = option_name(word).size();
  return name == word.size()
             ? std::nullopt
             : std::optional<std::string>(word.substr(word.starts_with("--") ? name + 1 : name));
}

bool takes_next_word(const FlagInfo& flag, std::string_view word) {
  return !flag.value.empty() &&
         (word.starts_with("--") ? word.find('=') == std::string_view::npos : word.size() == 2);
}

std::string see_help(const CommandInfo& info) {
  const std::string name = info.command->name;
  return tr("\nTry `whyoom {}{}--help`.\n", name, name.empty() ? "" : " ");
}

std::string quoted(std::string_view word) { return "\"" + printable(word) + "\""; }

std::vector<std::string_view> option_names(const CommandInfo& info) {
  std::vector<std::string_view> names;
  for (const FlagInfo& flag : info.flags) {
    for (const std::string& name : flag.names) {
      if (name.starts_with("--")) {
        names.push_back(name);
      }
    }
  }
  return names;
}

// "--json" where "--format json" is meant.
std::string as_value(std::string_view option, const CommandInfo& info, bool misspelt) {
  const std::string value(option.substr(std::min(option.find_first_not_of('-'), option.size())));
  for (const FlagInfo& flag : info.flags) {
    const std::vector<std::string_view> choices(flag.choices.begin(), flag.choices.end());
    const auto meant = nearest(value, choices);
    if (meant && (misspelt || choices[*meant] == value)) {
      return tr("; did you mean {} {}?", flag.names.front(), flag.choices[*meant]);
    }
  }
  return {};
}

// "; it belongs to whyoom explain, whyoom check"; nothing when too many have it to help.
std::string belongs_to(std::string_view option, const std::vector<CommandInfo>& table) {
  constexpr std::size_t most = 3;
  std::string text;
  std::size_t count = 0;
  for (const CommandInfo& info : table) {
    if (find_flag(info, option) != nullptr) {
      const std::string name = info.command->name;
      text += (text.empty() ? tr("; it belongs to `whyoom") : ", `whyoom") +
              (name.empty() ? "" : " " + name) + "`";
      ++count;
    }
  }
  return count <= most ? text : std::string();
}

// Another program's word for what this command has, or for another command.
std::string means(std::string_view option, const CommandInfo& info) {
  const std::string_view meant = option_for(option);
  const bool known = !meant.starts_with('-') ||
                     find_flag(info, meant.substr(0, meant.find_first_of(" ,"))) != nullptr;
  return meant.empty() || !known ? std::string() : tr("; here it is {}", translated(meant));
}

std::string unknown_option(std::string_view option, const CommandInfo& info,
                           const std::vector<CommandInfo>& table) {
  const std::string name = info.command->name;
  std::string hint = means(option, info);
  if (hint.empty()) {
    hint = as_value(option, info, false);
  }
  bool elsewhere = false;
  if (hint.empty()) {
    hint = belongs_to(option, table);
    elsewhere = !hint.empty();
  }
  if (hint.empty()) {
    hint = did_you_mean(option, option_names(info));
  }
  if (hint.empty()) {
    hint = as_value(option, info, true);
  }
  const std::string what = !name.empty() ? tr("{} has no option {}", name, quoted(option))
                           : elsewhere
                               ? tr("there is no option {} without a command", quoted(option))
                               : tr("there is no option {}", quoted(option));
  return "whyoom: " + what + hint + see_help(info);
}

}  // namespace

bool asks_for_help(const OptionWord& option) {
  return option.name == "-h" || option.name == "--help";
}

bool asks_for_version(const OptionWord& option) {
  return option.name == "-V" || option.name == "--version";
}

Words sort_words(std::span<const char* const> words, const std::vector<CommandInfo>& table) {
  Words sorted;
  bool only_operands = false;
  bool first = true;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (only_operands || word.size() < 2 || word.front() != '-') {
      const auto named = std::ranges::find_if(
          table, [word](const CommandInfo& each) { return word == each.command->name; });
      if (first && !only_operands && named != table.end() && !word.empty()) {
        sorted.command = static_cast<std::size_t>(named - table.begin());
        sorted.before = sorted.options;
      } else {
        sorted.operands.emplace_back(word);
      }
      first = false;
      continue;
    }
    if (word == "--") {
      only_operands = true;
      continue;
    }
    const std::string_view name = option_name(word);
    sorted.options.push_back({std::string(name), own_value(word)});
    const FlagInfo* flag = find_flag(table[sorted.command], name);
    if (flag == nullptr && sorted.unknown.empty()) {
      sorted.unknown = word.starts_with("--") ? name : word;
      sorted.unknown_first = sorted.operands.empty();
    }
    // The value of an option that stands at the wrong place is no command.
    for (std::size_t j = 1; flag == nullptr && j < table.size(); ++j) {
      flag = find_flag(table[j], name);
    }
    if (flag != nullptr && takes_next_word(*flag, word) && ++i < words.size()) {
      sorted.options.back().value = words[i];
    }
  }
  return sorted;
}

std::string misspelt(const Words& words, const std::vector<CommandInfo>& table) {
  const CommandInfo& own = table[words.command];
  const std::string name = own.command->name;
  if (name.empty() && !words.operands.empty() && !words.unknown_first) {
    // That it names no file either is known: otherwise it would have been explained.
    return "whyoom: " + no_command(words.operands.front(), table, true) + see_help(own);
  }
  if (!words.unknown.empty()) {
    return unknown_option(words.unknown, own, table);
  }
  for (const OptionWord& option : words.before) {
    if (!asks_for_help(option) && !asks_for_version(option) && option.name != "--lang") {
      return "whyoom: " + tr("{} belongs behind {}", option.name, name) + see_help(own);
    }
  }
  const auto operand = std::ranges::find_if(own.flags, &FlagInfo::is_operand);
  const std::size_t most = operand == own.flags.end() ? 0
                           : operand->many            ? words.operands.size()
                                                      : 1;
  if (words.operands.size() > most) {
    const bool host = most == 0 && find_flag(own, "--root") != nullptr;
    const bool setting = words.operands[most].starts_with("vm.");
    const std::string word = quoted(words.operands[most]);
    return "whyoom: " +
           (most == 0 ? tr("{} takes no {}", name, word)
                      : tr("{} takes no second word, {}", name, word)) +
           (host && setting
                ? tr("; without it, step 3 says what vm.min_free_kbytes is and who set it")
            : host ? tr("; a capture, or a copy of a host, goes behind --root")
                   : "") +
           see_help(own);
  }
  return {};
}

std::string_view first_sentence(std::string_view about) {
  constexpr std::string_view chinese = "。";
  const std::size_t end = std::min(about.find(".\n"), about.find("。\n"));
  if (end == std::string_view::npos && about.ends_with(chinese)) {
    about.remove_suffix(chinese.size());
  } else if (end == std::string_view::npos && about.ends_with('.')) {
    about.remove_suffix(1);
  }
  return about.substr(0, end);
}

std::string complaint(const CommandInfo& command, const std::string& what) {
  return "whyoom: " + printable(what) + see_help(command);
}

std::string no_command(std::string_view name, const std::vector<CommandInfo>& table,
                       bool nor_file) {
  std::vector<std::string_view> names;
  for (const CommandInfo& info : table) {
    if (*info.command->name != '\0') {
      names.emplace_back(info.command->name);
    }
  }
  // A word of another program is spelt right, however near it is to one of ours.
  const std::string_view meant = command_for(name);
  const std::string near =
      meant.empty() ? did_you_mean(name, names) : tr("; try {}", translated(meant));
  return near.empty() && nor_file ? tr("there is no command and no file {}", quoted(name))
                                  : tr("there is no command {}", quoted(name)) + near;
}

std::string not_one_of(std::string_view option, std::string_view given,
                       const std::vector<std::string>& choices) {
  return tr("{}: {} is not one of {}{}", option, given, join(choices, tr(", ")),
            did_you_mean(given, std::vector<std::string_view>(choices.begin(), choices.end())));
}

}  // namespace whyoom::app
