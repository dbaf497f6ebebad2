// `whyoom config`, and how a setting gets to the flag that it stands in for.
#include "app/config.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/language.h"
#include "base/suggest.h"
#include "base/text.h"
#include "host/whyoom_conf.h"
#include "linux/dir_files.h"

namespace whyoom::app {
namespace {

struct Setting {
  std::string key, standard;
};

// Each key once, in the order of the commands.
std::vector<Setting> settings_of(const std::vector<CommandInfo>& table) {
  std::vector<Setting> settings;
  for (const CommandInfo& info : table) {
    for (const FlagInfo& flag : info.flags) {
      const bool known = std::ranges::any_of(
          settings, [&flag](const Setting& each) { return each.key == flag.key; });
      if (!flag.key.empty() && !known) {
        settings.push_back({flag.key, flag.standard});
      }
    }
  }
  return settings;
}

// Of the host below `root`, with all keys known. The error is a sentence, with file and line.
tl::expected<host::Conf, std::string> read_settings(const std::string& root,
                                                    const std::vector<CommandInfo>& table) {
  auto files = linux::DirFiles::open(root);
  if (!files) {
    return tl::unexpected(tr("{}: {}", printable(root), translated(files.error().text)));
  }
  auto conf = host::read_conf(*files);
  if (!conf) {
    return conf;
  }
  const auto settings = settings_of(table);
  std::vector<std::string_view> keys;
  keys.reserve(settings.size());
  for (const Setting& setting : settings) {
    keys.push_back(setting.key);
  }
  for (const host::ConfLine& line : conf->lines) {
    if (std::ranges::find(keys, line.key) == keys.end()) {
      return tl::unexpected(tr("{}: there is no setting {}{}", printable(line.at), line.key,
                               did_you_mean(line.key, keys)));
    }
  }
  return conf;
}

// Every value, as the commands would take it; the sentence about the first wrong one.
std::string wrong_value(const host::Conf& conf, const std::vector<CommandInfo>& table) {
  for (const CommandInfo& info : table) {
    Flags flags(false);
    const Work work = info.command->declare(flags);
    if (std::string why = flags.take(conf); !why.empty()) {
      return why;
    }
  }
  return {};
}

int config(const std::string& given, Console& io) {
  const std::string root = given.empty() ? "/" : given;
  const auto table = describe(all_commands());
  const auto conf = read_settings(root, table);
  if (!conf) {
    return io.fail(conf.error());
  }
  if (const std::string why = wrong_value(*conf, table); !why.empty()) {
    return io.fail(why);
  }
  std::vector<std::array<std::string, 3>> rows = {{tr("setting"), tr("value"), tr("from")}};
  for (const Setting& setting : settings_of(table)) {
    const host::ConfLine* line = conf->find(setting.key);
    const bool set = line != nullptr && !line->value.empty();
    const std::string value = set ? line->value : setting.standard;
    const std::string from = set ? line->at : tr("default");
    rows.push_back(
        {setting.key, value.empty() ? "-" : printable(value),
         line != nullptr && !set ? tr("{}, by {}", from, printable(line->at)) : printable(from)});
  }
  std::size_t widest = 0;
  for (const auto& row : rows) {
    widest = std::max(widest, row[1].size());
  }
  constexpr std::size_t most_wide = 48;
  for (auto& [key, value, from] : rows) {
    key.resize(std::max<std::size_t>(key.size(), 8), ' ');
    value.resize(std::max(value.size(), std::min(widest, most_wide)), ' ');
    io.out.write(key.append("  ").append(value).append("  ").append(from).append("\n"));
  }
  const std::string files = join(conf->files, ", ", printable);
  io.out.write("\n" +
               (files.empty() ? tr("No file of settings is there; see whyoom.conf(5).")
                              : tr("Read: {}.", files)) +
               "\n");
  return nothing_found;
}

}  // namespace

Work with_settings(std::shared_ptr<Flags> flags, Work work) {
  return [flags = std::move(flags), work = std::move(work)](Console& io) {
    const auto conf = read_settings("/", describe(all_commands()));
    const std::string why = conf ? flags->take(*conf) : conf.error();
    return why.empty() ? work(io) : io.fail(why);
  };
}

const Command config_command{
    "config", "whyoom config [OPTIONS]",
    "Shows the settings of whyoom that are in force, and from where.\n"
    "They are in /etc/whyoom.conf and /etc/whyoom.conf.d/*.conf, \"key = value\" a line, for the\n"
    "recorder and its readers. The last line of a key counts; a command line beats them all.",
    "A file that others than root can write is refused: root runs the hook that it names.\n"
    "\nExit status: 0 all of it is understood, 2 not: the message has file and line.\n"
    "\nExamples:\n"
    "  whyoom config\n"
    "  echo 'size = 256' | sudo tee /etc/whyoom.conf.d/10-size.conf\n"
    "  whyoom config --root /srv/image       before it goes to the machines\n",
    [](Flags& flags) -> Work {
      const auto root = std::make_shared<std::string>();
      flags.text("--root", "DIR", *root, "A copy of a host's files instead of this host");
      return [root](Console& io) { return config(*root, io); };
    }};

}  // namespace whyoom::app
