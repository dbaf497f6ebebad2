#include "report/log_span.h"

#include <algorithm>
#include <cstdint>

#include "logtext/framer.h"

namespace whyoom::report {
namespace {

// The time and the boot of the first line of `text` that has a time, or of the last.
void find_stamp(std::string_view text, bool first, Time& time, std::string& boot) {
  bool done = false;
  logtext::Framer framer([&](const logtext::Line& line) {
    if (!done && (line.monotonic_us || !line.wall.empty())) {
      time = {line.monotonic_us, std::string(line.wall)};
      boot = std::string(line.boot);
      done = first;
    }
  });
  LineNumber number = 0;
  while (!text.empty() && !done) {
    const std::size_t newline = text.find('\n');
    framer.line(text.substr(0, newline), ++number);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
  }
  framer.flush();
}

}  // namespace

void LogSpan::feed(std::string_view chunk) {
  const std::size_t room = head_size - std::min(head_size, head_.size());
  head_.append(chunk.substr(0, room));
  chunk.remove_prefix(std::min(room, chunk.size()));
  if (chunk.size() >= tail_size) {
    tail_.assign(chunk.substr(chunk.size() - tail_size));
    tail_is_cut_ = true;
    return;
  }
  tail_.append(chunk);
  if (tail_.size() > 2 * tail_size) {  // not at every small chunk
    tail_.erase(0, tail_.size() - tail_size);
    tail_is_cut_ = true;
  }
}

LogSpan::Ends LogSpan::ends() const {
  Ends ends;
  find_stamp(head_, true, ends.from, ends.first_boot);
  if (tail_is_cut_) {
    const std::size_t line = std::min(tail_.find('\n'), tail_.size());
    find_stamp(std::string_view(tail_).substr(line), false, ends.to, ends.last_boot);
  } else {
    find_stamp(head_ + tail_, false, ends.to, ends.last_boot);
  }
  return ends;
}

}  // namespace whyoom::report
