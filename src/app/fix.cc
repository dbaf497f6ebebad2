#include "app/fix.h"

#include <unistd.h>

#include <chrono>
#include <utility>

#include "advise/plan.h"
#include "app/block_signals.h"
#include "app/consent.h"
#include "app/fix_choice.h"
#include "app/fix_hooks.h"
#include "app/fix_records.h"
#include "app/host_root.h"
#include "app/run.h"
#include "app/text_style.h"
#include "base/text.h"
#include "diagnose/host_check.h"
#include "linux/apply.h"
#include "render/fix.h"
#include "render/layout.h"

namespace whyoom::app {

namespace {

using advise::Plan;

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
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
                linux::Output& out) {
  if (options.format == Format::json) {
    out.write(render::json_plan(&plan, result) + "\n");
  }
}

int say_no(const FixOptions& options, const Plan& plan, const std::string& why, linux::Output& out,
           linux::Output& errors) {
  write_json(options, plan, {"refused", 0, why}, out);
  out.flush();
  errors.write("whyoom: " + why + "\n");
  return trouble;
}

int say_nothing_to_do(const FixOptions& options, const Plan& plan, linux::Output& out) {
  write_json(options, plan, {"nothing-to-do", 0, {}}, out);
  if (options.format == Format::text) {
    const bool later = options.files_only || !plan.running;
    out.write(plan.wanted.key.dotted() + " is " + printable(plan.wanted.value) +
              (later ? " from the next boot on already" : " now, and the next boot keeps it") +
              ". Nothing to do.\n");
  }
  return nothing_found;
}

// Empty when the user agrees.
std::string why_not_now(const FixOptions& options, linux::Output& out, linux::Output& errors) {
  if (options.yes) {
    return {};
  }
  if (options.format == Format::json) {
    return "nothing was changed: with --format json nothing is asked; add --yes or --dry-run";
  }
  return why_not(ask("Apply this?", out, errors));
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

int carry_out(const FixOptions& options, const std::string& command_line, const FixChoice& choice,
              const Plan& plan, linux::Output& out, linux::Output& errors) {
  auto store = linux::FixStore::open_locked({}, ::getpid());
  if (!store) {
    return say_no(options, plan, store.error(), out, errors);
  }
  const BlockSignals until_done;
  const linux::FixMeta meta{now_us(), plan.wanted, command_line};
  const auto number = linux::apply(
      plan.change, *store, meta, fix_hooks(plan.wanted, !plan.change.files.empty(), true, errors));
  if (!number) {
    write_json(options, plan,
               {number.error().refused ? "refused" : "rolled-back", 0, number.error().what}, out);
    out.flush();
    return tell_failure("fix", number.error(), text_style(options), errors);
  }
  write_json(options, plan, {"applied", *number, {}}, out);
  if (options.format == Format::text) {
    out.write(done_text(options, plan));
    for (const std::string& other : choice.others) {
      std::string line = "There is also " + other;
      line += ": `sudo whyoom fix --cause " + other;
      line += "`.\n";
      out.write(line);
    }
  }
  return nothing_found;
}

int show_and_apply(const FixOptions& options, const std::string& command_line, const Look& looked,
                   const Plan& plan, linux::Output& out, linux::Output& errors) {
  if (options.format == Format::text) {
    if (!looked.choice.cause.empty()) {
      out.write(looked.choice.cause + ": " + printable(looked.choice.summary) + "\n\n");
    }
    if (!looked.choice.elsewhere.empty()) {
      out.write(looked.choice.elsewhere + "\n\n");
    }
    out.write(render::to_text(render::plan_document(plan, looked.check->state.machine),
                              text_style(options)));
    out.flush();
  }
  if (!plan.refusal.empty()) {
    return say_no(options, plan, plan.refusal.str(), out, errors);
  }
  if (options.dry_run) {
    write_json(options, plan, {"planned", 0, {}}, out);
    errors.write("whyoom: nothing was changed (--dry-run)\n");
    return nothing_found;
  }
  if (const std::string why = why_not_now(options, out, errors); !why.empty()) {
    return say_no(options, plan, why, out, errors);
  }
  return carry_out(options, command_line, looked.choice, plan, out, errors);
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

}  // namespace

int fix(const FixOptions& options, const std::string& command_line, linux::Output& out,
        linux::Output& errors) {
  if (options.list) {
    return list_fixes(options, out, errors);
  }
  if (options.resume) {
    return resume_fix(options, out, errors);
  }
  if (const std::string why = contradiction(options); !why.empty()) {
    errors.write("whyoom: " + why + "\n");
    return trouble;
  }
  const auto looked = look(options);
  if (!looked) {
    if (options.format == Format::json && !looked.error().is_error) {
      out.write(render::json_plan(nullptr) + "\n");
      out.flush();
    }
    errors.write("whyoom: " + looked.error().why + "\n");
    return looked.error().is_error ? trouble : nothing_found;
  }
  if (options.tool) {
    const auto& profile = looked->check->facts.host.tuned_profile;
    const auto text =
        advise::deployment(*options.tool, looked->choice.wanted,
                           profile ? std::optional(printable(profile->value)) : std::nullopt);
    if (!text) {
      errors.write("whyoom: " + text.error().str() + "\n");
      return trouble;
    }
    out.write(*text);
    return nothing_found;
  }
  auto plan = advise::make_plan(*looked->files, *looked->check, looked->choice.wanted,
                                {true, !options.files_only});
  if (!plan) {
    errors.write("whyoom: " + plan.error().str() + "\n");
    return trouble;
  }
  plan->cause = looked->choice.cause;
  if (plan->change.empty()) {
    return say_nothing_to_do(options, *plan, out);
  }
  return show_and_apply(options, command_line, *looked, *plan, out, errors);
}

}  // namespace whyoom::app
