#include "app/progress.h"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "base/human.h"
#include "base/language.h"
#include "base/units.h"

namespace whyoom::app {
namespace {

constexpr std::string_view erase = "\r\x1b[K";

bool can_redraw() {
  const char* term = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

}  // namespace

std::string progress_text(std::uint64_t done, std::uint64_t total, double seconds,
                          std::uint64_t events) {
  const bool known = total > 0 && done <= total;
  std::string text;
  if (known) {
    text = tr("{}, {} of {}", percent(static_cast<double>(done) / static_cast<double>(total)),
              human(Bytes(done)), human(Bytes(total)));
  } else {
    text = tr("{} read", human(Bytes(done)));
  }
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  if (rate >= 1) {
    text += tr(", {}/s", human(Bytes(static_cast<std::uint64_t>(rate))));
  }
  text += tr(", {}", plural(events, "event", "events"));
  if (known && rate >= 1) {
    text += tr(", {} left", whyoom::seconds(static_cast<double>(total - done) / rate));
  }
  return text;
}

Progress::Progress(linux::Output& errors, bool wanted, std::uint64_t total)
    : errors_(errors), wanted_(wanted && can_redraw()), total_(total) {}

void Progress::show(std::uint64_t done, std::uint64_t events) {
  const Clock::time_point now = wanted_ ? Clock::now() : next_;
  if (!wanted_ || now < next_) {
    return;
  }
  next_ = now + std::chrono::milliseconds(200);
  const double seconds = std::chrono::duration<double>(now - begin_).count();
  errors_.write_rendered(std::string(erase) + progress_text(done, total_, seconds, events));
  errors_.flush();
  drawn_ = true;
}

void Progress::clear() {
  if (drawn_) {
    errors_.write_rendered(erase);
    errors_.flush();
  }
  wanted_ = drawn_ = false;
}

}  // namespace whyoom::app
