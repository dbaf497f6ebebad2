#include "publish/lines.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "publish/event.h"

namespace whyoom::publish {

Lines::More Lines::read(const Taker& taker) {
  const ssize_t got = ::read(file_, room_.data(), room_.size());
  if (got < 0) {
    return errno == EINTR || errno == EAGAIN ? More::yes : More::failed;
  }
  if (got == 0) {
    if (is_in_line()) {
      take("\n", taker);
    }
    return More::end;
  }
  std::string_view rest(room_.data(), static_cast<std::size_t>(got));
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::size_t size = end == std::string_view::npos ? rest.size() : end + 1;
    take(rest.substr(0, size), taker);
    rest.remove_prefix(size);
  }
  return More::yes;
}

// A part of one line; its newline is the last byte, if it is there.
void Lines::take(std::string_view bytes, const Taker& taker) {
  const bool ends = bytes.ends_with('\n');
  in_line_ += bytes.size();
  if (!skipping_ && part_.size() + bytes.size() - (ends ? 1 : 0) > most_event_bytes) {
    skipping_ = true;
    part_ = std::string();
  }
  if (!skipping_) {
    part_ += bytes;
  }
  if (!ends) {
    return;
  }
  const std::uint64_t begin = offset_;
  offset_ += std::exchange(in_line_, 0);
  if (std::exchange(skipping_, false)) {
    taker.too_long(begin);
    return;
  }
  part_.pop_back();
  const std::string line = std::move(part_);
  part_ = std::string();
  taker.line(line, begin);
}

}  // namespace whyoom::publish
