
// `whyoom fix`
#include "render/fix.h"

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
#include "app/fix_choice.h"
#include "app/fix_hooks.h"
#include "app/fix_records.h"
#include "app/host_log.h"
#include "app/host_root.h"
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
  std::string setting;  // KEY=VALUE; empty = the remedy of the root cause
  std::string cause;    // the remedy of this one; empty = not given
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
      const auto& remedies = event->findings.front().remedies;  // the root's
      last = {std::string(event->root_cause),
              event->report.source + ":" + std::to_string(event->report.first_line),
              std::ranges::any_of(remedies,
                                  [](const auto& remedy) { return remedy.setting.has_value(); })};
    }
  }));
  return last;
}

// Everything that a fix looks at, kept alive together.
struct Look {
  std::unique_ptr<host::Files> files;
  std::unique_ptr<diagnose::HostCheck> check;
  FixChoice choice;
};

tl::expected<Look, NoFix> look(const FixOptions& options) {
  auto root = open_host(options.root, options.sandbox);
  if (!root) {
    return tl::unexpected(NoFix{root.error(), true});
  }
  const bool by_name = !options.setting.empty();
  const LastCause last = by_name || !options.cause.empty() ? LastCause{} : last_cause(*root);
  auto check = diagnose::check(host::read_facts(*root->files, root->options));
  const memory::Machine& machine = check->state.machine;
  auto choice = by_name ? setting_of(options.setting, machine)
                        : choose(check->findings, options.cause, last, machine);
  if (!choice) {
    return tl::unexpected(choice.error());
  }
  return Look{std::move(root->files), std::move(check), std::move(*choice)};
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

int say_nothing_to_do(const FixOptions& options, const Plan& plan, Console& io) {
  write_json(options, plan, {"nothing-to-do", 0, {}}, io);
  if (options.format == Format::text) {
    const bool later = options.files_only || !plan.running;
    io.out.write(plan.wanted.key.dotted() + " is " + printable(plan.wanted.value) +
                 (later ? " from the next boot on already" : " now, and the next boot keeps it") +
                 ". Nothing to do.\n");
  }
  return nothing_found;
}

// Empty when the user agrees.
std::string why_not_now(const FixOptions& options, Console& io) {
  if (options.yes) {
    return {};
  }
  if (options.format == Format::json) {
    return "nothing was changed: with --format json nothing is asked; add --yes or --dry-run";
  }
  return why_not(ask("Apply this?", io));
}

std::string done_text(const FixOptions& options, const Plan& plan) {
  const bool files = !plan.change.files.empty();
  const bool later = options.files_only || !plan.running;
  std::string text = "Done. " + plan.wanted.key.dotted() + " is " + printable(plan.wanted.value);
  text += later   ? " from the next boot on; the files were read back."
          : files ? " now, and the files keep it; both were read back."
                  : " now; it was read back.";
  return text + "\n`sudo whyoom undo` takes it back.\n";
}

int carry_out(const FixOptions& options, const FixChoice& choice, const Plan& plan, Console& io) {
  auto store = fix::FixStore::open_locked({}, ::getpid());
  if (!store) {
    return say_no(options, plan, store.error(), io);
  }
  const BlockSignals until_done;
  const fix::FixMeta meta{now_us(), plan.wanted, io.command_line};
  const auto number =
      fix::apply(plan.change, *store, meta,
                 fix_hooks(plan.wanted, !plan.change.files.empty(), !options.force, io));
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
      std::string line = "There is also " + other;
      line += ": `sudo whyoom fix --cause " + other;
      line += "`.\n";
      io.out.write(line);
    }
  }
  return nothing_found;
}

int show_and_apply(const FixOptions& options, const Look& looked, const Plan& plan, Console& io) {
  if (options.format == Format::text) {
    if (!looked.choice.cause.empty()) {
      io.out.write(looked.choice.cause + ": " + printable(looked.choice.summary) + "\n\n");
    }
    if (!looked.choice.elsewhere.empty()) {
      io.out.write(looked.choice.elsewhere + "\n\n");
    }
    io.out.write(
        render::to_text(render::plan_document(plan, looked.check->state.machine), options.style()));
    io.out.flush();
  }
  if (!plan.refusal.empty()) {
    return say_no(options, plan, plan.refusal.str() + " To set it all the same: --force", io);
  }
  if (options.dry_run) {
    write_json(options, plan, {"planned", 0, {}}, io);
    io.tell("nothing was changed (--dry-run)");
    return nothing_found;
  }
  if (const std::string why = why_not_now(options, io); !why.empty()) {
    return say_no(options, plan, why, io);
  }
  return carry_out(options, looked.choice, plan, io);
}

// What the command line asks for and cannot have; empty when it can.
std::string contradiction(const FixOptions& options) {
  if (!options.root.empty() && !options.dry_run && !options.tool) {
    return "a copy of a host cannot be fixed; --dry-run shows what would change on it";
  }
  if (options.dry_run || options.tool) {
    return {};
  }
  const auto setting = ShellOperand::from(options.setting);
  return needs_root(setting ? ShellCommand("sudo whyoom fix {}", *setting)
                            : ShellCommand("sudo whyoom fix"));
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
  if (options.tool) {
    const auto& profile = looked->check->facts.host.tuned_profile;
    const auto text =
        advise::deployment(*options.tool, looked->choice.wanted,
                           profile ? std::optional(printable(profile->value)) : std::nullopt);
    if (!text) {
      return io.fail(text.error().str());
    }
    io.out.write(*text);
    return nothing_found;
  }
  const advise::Wanted& wanted = looked->choice.wanted;
  const auto check_after = [&](const host::SysctlHistory& after) {
    return diagnose::value_risks(*looked->check, wanted.key, wanted.value, after);
  };
  auto plan = advise::make_plan(*looked->files, looked->check->state, wanted, check_after,
                                !options.files_only);
  if (!plan) {
    return io.fail(plan.error().str());
  }
  plan->cause = looked->choice.cause;
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
    "fix", "whyoom fix [KEY=VALUE | --cause ID] [OPTIONS]\n       whyoom fix --list | --resume",
    "Changes a setting safely: shown, verified, can be undone.\n"
    "Without KEY=VALUE it takes the remedy of what is wrong with this host. The line that decides "
    "is\n"
    "edited in its sysctl file, and nothing else; the running value is set and read back. First "
    "it\n"
    "shows the change and asks.",
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
    "  sudo whyoom fix --list                what was changed on this machine\n",
    [](Flags& flags) -> Work {
      const auto options = std::make_shared<FixOptions>();
      flags.text("SETTING", "", options->setting, "The setting");
      flags.text("--cause", "ID", options->cause, "The remedy of this cause");
      flags.flag("-n,--dry-run", options->dry_run, "Show the change and touch nothing");
      flags.flag("-y,--yes", options->yes, "Do not ask");
      flags.flag("--files-only", options->files_only, "Leave the running value as it is");
      flags.flag("--force", options->force, "Also when the kernel would kill at once");
      flags.choice("--output", "TOOL", "Print the change for another tool, and do nothing", tools(),
                   options->tool);
      flags.flag("--list", options->list, "The fixes that were made here");
      flags.flag("--resume", options->resume, "Finish an interrupted fix");
      flags.only_one_of({"SETTING", "--cause", "--list", "--resume"});
      flags.root(*options);
      flags.format(*options, "text (default) or json", {Format::text, Format::json});
      flags.look(*options);
      flags.sandbox(*options);
      return [options](Console& io) { return fix(*options, io); };
    }};

}  // namespace whyoom::app
