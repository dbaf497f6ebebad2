// The command line: the commands in the order of the help, their flags by CLI11.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <utility>

#include "app/command.h"
#include "app/words.h"
#include "base/text.h"

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

constexpr const char* version_text = "whyoom " WHYOOM_VERSION;

std::vector<std::string> split_names(const std::string& names) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t comma = 0; comma != std::string::npos; begin = comma + 1) {
    comma = names.find(',', begin);
    parts.push_back(names.substr(begin, comma - begin));
  }
  return parts;
}

// CLI11's own help repeats types and ranges; this one has a line for each option and no more.
std::string help_text(const CommandInfo& info, const std::vector<CommandInfo>& all) {
  const auto row = [](std::string left, const std::string& right) {
    left.resize(std::max<std::size_t>(left.size() + 2, 26), ' ');
    return left.insert(0, "  ") + right + "\n";
  };
  const Command& command = *info.command;
  std::string text = std::string(command.about) + "\n\nUsage: " + command.usage + "\n";
  const bool program = info.command == all.front().command;
  text += program && all.size() > 1 ? "\nCommands:\n" : "";
  for (std::size_t i = 1; program && i < all.size(); ++i) {
    if (!all[i].command->listed) {
      continue;
    }
    const std::string about_it = all[i].command->about;
    text += row(all[i].command->name, about_it.substr(0, about_it.find(".\n")));
  }
  text += "\nOptions:\n";
  for (const FlagInfo& flag : info.flags) {
    if (!flag.is_operand()) {
      std::string names;
      for (const std::string& name : flag.names) {
        names += (names.empty() ? "" : ",") + name;
      }
      text += row(names + (flag.value.empty() ? "" : " " + flag.value), flag.help);
    }
  }
  return text + "\n" + command.footer;
}

}  // namespace

render::TextStyle Options::style() const {
  const linux::Terminal terminal = linux::probe_terminal(STDOUT_FILENO);
  return {linux::width(terminal, width), linux::colour(terminal, colour), all};
}

FlagInfo& Flags::note(const char* names, const char* value, const char* help) {
  table_.push_back({split_names(names), value, help, {}, false});
  return table_.back();
}

void Flags::flag(const char* name, bool& target, const char* help) {
  if (app_ != nullptr) {
    app_->add_flag(name, target, help);
  }
  note(name, "", help);
}

void Flags::text(const char* name, const char* value, std::string& target, const char* help) {
  if (app_ != nullptr) {
    app_->add_option(name, target, help)->type_name(value);
  }
  note(name, value, help);
}

void Flags::texts(const char* name, std::vector<std::string>& target, const char* help,
                  bool required) {
  if (app_ != nullptr) {
    app_->add_option(name, target, help)->type_name("")->required(required);
  }
  note(name, "", help).many = true;
}

void Flags::number(const char* name, const char* value, std::optional<unsigned>& target,
                   unsigned least, unsigned most, const char* help) {
  note(name, value, help);
  if (app_ == nullptr) {
    return;
  }
  app_->add_option(name, target, help)
      ->type_name(value)
      ->check([least, most](const std::string& given) {
        const auto number = parse_number<unsigned>(given);
        return number && *number >= least && *number <= most
                   ? std::string()
                   : "\"" + given + "\" is no number from " + std::to_string(least) + " to " +
                         std::to_string(most);
      });
}

void Flags::choose(const char* name, const char* value, const char* help,
                   std::vector<std::string> names, std::function<void(const std::string&)> take) {
  note(name, value, help).choices = names;
  if (app_ == nullptr) {
    return;
  }
  app_->add_option_function<std::string>(
          name,
          [name, names = std::move(names), take = std::move(take)](const std::string& given) {
            if (std::ranges::find(names, given) == names.end()) {
              throw CLI::ValidationError(not_one_of(name, given, names));
            }
            take(given);
          },
          help)
      ->type_name(value);
}

void Flags::only_one_of(std::initializer_list<const char*> names) {
  if (app_ == nullptr) {
    return;
  }
  for (const char* name : names) {
    for (const char* other : names) {
      if (name != other) {
        app_->get_option(name)->excludes(app_->get_option(other));
      }
    }
  }
}

void Flags::root(Options& options) {
  text("--root", "DIR|FILE", options.root,
       "A copy of a host's files, or a capture, in place of this host");
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

void Flags::sandbox(Options& options) {
  choice("--sandbox", "WHEN", "Read files without rights: auto (default), off, require", sandboxes,
         options.sandbox);
}

namespace {

// CLI11 knowing the program's own flags and those of one command: to declare all of them would be
// most of what a short log costs.
struct Declared {
  CLI::App app{"", "whyoom"};
  Work work{};

  Declared(const std::vector<CommandInfo>& table, std::size_t chosen) {
    app.require_subcommand(0, 1);  // what follows a command is its own, whatever it is called
    add(*table.front().command, app);
    app.set_version_flag("-V,--version", version_text);
    if (chosen != 0) {
      add(*table[chosen].command, *app.add_subcommand(table[chosen].command->name));
    }
  }

 private:
  void add(const Command& command, CLI::App& own) {
    Flags flags(&own);
    work = command.declare(flags);
    own.set_help_flag("-h,--help");
  }
};

}  // namespace

std::vector<CommandInfo> describe(const Commands& commands) {
  std::vector<CommandInfo> table;
  for (const Command* command : commands) {
    Flags flags(nullptr);
    command->declare(flags);
    const bool first = table.empty();
    table.push_back({command, flags.table()});
    table.back().flags.push_back({{"-h", "--help"}, "", "Print this help and exit", {}});
    if (first) {
      table.back().flags.push_back({{"-V", "--version"}, "", "Print the version and exit", {}});
    }
  }
  return table;
}

tl::expected<std::string, std::string> help_of(const std::string& name, const Commands& commands) {
  const auto table = describe(commands);
  const auto found = std::ranges::find_if(
      table, [&name](const CommandInfo& each) { return each.command->name == name; });
  if (found == table.end()) {
    return tl::unexpected(no_command(name, table));
  }
  return help_text(*found, table);
}

tl::expected<Work, Notice> parse_command_line(int argc, const char* const* argv,
                                              const std::vector<CommandInfo>& table) {
  const Words words = sort_words({argv + 1, argv + std::max(argc, 1)}, table);
  const CommandInfo& own = table[words.command];
  if (const std::string why = misspelt(words, table); !why.empty()) {
    return tl::unexpected(Notice{why, true});
  }
  const auto asks_for = [&words](std::string_view letter, std::string_view name) {
    return std::ranges::any_of(words.options, [&](const OptionWord& option) {
      return option.name == letter || option.name == name;
    });
  };
  // CLI11 throws for these, and the first exception of a static program costs more than all else.
  if (asks_for("-h", "--help")) {
    return tl::unexpected(Notice{help_text(own, table)});
  }
  if (asks_for("-V", "--version")) {
    return tl::unexpected(Notice{std::string(version_text) + "\n"});
  }
  Declared declared(table, words.command);
  try {
    declared.app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return tl::unexpected(Notice{help_text(own, table)});
  } catch (const CLI::CallForVersion& version) {
    return tl::unexpected(Notice{std::string(version.what()) + "\n"});
  } catch (const CLI::ParseError& error) {
    return tl::unexpected(Notice{complaint(own, error.get_name(), error.what()), true});
  }
  return declared.work;
}

}  // namespace whyoom::app
