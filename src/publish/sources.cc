#include "publish/sources.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <unordered_set>

#include "base/text.h"
#include "publish/lines.h"

namespace whyoom::publish {
namespace {

// Of one look at the ring: what is sent before the next one, and what is known of the rest.
constexpr std::size_t most_held = std::size_t{8} << 20U;
constexpr std::size_t most_pending = 10'000;
constexpr Milliseconds between_looks{2000};
// Nothing more came for so long: what is there is sent.
constexpr Milliseconds quiet{200};

std::string_view id_in(std::string_view line) {
  constexpr std::string_view name = R"("id":")";
  const std::size_t at = line.find(name);
  const std::string_view id = at == std::string_view::npos ? "" : line.substr(at + name.size(), 33);
  return id.size() == 33 && id.back() == '"' ? id.substr(0, 32) : std::string_view();
}

// Where to go on in a file: the begin of the last line that was dealt with, if that is there still.
std::uint64_t begin_of(int file, const struct stat& status, const State& state) {
  const Position& at = state.position();
  if (!S_ISREG(status.st_mode) || at.inode == 0 || at.inode != status.st_ino ||
      at.device != status.st_dev || state.last_id().empty()) {
    return 0;
  }
  std::string line(most_event_bytes, '\0');
  const ssize_t got = ::pread(file, line.data(), line.size(), static_cast<off_t>(at.offset));
  line.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  const bool begins = line.starts_with('{');
  line.resize(std::min(line.find('\n'), line.size()));
  return begins && line.find("\"" + state.last_id() + "\"") != std::string::npos ? at.offset : 0;
}

End forward_file(int file, Forwarder& forwarder, State& state) {
  struct stat status {};
  const bool known = ::fstat(file, &status) == 0;
  const bool regular = known && S_ISREG(status.st_mode);
  std::uint64_t begin = known ? begin_of(file, status, state) : 0;
  if (begin > 0 && ::lseek(file, static_cast<off_t>(begin), SEEK_SET) < 0) {
    begin = 0;
  }
  const auto position = [&](std::uint64_t offset) {
    return regular ? Position{status.st_dev, status.st_ino, offset} : Position{};
  };
  Lines lines(file, begin);
  bool stopped = false;
  const Lines::Taker taker{
      [&](std::string_view line, std::uint64_t offset) {
        stopped = stopped || !forwarder.take(line, position(offset));
      },
      [&](std::uint64_t offset) { forwarder.refuse("it is longer than 1 MiB", position(offset)); }};
  while (!stopped) {
    // What came is not held back while nothing more comes.
    if (!regular && !forwarder.is_empty()) {
      const auto before = Clock::now();
      if (!wait_for(quiet, file)) {
        break;
      }
      if (Clock::now() - before >= quiet && !forwarder.flush()) {
        break;
      }
    }
    if (!regular && !wait_for(std::chrono::hours(24), file)) {
      break;
    }
    switch (lines.read(taker)) {
      case Lines::More::yes:
        forwarder.keep(false);
        stopped = stopped || is_stopped();
        continue;
      case Lines::More::failed:
        return forwarder.flush() ? End::unread : End::stopped;
      case Lines::More::end:
        return !stopped && forwarder.flush() ? End::done : End::stopped;
    }
  }
  return End::stopped;
}

// How many the kernel killed since boot; 0: it does not say.
std::uint64_t kills() {
  const int file = ::open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
  std::string text(16384, '\0');
  const ssize_t got = file < 0 ? 0 : ::read(file, text.data(), text.size());
  if (file >= 0) {
    ::close(file);
  }
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  constexpr std::string_view name = "\noom_kill ";
  const std::size_t at = text.find(name);
  return at == std::string::npos
             ? 0
             : Cursor(std::string_view(text).substr(at + name.size())).take_unsigned().value_or(0);
}

// A look at a large ring is work: there is a reason, or it is time. False: stopped.
bool wait_for_reason(Milliseconds time) {
  const std::uint64_t before = kills();
  for (const auto until = Clock::now() + time; Clock::now() < until && kills() == before;) {
    if (!wait_for(std::min(between_looks, time))) {
      return false;
    }
  }
  return !is_stopped();
}

// One look after the other.
class RingSource {
 public:
  RingSource(const RingReader& ring, Forwarder& forwarder, State& state, const Tell& tell)
      : ring_(ring), lines_(ring.fd()), forwarder_(forwarder), state_(state), tell_(tell) {}

