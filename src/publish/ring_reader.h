// The recorder's ring as a source: `whyoom history --format ndjson`, run again and again by a
// process of its own, which keeps the right to read the ring. The process with the network in its
// hands gives up all rights and can do no more than ask for the events once more.
#pragma once

#include <sys/types.h>

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace whyoom::publish {

class RingReader {
 public:
  // To be called before there are threads. The error is a whole sentence.
  static tl::expected<RingReader, std::string> start(const std::string& ring);
  RingReader(RingReader&& other) noexcept
      : asks_(std::exchange(other.asks_, -1)),
        events_(std::exchange(other.events_, -1)),
        child_(std::exchange(other.child_, 0)) {}
  RingReader& operator=(RingReader&&) = delete;
  ~RingReader();

  // All events of the ring come, then a line that begins with end_mark: what went wrong, or
  // nothing.
  static constexpr char end_mark = '#';
  [[nodiscard]] bool ask() const;
  [[nodiscard]] int fd() const { return events_; }

 private:
  RingReader(int asks, int events, pid_t child) : asks_(asks), events_(events), child_(child) {}

  int asks_, events_;
  pid_t child_;
};

// This process keeps no capability, and can get none.
void drop_capabilities();

}  // namespace whyoom::publish
