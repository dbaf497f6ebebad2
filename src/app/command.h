// A command of the program. What it is called, its flags, its help and its work stand together in
// one file of this folder, which defines a Command; cli.cc has the list of them.
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "linux/output.h"
#include "linux/sandbox.h"
#include "linux/terminal.h"
#include "render/format.h"
#include "render/layout.h"

namespace whyoom::host {
struct Conf;
}

namespace whyoom::app {

// What the process ends with.
enum ExitStatus : int {
  nothing_found = 0,
  events_found = 1,
  trouble = 2,      // wrong use, an input that could not be read, or a fix that was refused
  rolled_back = 3,  // a fix failed half-way and was taken back
};

// Where a command writes, and how it was called.
struct Console {
  linux::Output& out;
  linux::Output& errors;
  std::string command_line{};
  // It does something to the machine, or makes a capture: its exit status tells what became of
  // that, whoever could read of it.
  bool changes = false;

  // "whyoom: .." on standard error.
  void tell(std::string_view what) { errors.write("whyoom: " + std::string(what) + "\n"); }
  int fail(std::string_view what) {
    tell(what);
    return trouble;
  }
};

using render::Format;

// What several commands take.
struct Options {
  std::string root;  // a copy of a host's files, or a capture; empty = this machine
  Format format = Format::text;
  bool all = false;
  linux::ColourChoice colour = linux::ColourChoice::automatic;
  std::optional<unsigned> width;
  linux::SandboxChoice sandbox = linux::SandboxChoice::automatic;

  // How text on standard output looks: what is asked for, and what the terminal can show.
  [[nodiscard]] render::TextStyle style() const;
};

// What the help, the manual and completion tell of a flag. One whose names have no dashes is an
// operand: what stands there is the value.
struct FlagInfo {
  std::vector<std::string> names;  // "-o", "--output"
  std::string value;               // what stands behind it: "FILE"; empty: nothing
  std::string help;
  std::vector<std::string> choices;  // all values that it can have; empty: others too
  bool many = false;                 // an operand that can stand there several times
  std::string key{};                 // of whyoom.conf, which then can give it; empty: none
  std::string standard{};            // of a flag with a key: what holds where nobody gives it

  [[nodiscard]] bool is_operand() const { return !names.front().starts_with('-'); }
};

struct Words;

// The flags of a command; each target must live until its work is done.
class Flags {
 public:
  // `only_table`: nothing will be given to them.
  explicit Flags(bool only_table) : only_table_(only_table) {}

  [[nodiscard]] const std::vector<FlagInfo>& table() const { return table_; }

  // Gives each target what a command line says that misspelt() (words.h) has nothing against. What
  // is wrong with it, as a sentence; empty: nothing.
  [[nodiscard]] std::string take(const Words& words);
  // Gives those that the command line did not. The same sentence, with file and line.
  [[nodiscard]] std::string take(const host::Conf& conf);
  [[nodiscard]] bool has_configured() const;

  void flag(const char* name, bool& target, const char* help);
  // A name without dashes is one that is not written: what stands there is the value.
  void text(const char* name, const char* value, std::string& target, const char* help);
  void texts(const char* name, std::vector<std::string>& target, const char* help, bool required);
  void number(const char* name, const char* value, std::optional<unsigned>& target, unsigned least,
              unsigned most, const char* help);
  // A few named values; the message for a wrong one lists them.
  template <class T, class Target>
  void choice(const char* name, const char* value, const char* help,
              const std::map<std::string, T>& choices, Target& target) {
    std::vector<std::string> names;
    names.reserve(choices.size());
    for (const auto& [each, what] : choices) {
      names.push_back(each);
    }
    choose(name, value, help, names,
           [choices, &target](const std::string& chosen) { target = choices.at(chosen); });
  }
  // The flag that was declared last can also be given by whyoom.conf.
  void configured(const char* key, const char* standard);
  void only_one_of(std::initializer_list<const char*> names);

  void root(Options& options);
  void format(Options& options, const char* help, std::initializer_list<Format> known);
  void look(Options& options);  // --color and --width
  void sandbox(Options& options);
  void language();

 private:
  // What becomes of a value that was given; the sentence of take().
  using Take = std::function<std::string(const std::string&)>;

  void choose(const char* name, const char* value, const char* help,
              const std::vector<std::string>& names, std::function<void(const std::string&)> take);
  FlagInfo& add(const char* names, const char* value, const char* help, Take take);
  [[nodiscard]] std::size_t row_of(std::string_view name) const;
  [[nodiscard]] std::string take_option(std::size_t row, const std::optional<std::string>& value);
  [[nodiscard]] std::string take_letters(std::string_view letters);
  [[nodiscard]] std::string wrong_together() const;

  bool only_table_;
  std::vector<FlagInfo> table_;
  std::vector<Take> takes_;      // of the rows of the table
  std::vector<unsigned> given_;  // how often
  std::vector<std::string> needed_;
  std::vector<std::vector<std::string>> exclusive_;
};

using Work = std::function<int(Console&)>;  // gives the exit status

struct Command {
  const char* name;
  const char* usage;
  const char* about;
  const char* footer;
  Work (*declare)(Flags& flags);  // the work, with what the flags will say
  bool listed = true;             // in the help of the program
};

// The first one is what is done without a command.
extern const Command overview_command, explain_command, check_command, what_if_command, fix_command,
    undo_command, lint_command, capture_command, watch_command, history_command, summary_command,
    play_command, serve_command, config_command, causes_command, mcp_command, completion_command,
    help_command, manual_command, metrics_command;
using Commands = std::vector<const Command*>;
const Commands& all_commands();

// A command with all its flags.
struct CommandInfo {
  const Command* command = nullptr;
  std::vector<FlagInfo> flags;
};
std::vector<CommandInfo> describe(const Commands& commands);

// Something to print instead of doing a command: help, the version, or what is wrong.
struct Notice {
  std::string text;
  bool wrong_use = false;
};

// `table`: of describe().
tl::expected<Work, Notice> parse_command_line(int argc, const char* const* argv,
                                              const std::vector<CommandInfo>& table);
// What `whyoom NAME --help` prints; of the program for an empty name. The error is a sentence.
tl::expected<std::string, std::string> help_of(const std::string& name, const Commands& commands);

// The program behind main().
int run(int argc, const char* const* argv);

// What to say of std::bad_alloc: what was being read, and what to do.
std::string out_of_memory();

}  // namespace whyoom::app
