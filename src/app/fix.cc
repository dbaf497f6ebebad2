
// `whyoom fix`
#include "render/fix.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <utility>

#include "advise/deployment.h"
#include "advise/plan.h"
#include "app/block_signals.h"
#include "app/command.h"
#include "app/consent.h"
#include "app/disk.h"
#include "app/fix_choice.h"
#include "app/fix_hooks.h"
#include "app/fix_records.h"
#include "app/host_log.h"
#include "app/host_root.h"
#include "base/language.h"
#include "base/text.h"
#include "diagnose/engine.h"
#include "diagnose/host_check.h"
#include "diagnose/last_word.h"
#include "diagnose/value_risks.h"
#include "fix/apply.h"
#include "render/layout.h"

namespace whyoom::app {

namespace {

using advise::Plan;

struct FixOptions : Options {
  std::vector<std::string> settings;  // KEY=VALUE; empty = the remedy of the root cause
  std::string cause;                  // the remedy of this one; empty = not given
  bool dry_run = false, yes = false;
  bool files_only = false;           // the running value stays as it is
  bool force = false;                // also when the kernel would kill at once
  bool list = false;                 // show the fixes that were made
  bool resume = false;               // finish an interrupted one
  std::optional<advise::Tool> tool;  // --output: print the change for this tool
};

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Why memory ran out the last time by the logs, as `whyoom` alone tells it. Logs that cannot be
// read count as empty: what the host itself shows is judged without them.
LastCause last_cause(const HostRoot& root) {
  LastCause last;
  diagnose::LastWord word;
  // What could not be read is told by `whyoom` and `whyoom explain --host`.
  static_cast<void>(read_host_log(root, {}, [&](std::unique_ptr<diagnose::Event> event) {
    if (word.offer(*event) && event->root_cause != diagnose::undetermined) {
      const auto& found = event->findings.front();  // the root
      const diagnose::Remedy* remedy = remedy_with_setting(found);
      last = {std::string(event->root_cause),
              event->report.source + ":" + std::to_string(event->report.first_line),
              remedy != nullptr};
      if (root.kind == HostKind::disk && last.has_setting) {
        last.setting = remedy->setting;
        last.summary = found.summary.str();
      }
    }
  }));
  return last;
}

// Everything that a fix looks at, kept alive together.
struct Look {
  std::unique_ptr<host::Files> files;
  std::unique_ptr<diagnose::HostCheck> check;
  HostKind kind = HostKind::machine;
  FixChoice choice;
};

tl::expected<Look, NoFix> look(const FixOptions& options) {
  auto root = open_host(options.root, options.sandbox);
  if (!root) {
    return tl::unexpected(NoFix{root.error(), true});
  }
  const bool by_name = !options.settings.empty();
  const bool by_cause = !options.cause.empty() && root->kind != HostKind::disk;
  const LastCause last = by_name || by_cause ? LastCause{} : last_cause(*root);
  auto check = diagnose::check(host::read_facts(*root->files, root->options));
  const memory::Machine& machine = check->state.machine;
  auto choice = by_name ? settings_of(options.settings, machine)
                        : choose(check->findings, options.cause, last, machine);
  if (!choice) {
    const bool open = root->kind == HostKind::disk && options.cause.empty();
    return tl::unexpected(open && !choice.error().is_error ? nothing_on_disk(*check, options.root)
                                                           : choice.error());
  }
  const bool changes = !options.dry_run && !options.tool && !options.root.empty();
  if (std::string why = changes ? why_not_changed(root->kind, options.root) : std::string();
      !why.empty()) {
    return tl::unexpected(NoFix{std::move(why), true});
  }
  return Look{std::move(root->files), std::move(check), root->kind, std::move(*choice)};
}

void write_json(const FixOptions& options, const Plan& plan, const render::FixResult& result,
                Console& io) {
  if (options.format == Format::json) {
    io.out.write(render::json_plan(&plan, result) + "\n");
  }
}

int say_no(const FixOptions& options, const Plan& plan, const std::string& why, Console& io) {
  write_json(options, plan, {"refused", 0, why}, io);
  io.out.flush();
  return io.fail(why);
}

// "vm.a is 1 and kernel.b is 2"
std::string values_text(const Plan& plan) {
  std::string text;
  for (const advise::PlannedSetting& setting : plan.settings) {
    text += tr("{}{} is {}", text.empty() ? "" : tr(" and "), setting.wanted.key.dotted(),
               printable(setting.wanted.value));
  }
  return text;
}

bool only_later(const FixOptions& options, const Plan& plan) {
  return options.files_only || !plan.settings.front().running;
}

int say_nothing_to_do(const FixOptions& options, const Plan& plan, Console& io) {
  write_json(options, plan, {"nothing-to-do", 0, {}}, io);
  if (options.format == Format::text) {
    const bool one = plan.settings.size() == 1;
    for (const Message& risk : plan.boot_unsure ? plan.risks : std::vector<Message>()) {
      io.out.write(tr("risk: {}\n", risk.str()));
    }
    io.out.write(tr("{}{}. Nothing to do.\n", values_text(plan),
                    plan.boot_unsure            ? tr(" in the files already")
                    : only_later(options, plan) ? tr(" from the next boot on already")
                    : one                       ? tr(" now, and the next boot keeps it")
                                                : tr(" now, and the next boot keeps them")));
  }
  return nothing_found;
}

// Empty when the user agrees.
std::string why_not_now(const FixOptions& options, Console& io) {
  return options.format == Format::json && !options.yes
             ? tr("nothing was changed: with --format json nothing is asked; add --yes or "
                  "--dry-run")
             : why_not(options.yes, tr("Apply this?"), io);
}

std::string done_text(const FixOptions& options, const Plan& plan) {
  const bool one = plan.settings.size() == 1;
  std::string text = tr("Done. {}", values_text(plan));
  if (plan.boot_unsure) {
    text += tr(" in the files; the next boot may differ: see the risk.");
  } else if (only_later(options, plan)) {
    text += tr(" from the next boot on; the files were read back.");
  } else if (plan.change.files.empty()) {
    text += one ? tr(" now; it was read back.") : tr(" now; they were read back.");
  } else {
    text += one ? tr(" now, and the files keep it; both were read back.")
                : tr(" now, and the files keep them; all were read back.");
  }
  return tr("{}\n`sudo whyoom undo{}` takes {} back.\n", text, root_option(options.root),
            one ? tr("it") : tr("them"));
}

int carry_out(const FixOptions& options, const Look& looked, const Plan& plan, Console& io) {
  if (const auto entered =
          options.root.empty() ? tl::expected<void, std::string>() : enter_disk(options.root);
      !entered) {
    return say_no(options, plan, entered.error(), io);
  }
  const FixChoice& choice = looked.choice;
  auto store = fix::FixStore::open_locked(store_of(options.root), ::getpid());
  if (!store) {
    return say_no(options, plan, store.error(), io);
  }
  const BlockSignals until_done;
  const fix::FixMeta meta{now_us(), choice.wanted, io.command_line};
  const HookOptions how{!plan.change.files.empty(), !options.force, !options.root.empty()};
  const auto number = fix::apply(plan.change, *store, meta, fix_hooks(choice.wanted, how, io));
  if (!number) {
    write_json(options, plan,
               {number.error().refused ? "refused" : "rolled-back", 0, number.error().what}, io);
    io.out.flush();
    return tell_failure("fix", number.error(), options.style(), io);
  }
  write_json(options, plan, {"applied", *number, {}}, io);
  if (options.format == Format::text) {
    io.out.write(done_text(options, plan));
    for (const std::string& other : choice.others) {
      io.out.write(tr("There is also {}: `sudo whyoom fix --cause {}{}`.\n", other, other,
                      root_option(options.root)));
    }
  }
  return nothing_found;
}

// Which host it is about, when it is not this one.
std::string whose(const FixOptions& options, const Look& looked) {
  if (options.root.empty()) {
    return {};
  }
  std::string text = looked.check->facts.name.empty() ? tr("A host whose files do not name it")
                                                      : tr("Host {}", looked.check->facts.name);
  text += tr(", {}", printable(options.root));
  return text +
         (looked.kind == HostKind::disk
              ? tr(": a disk.\nNothing that runs is touched; paths are those on the disk.\n\n")
              : tr(".\n\n"));
}

int show_and_apply(const FixOptions& options, const Look& looked, const Plan& plan, Console& io) {
  if (options.format == Format::text) {
    io.out.write(whose(options, looked));
    if (!looked.choice.cause.empty()) {
      io.out.write(tr("{}: {}\n\n", looked.choice.cause, printable(looked.choice.summary)));
    }
    if (!looked.choice.elsewhere.empty()) {
      io.out.write(looked.choice.elsewhere + "\n\n");
    }
    io.out.write(
        render::to_text(render::plan_document(plan, looked.check->state.machine), options.style()));
    io.out.flush();
  }
  if (!plan.refusal.empty()) {
    return say_no(options, plan, tr("{} To set it all the same: --force", plan.refusal.str()), io);
  }
  if (options.dry_run) {
    write_json(options, plan, {"planned", 0, {}}, io);
    io.tell(tr("nothing was changed (--dry-run)"));
    return nothing_found;
  }
  if (const std::string why = why_not_now(options, io); !why.empty()) {
    return say_no(options, plan, why, io);
  }
  return carry_out(options, looked, plan, io);
}

ShellCommand as_root(const std::vector<std::string>& settings, const std::string& root) {
  if (const auto where = ShellOperand::from(root)) {
    return ShellCommand("sudo whyoom fix --root {} <KEY=VALUE>...", *where);
  }
  std::vector<ShellOperand> words;
  for (const std::string& setting : settings) {
    if (auto word = ShellOperand::from(setting)) {
      words.push_back(std::move(*word));
    }
  }
  if (words.size() != settings.size() || settings.size() > 2) {
    return ShellCommand("sudo whyoom fix <KEY=VALUE>...");
  }
  return words.empty()       ? ShellCommand("sudo whyoom fix")
         : words.size() == 1 ? ShellCommand("sudo whyoom fix {}", words[0])
                             : ShellCommand("sudo whyoom fix {} {}", words[0], words[1]);
}

// What the command line asks for and cannot have; empty when it can.
std::string contradiction(const FixOptions& options) {
  for (const std::string& setting : options.settings) {
    struct stat status {};
    if (setting.find('=') == std::string::npos && ::stat(setting.c_str(), &status) == 0) {
      const auto file = ShellOperand::from(setting);
      return tr(
          "{} is a file, and fix takes KEY=VALUE; {} names the command that fixes what a log tells "
          "of",
          printable(setting),
          file ? "`" + ShellCommand("whyoom explain {}", *file).text() + "`"
               : tr("`whyoom explain` of it"));
    }
  }
  if (options.dry_run || options.tool) {
    return {};
  }
  return needs_root(as_root(options.settings, options.root));
}

// Of a disk nobody knows the RAM; what its logs led to was computed from them.
void add_unknown_ram(Plan& plan, const Look& looked) {
  const bool judged = !looked.choice.cause.empty() || looked.check->state.ram;
  const bool depends = std::ranges::any_of(looked.choice.wanted, [](const auto& wanted) {
    return wanted.key == "vm.min_free_kbytes" || wanted.key == "vm.nr_hugepages";
  });
  if (looked.kind == HostKind::disk && depends && !judged) {
    plan.risks.emplace_back(
        "the disk does not tell how much RAM its machine has, so nobody looked whether the kernel "
        "would kill with this value");
  }
}

// The text goes to other machines than the one that was looked at, so nothing is refused.
int write_for_tool(const FixOptions& options, const Look& looked, const Message& refusal,
                   Console& io) {
  const auto& profile = looked.check->facts.host.tuned_profile;
  const auto text =
      advise::deployment(*options.tool, looked.choice.wanted,
                         profile ? std::optional(printable(profile->value)) : std::nullopt);
  if (!text) {
    return io.fail(text.error().str());
  }
  io.out.write(*text);
  if (!refusal.empty() && !options.force) {
    io.tell(tr("do not give it to a machine like this one: {}", refusal.str()));
  }
  return nothing_found;
}

int fix(const FixOptions& options, Console& io) {
  io.changes = !options.list && !options.dry_run && !options.tool;
  if (options.list) {
    return list_fixes(options, io);
  }
  if (options.resume) {
    return resume_fix(options, options.yes, io);
  }
  if (const std::string why = contradiction(options); !why.empty()) {
    return io.fail(why);
  }
  const auto looked = look(options);
  if (!looked) {
    if (options.format == Format::json && !looked.error().is_error) {
      io.out.write(render::json_plan(nullptr) + "\n");
      io.out.flush();
    }
    io.tell(looked.error().why);
    return looked.error().is_error ? trouble : nothing_found;
  }
  const auto check_after = [&](const std::vector<advise::PlannedSetting>& settings) {
    std::vector<diagnose::NewValue> values;
    for (const advise::PlannedSetting& setting : settings) {
      if (setting.changes()) {
        values.push_back({setting.wanted.key, setting.wanted.value, setting.sysctl.after});
      }
    }
    return diagnose::value_risks(*looked->check, values);
  };
  auto plan = advise::make_plan(*looked->files, looked->check->state, looked->choice.wanted,
                                check_after, !options.files_only && looked->kind != HostKind::disk);
  if (options.tool) {
    return write_for_tool(options, *looked, plan ? plan->refusal : Message(), io);
  }
  if (!plan) {
    return io.fail(plan.error().str());
  }
  plan->cause = looked->choice.cause;
  add_unknown_ram(*plan, *looked);
  if (options.force && !plan->refusal.empty()) {
    plan->risks.insert(plan->risks.begin(), std::exchange(plan->refusal, Message()));
  }
  if (plan->change.empty()) {
    return say_nothing_to_do(options, *plan, io);
  }
  return show_and_apply(options, *looked, *plan, io);
}

std::map<std::string, advise::Tool> tools() {
  std::map<std::string, advise::Tool> names;
  for (const advise::ToolName& tool : advise::tool_names()) {
    names.emplace(tool.name, tool.tool);
  }
  return names;
}

}  // namespace

const Command fix_command{
    "fix", "whyoom fix [KEY=VALUE... | --cause ID] [OPTIONS]\n       whyoom fix --list | --resume",
    "Changes a setting safely: shown, verified, can be undone.\n"
    "Without KEY=VALUE it takes the remedy of what is wrong with this host. The line that decides "
    "is\n"
    "edited in its sysctl file, and nothing else; the running value is set and read back. First "
    "it\n"
    "shows the change and asks.",
    "KEY=VALUE: any sysctl; several are one fix. vm.min_free_kbytes also takes 64M, 1% (of RAM) "
    "and default.\n"
    "TOOL is one of ansible, cloud-init, kubernetes, tuned, sysctl.d.\n"
    "\nExit status: 0 done or nothing to do, 2 refused or wrong use (nothing was changed),\n"
    "3 failed half-way and taken back.\n"
    "\nExamples:\n"
    "  sudo whyoom fix                       what is wrong here, fixed\n"
    "  sudo whyoom fix vm.min_free_kbytes=default\n"
    "  whyoom fix --dry-run                  show the change, touch nothing\n"
    "  sudo whyoom fix --yes vm.panic_on_oom=0\n"
    "  whyoom fix --output ansible vm.min_free_kbytes=1%\n"
    "  sudo whyoom fix --root /mnt           the disk of a machine that does not start\n"
    "  sudo whyoom fix --list                what was changed on this machine\n",
    [](Flags& flags) -> Work {
      const auto options = std::make_shared<FixOptions>();
      flags.texts("KEY=VALUE", options->settings, "The settings", false);
      flags.text("--cause", "ID", options->cause, "The remedy of this cause");
      flags.flag("-n,--dry-run", options->dry_run, "Show the change and touch nothing");
      flags.flag("-y,--yes", options->yes, "Do not ask");
      flags.flag("--files-only", options->files_only, "Leave the running value as it is");
      flags.flag("--force", options->force, "Also when the kernel would kill at once");
      flags.choice("--output", "TOOL", "Print the change for another tool, and do nothing", tools(),
                   options->tool);
      flags.flag("--list", options->list, "The fixes that were made here");
      flags.flag("--resume", options->resume, "Finish an interrupted fix");
      flags.only_one_of({"KEY=VALUE", "--cause", "--list", "--resume"});
      flags.root(*options);
      flags.format(*options, "text (default) or json", {Format::text, Format::json});
      flags.look(*options);
      flags.sandbox(*options);
      return [options](Console& io) { return fix(*options, io); };
    }};

}  // namespace whyoom::app
