// One kernel message, freed of whatever carried it: dmesg, journal, syslog, kmsg, a serial console,
// a container's JSON, a quoted mail. The views live until the sink returns.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/place.h"

namespace whyoom::logtext {

enum class Origin : std::uint8_t {
  unknown,  // the framing does not say
  kernel,   // facility kern, transport kernel, or tagged "kernel:"
  other     // another program wrote it
};

struct Line {
  std::string_view text;  // the message alone; trailing blanks and CR removed
  LineNumber number = 0;  // physical line in the input, from 1
  // [   12.345678], or the counter of the journal or of /dev/kmsg
  std::optional<std::uint64_t> monotonic_us;
  std::string_view wall;    // wall clock as the log has it, unparsed ("Nov 23 07:41:32")
  std::string_view host;    // host name in the framing, if any
  std::string_view caller;  // "T123" or "C1" (CONFIG_PRINTK_CALLER), if any
  std::string_view boot;    // the journal's id of the boot, if the framing has one
  std::string_view tag;     // program in a syslog line ("earlyoom", "systemd-oomd"), if any
  int level = -1;           // 0..7, -1 = not in the framing
  Origin origin = Origin::unknown;
  bool framed = false;  // carried any prefix of its own (a wrapped rest of a line has none)
  // Belongs to the record of the line before. Mostly an embedded newline, so a line of its own; it
  // is not framed when the transport only padded it. The flag 'c' of /dev/kmsg does not always
  // mean a fragment: without NUMA, zone lines carry it too.
  bool continued = false;
  std::uint32_t lost_before = 0;  // messages that the framing says were dropped before this one
};

}  // namespace whyoom::logtext
