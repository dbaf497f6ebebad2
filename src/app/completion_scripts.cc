// The scripts of `whyoom completion`. The words in them are the program's own: letters, digits and
// -_.=| alone; help texts are quoted.
#include <algorithm>
#include <set>

#include "app/completion_words.h"
#include "base/language.h"
#include "base/text.h"

namespace whyoom::app {

namespace {

// The first sentence of a command's help.
std::string title(const Command& command) {
  const std::string_view about = translated(command.about);
  return std::string(about.substr(0, std::min(about.find(".\n"), about.find("。\n"))));
}

bool has_value(const FlagInfo& flag) { return !flag.is_operand() && !flag.value.empty(); }

std::string with_equals(const Completion& completion) {
  return join(completion.words, completion.assignments ? "= " : " ") +
         (completion.assignments ? "=" : "");
}

std::string bash_action(const Completion& completion) {
  std::string text =
      completion.words.empty() ? "words=''" : "words='" + with_equals(completion) + "'";
  text += completion.files ? "; files=1" : "";
  text += completion.events ? "; events=1" : "";
  return text + (completion.assignments ? "; compopt -o nospace" : "");
}

// The options and operands of one command, as a branch of `case`.
std::string bash_branch(const CommandInfo& info, const std::vector<CommandInfo>& table,
                        const std::string& name) {
  std::vector<std::string> options;
  std::string values;
  std::string operands = "words=''";
  for (const FlagInfo& flag : info.flags) {
    const Completion completion = completion_of(info, flag, table);
    if (flag.is_operand()) {
      operands = bash_action(completion);
      continue;
    }
    options.insert(options.end(), flag.names.begin(), flag.names.end());
    if (has_value(flag)) {
      values +=
          "        " + join(flag.names, "|") + ") " + bash_action(completion) + "; value=1 ;;\n";
    }
  }
  return "    " + name + ")\n      options='" + join(options, " ") + "'\n" +
         (values.empty() ? "" : "      case $prev in\n" + values + "      esac\n") +
         "      [ -n \"$value\" ] || { " + operands + "; }\n      ;;\n";
}

// Single quotes, for zsh and fish.
std::string zsh_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    out += c == '\''                          ? "'\\''"
           : c == '[' || c == ']' || c == ':' ? std::string("\\") + c
                                              : std::string(1, c);
  }
  return out;
}

std::string zsh_action(const Completion& completion) {
  if (completion.assignments) {
    return "{compadd -S = -- " + join(completion.words, " ") + "}";
  }
  return completion.events          ? "_whyoom_events"
         : completion.files         ? "_files"
         : completion.words.empty() ? " "
                                    : "(" + join(completion.words, " ") + ")";
}

std::string zsh_spec(const CommandInfo& info, const FlagInfo& flag,
                     const std::vector<CommandInfo>& table) {
  const std::string action = zsh_action(completion_of(info, flag, table));
  const std::string what = zsh_text(flag.is_operand() ? flag.names.front() : flag.value);
  if (flag.is_operand()) {
    return "'" + std::string(flag.many ? "*" : "1") + ":" + what + ":" + action + "'";
  }
  const std::string rest = "[" + zsh_text(tr(flag.help)) + "]" +
                           (has_value(flag) ? ":" + what + ":" + action : "") + "'";
  std::string text;
  for (const std::string& name : flag.names) {
    const std::string others = flag.names.size() > 1 ? "(" + join(flag.names, " ") + ")" : "";
    const char* mark = !has_value(flag) ? "" : name.starts_with("--") ? "=" : "+";
    text.append(text.empty() ? "'" : " '").append(others).append(name).append(mark).append(rest);
  }
  return text;
}

std::string zsh_specs(const CommandInfo& info, const std::vector<CommandInfo>& table) {
  std::string text;
  for (const FlagInfo& flag : info.flags) {
    text += " \\\n        " + zsh_spec(info, flag, table);
  }
  return text;
}

std::string fish_text(const std::string& text) {
  return "'" + replaced(replaced(text, "\\", "\\\\"), "'", "\\'") + "'";
}

std::string fish_flag(const CommandInfo& info, const FlagInfo& flag,
                      const std::vector<CommandInfo>& table, const std::string& condition) {
  const Completion completion = completion_of(info, flag, table);
  std::string text = "complete -c whyoom -n " + condition;
  if (!flag.is_operand()) {
    for (const std::string& name : flag.names) {
      text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    text += " -d " + fish_text(tr(flag.help));
    text += !has_value(flag) ? "" : completion.files ? " -r -F" : " -x";
  } else {
    text += completion.files ? " -F" : " -f";
  }
  text += completion.events ? " -a '(__whyoom_events)'" : "";
  return text + (completion.words.empty() ? "" : " -a '" + with_equals(completion) + "'") + "\n";
}

// @1 options with a value, @2 commands as a pattern, @3 a branch for each command, @4 commands.
constexpr const char* bash_template =
    R"sh(# bash completion of whyoom, written by `whyoom completion bash`.
# FILE#1, FILE#2 ..: the events of the start of a log.
_whyoom_events() {
  local i count
  count=$(head -c 64M -- "$1" 2>/dev/null | whyoom explain --format ndjson - 2>/dev/null | wc -l)
  for ((i = 1; i <= count && i <= 99; i++)); do
    printf '%s#%d\n' "$1" "$i"
  done
}
_whyoom() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
  local command='' options='' words='' files='' events='' value='' word i
  COMPREPLY=()
  # Bash takes the = of --option=value for a word of its own.
  if [ "$cur" = = ]; then
    cur=''
  elif [ "$prev" = = ]; then
    prev=${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case $word in
      @1)
        [ "${COMP_WORDS[i+1]}" != = ] || i=$((i + 1))
        i=$((i + 1))
        ;;
      -?*) ;;
      @2) command=$word; break ;;
      *) command=explain; break ;;
    esac
  done
  case $command in
