
// `whyoom undo`
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "advise/overlay_files.h"
#include "advise/plan.h"
#include "app/block_signals.h"
#include "app/command.h"
#include "app/consent.h"
#include "app/disk.h"
#include "app/fix_hooks.h"
#include "app/fix_records.h"
#include "app/host_root.h"
#include "base/language.h"
#include "base/text.h"
#include "diagnose/value_risks.h"
#include "fix/apply.h"
#include "fix/running_value.h"
#include "render/fix.h"
#include "render/layout.h"

namespace whyoom::app {

namespace {

using fix::FixRecord;
using fix::FixState;

struct UndoOptions : Options {
  std::optional<unsigned> number;  // empty = the last one
  bool dry_run = false, yes = false;
  bool files_only = false;
  bool force = false;  // also when the kernel would kill at once
};

bool can_be_undone(const FixRecord& record) {
  return record.damage.empty() &&
         (record.state == FixState::applied || record.state == FixState::planned ||
          record.state == FixState::undoing);
}

// The error is a sentence; an empty one says that there is nothing to undo.
tl::expected<FixRecord, std::string> find_record(const fix::FixStore& store,
                                                 std::optional<unsigned> number) {
  if (number) {
    return store.load(static_cast<int>(*number));
  }
  auto records = store.list();
  if (!records) {
    return tl::unexpected(records.error());
  }
  for (auto record = records->rbegin(); record != records->rend(); ++record) {
    if (!record->damage.empty()) {
      return tl::unexpected(tr("fix {}: {}; name the one to undo: `whyoom undo N{}`",
                               std::to_string(record->number), record->damage, store.more()));
    }
    if (can_be_undone(*record)) {
      return std::move(*record);
    }
  }
  return tl::unexpected(std::string());
}

struct Danger {
  std::string refusal;             // the kernel would kill at once with a value of before
  std::vector<std::string> risks;  // what a check would say of it
};

// Of the running values of before, or of what the next boot makes of the files of before.
Danger danger_of(const FixRecord& record) {
  auto root = open_host({}, linux::SandboxChoice::automatic);
  if (!root) {
    return {root.error(), {}};
  }
  const auto check = diagnose::check(host::read_facts(*root->files, root->options));
  const advise::Change back = advise::reversed(record.change);
  advise::OverlayFiles files(*root->files);
  for (const advise::FileEdit& file : back.files) {
    files.put(file.path, file.after);
  }
  const std::string command_line = check->facts.host.command_line.str();
  std::vector<diagnose::NewValue> values;
  advise::Plan plan;
  for (const advise::RunningEdit& value : back.running) {
    plan.settings.emplace_back(advise::Wanted{value.key, value.after});
    plan.settings.back().running = fix::RunningValues().read(value.key).value_or(value.before);
    values.push_back({value.key, value.after, host::find_sysctl(files, value.key, command_line)});
  }
  Danger danger;
  if (!plan.settings.empty()) {
    advise::judge_values(plan, check->state);
  }
  if (!plan.refusal.empty()) {
    danger.refusal = tr("{} To undo the fix all the same: --force", plan.refusal.str());
  }
  for (const advise::Wanted& wanted : record.meta.wanted) {
    auto then = host::find_sysctl(files, wanted.key, command_line);
    if (const auto value = then.value_after_boot(); value && back.running.empty()) {
      values.push_back({wanted.key, *value, std::move(then)});
    }
  }
  for (const Message& risk : diagnose::value_risks(*check, values)) {
    danger.risks.push_back(printable(risk.str()));
  }
  return danger;
}

bool share_a_key(const FixRecord& one, const FixRecord& other) {
  return std::ranges::any_of(one.meta.wanted, [&other](const advise::Wanted& wanted) {
    return std::ranges::any_of(other.meta.wanted, [&wanted](const advise::Wanted& each) {
      return each.key == wanted.key || each.key == host::sysctl_counterpart(wanted.key.dotted());
    });
  });
}

// A later fix of the same key, which has to be undone first.
std::string why_not_yet(const fix::FixStore& store, const FixRecord& record) {
  for (const FixRecord& later : store.list().value_or(std::vector<FixRecord>())) {
    if (later.number > record.number && can_be_undone(later) && share_a_key(later, record)) {
      return tr("{} came later; undo it first: {}", record_line(later),
                store.undo_command(later.number));
    }
  }
  return {};
}

int undo_record(const UndoOptions& options, fix::FixStore& store, const FixRecord& whole,
                Console& io) {
  const render::TextStyle style = options.style();
  const bool disk = !options.root.empty();
  FixRecord record = part_on(options.root, whole);
  if (options.files_only) {
    record.change.running.clear();
  }
  io.out.write(record_line(whole) + "\n");
  if (disk) {
    io.out.write(tr("On the disk {}: nothing that runs is touched; paths are those on the disk.\n",
                    printable(options.root)));
  }
  io.out.write(render::to_text(render::change_document(advise::reversed(record.change)), style));
  const fix::Examination found = fix::examine(record, store.values());
  if (!found.all(fix::Standing::updated)) {
    io.out.write(tr("As it stands now:\n{}", standing_text(record, found)));
  }
  bool other_attributes = false;
  for (std::size_t i = 0; i < found.files.size(); ++i) {
    if (found.files[i].other_attributes) {
      other_attributes = true;
      io.out.write(
          tr("note: owner, mode or attributes of {} were changed since the fix, and stay "
             "as they are\n",
             printable(record.change.files[i].path)));
    }
  }
  const Danger danger = disk ? Danger() : danger_of(record);
  for (const std::string& risk : danger.risks) {
    io.out.write(tr("risk: {}\n", risk));
  }
  io.out.flush();
  if (!options.force && !danger.refusal.empty()) {
    return io.fail(danger.refusal);
  }
  if (options.dry_run) {
    io.tell(tr("nothing was changed (--dry-run)"));
    return nothing_found;
  }
  if (const std::string why = why_not(options.yes, tr("Undo it?"), io); !why.empty()) {
    return io.fail(why);
  }
  const BlockSignals until_done;
  const HookOptions how{false, !options.force, disk};
  const auto done = fix::undo(record, store, fix_hooks(record.meta.wanted, how, io));
  if (!done) {
    return tell_failure("undo", done.error(), style, io);
  }
  io.out.write(
      options.files_only
          ? tr("Undone: files are as before fix {}; running values stay until the next boot.\n",
               std::to_string(record.number))
      : other_attributes
          ? tr("Undone: the content of the files and the values are as before fix {}.\n",
               std::to_string(record.number))
          : tr("Undone: files and values are as before fix {}.\n", std::to_string(record.number)));
  return nothing_found;
}

int undo(const UndoOptions& options, Console& io) {
  io.changes = !options.dry_run;
  if (const std::string why =
          needs_root(!options.root.empty() ? ShellCommand("sudo whyoom undo --root <DIR>")
                     : options.number      ? ShellCommand("sudo whyoom undo {}", *options.number)
                                           : ShellCommand("sudo whyoom undo"));
      !why.empty()) {
    return io.fail(why);
  }
  if (const auto entered = enter_disk(options.root); !entered) {
    return io.fail(entered.error());
  }
  const fix::StoreOptions where = store_of(options.root);
  auto store =
      options.dry_run ? fix::FixStore::open(where) : fix::FixStore::open_locked(where, ::getpid());
  if (!store) {
    return io.fail(store.error());
  }
  const auto record = find_record(*store, options.number);
  if (!record) {
    if (record.error().empty()) {
      io.out.write(options.root.empty()
                       ? tr("Nothing to undo: no fix is in force on this machine.\n")
                       : tr("Nothing to undo: no fix is in force on this disk.\n"));
      return nothing_found;
    }
    return io.fail(record.error());
  }
  if (!can_be_undone(*record)) {
    return io.fail(tr("fix {} is {} already", std::to_string(record->number),
                      translated(fix::state_name(record->state))));
  }
  if (const std::string why = why_not_yet(*store, *record); !why.empty()) {
    return io.fail(why);
  }
  return undo_record(options, *store, *record, io);
}

}  // namespace

const Command undo_command{
    "undo", "whyoom undo [N] [OPTIONS]",
    "Takes back a fix: every byte of the files, every running value.\n"
    "Without N it is the last one. A file that someone changed since is left alone and shown.",
    "Exit status: 0 done or nothing to undo, 2 refused or wrong use (nothing was changed),\n"
    "3 failed half-way and taken back.\n"
    "\nExamples:\n"
    "  sudo whyoom undo\n"
    "  sudo whyoom undo 3\n"
    "  sudo whyoom undo --root /mnt\n",
    [](Flags& flags) -> Work {
      const auto options = std::make_shared<UndoOptions>();
      flags.number("N", "", options->number, 1, 1'000'000'000, "The fix");
      flags.flag("-n,--dry-run", options->dry_run, "Show the change and touch nothing");
      flags.flag("-y,--yes", options->yes, "Do not ask");
      flags.flag("--files-only", options->files_only, "Leave the running value as it is");
      flags.flag("--force", options->force, "Also when the kernel would kill at once");
      flags.text("--root", "DIR", options->root, "A disk of a system that does not run");
      flags.look(*options);
      return [options](Console& io) { return undo(*options, io); };
    }};

}  // namespace whyoom::app
