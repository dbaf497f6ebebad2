// The command line: what the commands are, their help, and which one is meant.
#include <algorithm>
#include <utility>

#include "app/build_info.h"
#include "app/command.h"
#include "app/config.h"
#include "app/words.h"
#include "base/language.h"
#include "base/text.h"
#include "render/layout.h"

namespace whyoom::app {
namespace {

// Lines of a paragraph flow; a line behind a blank, of two columns, goes on below its second one.
std::string fitted(std::string_view text) {
  constexpr std::size_t columns = 80;
  std::string out;
  while (!text.empty()) {
    std::string line(take_part(text, '\n'));
    const bool flows = !line.empty() && line.front() != ' ' && !line.ends_with(':');
    while (flows && !text.empty() && text.front() != ' ' && text.front() != '\n') {
      line += (line.back() & 0x80) != 0 ? "" : " ";  // no blank in Chinese
      line += take_part(text, '\n');
    }
    const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
    const std::size_t gap = begin == 0 ? std::string::npos : line.find("  ", begin);
    constexpr std::size_t second = 20;  // from here on it is no command
    if (begin > 0 && begin < second && gap == std::string::npos) {
      out += line + "\n";
      continue;
    }
    const std::size_t below = std::min(line.find_first_not_of(' ', gap), line.size());
    const std::size_t indent = gap == std::string::npos ? begin : below;
    out += line.substr(0, indent);
    const auto parts = render::wrap(std::string_view(line).substr(indent), columns - indent);
    out += join(parts, "\n" + std::string(indent, ' ')) + "\n";
  }
  return out;
}

std::string help_text(const CommandInfo& info, const std::vector<CommandInfo>& all) {
  const auto row = [](std::string left, const std::string& right) {
    left.resize(std::max<std::size_t>(left.size() + 2, 26), ' ');
    return left.insert(0, "  ") + right + "\n";
  };
  const Command& command = *info.command;
  std::string text = tr(command.about) + "\n\n" + tr("Usage: {}", command.usage) + "\n";
  const bool program = info.command == all.front().command;
  text += program && all.size() > 1 ? "\n" + tr("Commands:") + "\n" : "";
  for (std::size_t i = 1; program && i < all.size(); ++i) {
    if (!all[i].command->listed) {
      continue;
    }
    text +=
        row(all[i].command->name, std::string(first_sentence(translated(all[i].command->about))));
  }
  text += "\n" + tr("Options:") + "\n";
  for (const FlagInfo& flag : info.flags) {
    if (!flag.is_operand()) {
      text +=
          row(join(flag.names, ",") + (flag.value.empty() ? "" : " " + flag.value), tr(flag.help));
    }
  }
  return fitted(text + "\n" + tr(command.footer));
}

}  // namespace

std::vector<CommandInfo> describe(const Commands& commands) {
  std::vector<CommandInfo> table;
  Flags of_all(true);
  of_all.language();
  table.reserve(commands.size());
  for (const Command* command : commands) {
    Flags flags(true);
    command->declare(flags);
    std::vector<FlagInfo> own;
    own.reserve(flags.table().size() + 3);
    own.insert(own.end(), flags.table().begin(), flags.table().end());
    own.push_back(of_all.table().front());
    own.push_back({{"-h", "--help"}, "", "Print this help and exit", {}});
    if (table.empty()) {
      own.push_back({{"-V", "--version"}, "", "Print the version and exit", {}});
    }
    table.push_back({command, std::move(own)});
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
  if (std::ranges::any_of(words.options, asks_for_help)) {
    return tl::unexpected(Notice{help_text(own, table)});
  }
  if (std::ranges::any_of(words.options, asks_for_version)) {
    return tl::unexpected(Notice{version_text()});
  }
  const auto flags = std::make_shared<Flags>(false);
  Work work = own.command->declare(*flags);
  flags->language();
  if (const std::string why = flags->take(words); !why.empty()) {
    return tl::unexpected(Notice{complaint(own, why), true});
  }
  return flags->has_configured() ? with_settings(flags, std::move(work)) : work;
}

}  // namespace whyoom::app