@3  esac
  if [ -z "$command$value" ]; then
    words='@4'
    files=1
  fi
  if [ -z "$value" ] && [ "${cur:0:1}" = - ]; then
    words=$options
    files=''
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  if [ -n "$events" ] && [ "${cur%#*}" != "$cur" ] && [ -f "${cur%#*}" ]; then
    local IFS=$'\n'
    COMPREPLY=($(compgen -W "$(_whyoom_events "${cur%#*}")" -- "$cur"))
    return
  fi
  if [ -n "$files" ]; then
    compopt -o filenames
    local IFS=$'\n'
    COMPREPLY+=($(compgen -f -- "$cur"))
  fi
}
complete -F _whyoom whyoom
)sh";

std::string filled(std::string text, const std::vector<std::string>& parts) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string place = "@" + std::to_string(i + 1);
    text.replace(text.find(place), place.size(), parts[i]);
  }
  return text;
}

}  // namespace

std::string bash_completion(const std::vector<CommandInfo>& table) {
  std::vector<std::string> commands;
  std::set<std::string> valued;
  std::string branches;
  for (const CommandInfo& info : table) {
    const std::string name = info.command->name;
    if (!name.empty() && info.command->listed) {
      commands.push_back(name);
    }
    for (const FlagInfo& flag : info.flags) {
      if (has_value(flag)) {
        valued.insert(flag.names.begin(), flag.names.end());
      }
    }
    branches += bash_branch(info, table, name.empty() ? "''" : name);
  }
  return filled(bash_template,
                {join(valued, "|"), join(commands, "|"), branches, join(commands, " ")});
}

std::string zsh_completion(const std::vector<CommandInfo>& table) {
  std::string commands, branches;
  for (std::size_t i = 1; i < table.size(); ++i) {
    const Command& command = *table[i].command;
    if (command.listed) {
      commands += "    '" + std::string(command.name) + ":" + zsh_text(title(command)) + "'\n";
    }
    branches += "      " + std::string(command.name) + ")\n        _arguments -s" +
                zsh_specs(table[i], table) + "\n        ;;\n";
  }
  return "#compdef whyoom\n"
         "# zsh completion of whyoom, written by `whyoom completion zsh`.\n"
         "# FILE#1, FILE#2 ..: the events of the start of a log.\n"
         "_whyoom_events() {\n"
         "  local word=${(Q)PREFIX} count\n"
         "  local file=${word%\\#*}\n"
         "  if [[ $word != *\\#* || ! -f $file ]]; then\n"
         "    _files -S ''\n"
         "    return\n"
         "  fi\n"
         "  count=$(head -c 64M -- $file 2>/dev/null |\n"
         "    whyoom explain --format ndjson - 2>/dev/null | wc -l)\n"
         "  (( count > 0 )) && compadd -Q -- ${(q)file}\\#{1..$(( count < 99 ? count : 99 ))}\n"
         "}\n"
         "_whyoom() {\n"
         "  local curcontext=$curcontext state line\n"
         "  local -a commands\n"
         "  commands=(\n" +
         commands +
         "  )\n"
         "  _arguments -C -s -A '-*'" +
         zsh_specs(table.front(), table) +
         " \\\n"
         "        '1: :->command' '*:: :->rest'\n"
         "  case $state in\n"
         "    command)\n"
         "      _describe -t commands command commands\n"
         "      _files\n"
         "      ;;\n"
         "    rest)\n"
         "      case $words[1] in\n" +
         branches +
         "      *) _files ;;\n"
         "      esac\n"
         "      ;;\n"
         "  esac\n"
         "}\n"
         "if [ \"$funcstack[1]\" = _whyoom ]; then\n"
         "  _whyoom \"$@\"\n"
         "else\n"
         "  compdef _whyoom whyoom\n"
         "fi\n";
}

std::string fish_completion(const std::vector<CommandInfo>& table) {
  std::string text =
      "# fish completion of whyoom, written by `whyoom completion fish`.\n"
      "# FILE#1, FILE#2 ..: the events of the start of a log.\n"
      "function __whyoom_events\n"
      "  set -l word (commandline -ct | string replace -r '^--event=' '')\n"
      "  set -l file (string replace -r '#[0-9]*$' '' -- $word)\n"
      "  if string match -q '*#*' -- $word; and test -f \"$file\"\n"
      "    set -l count (head -c 64M -- $file 2>/dev/null |\n"
      "      whyoom explain --format ndjson - 2>/dev/null | wc -l)\n"
      "    test $count -gt 0; and printf \"$file#%d\\n\" (seq (math \"min($count, 99)\"))\n"
      "  end\n"
      "end\n";
  for (const CommandInfo& info : table) {
    const std::string name = info.command->name;
    const std::string condition =
        name.empty() ? "__fish_use_subcommand" : "'__fish_seen_subcommand_from " + name + "'";
    if (!name.empty() && info.command->listed) {
      text += "complete -c whyoom -n __fish_use_subcommand -a " + name + " -d " +
              fish_text(title(*info.command)) + "\n";
    }
    const bool files = name.empty() || std::ranges::any_of(info.flags, [&](const FlagInfo& flag) {
                         return flag.is_operand() && completion_of(info, flag, table).files;
                       });
    if (!files) {
      text += "complete -c whyoom -n " + condition + " -f\n";
    }
    for (const FlagInfo& flag : info.flags) {
      text += fish_flag(info, flag, table, condition);
    }
  }
  return text;
}

}  // namespace whyoom::app
