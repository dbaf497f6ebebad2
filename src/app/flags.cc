// The flags of a command, and what a command line gives them.
#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

#include "app/command.h"
#include "app/words.h"
#include "base/language.h"
#include "base/text.h"
#include "host/whyoom_conf.h"

namespace whyoom::app {
namespace {

const std::map<std::string, Format> formats = {{"text", Format::text},
                                               {"json", Format::json},
                                               {"ndjson", Format::ndjson},
                                               {"markdown", Format::markdown},
                                               {"html", Format::html}};
const std::map<std::string, linux::ColourChoice> colours = {
    {"auto", linux::ColourChoice::automatic},
    {"always", linux::ColourChoice::always},
    {"never", linux::ColourChoice::never}};
const std::map<std::string, linux::SandboxChoice> sandboxes = {
    {"auto", linux::SandboxChoice::automatic},
    {"off", linux::SandboxChoice::off},
    {"require", linux::SandboxChoice::require}};

std::vector<std::string> split_names(const std::string& names) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t comma = 0; comma != std::string::npos; begin = comma + 1) {
    comma = names.find(',', begin);
    parts.push_back(names.substr(begin, comma - begin));
  }
  return parts;
}

}  // namespace

render::TextStyle Options::style() const {
  const linux::Terminal terminal = linux::probe_terminal(STDOUT_FILENO);
  return {linux::width(terminal, width), linux::colour(terminal, colour), all};
}

FlagInfo& Flags::add(const char* names, const char* value, const char* help, Take take) {
  table_.push_back({split_names(names), value, help, {}, false});
  if (!only_table_) {
    takes_.push_back(std::move(take));
    given_.push_back(0);
  }
  return table_.back();
}

void Flags::flag(const char* name, bool& target, const char* help) {
  add(name, "", help, [&target](const std::string&) {
    target = true;
    return std::string();
  });
}

void Flags::text(const char* name, const char* value, std::string& target, const char* help) {
  add(name, value, help, [&target](const std::string& given) {
    target = given;
    return std::string();
  });
}

void Flags::texts(const char* name, std::vector<std::string>& target, const char* help,
                  bool required) {
  add(name, "", help, [&target](const std::string& given) {
    target.push_back(given);
    return std::string();
  }).many = true;
  if (required) {
    needed_.emplace_back(name);
  }
}

void Flags::number(const char* name, const char* value, std::optional<unsigned>& target,
                   unsigned least, unsigned most, const char* help) {
  add(name, value, help, [name, least, most, &target](const std::string& given) {
    const auto number = parse_number<unsigned>(given);
    if (!number || *number < least || *number > most) {
      return tr("{}: \"{}\" is no number from {} to {}", name, given, std::to_string(least),
                std::to_string(most));
    }
    target = *number;
    return std::string();
  });
}

void Flags::choose(const char* name, const char* value, const char* help,
                   const std::vector<std::string>& names,
                   std::function<void(const std::string&)> take) {
  add(name, value, help, [name, names, take = std::move(take)](const std::string& given) {
    if (std::ranges::find(names, given) == names.end()) {
      return not_one_of(name, given, names);
    }
    take(given);
    return std::string();
  }).choices = names;
}

void Flags::configured(const char* key, const char* standard) {
  table_.back().key = key;
  table_.back().standard = standard;
}

bool Flags::has_configured() const {
  return std::ranges::any_of(table_, [](const FlagInfo& flag) { return !flag.key.empty(); });
}

void Flags::only_one_of(std::initializer_list<const char*> names) {
  exclusive_.emplace_back(names.begin(), names.end());
}

void Flags::root(Options& options) {
  text("--root", "DIR|FILE", options.root,
       "A copy of a host's files, a capture, or what was posted of it");
}

void Flags::format(Options& options, const char* help, std::initializer_list<Format> known) {
  auto choices = formats;
  std::erase_if(choices, [&known](const auto& each) {
    return std::ranges::find(known, each.second) == known.end();
  });
  choice("--format", "FORMAT", help, choices, options.format);
}

void Flags::look(Options& options) {
  choice("--color,--colour", "WHEN", "auto (default), always or never", colours, options.colour);
  number("--width", "N", options.width, linux::min_width, linux::max_width,
         "Width of the text, 60 to 200");
}

// Its value was taken before the first text was made (language_choice.h).
void Flags::language() {
  choose("--lang", "LANG", "Language of the text: en or zh; default by LC_ALL and LANG",
         {"en", "zh"}, [](const std::string&) {});
}

