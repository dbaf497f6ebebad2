#include "linux/recorder/kernel_messages.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace whyoom::linux {

KernelMessages::KernelMessages(std::optional<std::uint64_t> seen)
    : file_(AT_FDCWD, "/dev/kmsg"), last_(seen) {
  struct stat status {};
  // Some containers put something else in its place.
  if (file_ && (::fstat(file_.get(), &status) != 0 || !S_ISCHR(status.st_mode))) {
    file_ = KeptFile();
  }
}

bool KernelMessages::may_keep(std::size_t bytes, std::uint64_t now_ms) {
  saved_ = std::min(most_saved,
                    saved_ + (now_ms - std::min(now_ms, saved_at_ms_)) * bytes_a_second / 1000);
  saved_at_ms_ = now_ms;
  if (saved_ < bytes) {
    return false;
  }
  saved_ -= bytes;
  return true;
}

KernelMessages::Next KernelMessages::next(std::uint64_t now_ms) {
  while (file_) {
    const ssize_t got = ::read(file_.get(), room_.data(), room_.size() - 1);
    if (got < 0 && (errno == EINTR || errno == EPIPE)) {
      continue;  // the next read goes on behind what is gone: its number tells how much that is
    }
    if (got <= 0) {
      break;
    }
    const auto line = record::scan_kmsg({room_.data(), static_cast<std::size_t>(got)});
    if (!line || (!caught_up_ && last_ && line->sequence <= *last_)) {
      continue;
    }
    caught_up_ = true;
    std::uint64_t lost = last_ && line->sequence > *last_ ? line->sequence - *last_ - 1 : 0;
    last_ = line->sequence;
    if (!may_keep(line->line.size() + 40, now_ms)) {
      left_out_ += lost + 1;
      continue;
    }
    lost += left_out_;
    left_out_ = 0;
    return {line, lost};
  }
  const std::uint64_t lost = left_out_;
  left_out_ = 0;
  return {std::nullopt, lost};
}

}  // namespace whyoom::linux
