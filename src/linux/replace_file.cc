#include "linux/replace_file.h"

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
#include "linux/descriptor.h"
#include "linux/disk.h"

namespace whyoom::linux {
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
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t wrote =
        ::pwrite(fd, content.data() + done, content.size() - done, static_cast<off_t>(done));
    if (wrote < 0 && errno != EINTR) {
      return errno;
    }
    done += wrote < 0 ? 0 : static_cast<std::size_t>(wrote);
  }
  return ::ftruncate(fd, static_cast<off_t>(content.size())) == 0 ? sync(fd) : errno;
}

}  // namespace

struct FileStep::State {
  advise::FileEdit edit;
  Way way = Way::create;
  std::string tag, name, temporary;
  Descriptor directory, file;  // `file`: the old one
  bool has_temporary = false;  // a file of ours, or the old one, has the temporary name
  bool committed = false;

  [[nodiscard]] tl::unexpected<std::string> error(int number) const {
    return tl::unexpected(cannot_change(edit.path, number));
  }
  [[nodiscard]] tl::expected<std::string, int> read(const std::string& what) const {
    return read_at(directory.get(), what);
  }
  [[nodiscard]] int move(const std::string& from, const std::string& to, unsigned flags) const {
    return ::renameat2(directory.get(), from.c_str(), directory.get(), to.c_str(), flags) == 0
               ? 0
               : errno;
  }
  void unlink_temporary() {
    if (has_temporary) {
      ::unlinkat(directory.get(), temporary.c_str(), 0);
      has_temporary = false;
    }
  }
  [[nodiscard]] bool has_content(const std::string& what,
                                 const std::optional<std::string>& content) const {
    const auto now = read(what);
    return content ? now && *now == *content : !now && now.error() == ENOENT;
  }

  tl::expected<void, std::string> open_old();
  tl::expected<void, std::string> check_directory() const;
  tl::expected<void, std::string> write_temporary(const FileAttributes& attributes);
  tl::expected<void, std::string> reserve();
  tl::expected<void, std::string> commit_replace();
  tl::expected<void, std::string> commit_in_place(const std::string& from, const std::string& to);
  tl::expected<void, std::string> move_or_fail(const std::string& from, const std::string& to);
};

