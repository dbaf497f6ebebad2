// `whyoom completion`, and what it has for each shell.
#include <map>
#include <memory>
#include <string>

#include "advise/wanted.h"
#include "app/command.h"
#include "app/completion_words.h"
#include "base/language.h"
#include "diagnose/cause.h"
#include "memory/settings.h"

namespace whyoom::app {

namespace {

using Script = std::string (*)(const std::vector<CommandInfo>& table);
const std::map<std::string, Script> shells = {
    {"bash", bash_completion}, {"fish", fish_completion}, {"zsh", zsh_completion}};

}  // namespace

Completion completion_of(const CommandInfo& info, const FlagInfo& flag,
                         const std::vector<CommandInfo>& table) {
  const std::string& what = flag.is_operand() ? flag.names.front() : flag.value;
  Completion result;
  result.words = flag.choices;
  result.files = what.find("FILE") != std::string::npos;
  result.events = what.ends_with("#N]");
  if (what == "ID" || what.starts_with("ID,")) {
    for (const diagnose::Cause* cause : diagnose::all_causes()) {
      result.words.emplace_back(cause->id);
    }
  } else if (what == "KEY=VALUE") {
    result.assignments = true;
    const auto keys =
        info.command == &what_if_command ? memory::setting_names() : advise::known_keys();
    result.words.assign(keys.begin(), keys.end());
  } else if (what == "COMMAND") {
    for (std::size_t i = 1; i < table.size(); ++i) {
      if (table[i].command->listed) {
        result.words.emplace_back(table[i].command->name);
      }
    }
  }
  return result;
}

const Command completion_command{
    "completion", "whyoom completion bash|zsh|fish",
    "Prints what completes its command lines in a shell.",
    "`cmake --install` puts it where the shells look. By hand:\n"
    "  whyoom completion bash > /etc/bash_completion.d/whyoom\n"
    "  whyoom completion zsh > /usr/local/share/zsh/site-functions/_whyoom\n"
    "  whyoom completion fish > ~/.config/fish/completions/whyoom.fish\n"
    "\nExamples:\n"
    "  source <(whyoom completion bash)\n",
    [](Flags& flags) -> Work {
      const auto script = std::make_shared<Script>(nullptr);
      flags.choice("SHELL", "", "The shell", shells, *script);
      return [script](Console& io) {
        if (*script == nullptr) {
          return io.fail(tr("which shell? whyoom completion bash, zsh or fish"));
        }
        io.out.write((*script)(describe(all_commands())));
        return static_cast<int>(nothing_found);
      };
    }};

}  // namespace whyoom::app
