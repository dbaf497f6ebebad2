// The content of one regular file, replaced so that at each moment the whole old or the whole new
// one stands under its name, also after a crash or a loss of power.
//
// The new content is written to a temporary file beside it (".NAME.whyoom-TAG", which no reader of
// sysctl files takes), gets the owner, mode and extended attributes of the old one, is brought to
// the disk, and the two change places (renameat2 RENAME_EXCHANGE; rename where the file system has
// no exchange). The old file stays under the temporary name until the step is kept, so taking it
// back needs no space and gives back the very same file.
//
// A file with several hard links, and one that is a mount point of its own, is written in place,
// because a rename would part its names. A crash can then leave a mixture of the two contents: see
// is_torn. Whoever uses this keeps both contents elsewhere first (fix_store).
//
// What somebody else writes meanwhile is never lost: where it is seen in time it gets its name
// back, else it is kept beside the file (put_aside.h) and `warn` names it. Only what is written to
// a file in place between the look and the writing is not seen.
//
// Two phases, so that several files fail together: prepare all, then commit each. Nothing of a file
// is changed before commit. Every error is a whole sentence with what to do.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "advise/change.h"
#include "fix/put_aside.h"
#include "linux/descriptor.h"
#include "linux/file_attributes.h"

namespace whyoom::fix {

class FileStep {
 public:
  // The directory must exist. `made` are the attributes of a file that is not there yet. An error
  // when the file does not have the content `edit.before`, is a symbolic link, or cannot be
  // changed.
  static tl::expected<std::unique_ptr<FileStep>, std::string> prepare(
      const advise::FileEdit& edit, std::string_view tag, const linux::FileAttributes& made,
      const Warn& warn = {});
  FileStep(const FileStep&) = delete;
  FileStep& operator=(const FileStep&) = delete;
  // Without commit: as if nothing had been. After commit: like keep.
  ~FileStep() { keep(); }

  // The old content is compared once more, and what came away when the names changed places. The
  // text of a program that writes at this very moment gets its name back.
  tl::expected<void, std::string> commit();
  // After commit: the old file is as it was, and no program that opened it before can still write
  // to it. An error says that it is to be taken back.
  [[nodiscard]] tl::expected<void, std::string> check_old() const;
  // Takes a committed step back, if nobody changed the file since.
  tl::expected<void, std::string> roll_back();
  // Removes what is left of the old file.
  void keep();

  [[nodiscard]] const advise::FileEdit& edit() const { return edit_; }
  [[nodiscard]] bool committed() const { return committed_; }

 private:
  using Result = tl::expected<void, std::string>;
  enum class Way : std::uint8_t { create, replace, in_place, remove };
  enum class Match : std::uint8_t { same, other, unknown };

  FileStep(advise::FileEdit edit, std::string_view tag, Warn warn);

  [[nodiscard]] tl::unexpected<std::string> error(int number) const;
  [[nodiscard]] tl::unexpected<std::string> no_match(Match match) const;
  [[nodiscard]] Match compare(const std::string& name,
                              const std::optional<std::string>& content) const;
  [[nodiscard]] Result must_have(const std::string& name,
                                 const std::optional<std::string>& content) const;
  // 0 or errno.
  [[nodiscard]] int move(const std::string& from, const std::string& to, unsigned flags) const;
  Result move_or_fail(const std::string& from, const std::string& to) const;
  Result open_old();
  [[nodiscard]] Result check_directory() const;
  Result write_temporary(const linux::FileAttributes& attributes);
  Result reserve();
  Result commit_replace();
  Result commit_in_place(const std::string& from, const std::string& to);
  Result check_exchanged(const std::string& ours, const std::optional<std::string>& expected);
  Result take_away(const std::optional<std::string>& expected);
  Result roll_back_replace();

  advise::FileEdit edit_;
  Way way_ = Way::create;
  std::string tag_, name_, temporary_;
  Warn warn_;
  linux::Descriptor directory_, file_;  // `file_`: the old one
  bool has_temporary_ = false;          // a file of ours, or the old one, has the temporary name
  bool half_temporary_ = false;         // ours, and not written to its end
  bool half_in_place_ = false;          // writing in place failed, and so did going back
  bool committed_ = false;
};

// Settles what a step that was killed left behind; true when there was something.
bool remove_leftover(const advise::FileEdit& edit, std::string_view tag, const Warn& warn = {});

// `now` is what can be left of a file that was being written in place, from either content to the
// other, in however many goes that were cut short: each byte is that of one of the two at its
// place, and the length lies between the two. What is longer than the shorter one may be zeros.
bool is_torn(std::string_view now, std::string_view before, std::string_view after);

}  // namespace whyoom::fix
