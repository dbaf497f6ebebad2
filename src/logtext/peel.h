// The framings one by one. Each peel_* looks at the start of `text`; when its framing is there it
// moves `text` past it, writes down what the framing said, and returns true. Otherwise nothing is
// changed. The framer calls them again and again until none fits.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "logtext/line.h"

namespace whyoom::logtext {

struct Peeled {
  Line line;
  bool kernel_time = false;  // a printk time was there: what follows is the kernel's text
  bool syslog = false;       // a tag was there: rsyslog's #012 escapes are possible
  bool kmsg = false;         // a /dev/kmsg header was there: \xNN escapes are possible
  bool record = false;       // the field of a record: whole, and without frames of its own
  bool minute_base = false;  // dmesg -H: "[Nov23 07:41]", the times after it are relative to it
  bool relative = false;     // dmesg -H: "[  +0.000123]"
  bool partial = false;      // CRI: the rest comes with the next record of this stream
  std::string_view stream;   // CRI: "stdout" or "stderr"
  std::optional<std::uint64_t> sequence;     // of a /dev/kmsg record
  std::optional<std::uint64_t> list_number;  // "12. " of a list stood before it
  std::string_view list_mark;                // or "- " of one
};

// peel_kernel.cc: what the kernel, dmesg and /dev/kmsg put in front.
bool peel_priority(std::string_view& text, Peeled& peeled);      // <4>
bool peel_decoded(std::string_view& text, Peeled& peeled);       // kern  :warn  :
bool peel_node(std::string_view& text, Peeled& peeled);          // 10.5.0.2: kern: warning: [..]
bool peel_bracket_time(std::string_view& text, Peeled& peeled);  // [   12.345678], [Mon Nov 23 ..]
bool peel_cut_time(std::string_view& text, Peeled& peeled);      // 1257.892709] (its [ was lost)
bool peel_caller(std::string_view& text, Peeled& peeled);        // [  T123], [0:swapper/0:    1]
bool peel_kmsg(std::string_view& text, Peeled& peeled);          // 4,1234,12345678,-;

// "   12.345678"; moves `text` past it.
struct Seconds {
  std::uint64_t microseconds = 0;
  std::size_t fraction_digits = 0;
  bool padded = false;
};
std::optional<Seconds> take_seconds(std::string_view& text);

// Offset of a printk time "[   12.345678]" inside `text` at or after `from`; npos when none.
// `exact`: with six digits of fraction, as the kernel prints it; else a tidied "[   12.34]" will
// do. `near`: and not a minute away from this, the time that the line has.
std::size_t find_inner_time(std::string_view text, std::size_t from, bool exact,
                            std::optional<std::uint64_t> near);

// "kern.warn" (OpenWrt, busybox): sets level and origin.
bool take_facility_level(std::string_view word, Line& line);

// peel_syslog.cc: syslog, journalctl, and anything else with a wall time first.
bool peel_wall_time(std::string_view& text, Peeled& peeled);    // all of wall_clock.h
bool peel_bare_tag(std::string_view& text, Peeled& peeled);     // kernel: (time and host cut off)
bool peel_rfc5424(std::string_view& text, Peeled& peeled);      // 1 2026-.. host kernel - - -
bool peel_octet_count(std::string_view& text, Peeled& peeled);  // 123 <4>..
// "host kernel: ", of which somebody cut off the time.
bool peel_bare_host(std::string_view& text, Peeled& peeled);
// After a printk time: "host kernel: " of journalctl -o short-monotonic, with --no-hostname
// "kernel: ".
bool peel_monotonic_tag(std::string_view& text, Peeled& peeled);
// A daemon's own tag in kernel text ("systemd-oomd[44]: ..", written to /dev/kmsg).
bool peel_daemon_tag(std::string_view& text, Peeled& peeled);

// peel_wrappers.cc: what people and containers wrap around lines.
std::string_view strip_quotes(std::string_view text);           // "> > ", "> | ", "| .. |"
bool peel_list_number(std::string_view& text, Peeled& peeled);  // "  1. <4>[..", "12:[..", grep
bool peel_list_mark(std::string_view& text, Peeled& peeled);    // "- Nov 23 .."
bool peel_stream(std::string_view& text, Peeled& peeled);       // stdout F (after a wall time)
bool peel_logcat(std::string_view& text, Peeled& peeled);       // 11-23 07:41:32.123  0  0 W tag:
bool peel_event(std::string_view& text, Peeled& peeled);        // kubernetes events' columns
bool peel_label(std::string_view& text, Peeled& peeled);        // "Message: " before a kill

// The line of a list of which `mark` is peeled; behind a mark a blank or nothing else follows.
std::string_view find_list_mark(std::string_view text);

// A framing that cannot be mistaken begins here: <N>, a time in brackets, or a wall time.
bool starts_framed(std::string_view text);

// peel_any.cc: whichever of them fits now, given what was peeled before.
bool peel_any(std::string_view& text, Peeled& peeled);

}  // namespace whyoom::logtext