tl::expected<void, std::string> FileStep::State::open_old() {
  file = Descriptor(::openat(directory.get(), name.c_str(), O_RDONLY | open_flags));
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
  const auto content = read_whole(file.get());
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

tl::expected<void, std::string> FileStep::State::write_temporary(const FileAttributes& attributes) {
  const auto create = [&] {
    return Descriptor(::openat(directory.get(), temporary.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | open_flags, 0600));
  };
  Descriptor target = create();
  if (target.get() < 0 && errno == EEXIST) {
    ::unlinkat(directory.get(), temporary.c_str(), 0);  // of a run that was killed
    target = create();
  }
  if (target.get() < 0) {
    return error(errno);
  }
  has_temporary = true;
  if (const int failed = write_all(target.get(), *edit.after)) {
    return error(failed);
  }
  if (const auto given = give_attributes(target.get(), attributes); !given) {
    return tl::unexpected(printable(edit.path) + " cannot be changed: " + given.error());
  }
  if (file.get() >= 0) {
    copy_flags(file.get(), target.get());
  }
  const int failed = sync(target.get());
  return failed == 0 ? tl::expected<void, std::string>() : error(failed);
}

// The space for a longer content, so that writing it cannot fail half way.
tl::expected<void, std::string> FileStep::State::reserve() {
  Descriptor writable(::openat(directory.get(), name.c_str(), O_RDWR | open_flags));
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
                                                      const FileAttributes& made) {
  FileStep step(std::make_unique<State>());
  State& state = *step.state_;
  state.edit = edit;
  state.tag = tag;
  state.name = name_of(edit.path);
  state.temporary = temporary_name(state.name, tag);
  if (!is_plain_path(edit.path) || (!edit.before && !edit.after)) {
    return state.error(EINVAL);
  }
  auto directory = open_real_directory(directory_of(edit.path));
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
  const auto attributes = state.way == Way::replace ? read_attributes(state.file.get())
                                                    : tl::expected<FileAttributes, int>(made);
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
  int failed = move(from, to, RENAME_NOREPLACE);
  if (no_such_rename(failed) &&
      ::faccessat(directory.get(), to.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
    failed = move(from, to, 0);
  }
  if (failed == EEXIST) {
    return tl::unexpected(changed_meanwhile(edit.path));
  }
  return failed == 0 ? tl::expected<void, std::string>() : error(failed);
}

tl::expected<void, std::string> FileStep::State::commit_replace() {
  const int failed = move(temporary, name, RENAME_EXCHANGE);
  if (failed == 0) {
    if (!has_content(temporary, edit.before)) {  // written to since the look before
      (void)move(temporary, name, RENAME_EXCHANGE);
      return tl::unexpected(changed_meanwhile(edit.path));
    }
    return {};
  }
  if (!no_such_rename(failed)) {
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
  const auto now = read_whole(file.get());
  // Another name of the same file may have been in the same change.
  if (now && *now == to) {
    return {};
  }
  if (!now || *now != from) {
    return tl::unexpected(changed_meanwhile(edit.path));
  }
  if (const int failed = overwrite(file.get(), to)) {
    const int back = overwrite(file.get(), from);
    if (back == 0) {
      return error(failed);
    }
    committed = true;  // in part: it must not pass for a file that was left alone
    return tl::unexpected(cannot_change(edit.path, failed) +
                          "; it is written in part now, and writing the old content again failed"
                          " too: " +
                          errno_text(back));
  }
  return {};
}

tl::expected<void, std::string> FileStep::commit() {
  State& state = *state_;
  tl::expected<void, std::string> done;
  if (state.way == Way::in_place) {
    done = state.commit_in_place(*state.edit.before, *state.edit.after);
  } else if (!state.has_content(state.name, state.edit.before)) {
    return tl::unexpected(changed_meanwhile(state.edit.path));
  } else if (state.way == Way::replace) {
    done = state.commit_replace();
  } else if (state.way == Way::create) {
    done = state.move_or_fail(state.temporary, state.name);
    state.has_temporary = !done;
  } else {
    done = state.move_or_fail(state.name, state.temporary);
    state.has_temporary = done.has_value();
  }
  if (!done) {
    return done;
  }
  state.committed = true;
  if (const int failed = sync(state.directory.get())) {
    const auto back = roll_back();
    return tl::unexpected(cannot_change(state.edit.path, failed) +
                          (back ? std::string() : "; " + back.error()));
  }
  return {};
}

tl::expected<void, std::string> FileStep::roll_back() {
  State& state = *state_;
  const advise::FileEdit& edit = state.edit;
  if (!state.committed) {
    state.unlink_temporary();
    return {};
  }
  tl::expected<void, std::string> done;
  if (state.way == Way::in_place) {
    done = state.commit_in_place(*edit.after, *edit.before);
  } else if (!state.has_content(state.name, edit.after)) {
    return tl::unexpected(changed_meanwhile(edit.path));
  } else if (state.way == Way::replace && !state.has_temporary) {
    auto back = prepare({edit.path, edit.after, edit.before}, state.tag, {});
    done = back ? back->commit() : tl::unexpected(back.error());
  } else if (state.way == Way::replace) {
    const int failed = state.move(state.temporary, state.name, RENAME_EXCHANGE);
    done = failed == 0 ? done : state.error(failed);
  } else if (state.way == Way::create) {
    done =
        ::unlinkat(state.directory.get(), state.name.c_str(), 0) == 0 ? done : state.error(errno);
  } else {
    done = state.move_or_fail(state.temporary, state.name);
    state.has_temporary = !done;
  }
  if (!done) {
    return done;
  }
  state.committed = false;
  state.unlink_temporary();
  const int failed = sync(state.directory.get());
  return failed == 0 ? done : state.error(failed);
}

void FileStep::keep() {
  if (state_->has_temporary) {
    state_->unlink_temporary();
    (void)sync(state_->directory.get());
  }
}

std::string temporary_name(std::string_view file_name, std::string_view tag) {
  constexpr std::size_t most = 200;  // of 255 bytes that a name can have
  return "." + std::string(file_name.substr(0, most)) + ".whyoom-" + std::string(tag);
}

bool remove_leftover(const std::string& path, std::string_view tag) {
  const auto directory = open_real_directory(directory_of(path));
  if (!directory ||
      ::unlinkat(directory->get(), temporary_name(name_of(path), tag).c_str(), 0) != 0) {
    return false;
  }
  (void)sync(directory->get());
  return true;
}

bool is_written_in_place(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  return file.get() >= 0 && ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) &&
         needs_writing_in_place(file.get(), status);
}

bool is_torn(std::string_view now, std::string_view before, std::string_view after) {
  constexpr std::size_t block = 4096;
  // Written, and not yet cut to its length.
  std::string uncut(after);
  if (before.size() > after.size()) {
    uncut += before.substr(after.size());
  }
  if (now.size() < std::min(before.size(), after.size()) || now.size() > uncut.size()) {
    return false;
  }
  for (std::size_t at = 0; at < now.size(); at += block) {
    const std::string_view part = now.substr(at, block);
    const auto begins = [&](std::string_view whole) {
      return at < whole.size() && whole.substr(at, block).starts_with(part);
    };
    if (!begins(before) && !begins(after) && !begins(uncut)) {
      return false;
    }
  }
  return true;
}

}  // namespace whyoom::linux
