// One kernel message, freed of whatever carried it: dmesg, journal, syslog, kmsg, a serial console,
// a container's JSON, a quoted mail. The views live until the sink returns.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/place.h"

namespace whyoom::logtext {

// Who could have written a line, from the least to the most believed.
enum class Origin : std::uint8_t {
  other,    // a program of user space
  relayed,  // a program put it out: it may have handed on the kernel's, or have made it up
  kernel,   // facility kern, transport kernel, or tagged "kernel:"
  unknown   // no frame names anybody; who gave the log has to know whose it is
};

// Frames are read from the outside to the inside, and whoever wrote the outer one could write
// anything inside. So the outermost that names an author decides, and each further one can only
// take belief away: there is no way to raise this.
class Trust {
 public:
  constexpr void lower(Origin named) {
    handed_on_ = handed_on_ || named == Origin::relayed;
    origin_ = named < origin_ ? named : origin_;
  }
  constexpr void lower(Trust outer) {
    handed_on_ = handed_on_ || outer.handed_on_;
    lower(outer.origin_);
  }
  constexpr operator Origin() const { return origin_; }
  // One of the frames was a program's that hands on what others say.
  [[nodiscard]] constexpr bool handed_on() const { return handed_on_; }

 private:
  Origin origin_ = Origin::unknown;
  bool handed_on_ = false;
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
  std::string_view unit;    // the journal's own word for the service that wrote it, if any
  Trust origin;
  std::optional<std::uint32_t> uid;  // the journal's own word for the user that wrote it
  bool framed = false;  // carried any prefix of its own (a wrapped rest of a line has none)
  // Belongs to the record of the line before. Mostly an embedded newline, so a line of its own; it
  // is not framed when the transport only padded it. The flag 'c' of /dev/kmsg does not always
  // mean a fragment: without NUMA, zone lines carry it too.
  bool continued = false;
  // Behind a newline that the record before has inside of it. The kernel's records that have such
  // are few; a process can put a newline into its own name.
  bool embedded = false;
  std::uint32_t lost_before = 0;  // messages that the framing says were dropped before this one
};

}  // namespace whyoom::logtext