  // False: stopped.
  bool look();
  bool deliver();
  [[nodiscard]] bool any_pending() const { return !pending_.empty(); }
  [[nodiscard]] bool is_broken() const { return broken_; }
  [[nodiscard]] bool failed() const { return !trouble_.empty(); }

 private:
  void line(std::string_view text);
  void end(std::string_view trouble);

  const RingReader& ring_;
  Lines lines_;
  Forwarder& forwarder_;
  State& state_;
  const Tell& tell_;
  std::vector<std::string> pending_;             // ids that this look found, in order
  std::unordered_set<std::string> seen_before_;  // by the look before
  std::deque<std::string> held_;                 // lines, to be delivered after the look
  std::size_t held_bytes_ = 0;
  std::string trouble_;
  bool ended_ = false, broken_ = false;
};

void RingSource::line(std::string_view text) {
  if (text.starts_with(RingReader::end_mark)) {
    end(text.substr(1));
    return;
  }
  const std::string id(id_in(text));
  if (!id.empty() && id == state_.last_id()) {
    // Of the ring all up to there was dealt with, whatever the state has forgotten.
    pending_.clear();
    held_.clear();
    held_bytes_ = 0;
    return;
  }
  if (id.empty() || state_.knows(id) || pending_.size() >= most_pending) {
    return;
  }
  pending_.push_back(id);
  if (seen_before_.contains(id) && held_bytes_ + text.size() <= most_held &&
      held_.size() + 1 == pending_.size()) {
    held_bytes_ += text.size();
    held_.emplace_back(text);
  }
}

void RingSource::end(std::string_view trouble) {
  ended_ = true;
  if (!trouble.empty() && trouble != trouble_) {
    tell_("the ring could not be read: " + printable(trim(trouble)));
  }
  trouble_ = trouble;
}

bool RingSource::look() {
  pending_.clear();
  ended_ = false;
  broken_ = !ring_.ask();
  const Lines::Taker taker{
      [this](std::string_view text, std::uint64_t) { line(text); },
      [this](std::uint64_t) { forwarder_.refuse("it is longer than 1 MiB", {}); }};
  while (!ended_ && !broken_) {
    if (!wait_for(std::chrono::hours(1), ring_.fd())) {
      return false;
    }
    broken_ = lines_.read(taker) != Lines::More::yes;
  }
  seen_before_ = {pending_.begin(), pending_.end()};
  return !broken_;
}

bool RingSource::deliver() {
  for (; !held_.empty(); held_.pop_front()) {
    const std::string& text = held_.front();
    const std::uint64_t invalid = forwarder_.counts().invalid;
    if (!forwarder_.take(text, {})) {
      return false;
    }
    if (forwarder_.counts().invalid > invalid) {
      state_.add(id_in(text));  // else it is counted with each look
    }
    held_bytes_ -= text.size();
  }
  const bool done = forwarder_.flush();
  forwarder_.keep(true);
  return done;
}

}  // namespace

End forward_files(const std::vector<std::string>& files, Forwarder& forwarder, State& state,
                  const Tell& tell) {
  End result = End::done;
  for (const std::string& name : files) {
    const int file =
        name == "-" ? ::dup(STDIN_FILENO) : ::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (file < 0) {
      tell(printable(name) + ": " + std::strerror(errno));
      result = End::unread;
      continue;
    }
    const End end = forward_file(file, forwarder, state);
    if (end == End::unread) {
      tell(printable(name) + ": " + std::strerror(errno));
      result = End::unread;
    }
    ::close(file);
    if (end == End::stopped) {
      return end;
    }
  }
  return result;
}

End forward_ring(const RingReader& ring, const RingOptions& options, Forwarder& forwarder,
                 State& state, const std::function<bool()>& go_on, const Tell& tell) {
  RingSource source(ring, forwarder, state, tell);
  bool second = false;
  while (go_on()) {
    if (!source.look() || !source.deliver()) {
      break;
    }
    if (options.once && second && !source.any_pending()) {
      return source.failed() ? End::unread : End::done;
    }
    second = true;
    const bool soon = source.any_pending() || options.once;
    if (!(soon ? wait_for(std::min(between_looks, options.every))
               : wait_for_reason(options.every))) {
      break;
    }
  }
  if (source.is_broken() && !is_stopped()) {
    tell("the process that reads the ring ended");
    return End::unread;
  }
  return is_stopped() && forwarder.is_empty() && !options.once ? End::done : End::stopped;
}

}  // namespace whyoom::publish
