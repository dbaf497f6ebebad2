#include "linux/log_tail.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "base/language.h"
#include "linux/decompress.h"
#include "linux/file_system.h"
#include "linux/follow_frames.h"
#include "logtext/literal_scan.h"

namespace whyoom::linux {

void LogTail::say(FrameKind kind, std::string_view text) {
  broken_ = write_frame(to_, kind, index_, text) != 0 || broken_;
  ended_ = ended_ || kind == FrameKind::end;
}

// False: it is not there now, or cannot be followed.
bool LogTail::open() {
  if (path_ == "-") {
    file_ = Descriptor(::dup(STDIN_FILENO));
  } else {
    file_ = Descriptor(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  }
  struct stat status {};
  if (file_.get() < 0 || ::fstat(file_.get(), &status) != 0) {
    const int error = errno;
    file_.close();
    if (first_ && error != ENOENT) {
      say(FrameKind::end, errno_text(error));
    } else if (!missing_told_) {
      say(FrameKind::note, tr("{}; it is waited for", errno_text(error)));
    }
    missing_told_ = true;
    first_ = false;
    return false;
  }
  if (regular_ && !S_ISREG(status.st_mode)) {  // since look_at_name()
    file_.close();
    return false;
  }
  if (missing_told_) {
    say(FrameKind::note, tr("it is there now"));
  }
  missing_told_ = first_ = false;
  if (S_ISDIR(status.st_mode) || is_endless(status)) {
    say(FrameKind::end, S_ISDIR(status.st_mode) ? errno_text(EISDIR) : endless_text());
    return false;
  }
  regular_ = S_ISREG(status.st_mode);
  has_past_ = (regular_ || S_ISCHR(status.st_mode)) && path_ != "-";
  device_ = status.st_dev;
  inode_ = status.st_ino;
  char start[16];
  const ssize_t got = regular_ ? ::pread(file_.get(), start, sizeof start, 0) : 0;
  if (got > 0 &&
      compression_of({start, static_cast<std::size_t>(got)}).value_or(Compression::none) !=
          Compression::none) {
    say(FrameKind::end, tr("it is compressed, so it does not grow; leave out --follow"));
    return false;
  }
  return true;
}

// To its end, and how many lines that were.
void LogTail::pass_over() {
  if (!regular_) {
    (void)::lseek(file_.get(), 0, SEEK_END);  // of /dev/kmsg: behind the last record
    return;
  }
  std::uint64_t lines = 0;
  ssize_t got = 0;
  while ((got = ::read(file_.get(), buffer_.data(), buffer_.size())) > 0) {
    lines += logtext::count_newlines({buffer_.data(), static_cast<std::size_t>(got)});
  }
  say_lines(lines);
}

void LogTail::open_first(bool from_start) {
  if (open() && has_past_ && !from_start) {
    pass_over();
  }
  while (has_past_ && from_start && !ended_ && !broken_ && read_some()) {
  }
  say(FrameKind::caught_up);
}

bool LogTail::read_some() {
  pollfd wanted{file_.get(), POLLIN, 0};
  if (!regular_ && ::poll(&wanted, 1, 0) <= 0) {
    return false;
  }
  const ssize_t got = ::read(file_.get(), buffer_.data(), buffer_.size());
  if (got > 0) {
    say(FrameKind::data, {buffer_.data(), static_cast<std::size_t>(got)});
    return true;
  }
  // EPIPE comes from /dev/kmsg: records were overwritten before they were read.
  if (got < 0 && errno == EPIPE) {
    return true;
  }
  if (got < 0 && errno != EAGAIN && errno != EINTR) {
    say(FrameKind::end, errno_text(errno));
  } else if (got == 0 && path_ == "-" && !regular_) {
    say(FrameKind::end);
  }
  return false;
}

// A rotated log is another file under that name. What the old one still gets is read first. A pipe
// or a device is no log that was rotated: behind it the name would not be looked at again.
void LogTail::look_at_name() {
  struct stat status {};
  const bool there = ::stat(path_.c_str(), &status) == 0;
  if (!there || (regular_ && !S_ISREG(status.st_mode))) {
    if (!missing_told_) {
      say(FrameKind::note,
          there ? tr("what has its name now is no regular file; a new one is waited for")
                : tr("it was taken away; a new one is waited for"));
    }
    missing_told_ = true;
    return;
  }
  if (status.st_dev == device_ && status.st_ino == inode_) {
    missing_told_ = false;
    return;
  }
  while (!broken_ && read_some()) {
  }
  missing_told_ = false;
  if (open()) {
    say_lines(0);
  }
}

void LogTail::look_at_size() {
  struct stat status {};
  const off_t at = ::lseek(file_.get(), 0, SEEK_CUR);
  if (::fstat(file_.get(), &status) == 0 && at > status.st_size) {
    say(FrameKind::note, tr("it became shorter; it is read from its start"));
    say_lines(0);
    (void)::lseek(file_.get(), 0, SEEK_SET);
  }
}

bool LogTail::copy() {
  if (ended_) {
    return false;
  }
  if (file_.get() < 0) {
    if (open()) {
      say_lines(0);
    }
    return file_.get() >= 0;
  }
  if (read_some()) {
    return true;
  }
  if (!ended_ && path_ != "-") {
    if (regular_) {
      look_at_size();
    }
    look_at_name();
  }
  return false;
}

}  // namespace whyoom::linux
