#include "app/language_choice.h"

#include <algorithm>
#include <cstdlib>

namespace whyoom::app {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

bool has_format(const Words& words, std::string_view value) {
  return std::ranges::any_of(words.options, [value](const OptionWord& option) {
    return option.name == "--format" && option.value == value;
  });
}

bool is_for_programs(const Words& words, const std::vector<CommandInfo>& table) {
  const std::string_view command = table[words.command].command->name;
  return has_format(words, "json") || has_format(words, "ndjson") || has_format(words, "sarif") ||
         has_format(words, "github") || command == "metrics" || command == "mcp" ||
         command == "serve" || command == "watch";
}

}  // namespace

Language language_of_environment() {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    if (const std::string_view locale = variable(name); !locale.empty()) {
      return variable("TERM") == "linux" ? Language::english : language_of_locale(locale);
    }
  }
  return Language::english;
}

Language language_for(const Words& words, const std::vector<CommandInfo>& table) {
  if (is_for_programs(words, table) && std::ranges::none_of(words.options, asks_for_help)) {
    return Language::english;
  }
  for (const auto& [name, value] : words.options) {
    if (name == "--lang") {
      return value == "zh" ? Language::chinese : Language::english;
    }
  }
  return language_of_environment();
}

}  // namespace whyoom::app
