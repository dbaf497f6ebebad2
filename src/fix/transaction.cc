#include "fix/transaction.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "advise/sysctl_edit.h"
#include "base/language.h"
#include "base/text.h"
#include "fix/running_value.h"
#include "fix/settings_file.h"
#include "linux/file_system.h"

namespace whyoom::fix {

std::string step_tag(int number, std::size_t index) {
  return std::to_string(number) + "-" + std::to_string(index);
}

std::vector<std::size_t> FixTransaction::order(std::size_t count) const {
  std::vector<std::size_t> indexes(count);
  for (std::size_t i = 0; i < count; ++i) {
    indexes[i] = target_ == Side::after ? i : count - 1 - i;
  }
  return indexes;
}

Result FixTransaction::make_directories() {
  if (target_ != Side::after) {
    return {};
  }
  for (const std::string& path : record_.made_directories) {
    const auto parent = linux::open_real_directory(linux::directory_of(path));
    if (!parent) {
      return tl::unexpected(cannot_change(path, parent.error()));
    }
    const std::string name(last_part(path));
    if (::mkdirat(parent->get(), name.c_str(), 0755) == 0) {
      made_.push_back(path);
      // The process's umask may have taken something away.
      if (::fchmodat(parent->get(), name.c_str(), 0755, 0) != 0 ||
          linux::sync(parent->get()) != 0) {
        return tl::unexpected(cannot_change(path, errno));
      }
    } else if (errno != EEXIST) {
      return tl::unexpected(cannot_change(path, errno));
    }
  }
  return {};
}

// Those that are empty. What someone else put there stays, and so does the directory.
void FixTransaction::remove_empty(const std::vector<std::string>& paths) const {
  bool left = false;  // for another reason than that it is in use
  for (auto path = paths.rbegin(); path != paths.rend(); ++path) {
    const auto parent = linux::open_real_directory(linux::directory_of(*path));
    const bool removed = parent && ::unlinkat(parent->get(), std::string(last_part(*path)).c_str(),
                                              AT_REMOVEDIR) == 0;
    const int error = removed ? linux::sync(parent->get()) : parent ? errno : parent.error();
    const bool in_use = error == ENOTEMPTY || error == EEXIST;
    left = left || (!removed && error != ENOENT && !in_use);
    if (!removed && left && error != ENOENT && hooks_.warn) {
      hooks_.warn(tr("the directory {}, which the fix had made, could not be removed: {}",
                     printable(*path), linux::errno_text(error)));
    }
  }
}

void FixTransaction::remove_directories() { remove_empty(made_); }

Result FixTransaction::prepare_file(std::size_t index) {
  const advise::FileEdit& file = record_.change.files[index];
  const auto now = linux::read_real_file(file.path);
  if (!now) {
    return tl::unexpected(cannot_change(file.path, now.error()));
  }
  if (*now == wanted(file)) {
    return {};
  }
  // The look at all files was a moment ago.
  const bool torn = *now && file.before && file.after && is_torn(**now, *file.before, *file.after);
  if (*now != file.before && *now != file.after && !torn) {
    return tl::unexpected(
        tr("{} was changed by someone else meanwhile; it is left as it is", printable(file.path)));
  }
  auto step = FileStep::prepare({file.path, *now, wanted(file)}, step_tag(record_.number, index),
                                record_.attributes[index], hooks_.warn);
  if (!step) {
    return tl::unexpected(step.error());
  }
  files_.emplace_back(index, std::move(*step));
  return {};
}

Result FixTransaction::prepare_value(std::size_t index) {
  const advise::RunningEdit& value = record_.change.running[index];
  const auto now = store_.values().read(value.key);
  if (now && advise::same_sysctl_value(*now, wanted(value))) {
    return {};
  }
  const advise::RunningEdit edit{value.key, now.value_or(std::string()), wanted(value)};
  if (auto writable = store_.values().can_write(edit); !writable) {
    return writable;
  }
  if (!now) {
    return tl::unexpected(now.error());
  }
  values_.push_back(edit);
  return {};
}

Result FixTransaction::prepare() {
  Result done;
  for (const std::size_t index : order(record_.change.running.size())) {
    done = done ? prepare_value(index) : done;
  }
  if (done) {
    done = make_directories();
  }
  for (const std::size_t index : order(record_.change.files.size())) {
    done = done ? prepare_file(index) : done;
  }
  if (!done) {
    files_.clear();
    remove_directories();
  }
  return done;
}

Result FixTransaction::write_value(const advise::RunningEdit& edit) const {
  return hooks_.write_value ? hooks_.write_value(edit) : store_.values().write(edit);
}

Result FixTransaction::set_values() {
  for (const advise::RunningEdit& edit : values_) {
    ++values_begun_;
    const auto now = store_.values().read(edit.key);
    if (now && advise::same_sysctl_value(*now, edit.after)) {
      continue;  // the kernel made it so with the one before (host::sysctl_counterpart())
    }
    if (auto set = write_value(edit); !set) {
      return set;
    }
  }
  return {};
}

Result FixTransaction::look() const {
  for (const advise::FileEdit& file : record_.change.files) {
    const auto now = linux::read_real_file(file.path);
    if (!now || *now != wanted(file)) {
      return tl::unexpected(
          tr("{} does not have the content that was written to it", printable(file.path)));
    }
  }
  for (const advise::RunningEdit& value : record_.change.running) {
    const auto now = store_.values().read(value.key);
    if (!now || !advise::same_sysctl_value(*now, wanted(value))) {
      return tl::unexpected(tr("{} is {} after {} was written", value.key.dotted(),
                               now ? printable(*now) : "unreadable", printable(wanted(value))));
    }
  }
  return hooks_.verify ? hooks_.verify() : Result();
}

void FixTransaction::take_back_value(const advise::RunningEdit& edit, ApplyFailure& failure) const {
  const auto now = store_.values().read(edit.key);
  if (now && advise::same_sysctl_value(*now, edit.before)) {
    return;  // the kernel had refused it
  }
  const Result back = write_value({edit.key, now.value_or(edit.after), edit.before});
  if (back) {
    failure.restored.push_back(edit.key.dotted());
    return;
  }
  failure.left.push_back(tr("{} is {} and not {} again: {}", edit.key.dotted(),
                            now ? printable(*now) : edit.after, printable(edit.before),
                            back.error()));
}

ApplyFailure FixTransaction::take_back(std::string why) {
  ApplyFailure failure{std::move(why), false, {}, {}, {}};
  while (values_begun_ > 0) {
    take_back_value(values_[--values_begun_], failure);
  }
  while (!files_.empty()) {
    auto& [index, step] = files_.back();
    const std::string path = step->edit().path;
    const bool changed = step->committed();
    if (const Result back = step->roll_back(); !back) {
      failure.left.push_back(tr("{}. What it was before the fix is in {}", back.error(),
                                printable(store_.before_path(record_.number, index))));
    } else if (changed) {
      failure.restored.push_back(path);
    }
    files_.pop_back();
  }
  remove_directories();
  return failure;
}

tl::expected<void, ApplyFailure> FixTransaction::carry_out() {
  for (auto& [index, step] : files_) {
    if (const Result done = step->commit(); !done) {
      return tl::unexpected(take_back(done.error()));
    }
  }
  Result done = set_values();
  if (done) {
    done = look();
  }
  // The last look: from here on the old files are given up.
  for (auto file = files_.begin(); done && file != files_.end(); ++file) {
    done = file->second->check_old();
  }
  if (!done) {
    return tl::unexpected(take_back(done.error()));
  }
  files_.clear();  // with what was kept of the old files
  if (target_ == Side::before) {
    remove_empty(record_.made_directories);
  }
  return {};
}

}  // namespace whyoom::fix
