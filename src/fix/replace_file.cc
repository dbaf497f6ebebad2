#include "fix/replace_file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/language.h"
#include "base/text.h"
#include "fix/settings_file.h"
#include "linux/descriptor.h"
#include "linux/file_system.h"

namespace whyoom::fix {
namespace {

constexpr int open_flags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

std::string changed_meanwhile(const std::string& path) {
  return tr("{} was changed by someone else meanwhile; it is left as it is", printable(path));
}

bool is_mount_point(int fd) {
  struct statx status {};
  return ::statx(fd, "", AT_EMPTY_PATH, 0, &status) == 0 &&
         (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

bool needs_writing_in_place(int fd, const struct stat& status) {
  return status.st_nlink > 1 || is_mount_point(fd);
}

// EPERM for what chattr(1) locked: found now, not only by a rename that fails.
int look_at_flags(int fd) {
  int flags = 0;
  return ::ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 &&
                 (flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)) != 0
             ? EPERM
             : 0;
}

// 0 or errno. The old blocks stay allocated, so that going back needs no space.
int overwrite(int fd, std::string_view content) {
  const int error = ::lseek(fd, 0, SEEK_SET) < 0 ? errno : linux::write_all(fd, content);
  if (error != 0) {
    return error;
  }
  return ::ftruncate(fd, static_cast<off_t>(content.size())) == 0 ? linux::sync(fd) : errno;
}

// The name under which the step of that tag keeps its temporary file.
std::string temporary_name(std::string_view file_name, std::string_view tag) {
  constexpr std::size_t most = 200;  // of 255 bytes that a name can have
  return "." + std::string(file_name.substr(0, most)) + ".whyoom-" + std::string(tag);
}

}  // namespace

FileStep::FileStep(advise::FileEdit edit, std::string_view tag, Warn warn)
    : edit_(std::move(edit)),
      tag_(tag),
      name_(last_part(edit_.path)),
      temporary_(temporary_name(name_, tag)),
      warn_(std::move(warn)) {}

tl::unexpected<std::string> FileStep::error(int number) const {
  return tl::unexpected(cannot_change(edit_.path, number));
}

int FileStep::move(const std::string& from, const std::string& to, unsigned flags) const {
  return ::renameat2(directory_.get(), from.c_str(), directory_.get(), to.c_str(), flags) == 0
             ? 0
             : errno;
}

FileStep::Match FileStep::compare(const std::string& name,
                                  const std::optional<std::string>& content) const {
  const auto now = linux::read_at(directory_.get(), name);
  if (!now && now.error() != ENOENT) {
    return Match::unknown;
  }
  return (now ? std::optional(*now) : std::nullopt) == content ? Match::same : Match::other;
}

FileStep::Result FileStep::must_have(const std::string& name,
                                     const std::optional<std::string>& content) const {
  const Match match = compare(name, content);
  return match == Match::same ? Result() : no_match(match);
}

tl::unexpected<std::string> FileStep::no_match(Match match) const {
  return tl::unexpected(match == Match::other
                            ? changed_meanwhile(edit_.path)
                            : tr("{} cannot be read to see who wrote it", printable(edit_.path)));
}

FileStep::Result FileStep::open_old() {
  file_ = linux::Descriptor(::openat(directory_.get(), name_.c_str(), O_RDONLY | open_flags));
  struct stat status {};
  if (file_.get() < 0 && errno == ENOENT) {
    if (edit_.before) {
      return tl::unexpected(tr("{} (it was removed)", changed_meanwhile(edit_.path)));
    }
    return {};
  }
  if (file_.get() < 0 || ::fstat(file_.get(), &status) != 0) {
    return error(errno);
  }
  if (!S_ISREG(status.st_mode)) {
    return error(EINVAL);
  }
  const auto content = linux::read_whole(file_.get());
  if (!content) {
    return error(content.error());
  }
  if (*content != edit_.before) {
    return tl::unexpected(changed_meanwhile(edit_.path));
  }
  if (const int flagged = look_at_flags(file_.get())) {
    return error(flagged);
  }
  way_ = !edit_.after                                  ? Way::remove
         : needs_writing_in_place(file_.get(), status) ? Way::in_place
                                                       : Way::replace;
  return {};
}

FileStep::Result FileStep::check_directory() const {
  if (const int flagged = look_at_flags(directory_.get())) {
    return error(flagged);
  }
  return ::faccessat(directory_.get(), ".", W_OK, AT_EACCESS) == 0 ? Result() : error(errno);
}

FileStep::Result FileStep::write_temporary(const linux::FileAttributes& attributes) {
  const auto create = [&] {
    return linux::Descriptor(::openat(directory_.get(), temporary_.c_str(),
                                      O_WRONLY | O_CREAT | O_EXCL | open_flags, 0600));
  };
  linux::Descriptor target = create();
  if (target.get() < 0 && errno == EEXIST) {
    remove_leftover(edit_, tag_, warn_);
    target = create();
  }
  if (target.get() < 0 && errno == EEXIST) {
    return tl::unexpected(
        tr("{} cannot be changed: a file with the name {} is in the way beside it",
           printable(edit_.path), printable(temporary_)));
  }
  if (target.get() < 0) {
    return error(errno);
  }
  has_temporary_ = half_temporary_ = true;
  if (const int failed = linux::write_all(target.get(), *edit_.after)) {
    return error(failed);
  }
  if (const auto given = linux::give_attributes(target.get(), attributes); !given) {
    return tl::unexpected(tr("{} cannot be changed: {}", printable(edit_.path), given.error()));
  }
  if (file_.get() >= 0) {
    linux::copy_flags(file_.get(), target.get());
  }
  if (const int failed = linux::sync(target.get())) {
    return error(failed);
  }
  half_temporary_ = false;
  return {};
}

// The space for a longer content, so that writing it cannot fail half way.
FileStep::Result FileStep::reserve() {
  linux::Descriptor writable(::openat(directory_.get(), name_.c_str(), O_RDWR | open_flags));
  if (writable.get() < 0) {
    return error(errno);
  }
  if (edit_.after->size() > edit_.before->size() &&
      ::fallocate(writable.get(), FALLOC_FL_KEEP_SIZE, 0,
                  static_cast<off_t>(edit_.after->size())) != 0 &&
      (errno == ENOSPC || errno == EDQUOT)) {
    return error(errno);
  }
  file_ = std::move(writable);
  return {};
}

tl::expected<std::unique_ptr<FileStep>, std::string> FileStep::prepare(
    const advise::FileEdit& edit, std::string_view tag, const linux::FileAttributes& made,
    const Warn& warn) {
  std::unique_ptr<FileStep> step(new FileStep(edit, tag, warn));
  if (!linux::is_plain_path(edit.path) || (!edit.before && !edit.after)) {
    return step->error(EINVAL);
  }
  auto directory = linux::open_real_directory(linux::directory_of(edit.path));
  if (!directory) {
    return step->error(directory.error());
  }
  step->directory_ = std::move(*directory);
  if (const auto opened = step->open_old(); !opened) {
    return tl::unexpected(opened.error());
  }
  if (step->way_ == Way::in_place) {
    const auto reserved = step->reserve();
    return reserved ? tl::expected<std::unique_ptr<FileStep>, std::string>(std::move(step))
                    : tl::unexpected(reserved.error());
  }
  if (const auto usable = step->check_directory(); !usable) {
    return tl::unexpected(usable.error());
  }
  if (step->way_ == Way::remove) {
    return step;
  }
  const auto attributes = step->way_ == Way::replace
                              ? linux::read_attributes(step->file_.get())
                              : tl::expected<linux::FileAttributes, int>(made);
  if (!attributes) {
    return step->error(attributes.error());
  }
  if (const auto written = step->write_temporary(*attributes); !written) {
    return tl::unexpected(written.error());
  }
  return step;
}

FileStep::Result FileStep::move_or_fail(const std::string& from, const std::string& to) const {
  const int failed = linux::move_without_replacing(directory_.get(), from, to);
  if (failed == EEXIST) {
    return tl::unexpected(changed_meanwhile(edit_.path));
  }
  return failed == 0 ? Result() : error(failed);
}

// After the two names changed places: `ours` came from the temporary name and `expected` must
// have come away. Another's text, written since the look before, gets its name back, unless one
// that is newer still has it by now: then it stays aside and is kept.
FileStep::Result FileStep::check_exchanged(const std::string& ours,
                                           const std::optional<std::string>& expected) {
  const Match away = compare(temporary_, expected);
  if (away == Match::same) {
    return {};
  }
  const Match here = compare(name_, ours);
  if (here == Match::other) {
    committed_ = false;
    return no_match(away);
  }
  committed_ = true;  // for all that is known, the text under its name is ours
  if (const int failed = move(temporary_, name_, RENAME_EXCHANGE)) {
    return tl::unexpected(tr("{}; its name could not be given back: {}", no_match(away).value(),
                             linux::errno_text(failed)));
  }
  committed_ = false;
  if (compare(temporary_, ours) == Match::other) {
    (void)move(temporary_, name_, RENAME_EXCHANGE);
  }
  return no_match(away);
}

// The file gets the temporary name, and must have the content; else it gets its own one back.
FileStep::Result FileStep::take_away(const std::optional<std::string>& expected) {
  if (auto moved = move_or_fail(name_, temporary_); !moved) {
    return moved;
  }
  has_temporary_ = true;
  const Match away = compare(temporary_, expected);
  if (away == Match::same) {
    return {};
  }
  const auto back = move_or_fail(temporary_, name_);
  has_temporary_ = !back;
  committed_ = committed_ || !back;
  return no_match(away);
}

FileStep::Result FileStep::commit_replace() {
  const int failed = move(temporary_, name_, RENAME_EXCHANGE);
  if (failed == 0) {
    return check_exchanged(*edit_.after, edit_.before);
  }
  if (!linux::no_such_rename(failed)) {
    return error(failed);
  }
  if (const int plain = move(temporary_, name_, 0)) {
    return error(plain);
  }
  has_temporary_ = false;
  return {};
}

FileStep::Result FileStep::commit_in_place(const std::string& from, const std::string& to) {
  const auto now = linux::read_whole(file_.get());
  // Another name of the same file may have been in the same change.
  if (now && *now == to && !half_in_place_) {
    return {};
  }
  const bool half = now && half_in_place_ && is_torn(*now, from, to);
  if (!now || (*now != from && !half)) {
    return tl::unexpected(changed_meanwhile(edit_.path));
  }
  if (const int failed = overwrite(file_.get(), to)) {
    const int back = overwrite(file_.get(), from);
    if (back == 0) {
      return error(failed);
    }
    committed_ = half_in_place_ = true;  // it must not pass for a file that was left alone
    return tl::unexpected(
        tr("{}; it is written in part now, and writing the old content again failed too: {}",
           cannot_change(edit_.path, failed), linux::errno_text(back)));
  }
  half_in_place_ = false;
  return {};
}

FileStep::Result FileStep::commit() {
  Result done;
  if (way_ == Way::in_place) {
    done = commit_in_place(*edit_.before, *edit_.after);
  } else if (done = must_have(name_, edit_.before); !done) {
    return done;
  } else if (way_ == Way::replace) {
    done = commit_replace();
  } else if (way_ == Way::create) {
    done = move_or_fail(temporary_, name_);
    has_temporary_ = !done;
  } else {
    done = take_away(edit_.before);
  }
  if (!done) {
    return done;
  }
  committed_ = true;
  if (const int failed = linux::sync(directory_.get())) {
    const auto back = roll_back();
    return tl::unexpected(cannot_change(edit_.path, failed) +
                          (back ? std::string() : tr("; {}", back.error())));
  }
  return {};
}

FileStep::Result FileStep::check_old() const {
  if (!committed_ || !has_temporary_) {
    return {};
  }
  const linux::Descriptor old(
      ::openat(directory_.get(), temporary_.c_str(), O_RDONLY | open_flags));
  constexpr int looks = 10;
  constexpr unsigned pause_us = 20'000;
  for (int look = 0; old.get() >= 0 && is_open_for_writing(old.get()); ++look) {
    if (look == looks) {
      return tl::unexpected(tr("{} is open to be written in another program; it is left to that",
                               printable(edit_.path)));
    }
    ::usleep(pause_us);
  }
  return must_have(temporary_, edit_.before);
}

FileStep::Result FileStep::roll_back_replace() {
  if (has_temporary_) {
    const auto old = linux::read_at(directory_.get(), temporary_);
    const int failed = old ? move(temporary_, name_, RENAME_EXCHANGE) : old.error();
    return failed == 0 ? check_exchanged(*old, edit_.after) : error(failed);
  }
  auto back = prepare({edit_.path, edit_.after, edit_.before}, tag_, {}, warn_);
  return back ? (*back)->commit() : tl::unexpected(back.error());
}

FileStep::Result FileStep::roll_back() {
  if (!committed_) {
    keep();
    return {};
  }
  Result done;
  if (way_ == Way::in_place) {
    done = commit_in_place(*edit_.after, *edit_.before);
  } else if (done = must_have(name_, edit_.after); !done) {
    return done;
  } else if (way_ == Way::replace) {
    done = roll_back_replace();
  } else if (way_ == Way::create) {
    done = take_away(edit_.after);
  } else {
    done = move_or_fail(temporary_, name_);
    has_temporary_ = !done;
  }
  if (!done) {
    return done;
  }
  committed_ = false;
  keep();
  const int failed = linux::sync(directory_.get());
  return failed == 0 ? done : error(failed);
}

void FileStep::keep() {
  const auto ours = [this](std::string_view content) {
    return content == edit_.before || content == edit_.after ||
           (half_temporary_ && edit_.after->starts_with(content));
  };
  if (has_temporary_) {
    has_temporary_ = false;
    (void)settle({directory_.get(), edit_.path, temporary_, kept_name(name_, tag_)}, ours, warn_);
  }
}

bool remove_leftover(const advise::FileEdit& edit, std::string_view tag, const Warn& warn) {
  const auto directory = linux::open_real_directory(linux::directory_of(edit.path));
  const std::string_view name = last_part(edit.path);
  const std::string temporary = temporary_name(name, tag);
  if (!directory ||
      ::faccessat(directory->get(), temporary.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
    return false;
  }
  const std::string before = edit.before.value_or("");
  const std::string after = edit.after.value_or("");
  const auto ours = [&](std::string_view content) { return is_mixture(content, before, after, 0); };
  (void)settle({directory->get(), edit.path, temporary, kept_name(name, tag)}, ours, warn);
  return true;
}

bool is_torn(std::string_view now, std::string_view before, std::string_view after) {
  const std::size_t shorter = std::min(before.size(), after.size());
  return now.size() >= shorter && is_mixture(now, before, after, shorter);
}

}  // namespace whyoom::fix
