#include <algorithm>

#include "advise/sysctl_edit.h"
#include "fix/apply.h"
#include "fix/running_value.h"
#include "fix/settings_file.h"
#include "fix/transaction.h"
#include "linux/file_system.h"

namespace whyoom::fix {

bool Examination::all(Standing standing) const {
  return std::all_of(files.begin(), files.end(),
                     [&](const FileStanding& file) { return file.standing == standing; }) &&
         std::all_of(values.begin(), values.end(),
                     [&](const ValueStanding& value) { return value.standing == standing; });
}

Examination examine(const FixRecord& record, const RunningValues& values) {
  Examination result;
  const bool under_way = record.state == FixState::planned || record.state == FixState::undoing;
  for (const advise::FileEdit& file : record.change.files) {
    FileStanding& found = result.files.emplace_back();
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
  }
  for (const advise::RunningEdit& value : record.change.running) {
    ValueStanding& found = result.values.emplace_back();
    auto now = values.read(value.key);
    if (!now) {
      found = {Standing::unreadable, {}, now.error()};
      continue;
    }
    found.standing = advise::same_sysctl_value(*now, value.after)    ? Standing::updated
                     : advise::same_sysctl_value(*now, value.before) ? Standing::old
                                                                     : Standing::changed;
    found.now = std::move(*now);
  }
  return result;
}

int remove_leftovers(const FixRecord& record, const Warn& warn) {
  int found = 0;
  for (std::size_t i = 0; i < record.change.files.size(); ++i) {
    found += remove_leftover(record.change.files[i], step_tag(record.number, i), warn) ? 1 : 0;
  }
  return found;
}

}  // namespace whyoom::fix
