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

#include "base/text.h"
#include "fix/settings_file.h"
#include "linux/descriptor.h"
#include "linux/file_system.h"

namespace whyoom::fix {
namespace {

enum class Way : std::uint8_t { create, replace, in_place, remove };

constexpr int open_flags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

std::string changed_meanwhile(const std::string& path) {
  return printable(path) + " was changed by someone else meanwhile; it is left as it is";
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

}  // namespace

struct FileStep::State {
  advise::FileEdit edit;
  Way way = Way::create;
  std::string tag, name, temporary;
  Warn warn;
  linux::Descriptor directory, file;  // `file`: the old one
  bool has_temporary = false;         // a file of ours, or the old one, has the temporary name
  bool half_temporary = false;        // ours, and not written to its end
  bool half_in_place = false;         // writing in place failed, and so did going back
  bool committed = false;

  [[nodiscard]] tl::unexpected<std::string> error(int number) const {
    return tl::unexpected(cannot_change(edit.path, number));
  }
  [[nodiscard]] tl::expected<std::string, int> read(const std::string& what) const {
    return linux::read_at(directory.get(), what);
  }
  [[nodiscard]] int move(const std::string& from, const std::string& to, unsigned flags) const {
    return ::renameat2(directory.get(), from.c_str(), directory.get(), to.c_str(), flags) == 0
               ? 0
               : errno;
  }
  [[nodiscard]] PutAside aside() const {
    return {directory.get(), edit.path, temporary, kept_name(name, tag)};
  }
  void settle_temporary() {
    const auto ours = [this](std::string_view content) {
      return content == edit.before || content == edit.after ||
             (half_temporary && edit.after->starts_with(content));
    };
    if (has_temporary) {
      has_temporary = false;
      (void)settle(aside(), ours, warn);
    }
  }
  enum class Match : std::uint8_t { same, other, unknown };
  [[nodiscard]] Match compare(const std::string& what,
                              const std::optional<std::string>& content) const {
    const auto now = read(what);
    if (!now && now.error() != ENOENT) {
      return Match::unknown;
    }
    return (now ? std::optional(*now) : std::nullopt) == content ? Match::same : Match::other;
  }
  [[nodiscard]] tl::expected<void, std::string> must_have(
      const std::string& what, const std::optional<std::string>& content) const {
    const Match match = compare(what, content);
    return match == Match::same ? tl::expected<void, std::string>() : no_match(match);
  }
  [[nodiscard]] tl::unexpected<std::string> no_match(Match match) const {
    return tl::unexpected(match == Match::other
                              ? changed_meanwhile(edit.path)
                              : printable(edit.path) + " cannot be read to see who wrote it");
  }