void Flags::sandbox(Options& options) {
  choice("--sandbox", "WHEN", "Read files without rights: auto (default), off, require", sandboxes,
         options.sandbox);
}

std::size_t Flags::row_of(std::string_view name) const {
  const auto row = std::ranges::find_if(table_, [name](const FlagInfo& flag) {
    return std::ranges::find(flag.names, name) != flag.names.end();
  });
  return static_cast<std::size_t>(row - table_.begin());
}

// "-yx": every letter is a flag of its own; one that has a value takes the rest.
std::string Flags::take_letters(std::string_view letters) {
  while (!letters.empty()) {
    const std::string name = "-" + std::string(letters.substr(0, 1));
    const std::size_t row = row_of(name);
    if (row == table_.size()) {
      return tr("there is no option {}", "-" + std::string(letters));
    }
    letters.remove_prefix(1);
    const bool rest = !table_[row].value.empty() && !letters.empty();
    if (std::string why =
            take_option(row, rest ? std::optional(std::string(letters)) : std::nullopt);
        !why.empty() || rest) {
      return why;
    }
  }
  return {};
}

std::string Flags::take_option(std::size_t row, const std::optional<std::string>& value) {
  const FlagInfo& flag = table_[row];
  const auto whole = std::ranges::find_if(
      flag.names, [](const std::string& each) { return each.starts_with("--"); });
  const std::string& name = whole == flag.names.end() ? flag.names.front() : *whole;
  const unsigned before = given_[row]++;
  if (flag.value.empty()) {
    return value ? tr("{} takes no value", name) : takes_[row]({});
  }
  if (!value) {
    return tr("{} needs a value: {} {}", name, name, flag.value);
  }
  // Of "$DIR" that is not set: without a word the command would take this host in its place.
  if (value->empty()) {
    return tr("{}: the value is empty; give {} {}, or leave it out", name, name, flag.value);
  }
  return before > 0 ? tr("{} was given more than once; give it once", name) : takes_[row](*value);
}

std::string Flags::wrong_together() const {
  for (const std::string& name : needed_) {
    if (given_[row_of(name)] == 0) {
      return tr("{} is missing", name);
    }
  }
  for (const auto& names : exclusive_) {
    const std::string* first = nullptr;
    for (const std::string& name : names) {
      if (given_[row_of(name)] == 0) {
        continue;
      }
      if (first != nullptr) {
        return tr("{} and {} exclude each other; give one of them", *first, name);
      }
      first = &name;
    }
  }
  return {};
}

std::string Flags::take(const Words& words) {
  for (const OptionWord& option : words.options) {
    const std::size_t row = row_of(option.name);
    const bool letters =
        option.value && !option.name.starts_with("--") && table_[row].value.empty();
    if (std::string why = letters ? take_letters(option.name.substr(1) + *option.value)
                                  : take_option(row, option.value);
        !why.empty()) {
      return why;
    }
  }
  const auto operand = std::ranges::find_if(table_, &FlagInfo::is_operand);
  const auto row = static_cast<std::size_t>(operand - table_.begin());
  for (const std::string& word : words.operands) {
    const bool argument = given_[row]++ > 0 && operand->names.front() == "HOOK";
    if (word.empty() && !argument) {  // "$FILE" that is not set
      return tr("{}: the word is empty; write it, or leave it out", operand->names.front());
    }
    if (std::string why = takes_[row](word); !why.empty()) {
      return why;
    }
  }
  return wrong_together();
}

std::string Flags::take(const host::Conf& conf) {
  for (std::size_t row = 0; row < table_.size(); ++row) {
    const FlagInfo& flag = table_[row];
    const host::ConfLine* line = flag.key.empty() ? nullptr : conf.find(flag.key);
    if (line == nullptr || line->value.empty() || given_[row] > 0) {
      continue;
    }
    std::string why;
    if ((flag.value == "DIR" || flag.value == "FILE") && !line->value.starts_with('/')) {
      why = tr("{}: a path begins with /", flag.key);
    }
    // An operand that can stand there several times has a word each.
    Cursor words(line->value);
    while (why.empty() && flag.many && !words.at_end()) {
      why = takes_[row](std::string(words.take_word()));
      words.skip_spaces();
    }
    if (why.empty() && !flag.many) {
      why = takes_[row](line->value);
    }
    if (!why.empty()) {
      return tr("{}: {}", printable(line->at), why);
    }
  }
  return {};
}

}  // namespace whyoom::app
