#include "app/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <utility>

#include "app/version.h"

namespace whyoom::app {
namespace {

constexpr const char* about =
    "whyoom tells you why Linux ran out of memory when memory was not used up,\n"
    "and proves it with the numbers of the kernel's own report.\n"
    "Without a command it looks at this host: what happened, is it still so, what to do.";

constexpr const char* main_footer =
    "Examples:\n"
    "  sudo whyoom                           what happened here, and what to do\n"
    "  whyoom explain /var/log/kern.log      explain every OOM event in a log\n"
    "  whyoom explain --host                 explain every OOM event in this machine's logs\n"
    "  sudo whyoom check                     memory, threads and settings of this host\n"
    "  sudo whyoom fix                       mend it; `whyoom undo` takes it "
    "back\n"
    "  whyoom whatif vm.min_free_kbytes=default --event kern.log\n"
    "                                        what the kernel's own choice would have done\n"
    "  whyoom causes min-free-too-high       read about one cause\n"
    "\n`whyoom explain --help` has more.\n";

constexpr const char* explain_about =
    "Explains every OOM event in kernel logs.\n"
    "For each: what happened, why, the numbers that prove it, and what to do.\n"
    "A log may have any framing (dmesg, journal, syslog, console, container) and may be\n"
    "compressed with gzip, xz or zstd. The framing is found out from the text.\n"
    "Without FILE, on a terminal or with --host, it reads this machine's logs: the journal,\n"
    "the kernel's ring buffer, /var/log, pstore and kdump's dumps. An event that several of\n"
    "them have counts once.";

constexpr const char* explain_footer =
    "TIME is one of:\n"
    "  1234.5 or [1234.5]                    seconds since boot, as the kernel prints them\n"
    "  \"2026-11-23 07:41\"                    wall clock; with or without seconds and zone\n"
    "  \"Nov 23 07:41:32\"                     wall clock as syslog writes it\n"
    "  -2h                                   before now (s, m, h, d, w)\n"
    "\nExit status: 0 no event, 1 events found, 2 wrong use or unreadable input.\n"
    "\nExamples:\n"
    "  whyoom explain --host\n"
    "  dmesg | whyoom explain -\n"
    "  journalctl -k -b -1 | whyoom explain -\n"
    "  whyoom explain /var/log/kern.log*\n"
    "  whyoom explain --last 1 --all console.log\n"
    "  whyoom explain --since \"2026-11-23 07:00\" --format json kern.log | jq .events\n";

constexpr const char* capture_about =
    "Writes one file with what `whyoom` reads here, logs included.\n"
    "A tar archive, compressed with zstd. `whyoom --root FILE`, check, explain and whatif give "
    "the\n"
    "same answers from it, on any machine. Of logs go in the kernel's messages around events, of\n"
    "configuration files the lines that a rule looks at. The environment of processes never does.";

constexpr const char* capture_footer =
    "Exit status: 0 written, 2 wrong use or not written.\n"
    "\nExamples:\n"
    "  sudo whyoom capture\n"
    "  sudo whyoom capture --replace-host-names -o for-support.tar.zst\n"
    "  sudo whyoom capture -o - | ssh support 'cat > host.tar.zst'\n"
    "  whyoom --root host.tar.zst\n";

constexpr const char* causes_about = "Lists the causes that whyoom knows, or tells about one.";

constexpr const char* causes_footer =
    "Examples:\n"
    "  whyoom causes\n"
    "  whyoom causes min-free-too-high\n";

constexpr const char* check_about =
    "Checks this host: memory, threads, min_free_kbytes, OOM policy.\n"
    "Four steps, each with its numbers: is memory really used up, is the number of threads at a\n"
    "limit, is vm.min_free_kbytes too high and who set it, what happens on OOM. Nothing is "
    "changed.";

constexpr const char* fix_about =
    "Changes a setting safely: shown, verified, can be undone.\n"
    "Without KEY=VALUE it takes the remedy of what is wrong with this host. The line that decides "
    "is\n"
    "edited in its sysctl file, and nothing else; the running value is set and read back. First "
    "it\n"
    "shows the change and asks.";

constexpr const char* fix_footer =
    "KEY=VALUE: any sysctl. vm.min_free_kbytes also takes 64M, 1% (of RAM) and default.\n"
    "TOOL is one of ansible, cloud-init, kubernetes, tuned, sysctl.d.\n"
    "\nExit status: 0 done or nothing to do, 2 refused or wrong use (nothing was changed),\n"
    "3 failed half-way and taken back.\n"
    "\nExamples:\n"
    "  sudo whyoom fix                       what is wrong here, mended\n"
    "  sudo whyoom fix vm.min_free_kbytes=default\n"
    "  whyoom fix --dry-run                  show the change, touch nothing\n"
    "  sudo whyoom fix --yes vm.panic_on_oom=0\n"
    "  whyoom fix --output ansible vm.min_free_kbytes=1%\n"
    "  sudo whyoom fix --list                what was changed on this machine\n";

constexpr const char* undo_about =
    "Takes back a fix: every byte of the files, every running value.\n"
    "Without N it is the last one. A file that someone changed since is left alone and shown.";

constexpr const char* undo_footer =
    "Exit status: 0 done or nothing to undo, 2 refused or wrong use (nothing was changed),\n"
    "3 failed half-way and taken back.\n"
    "\nExamples:\n"
    "  sudo whyoom undo\n"
    "  sudo whyoom undo 3\n";

constexpr const char* check_footer =
    "Root sees more: other users' limits, slab caches. What could not be read is listed.\n"
    "\nExit status: 0 nothing wrong, 1 findings, 2 wrong use or no host there.\n"
    "\nExamples:\n"
    "  sudo whyoom check\n"
    "  whyoom check --root /mnt/copy-of-a-host\n"
    "  whyoom check --format json | jq '.findings[] | select(.role != \"ruled-out\")'\n";

constexpr const char* what_if_about =
    "Tells what other settings would do here, or at a logged event.\n"
    "The marks of each zone before and after, the memory that comes within reach, and whether the\n"
    "request that failed (on a host: an ordinary one) would pass.";

constexpr const char* what_if_footer =
    "KEY=VALUE is one of:\n"
    "  vm.min_free_kbytes=45056              kB; or 64M, 1% (of RAM), default (the kernel's "
    "choice)\n"
    "  vm.watermark_scale_factor=10          of 10000\n"
    "  vm.watermark_boost_factor=0           0 switches the boost off\n"
    "  vm.lowmem_reserve_ratio=\"256 256 32\"  one number for each zone from the lowest up\n"
    "  vm.nr_hugepages=0                     pages of the smallest pool\n"
    "  vm.panic_on_oom=0                     0 kill, 1 panic unless cpuset or cgroup, 2 panic\n"
    "  memory.max=512M                       of the cgroup whose limit was hit; max = none\n"
    "  ram=+4G                               more memory; or the total, ram=16G\n"
    "\nWithout --event it is about this host as it is now.\n"
    "FILE#N is the N-th event of the file, as `whyoom explain --format json` lists them; "
    "without\n"
    "#N it is the first.\n"
    "\nExit status: 0 computed, 2 wrong use, unreadable input, or no such event.\n"
    "\nExamples:\n"
    "  whyoom whatif vm.min_free_kbytes=1G\n"
    "  whyoom whatif vm.min_free_kbytes=default --event kern.log\n"
    "  whyoom whatif vm.min_free_kbytes=1% vm.watermark_scale_factor=100 --event kern.log#3\n";

const std::map<std::string, std::string> usages = {
    {"whyoom", "whyoom [OPTIONS]\n       whyoom COMMAND [OPTIONS]"},
    {"explain", "whyoom explain [OPTIONS] [FILE...|-]"},
    {"check", "whyoom check [OPTIONS]"},
    {"whatif", "whyoom whatif KEY=VALUE... [--event FILE[#N] | --root DIR|FILE]"},
    {"fix", "whyoom fix [KEY=VALUE | --cause ID] [OPTIONS]\n       whyoom fix --list | --resume"},
    {"undo", "whyoom undo [N] [OPTIONS]"},
    {"capture", "whyoom capture [-o FILE] [OPTIONS]"},
    {"causes", "whyoom causes [ID]"}};

// Options that take a text as it is.
struct TextOption {
  const char* name;
  const char* value;
  const char* help;
  std::string ExplainOptions::*target;
};
constexpr TextOption text_options[] = {
    {"--since", "TIME", "Only events at or after this time", &ExplainOptions::since},
    {"--until", "TIME", "Only events at or before this time", &ExplainOptions::until},
    {"--at", "TIME", "Only the event nearest to this time", &ExplainOptions::at},
};

const std::map<std::string, Format> formats = {{"text", Format::text},
                                               {"json", Format::json},
                                               {"ndjson", Format::ndjson},
                                               {"markdown", Format::markdown}};
const std::map<std::string, Format> check_formats = {
    {"text", Format::text}, {"json", Format::json}, {"markdown", Format::markdown}};
const std::map<std::string, Format> what_if_formats = {{"text", Format::text},
                                                       {"json", Format::json}};
const std::map<std::string, linux::ColourChoice> colours = {
    {"auto", linux::ColourChoice::automatic},
    {"always", linux::ColourChoice::always},
    {"never", linux::ColourChoice::never}};

const std::map<std::string, linux::SandboxChoice> sandboxes = {
    {"auto", linux::SandboxChoice::automatic},
    {"off", linux::SandboxChoice::off},
    {"require", linux::SandboxChoice::require}};

std::map<std::string, std::optional<advise::Tool>> tools() {
  std::map<std::string, std::optional<advise::Tool>> names;
  for (const advise::ToolName& tool : advise::tool_names()) {
    names.emplace(tool.name, tool.tool);
  }
  return names;
}

std::string joined_names(const auto& choices) {
  std::string text;
  for (const auto& [name, value] : choices) {
    text += (text.empty() ? "" : ", ") + name;
  }
  return text;
}

// An option with a few named values; the message for a wrong one lists them.
template <class T>
void add_choice(CLI::App* command, const char* name, const char* value_name, const char* help,
                const std::map<std::string, T>& choices, T& target) {
  command
      ->add_option_function<std::string>(
          name,
          [&choices, &target, name](const std::string& value) {
            const auto found = choices.find(value);
            if (found == choices.end()) {
              throw CLI::ValidationError(std::string(name) + ": " + value + " is not one of " +
                                         joined_names(choices));
            }
            target = found->second;
          },
          help)
      ->type_name(value_name);
}

void add_look(CLI::App* command, linux::ColourChoice& colour, std::optional<unsigned>& width) {
  add_choice(command, "--color,--colour", "WHEN", "auto (default), always or never", colours,
             colour);
  command->add_option("--width", width, "Width of the text, 60 to 200")
      ->type_name("N")
      ->check(CLI::Range(linux::min_width, linux::max_width).description(""));
}

void add_sandbox(CLI::App* command, linux::SandboxChoice& sandbox) {
  add_choice(command, "--sandbox", "WHEN",
             "Read files without rights: auto (default), off, require", sandboxes, sandbox);
}

void add_explain(CLI::App& app, Options& options) {
  CLI::App* command = app.add_subcommand("explain", explain_about);
  command->footer(explain_footer);
  ExplainOptions& target = options.explain;
  command->add_option("FILE", target.files, "Logs to read; - is standard input")->type_name("");
  for (const TextOption& option : text_options) {
    command->add_option(option.name, target.*option.target, option.help)->type_name(option.value);
  }
  CLI::Option* files = command->get_option("FILE");
  CLI::Option* host =
      command->add_flag("--host", target.host, "Read this machine's own logs")->excludes(files);
  command
      ->add_option("--root", target.root, "Read the logs of a copy of a machine, or of a capture")
      ->type_name("DIR|FILE")
      ->excludes(files)
      ->excludes(host);
  CLI::Option* at = command->get_option("--at");
  command->add_option("--last", target.last, "Only the last N events")
      ->type_name("N")
      ->check(CLI::Range(1U, 100000U).description(""))
      ->excludes(at);
  add_choice(command, "--format", "FORMAT", "text (default), json, ndjson or markdown", formats,
             target.format);
  command->add_flag("--all", target.all, "Also show what was ruled out, and why");
  add_look(command, target.colour, target.width);
  add_sandbox(command, target.sandbox);
  command->callback([&options] { options.command = Command::explain; });
}

CLI::Option* add_root(CLI::App* command, std::string& root) {
  return command
      ->add_option("--root", root, "A copy of a host's files, or a capture, in place of this host")
      ->type_name("DIR|FILE");
}

void add_check(CLI::App& app, Options& options) {
  CLI::App* command = app.add_subcommand("check", check_about);
  command->footer(check_footer);
  CheckOptions& target = options.check;
  add_root(command, target.root);
  add_choice(command, "--format", "FORMAT", "text (default), json or markdown", check_formats,
             target.format);
  command->add_flag("--all", target.all, "Also the proof of each risk, and what was ruled out");
  add_look(command, target.colour, target.width);
  add_sandbox(command, target.sandbox);
  command->callback([&options] { options.command = Command::check; });
}

void add_what_if(CLI::App& app, Options& options) {
  CLI::App* command = app.add_subcommand("whatif", what_if_about);
  command->footer(what_if_footer);
  WhatIfOptions& target = options.what_if;
  command->add_option("KEY=VALUE", target.settings, "Settings to try")->type_name("")->required();
  CLI::Option* event = command->add_option("--event", target.event, "At an event of a log");
  event->type_name("FILE[#N]");
  add_root(command, target.root)->excludes(event);
  add_choice(command, "--format", "FORMAT", "text (default) or json", what_if_formats,
             target.format);
  add_look(command, target.colour, target.width);
  add_sandbox(command, target.sandbox);
  command->callback([&options] { options.command = Command::what_if; });
}

void add_overview(CLI::App& app, Options& options) {
  OverviewOptions& target = options.overview;
  add_root(&app, target.root);
  add_choice(&app, "--format", "FORMAT", "text (default) or json", what_if_formats, target.format);
  add_look(&app, target.colour, target.width);
  add_sandbox(&app, target.sandbox);
}

void add_fix(CLI::App& app, Options& options) {
  CLI::App* command = app.add_subcommand("fix", fix_about);
  command->footer(fix_footer);
  FixOptions& target = options.fix;
  CLI::Option* setting =
      command->add_option("KEY=VALUE", target.setting, "The setting")->type_name("");
  CLI::Option* cause = command->add_option("--cause", target.cause, "The remedy of this cause");
  cause->type_name("ID")->excludes(setting);
  command->add_flag("-n,--dry-run", target.dry_run, "Show the change and touch nothing");
  command->add_flag("-y,--yes", target.yes, "Do not ask");
  command->add_flag("--files-only", target.files_only, "Leave the running value as it is");
  static const auto known_tools = tools();
  add_choice(command, "--output", "TOOL", "Print the change for another tool, and do nothing",
             known_tools, target.tool);
  CLI::Option* list = command->add_flag("--list", target.list, "The fixes that were made here");
  CLI::Option* resume = command->add_flag("--resume", target.resume, "Finish an interrupted fix");
  list->excludes(setting)->excludes(cause)->excludes(resume);
  resume->excludes(setting)->excludes(cause);
  add_root(command, target.root);
  add_choice(command, "--format", "FORMAT", "text (default) or json", what_if_formats,
             target.format);
  add_look(command, target.colour, target.width);
  add_sandbox(command, target.sandbox);
  command->callback([&options] { options.command = Command::fix; });
}

void add_undo(CLI::App& app, Options& options) {
  CLI::App* command = app.add_subcommand("undo", undo_about);
  command->footer(undo_footer);
  UndoOptions& target = options.undo;
  command->add_option("N", target.number, "The fix")
      ->type_name("")
      ->check(CLI::Range(1, 1'000'000'000).description(""));
  command->add_flag("-n,--dry-run", target.dry_run, "Show the change and touch nothing");
  command->add_flag("-y,--yes", target.yes, "Do not ask");
  command->add_flag("--force", target.force, "Also when the kernel would kill at once");
  add_look(command, target.colour, target.width);
  command->callback([&options] { options.command = Command::undo; });
}

void add_capture(CLI::App& app, Options& options) {
  CLI::App* command = app.add_subcommand("capture", capture_about);
  command->footer(capture_footer);
  CaptureOptions& target = options.capture;
  command->add_option("-o,--output", target.output, "Where to; - is standard output")
      ->type_name("FILE");
  command->add_flag("--cmdline", target.arguments,
                    "Also the arguments of processes, which can hold secrets");
  command->add_flag("--replace-host-names", target.replace_host_names,
                    "host-1, host-2, ... in place of names of hosts");
  add_root(command, target.root);
  command->callback([&options] { options.command = Command::capture; });
}

void add_causes(CLI::App& app, Options& options) {
  CLI::App* command = app.add_subcommand("causes", causes_about);
  command->footer(causes_footer);
  command->add_option("ID", options.causes.id, "The cause to read about")->type_name("");
  command->callback([&options] { options.command = Command::causes; });
}

// CLI11's own help repeats types and ranges; this one has a line for each option and no more.
std::string help_text(const CLI::App& app) {
  const std::string& usage = usages.at(app.get_name());
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
  text += chosen.empty() ? "" : " " + chosen.front()->get_name();
  return text + " --help`.\n";
}

}  // namespace

tl::expected<Options, Notice> parse_command_line(int argc, const char* const* argv) {
  Options options;
  CLI::App app(about, "whyoom");
  app.footer(main_footer);
  app.set_version_flag("--version", version_text(), "Print the version and exit");
  app.set_help_flag("-h,--help", "Print this help and exit");
  add_overview(app, options);
  add_explain(app, options);
  add_check(app, options);
  add_what_if(app, options);
  add_fix(app, options);
  add_undo(app, options);
  add_capture(app, options);
  add_causes(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const auto chosen = app.get_subcommands();
    return tl::unexpected(Notice{help_text(chosen.empty() ? app : *chosen.front()), false});
  } catch (const CLI::CallForVersion& version) {
    return tl::unexpected(Notice{std::string(version.what()) + "\n", false});
  } catch (const CLI::ParseError& error) {
    return tl::unexpected(Notice{complaint(app, error), true});
  }
  if (!app.get_subcommands().empty()) {
    for (const char* option : {"--root", "--format", "--color", "--width", "--sandbox"}) {
      if (app.count(option) > 0) {
        const std::string command = app.get_subcommands().front()->get_name();
        std::string text = "whyoom: ";
        text.append(option).append(" belongs behind ").append(command);
        text.append("\nTry `whyoom ").append(command).append(" --help`.\n");
        return tl::unexpected(Notice{std::move(text), true});
      }
    }
  }
  return options;
}

}  // namespace whyoom::app
