#include "report/log_span.h"

#include <algorithm>
#include <cstdint>

#include "logtext/framer.h"

namespace whyoom::report {
namespace {

struct Stamp {
  Time time;
  std::string boot;
  [[nodiscard]] bool known() const { return time.monotonic_us || !time.wall.empty(); }
};

enum class End : std::uint8_t { first, last };

Stamp stamp_of(std::string_view text, End end) {
  Stamp found;
  logtext::Framer framer([&](const logtext::Line& line) {
    if ((end == End::first && found.known()) || (!line.monotonic_us && line.wall.empty())) {
      return;
    }
    found.time = {line.monotonic_us, std::string(line.wall)};
    found.boot = std::string(line.boot);
  });
  LineNumber number = 0;
  while (!text.empty() && !(end == End::first && found.known())) {
    const std::size_t newline = text.find('\n');
    framer.line(text.substr(0, newline), ++number);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
  }
  framer.flush();
  return found;
}

}  // namespace

void LogSpan::feed(std::string_view chunk) {
  const std::size_t room = kHead - std::min(kHead, head_.size());
  head_.append(chunk.substr(0, room));
  chunk.remove_prefix(std::min(room, chunk.size()));
  if (chunk.size() >= kTail) {
    tail_.assign(chunk.substr(chunk.size() - kTail));
    tail_is_cut_ = true;
    return;
  }
  tail_.append(chunk);
  if (tail_.size() > 2 * kTail) {  // not at every small chunk
    tail_.erase(0, tail_.size() - kTail);
    tail_is_cut_ = true;
  }
}

LogSpan::Ends LogSpan::ends() const {
  const Stamp first = stamp_of(head_, End::first);
  Stamp last;
  if (tail_is_cut_) {
    const std::size_t line = tail_.find('\n');
    last = stamp_of(std::string_view(tail_).substr(line == std::string::npos ? tail_.size() : line),
                    End::last);
  } else {
    last = stamp_of(head_ + tail_, End::last);
  }
  return {first.time, last.time, first.boot, last.boot};
}

}  // namespace whyoom::report