  tl::expected<void, std::string> open_old();
  tl::expected<void, std::string> check_directory() const;
  tl::expected<void, std::string> write_temporary(const linux::FileAttributes& attributes);
  tl::expected<void, std::string> reserve();
  tl::expected<void, std::string> commit_replace();
  tl::expected<void, std::string> commit_in_place(const std::string& from, const std::string& to);
  tl::expected<void, std::string> move_or_fail(const std::string& from, const std::string& to);
  tl::expected<void, std::string> check_exchanged(const std::string& ours,
                                                  const std::optional<std::string>& expected);
  tl::expected<void, std::string> take_away(const std::optional<std::string>& expected);
  tl::expected<void, std::string> roll_back_replace();
};

tl::expected<void, std::string> FileStep::State::open_old() {
  file = linux::Descriptor(::openat(directory.get(), name.c_str(), O_RDONLY | open_flags));
  struct stat status {};
  if (file.get() < 0 && errno == ENOENT) {
    if (edit.before) {
      return tl::unexpected(changed_meanwhile(edit.path) + " (it was removed)");
    }
    return {};
  }
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
    return error(errno);
  }
  if (!S_ISREG(status.st_mode)) {
    return error(EINVAL);
  }
  const auto content = linux::read_whole(file.get());
  if (!content) {
    return error(content.error());
  }
  if (*content != edit.before) {
    return tl::unexpected(changed_meanwhile(edit.path));
  }
  if (const int flagged = look_at_flags(file.get())) {
    return error(flagged);
  }
  way = !edit.after                                  ? Way::remove
        : needs_writing_in_place(file.get(), status) ? Way::in_place
                                                     : Way::replace;
  return {};
}

tl::expected<void, std::string> FileStep::State::check_directory() const {
  if (const int flagged = look_at_flags(directory.get())) {
    return error(flagged);
  }
  return ::faccessat(directory.get(), ".", W_OK, AT_EACCESS) == 0
             ? tl::expected<void, std::string>()
             : error(errno);
}

tl::expected<void, std::string> FileStep::State::write_temporary(
    const linux::FileAttributes& attributes) {
  const auto create = [&] {
    return linux::Descriptor(::openat(directory.get(), temporary.c_str(),
                                      O_WRONLY | O_CREAT | O_EXCL | open_flags, 0600));
  };
  linux::Descriptor target = create();
  if (target.get() < 0 && errno == EEXIST) {
    remove_leftover(edit, tag, warn);
    target = create();
  }
  if (target.get() < 0 && errno == EEXIST) {
    return tl::unexpected(printable(edit.path) + " cannot be changed: a file with the name " +
                          printable(temporary) + " is in the way beside it");
  }
  if (target.get() < 0) {
    return error(errno);
  }
  has_temporary = half_temporary = true;
  if (const int failed = linux::write_all(target.get(), *edit.after)) {
    return error(failed);
  }
  if (const auto given = linux::give_attributes(target.get(), attributes); !given) {
    return tl::unexpected(printable(edit.path) + " cannot be changed: " + given.error());
  }
  if (file.get() >= 0) {
    linux::copy_flags(file.get(), target.get());
  }
  if (const int failed = linux::sync(target.get())) {
    return error(failed);
  }
  half_temporary = false;
  return {};
}

// The space for a longer content, so that writing it cannot fail half way.
tl::expected<void, std::string> FileStep::State::reserve() {
  linux::Descriptor writable(::openat(directory.get(), name.c_str(), O_RDWR | open_flags));
  if (writable.get() < 0) {
    return error(errno);
  }
  if (edit.after->size() > edit.before->size() &&
      ::fallocate(writable.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(edit.after->size())) !=
          0 &&
      (errno == ENOSPC || errno == EDQUOT)) {
    return error(errno);
  }
  file = std::move(writable);
  return {};
}

FileStep::FileStep(std::unique_ptr<State> state) : state_(std::move(state)) {}
FileStep::FileStep(FileStep&&) noexcept = default;
FileStep& FileStep::operator=(FileStep&&) noexcept = default;

FileStep::~FileStep() {
  if (state_) {
    keep();
  }
}

const advise::FileEdit& FileStep::edit() const { return state_->edit; }

bool FileStep::committed() const { return state_->committed; }

tl::expected<FileStep, std::string> FileStep::prepare(const advise::FileEdit& edit,
                                                      std::string_view tag,
                                                      const linux::FileAttributes& made,
                                                      const Warn& warn) {
  FileStep step(std::make_unique<State>());
  State& state = *step.state_;
  state.edit = edit;
  state.warn = warn;
  state.tag = tag;
  state.name = linux::name_of(edit.path);
  state.temporary = temporary_name(state.name, tag);
  if (!linux::is_plain_path(edit.path) || (!edit.before && !edit.after)) {
    return state.error(EINVAL);
  }
  auto directory = linux::open_real_directory(linux::directory_of(edit.path));
  if (!directory) {
    return state.error(directory.error());
  }
  state.directory = std::move(*directory);
  if (const auto opened = state.open_old(); !opened) {
    return tl::unexpected(opened.error());
  }
  if (state.way == Way::in_place) {
    const auto reserved = state.reserve();
    return reserved ? tl::expected<FileStep, std::string>(std::move(step))
                    : tl::unexpected(reserved.error());
  }
  if (const auto usable = state.check_directory(); !usable) {
    return tl::unexpected(usable.error());
  }
  if (state.way == Way::remove) {
    return step;
  }
  const auto attributes = state.way == Way::replace
                              ? linux::read_attributes(state.file.get())
                              : tl::expected<linux::FileAttributes, int>(made);
  if (!attributes) {
    return state.error(attributes.error());
  }
  if (const auto written = state.write_temporary(*attributes); !written) {
    return tl::unexpected(written.error());
  }
  return step;
}

tl::expected<void, std::string> FileStep::State::move_or_fail(const std::string& from,
                                                              const std::string& to) {
  const int failed = linux::move_without_replacing(directory.get(), from, to);
  if (failed == EEXIST) {
    return tl::unexpected(changed_meanwhile(edit.path));
  }
  return failed == 0 ? tl::expected<void, std::string>() : error(failed);
}

// After the two names changed places: `ours` came from the temporary name and `expected` must have
// come away. Another's text, written since the look before, gets its name back, unless one that is
// newer still has it by now: then it stays aside and is kept.
tl::expected<void, std::string> FileStep::State::check_exchanged(
    const std::string& ours, const std::optional<std::string>& expected) {
  const Match away = compare(temporary, expected);
  if (away == Match::same) {
    return {};
  }
  const Match here = compare(name, ours);
  if (here == Match::other) {
    committed = false;
    return no_match(away);
  }
  committed = true;  // for all that is known, the text under its name is ours
  if (const int failed = move(temporary, name, RENAME_EXCHANGE)) {
    return tl::unexpected(no_match(away).value() +
                          "; its name could not be given back: " + linux::errno_text(failed));
  }
  committed = false;
  if (compare(temporary, ours) == Match::other) {
    (void)move(temporary, name, RENAME_EXCHANGE);
  }
  return no_match(away);
}

// The file gets the temporary name, and must have the content; else it gets its own one back.
tl::expected<void, std::string> FileStep::State::take_away(
    const std::optional<std::string>& expected) {
  if (auto moved = move_or_fail(name, temporary); !moved) {
    return moved;
  }
  has_temporary = true;
  const Match away = compare(temporary, expected);
  if (away == Match::same) {
    return {};
  }
  const auto back = move_or_fail(temporary, name);
  has_temporary = !back;
  committed = committed || !back;
  return no_match(away);
}

tl::expected<void, std::string> FileStep::State::commit_replace() {
  const int failed = move(temporary, name, RENAME_EXCHANGE);
  if (failed == 0) {
    return check_exchanged(*edit.after, edit.before);
  }
  if (!linux::no_such_rename(failed)) {
    return error(failed);
  }
  if (const int plain = move(temporary, name, 0)) {
    return error(plain);
  }
  has_temporary = false;
  return {};
}

tl::expected<void, std::string> FileStep::State::commit_in_place(const std::string& from,
                                                                 const std::string& to) {
  const auto now = linux::read_whole(file.get());
  // Another name of the same file may have been in the same change.
  if (now && *now == to && !half_in_place) {
    return {};
  }
  const bool half = now && half_in_place && is_torn(*now, from, to);
  if (!now || (*now != from && !half)) {
    return tl::unexpected(changed_meanwhile(edit.path));
  }
  if (const int failed = overwrite(file.get(), to)) {
    const int back = overwrite(file.get(), from);
    if (back == 0) {
      return error(failed);
    }
    committed = half_in_place = true;  // it must not pass for a file that was left alone
    return tl::unexpected(cannot_change(edit.path, failed) +
                          "; it is written in part now, and writing the old content again failed"
                          " too: " +
                          linux::errno_text(back));
  }
  half_in_place = false;
  return {};
}

tl::expected<void, std::string> FileStep::commit() {
  State& state = *state_;
  tl::expected<void, std::string> done;
  if (state.way == Way::in_place) {
    done = state.commit_in_place(*state.edit.before, *state.edit.after);
  } else if (done = state.must_have(state.name, state.edit.before); !done) {
    return done;
  } else if (state.way == Way::replace) {
    done = state.commit_replace();
  } else if (state.way == Way::create) {
    done = state.move_or_fail(state.temporary, state.name);
    state.has_temporary = !done;
  } else {
    done = state.take_away(state.edit.before);
  }
  if (!done) {
    return done;
  }
  state.committed = true;
  if (const int failed = linux::sync(state.directory.get())) {
    const auto back = roll_back();
    return tl::unexpected(cannot_change(state.edit.path, failed) +
                          (back ? std::string() : "; " + back.error()));
  }
  return {};
}

tl::expected<void, std::string> FileStep::check_old() const {
  const State& state = *state_;
  if (!state.committed || !state.has_temporary) {
    return {};
  }
  const linux::Descriptor old(
      ::openat(state.directory.get(), state.temporary.c_str(), O_RDONLY | open_flags));
  constexpr int looks = 10;
  constexpr unsigned pause_us = 20'000;
  for (int look = 0; old.get() >= 0 && is_open_for_writing(old.get()); ++look) {
    if (look == looks) {
      return tl::unexpected(printable(state.edit.path) +
                            " is open to be written in another program; it is left to that");
    }
    ::usleep(pause_us);
  }
  return state.must_have(state.temporary, state.edit.before);
}

tl::expected<void, std::string> FileStep::State::roll_back_replace() {
  if (has_temporary) {
    const auto old = read(temporary);
    const int failed = old ? move(temporary, name, RENAME_EXCHANGE) : old.error();
    return failed == 0 ? check_exchanged(*old, edit.after) : error(failed);
  }
  auto back = prepare({edit.path, edit.after, edit.before}, tag, {}, warn);
  return back ? back->commit() : tl::unexpected(back.error());
}

tl::expected<void, std::string> FileStep::roll_back() {
  State& state = *state_;
  const advise::FileEdit& edit = state.edit;
  if (!state.committed) {
    state.settle_temporary();
    return {};
  }
  tl::expected<void, std::string> done;
  if (state.way == Way::in_place) {
    done = state.commit_in_place(*edit.after, *edit.before);
  } else if (done = state.must_have(state.name, edit.after); !done) {
    return done;
  } else if (state.way == Way::replace) {
    done = state.roll_back_replace();
  } else if (state.way == Way::create) {
    done = state.take_away(edit.after);
  } else {
    done = state.move_or_fail(state.temporary, state.name);
    state.has_temporary = !done;
  }
  if (!done) {
    return done;
  }
  state.committed = false;
  state.settle_temporary();
  const int failed = linux::sync(state.directory.get());
  return failed == 0 ? done : state.error(failed);
}

void FileStep::keep() { state_->settle_temporary(); }

std::string temporary_name(std::string_view file_name, std::string_view tag) {
  constexpr std::size_t most = 200;  // of 255 bytes that a name can have
  return "." + std::string(file_name.substr(0, most)) + ".whyoom-" + std::string(tag);
}

bool remove_leftover(const advise::FileEdit& edit, std::string_view tag, const Warn& warn) {
  const auto directory = linux::open_real_directory(linux::directory_of(edit.path));
  const std::string_view name = linux::name_of(edit.path);
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
