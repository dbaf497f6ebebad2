#include "linux/recorder/kernel_messages.h"

#include <sys/stat.h>

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

KernelMessages::Next KernelMessages::next(std::uint64_t now_ms) {
  // A flood can come faster than it is read: there are samples to be taken as well.
  constexpr unsigned most_left_out = 5000;
  for (unsigned i = 0; file_ && i < most_left_out; ++i) {
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
    if (last_ && line->sequence > *last_ + 1) {
      budget_.lost(line->sequence - *last_ - 1, now_ms);
    }
    last_ = line->sequence;
    if (budget_.keep(*line, now_ms)) {
      return {line, budget_.summary(now_ms)};
    }
  }
  return {std::nullopt, budget_.summary(now_ms)};
}

}  // namespace whyoom::linux
