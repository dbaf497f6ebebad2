// A change of files and running values, made so that nothing can be lost: the journal first
// (fix_store), then the files, then the running values, then a look whether all of it is so. What
// fails is taken back. What is killed can be finished or taken back later: the journal has the old
// and the new contents, so it is enough to look at what stands there.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "advise/change.h"
#include "fix/put_aside.h"
#include "fix/store.h"

namespace whyoom::fix {

struct ApplyHooks {
  // Sets one running value (`after`; `before` is what it is now) and reads it back; the error is a
  // sentence. Also called to take a value back. Empty: RunningValues::write.
  std::function<tl::expected<void, std::string>(const advise::RunningEdit&)> write_value;
  // When all is written: is it so? The error says what is not. Empty: no more than the contents of
  // the files and the values, which are always read again.
  std::function<tl::expected<void, std::string>()> verify;
  // Told of what is to be known besides: another's text that was kept beside a file, a temporary
  // file that could not be removed.
  Warn warn{};
};

struct ApplyFailure {
  std::string what;                   // what failed, and what to do: sentences
  bool refused = false;               // nothing was touched
  std::vector<std::string> restored;  // paths and keys that were changed and are as before again
  std::vector<std::string> left;      // what could not be put back, how it is, where the old one is
  // Why undo or finish was refused: files as the fix left them, and as they are now.
  std::vector<advise::FileEdit> changed;
};

// Returns the number of the fix. `store` is locked. Refuses while an earlier fix is interrupted.
tl::expected<int, ApplyFailure> apply(const advise::Change& change, FixStore& store,
                                      const FixMeta& meta, const ApplyHooks& hooks);

// Does what is left of an interrupted fix. When it fails, the whole fix is taken back.
tl::expected<void, ApplyFailure> finish(const FixRecord& record, FixStore& store,
                                        const ApplyHooks& hooks);

// Takes back a fix that is applied or interrupted, or goes on with an undo that was interrupted.
// Refuses when a file was changed since. A running value that was changed since is set to the old
// one: `examine` tells before. When it fails, what it did is taken back, and it can be tried again.
tl::expected<void, ApplyFailure> undo(const FixRecord& record, FixStore& store,
                                      const ApplyHooks& hooks);

enum class Standing : std::uint8_t {
  old,         // as before the fix
  updated,     // as the fix wants it
  torn,        // left half way between the two by the run that was killed: both are kept
  changed,     // by someone else
  unreadable,  // `why`
};

struct Found {
  Standing standing = Standing::old;
  std::optional<std::string> now;  // of a file: nullopt when there is none
  std::string why;
  // Of a file that was there before: owner, mode or another attribute is not as then. Someone
  // changed it since, and an undo leaves it so.
  bool other_attributes = false;
};

// In the order of the change. A file is torn when it was written in place, a value when it was
// raised step by step.
struct Examination {
  std::vector<Found> files, values;
  [[nodiscard]] bool all(Standing standing) const;
};

Examination examine(const FixRecord& record, const RunningValues& values);

}  // namespace whyoom::fix
