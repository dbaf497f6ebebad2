// `whyoom watch`: samples of this machine and the kernel's messages, as they come, into the ring.
// Single-threaded. What it needs it has before the first sample and keeps locked in memory, so that
// it goes on where the machine has nothing left to give.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "linux/recorder/ring.h"

namespace whyoom::linux {

enum class Urgency : std::uint8_t { notice, warning, error };

struct RecorderOptions {
  RingOptions ring;
  unsigned interval_ms = 1000;
  bool fixed_interval = false;  // not slower far from trouble, not faster near it
  bool once = false;            // one sample
  std::vector<std::string> hook;
  std::string metrics_file;  // empty: none
  // What people are to read: whole sentences, not printable() yet.
  std::function<void(Urgency, std::string_view)> tell;
};

// Until SIGTERM, SIGINT or SIGHUP. The error is a whole sentence.
tl::expected<void, std::string> record_machine(RecorderOptions options);

}  // namespace whyoom::linux
