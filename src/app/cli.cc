// The command line: the commands in the order of the help, their flags by CLI11.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <utility>

#include "app/command.h"

namespace whyoom::app {
namespace {

const std::map<std::string, Format> formats = {{"text", Format::text},
                                               {"json", Format::json},
                                               {"ndjson", Format::ndjson},
                                               {"markdown", Format::markdown}};
const std::map<std::string, linux::ColourChoice> colours = {
    {"auto", linux::ColourChoice::automatic},
    {"always", linux::ColourChoice::always},
    {"never", linux::ColourChoice::never}};
const std::map<std::string, linux::SandboxChoice> sandboxes = {
    {"auto", linux::SandboxChoice::automatic},
    {"off", linux::SandboxChoice::off},
    {"require", linux::SandboxChoice::require}};

// CLI11's own help repeats types and ranges; this one has a line for each option and no more.
std::string help_text(const CLI::App& app, const std::string& usage) {
  const auto row = [](std::string left, const std::string& right) {
    left.resize(std::max<std::size_t>(left.size() + 2, 26), ' ');
    return left.insert(0, "  ") + right + "\n";
  };
  std::string text = app.get_description() + "\n\nUsage: " + usage + "\n";
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  text += commands.empty() ? "" : "\nCommands:\n";
  for (const CLI::App* command : commands) {
    const std::string about_it = command->get_description();
    text += row(command->get_name(), about_it.substr(0, about_it.find(".\n")));
  }
  text += "\nOptions:\n";
  for (const CLI::Option* option : app.get_options()) {
    if (option->nonpositional()) {
      const std::string value = option->get_type_name();
      text += row(option->get_name(false, true) + (value.empty() ? "" : " " + value),
                  option->get_description());
    }
  }
  return text + "\n" + app.get_footer();
}

std::string complaint(const CLI::App& app, const CLI::ParseError& error) {
  const auto chosen = app.get_subcommands();
  std::string text = "whyoom: " + std::string(error.what()) + "\nTry `whyoom";
  // CLI11 2.4 takes no = in the name of an option. These two errors hold names of options alone:
  // elsewhere the word may be the user's.
  const bool names_only =
      error.get_name() == "RequiredError" || error.get_name() == "ExcludesError";
  if (const std::size_t at = text.find("SETTING"); names_only && at != std::string::npos) {
    text.replace(at, std::string_view("SETTING").size(), "KEY=VALUE");
  }
  text += chosen.empty() ? "" : " " + chosen.front()->get_name();
  return text + " --help`.\n";
}

Notice belongs_behind(const std::string& option, const std::string& command) {
  return {"whyoom: " + option + " belongs behind " + command + "\nTry `whyoom " + command +
              " --help`.\n",
          true};
}

}  // namespace

render::TextStyle Options::style() const {
  const linux::Terminal terminal = linux::probe_terminal(STDOUT_FILENO);
  return {linux::width(terminal, width), linux::colour(terminal, colour), all};
}

void Flags::flag(const char* name, bool& target, const char* help) {
  app_.add_flag(name, target, help);
}

void Flags::text(const char* name, const char* value, std::string& target, const char* help) {
  app_.add_option(name, target, help)->type_name(value);
}

void Flags::texts(const char* name, std::vector<std::string>& target, const char* help,
                  bool required) {
  app_.add_option(name, target, help)->type_name("")->required(required);
}

void Flags::number(const char* name, const char* value, std::optional<unsigned>& target,
                   unsigned least, unsigned most, const char* help) {
  app_.add_option(name, target, help)
      ->type_name(value)
      ->check(CLI::Range(least, most).description(""));
}

void Flags::choose(const char* name, const char* value, const char* help,
                   std::vector<std::string> names, std::function<void(const std::string&)> take) {
  app_.add_option_function<std::string>(
          name,
          [name, names = std::move(names), take = std::move(take)](const std::string& given) {
            if (std::ranges::find(names, given) == names.end()) {
              std::string known;
              for (const std::string& each : names) {
                known += (known.empty() ? "" : ", ") + each;
              }
              throw CLI::ValidationError(std::string(name) + ": " + given + " is not one of " +
                                         known);
            }
            take(given);
          },
          help)
      ->type_name(value);
}

void Flags::only_one_of(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    for (const char* other : names) {
      if (name != other) {
        app_.get_option(name)->excludes(app_.get_option(other));
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

tl::expected<Work, Notice> parse_command_line(int argc, const char* const* argv,
                                              const std::vector<const Command*>& commands) {
  CLI::App app(commands.front()->about, "whyoom");
  app.set_version_flag("--version", "whyoom " WHYOOM_VERSION, "Print the version and exit");
  app.set_help_flag("-h,--help", "Print this help and exit");
  std::vector<Work> works;
  for (const Command* command : commands) {
    CLI::App& own = works.empty() ? app : *app.add_subcommand(command->name, command->about);
    own.footer(command->footer);
    Flags flags(own);
    works.push_back(command->declare(flags));
  }
  const auto chosen = [&]() -> std::size_t {
    const auto subcommands = app.get_subcommands();
    std::size_t i = commands.size() - 1;
    while (i > 0 && (subcommands.empty() || subcommands.front()->get_name() != commands[i]->name)) {
      --i;
    }
    return i;
  };
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const std::size_t i = chosen();
    return tl::unexpected(Notice{
        help_text(i == 0 ? app : *app.get_subcommand(commands[i]->name), commands[i]->usage)});
  } catch (const CLI::CallForVersion& version) {
    return tl::unexpected(Notice{std::string(version.what()) + "\n"});
  } catch (const CLI::ParseError& error) {
    return tl::unexpected(Notice{complaint(app, error), true});
  }
  for (const char* option : {"--root", "--format", "--color", "--width", "--sandbox"}) {
    if (chosen() > 0 && app.get_option_no_throw(option) != nullptr && app.count(option) > 0) {
      return tl::unexpected(belongs_behind(option, commands[chosen()]->name));
    }
  }
  return works[chosen()];
}

}  // namespace whyoom::app
