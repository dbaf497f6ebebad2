// Where events come from, until all of them are delivered.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "publish/forwarder.h"
#include "publish/ring_reader.h"

namespace whyoom::publish {

enum class End : std::uint8_t {
  done,
  stopped,  // by a signal, or patience is at an end: something may not be delivered
  unread,   // an input could not be read
};

using Tell = std::function<void(std::string_view)>;

// Files of NDJSON, one after the other; "-" is standard input. A file that was read before goes on
// where it ended.
End forward_files(const std::vector<std::string>& files, Forwarder& forwarder, State& state,
                  const Tell& tell);

struct RingOptions {
  Milliseconds every{60'000};  // and when the kernel has killed
  bool once = false;           // until all that is there now is delivered
};

// An event is sent when two looks at the ring have seen it: a report that the kernel is still
// printing is another one with the next line.
End forward_ring(const RingReader& ring, const RingOptions& options, Forwarder& forwarder,
                 State& state, const std::function<bool()>& go_on, const Tell& tell);

}  // namespace whyoom::publish
