#include "base/text.h"
#include "logtext/peel.h"

namespace whyoom::logtext {

namespace {

// Behind a printk time only little can come before the kernel's own text.
bool peel_behind_time(std::string_view& text, Peeled& peeled) {
  if (peeled.kmsg) {
    return peel_daemon_tag(text, peeled);
  }
  if (peeled.line.caller.empty() && peel_caller(text, peeled)) {
    return true;
  }
  if (peel_bracket_time(text, peeled)) {
    return true;
  }
  return peeled.line.tag.empty() &&
         (peel_monotonic_tag(text, peeled) || peel_daemon_tag(text, peeled));
}

bool peel_number(std::string_view& text, Peeled& peeled) {
  return peel_kmsg(text, peeled) || peel_rfc5424(text, peeled) || peel_octet_count(text, peeled) ||
         peel_wall_time(text, peeled) || peel_logcat(text, peeled) ||
         (!peeled.line.framed &&
          (peel_cut_time(text, peeled) || peel_list_number(text, peeled) ||
           peel_event(text, peeled) || peel_label(text, peeled) || peel_node(text, peeled)));
}

bool peel_word(std::string_view& text, Peeled& peeled) {
  const bool bare = !peeled.line.framed;
  return (bare && peel_list_mark(text, peeled)) || peel_decoded(text, peeled) ||
         peel_stream(text, peeled) || peel_bare_tag(text, peeled) || peel_wall_time(text, peeled) ||
         (bare && (peel_list_number(text, peeled) || peel_event(text, peeled) ||
                   peel_label(text, peeled) || peel_bare_host(text, peeled)));
}

// The kernel's sentence about a process, without its name: that was taken for a frame. The kernel's
// time and "kernel:" are no names; behind them the name was cut off by whoever gave the log.
bool lacks_name(std::string_view text, const Peeled& before, const Peeled& now) {
  if ((now.kernel_time && !before.kernel_time) ||
      (now.line.origin == Origin::kernel && before.line.origin != Origin::kernel)) {
    return false;
  }
  return text.starts_with("invoked oom-killer:") || text.starts_with("page allocation failure") ||
         text.starts_with(": page allocation failure");
}

bool peel_one(std::string_view& text, Peeled& peeled) {
  if (peeled.kernel_time) {
    return peel_behind_time(text, peeled);
  }
  // Blanks before the first framing are the mail's; later ones may be the message's.
  std::string_view rest = trim_left(text);
  if (rest.empty() || (rest.size() != text.size() && peeled.line.framed && rest.front() != '[')) {
    return false;
  }
  bool peeled_one = false;
  const char first = rest.front();
  if (first == '<' || first == '&') {
    peeled_one = peel_priority(rest, peeled);
  } else if (first == '[') {
    peeled_one = peel_bracket_time(rest, peeled) ||
                 (peeled.line.caller.empty() && peel_caller(rest, peeled));
  } else if (!peeled.syslog) {
    peeled_one =
        is_digit(first) || first == '.' ? peel_number(rest, peeled) : peel_word(rest, peeled);
  }
  if (peeled_one) {
    text = rest;
  }
  return peeled_one;
}

}  // namespace

bool peel_any(std::string_view& text, Peeled& peeled) {
  if (peeled.line.origin == Origin::other && !peeled.line.tag.empty()) {
    return false;  // what a program wrote is its text, whatever it looks like
  }
  const Peeled before = peeled;
  std::string_view rest = text;
  if (!peel_one(rest, peeled) || lacks_name(rest, before, peeled)) {
    peeled = before;
    return false;
  }
  text = rest;
  return true;
}

}  // namespace whyoom::logtext
