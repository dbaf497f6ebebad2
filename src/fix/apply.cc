#include "fix/apply.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "advise/sysctl_edit.h"
#include "base/language.h"
#include "base/text.h"
#include "fix/running_value.h"
#include "fix/settings_file.h"
#include "fix/transaction.h"
#include "linux/file_system.h"

namespace whyoom::fix {
namespace {

std::string list_of(const std::vector<std::string>& items) {
  return join(items, tr(", "), printable);
}

ApplyFailure refusal(std::string why) { return {std::move(why), true, {}, {}, {}}; }

std::optional<std::string> why_not_now(const FixStore& store) {
  const auto records = store.list();
  if (!records) {
    return records.error();
  }
  for (const FixRecord& record : *records) {
    if (store.interrupted(record)) {
      const std::string number = std::to_string(record.number);
      return record.state == FixState::undoing
                 ? tr("fix {} ({}) was being undone and was interrupted. Go on with {}", number,
                      keys_of(record.meta), store.undo_command(record.number))
                 : tr("fix {} ({}) was interrupted. Finish it with `whyoom fix --resume{}`, or "
                      "take it back with {}",
                      number, keys_of(record.meta), store.more(),
                      store.undo_command(record.number));
    }
  }
  return std::nullopt;
}

tl::expected<linux::FileAttributes, int> attributes_at(const std::string& path) {
  const auto directory = linux::open_real_directory(linux::directory_of(path));
  if (!directory) {
    return tl::unexpected(directory.error());
  }
  const linux::Descriptor open(::openat(directory->get(), std::string(last_part(path)).c_str(),
                                        O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  return open.get() < 0 ? tl::expected<linux::FileAttributes, int>(tl::unexpected(errno))
                        : linux::read_attributes(open.get());
}

// What each file is now, and that it is what the plan was made for.
Result complete(FixRecord& record, const RunningValues& values) {
  std::set<std::string> paths;
  std::set<std::string> directories;
  for (const advise::FileEdit& file : record.change.files) {
    if (!is_settings_path(file.path) || !paths.insert(file.path).second) {
      return tl::unexpected(cannot_change(file.path, EINVAL));
    }
    for (std::string& missing : linux::missing_directories(linux::directory_of(file.path))) {
      directories.insert(std::move(missing));
    }
    linux::FileAttributes attributes = linux::attributes_of_a_new_file();
    const auto now = linux::read_real_file(file.path);
    if (!now && now.error() != ENOENT) {
      return tl::unexpected(cannot_change(file.path, now.error()));
    }
    if (now.value_or(std::nullopt) != file.before) {
      return tl::unexpected(tr("{} was changed by someone else meanwhile; nothing was changed",
                               printable(file.path)));
    }
    if (file.before) {
      const auto read = attributes_at(file.path);
      if (!read) {
        return tl::unexpected(cannot_change(file.path, read.error()));
      }
      attributes = *read;
    }
    record.attributes.push_back(std::move(attributes));
  }
  // Sorted, so a directory comes before what lies in it.
  record.made_directories.assign(directories.begin(), directories.end());
  for (const advise::RunningEdit& value : record.change.running) {
    const auto now = values.read(value.key);
    if (!now) {
      return tl::unexpected(now.error());
    }
    if (!advise::same_sysctl_value(*now, value.before)) {
      return tl::unexpected(
          tr("{} was {} a moment ago and is {} now: something else changes it. Nothing was changed",
             value.key.dotted(), printable(value.before), printable(*now)));
    }
  }
  return {};
}

// The end of the story in the journal. When it cannot be written, the record stays one of an
// interrupted fix, which can be finished or undone.
tl::expected<void, ApplyFailure> close(FixStore& store, int number, FixState state) {
  const Result written = store.set_state(number, state);
  if (written) {
    return {};
  }
  ApplyFailure failure;
  failure.what = written.error();
  failure.left.push_back(tr(state == FixState::applied
                                ? "all files and values are as the fix wants them, but the journal "
                                  "still has fix {} as interrupted"
                                : "all files and values are as before the fix, but the journal "
                                  "still has fix {} as interrupted",
                            std::to_string(number)));
  return tl::unexpected(std::move(failure));
}

// The state after a failure that left nothing behind. When it cannot be written, the record stays
// one that can be undone.
void write_state(FixStore& store, int number, FixState state, ApplyFailure& failure) {
  if (!store.set_state(number, state)) {
    failure.what += store.still_open(number);
  }
}

// After a failure to finish: also what an earlier run did.
void take_all_back(const FixRecord& record, FixStore& store, const ApplyHooks& hooks,
                   ApplyFailure& failure) {
  const ApplyHooks no_look{hooks.write_value, {}, hooks.warn};
  FixTransaction back(record, store, no_look, Side::before);
  const Result ready = back.prepare();
  auto done = ready ? back.carry_out() : tl::unexpected(refusal(ready.error()));
  if (!done) {
    failure.left.push_back(tr("what an earlier run of fix {} changed is still so: {}",
                              std::to_string(record.number), done.error().what));
    return;
  }
  failure.restored.clear();
  for (const advise::FileEdit& file : record.change.files) {
    failure.restored.push_back(file.path);
  }
  for (const advise::RunningEdit& value : record.change.running) {
    failure.restored.push_back(value.key.dotted());
  }
  write_state(store, record.number, FixState::rolled_back, failure);
}

// Files that neither the old nor the new content explains.
std::optional<ApplyFailure> changed_since(const FixRecord& record, const Examination& found) {
  std::vector<std::string> names;
  ApplyFailure failure = refusal({});
  for (std::size_t i = 0; i < found.files.size(); ++i) {
    const advise::FileEdit& file = record.change.files[i];
    if (found.files[i].standing == Standing::unreadable) {
      return refusal(found.files[i].why);
    }
    if (found.files[i].standing == Standing::changed) {
      names.push_back(file.path);
      failure.changed.push_back({file.path, file.after, found.files[i].now});
    }
  }
  if (names.empty()) {
    return std::nullopt;
  }
  failure.what = tr(names.size() == 1 ? "{} was changed since fix {}; nothing was changed"
                                      : "{} were changed since fix {}; nothing was changed",
                    list_of(names), std::to_string(record.number));
  return failure;
}

// Settles the temporary files that a killed run of this fix left.
void remove_leftovers(const FixRecord& record, const Warn& warn) {
  for (std::size_t i = 0; i < record.change.files.size(); ++i) {
    remove_leftover(record.change.files[i], step_tag(record.number, i), warn);
  }
}

}  // namespace

tl::expected<int, ApplyFailure> apply(const advise::Change& change, FixStore& store,
                                      const FixMeta& meta, const ApplyHooks& hooks) {
  if (auto why = why_not_now(store)) {
    return tl::unexpected(refusal(std::move(*why)));
  }
  FixRecord record;
  record.meta = meta;
  record.change = change;
  if (Result whole = complete(record, store.values()); !whole) {
    return tl::unexpected(refusal(std::move(whole.error())));
  }
  const auto number = store.add(record);
  if (!number) {
    return tl::unexpected(refusal(tr("{}; nothing was changed", number.error())));
  }
  record.number = *number;
  FixTransaction run(record, store, hooks, Side::after);
  if (Result ready = run.prepare(); !ready) {
    const bool dropped = store.drop(*number);
    return tl::unexpected(refusal(ready.error() + (dropped ? "" : store.still_open(*number))));
  }
  if (auto done = run.carry_out(); !done) {
    if (done.error().left.empty()) {
      write_state(store, *number, FixState::rolled_back, done.error());
    }
    return tl::unexpected(std::move(done.error()));
  }
  if (auto closed = close(store, *number, FixState::applied); !closed) {
    return tl::unexpected(std::move(closed.error()));
  }
  return *number;
}

tl::expected<void, ApplyFailure> finish(const FixRecord& record, FixStore& store,
                                        const ApplyHooks& hooks) {
  if (record.state != FixState::planned) {
    return tl::unexpected(
        refusal(tr("fix {} is {}; there is nothing to finish", std::to_string(record.number),
                   translated(state_name(record.state)))));
  }
  remove_leftovers(record, hooks.warn);
  if (auto changed = changed_since(record, examine(record, store.values()))) {
    return tl::unexpected(std::move(*changed));
  }
  FixTransaction run(record, store, hooks, Side::after);
  if (Result ready = run.prepare(); !ready) {
    return tl::unexpected(refusal(std::move(ready.error())));
  }
  auto done = run.carry_out();
  if (done) {
    return close(store, record.number, FixState::applied);
  }
  ApplyFailure failure = std::move(done.error());
  if (failure.left.empty()) {
    take_all_back(record, store, hooks, failure);
  }
  return tl::unexpected(std::move(failure));
}

tl::expected<void, ApplyFailure> undo(const FixRecord& record, FixStore& store,
                                      const ApplyHooks& hooks) {
  const FixState was = record.state;
  if (was == FixState::undone || was == FixState::rolled_back) {
    return tl::unexpected(refusal(
        tr("fix {} is {} already", std::to_string(record.number), translated(state_name(was)))));
  }
  if (auto changed = changed_since(record, examine(record, store.values()))) {
    return tl::unexpected(std::move(*changed));
  }
  if (const Result begun = store.set_state(record.number, FixState::undoing); !begun) {
    return tl::unexpected(refusal(tr("{}; nothing was changed", begun.error())));
  }
  remove_leftovers(record, hooks.warn);
  FixTransaction run(record, store, hooks, Side::before);
  if (Result ready = run.prepare(); !ready) {
    ApplyFailure failure = refusal(std::move(ready.error()));
    write_state(store, record.number, was, failure);
    return tl::unexpected(std::move(failure));
  }
  if (auto done = run.carry_out(); !done) {
    if (done.error().left.empty()) {
      write_state(store, record.number, was, done.error());
    }
    return done;
  }
  return close(store, record.number, FixState::undone);
}

namespace {

// vm.min_free_kbytes is raised step by step.
bool is_on_the_way(std::string_view now, const advise::RunningEdit& edit) {
  if (edit.key != "vm.min_free_kbytes") {
    return false;
  }
  const auto at = parse_number<std::uint64_t>(trim(now));
  const auto before = parse_number<std::uint64_t>(trim(edit.before));
  const auto after = parse_number<std::uint64_t>(trim(edit.after));
  return at && before && after && std::min(*before, *after) < *at &&
         *at < std::max(*before, *after);
}

}  // namespace

bool Examination::all(Standing standing) const {
  const auto is_so = [standing](const Found& found) { return found.standing == standing; };
  return std::ranges::all_of(files, is_so) && std::ranges::all_of(values, is_so);
}

Examination examine(const FixRecord& record, const RunningValues& values) {
  Examination result;
  const bool under_way = record.state == FixState::planned || record.state == FixState::undoing;
  for (const advise::FileEdit& file : record.change.files) {
    Found& found = result.files.emplace_back();
    auto now = linux::read_real_file(file.path);
    if (!now) {
      // A link or a directory that stands there now is a change, but has no text to show.
      found = {Standing::unreadable, std::nullopt, cannot_change(file.path, now.error())};
      continue;
    }
    found.now = std::move(*now);
    // Its names may be fewer by now than when it was written in place.
    const bool torn = under_way && found.now && file.before && file.after &&
                      is_torn(*found.now, *file.before, *file.after);
    found.standing = found.now == file.after    ? Standing::updated
                     : found.now == file.before ? Standing::old
                     : torn                     ? Standing::torn
                                                : Standing::changed;
    const auto attributes = attributes_at(file.path);
    const std::size_t index = result.files.size() - 1;
    found.other_attributes = attributes && file.before && index < record.attributes.size() &&
                             *attributes != record.attributes[index];
  }
  for (const advise::RunningEdit& value : record.change.running) {
    Found& found = result.values.emplace_back();
    auto now = values.read(value.key);
    if (!now) {
      found = {Standing::unreadable, std::nullopt, now.error()};
      continue;
    }
    found.standing = advise::same_sysctl_value(*now, value.after)    ? Standing::updated
                     : advise::same_sysctl_value(*now, value.before) ? Standing::old
                     : under_way && is_on_the_way(*now, value)       ? Standing::torn
                                                                     : Standing::changed;
    found.now = std::move(*now);
  }
  return result;
}

}  // namespace whyoom::fix
