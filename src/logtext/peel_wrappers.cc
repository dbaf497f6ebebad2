#include <algorithm>

#include "base/text.h"
#include "logtext/peel.h"
#include "logtext/wall_clock.h"

namespace whyoom::logtext {

namespace {

constexpr std::size_t npos = std::string_view::npos;

// Takes `prefix_size` bytes off when a framing that cannot be mistaken follows.
bool drop_before_framed(std::string_view& text, std::size_t prefix_size) {
  const std::string_view rest = trim_left(text.substr(prefix_size));
  if (!starts_framed(rest)) {
    return false;
  }
  text = rest;
  return true;
}

}  // namespace

std::string_view strip_quotes(std::string_view text) {
  bool in_row = false;
  while (true) {
    const std::string_view quoted = trim_left(text);
    // Nothing else begins with a bar and a blank: neither the kernel's lines nor a frame.
    const bool bar = quoted.starts_with("| ") || quoted == "|";
    if (!bar && !quoted.starts_with('>')) {
      break;
    }
    in_row = in_row || bar;
    text = quoted.substr(1);
    if (text.starts_with(' ')) {
      text.remove_prefix(1);
    }
  }
  // Behind a cell of a table come the rest of its row, empty cells.
  return in_row ? text.substr(0, text.find_last_not_of(" \t|") + 1) : text;
}

std::string_view find_list_mark(std::string_view text) {
  if (text.empty() || is_alnum(text.front())) {
    return {};
  }
  // "#" of a comment: what a command printed, below it in a listing.
  for (const std::string_view mark : {"-", "*", "+", "#", "\u2022", "\u00b7"}) {
    if (text.starts_with(mark) && text.size() > mark.size() &&
        (text[mark.size()] == ' ' || text[mark.size()] == '\t')) {
      return text.substr(0, mark.size());
    }
  }
  return {};
}

bool peel_list_mark(std::string_view& text, Peeled& peeled) {
  const std::string_view mark = find_list_mark(text);
  std::string_view rest = text;
  if (mark.empty() || !drop_before_framed(rest, mark.size())) {
    return false;
  }
  peeled.list_mark = mark;
  text = rest;
  return true;
}

bool peel_list_number(std::string_view& text, Peeled& peeled) {
  if (text.size() > 2 && text[0] == '#' && is_digit(text[1])) {  // "#12 [..", as of a post
    std::string_view rest = text.substr(1);
    const bool peels = peel_list_number(rest, peeled);
    text = peels ? rest : text;
    return peels;
  }
  const std::size_t digits = digits_length(text);
  if (digits != 0) {
    // "12. [..", "12) ..", "12: ..", "12- ..", "   12<TAB>.."
    if (digits > 7 || digits >= text.size() ||
        std::string_view(".): \t-|").find(text[digits]) == npos) {
      return false;
    }
    const auto number = parse_number<std::uint64_t>(text.substr(0, digits));
    if (!drop_before_framed(text, digits + 1)) {
      return false;
    }
    peeled.list_number = number;
    return true;
  }
  // grep: "/var/log/messages:Nov 23 ..", "kern.log.1-Nov 23 ..", "kern.log:12:Nov 23 .."
  const std::size_t word = std::min(text.find(' '), text.size());
  for (std::size_t at = text.substr(0, word).find_first_of(":-"); at != npos;
       at = text.substr(0, word).find_first_of(":-", at + 1)) {
    if (at != 0 && at < 256 && text[at - 1] != '[' && drop_before_framed(text, at + 1)) {
      return true;
    }
  }
  return false;
}

bool peel_stream(std::string_view& text, Peeled& peeled) {
  const bool out = text.starts_with("stdout ");
  if ((!out && !text.starts_with("stderr ")) || peeled.line.wall.empty()) {
    return false;
  }
  const std::string_view rest = text.substr(7);
  const std::size_t end = std::min(rest.find(' '), rest.size());
  const std::string_view tags = rest.substr(0, end);
  if (tags != "F" && tags != "P" && !tags.starts_with("F:") && !tags.starts_with("P:")) {
    return false;
  }
  peeled.line.origin.lower(Origin::relayed);
  peeled.partial = tags.front() == 'P';
  peeled.stream = text.substr(0, 6);
  text = rest.substr(std::min(end + 1, rest.size()));
  return true;
}

bool peel_logcat(std::string_view& text, Peeled& peeled) {
  // "11-23 07:41:32.123  1234  1235 W tag     : text"
  if (text.size() < 24 || !is_digit(text[0]) || !is_digit(text[1]) || text[2] != '-' ||
      !is_digit(text[3]) || !is_digit(text[4]) || text[5] != ' ') {
    return false;
  }
  const std::size_t clock = clock_length(text.substr(6));
  if (clock == 0) {
    return false;
  }
  Cursor cursor(text.substr(6 + clock));
  cursor.skip_spaces();
  // logcat -v time: "I/tag( 1234): text"
  const bool brief = cursor.rest().substr(0, 2).ends_with('/');
  bool process = brief;
  for (int i = 0; i < 2 && !brief; ++i) {
    cursor.skip_spaces();
    const auto id = cursor.take_unsigned();
    if (!id) {
      return false;
    }
    process = process || *id != 0;
  }
  cursor.skip_spaces();
  const std::string_view level = brief ? cursor.rest().substr(0, 1) : cursor.take_word();
  constexpr std::string_view letters = "FEWIDV";
  if (level.size() != 1 || letters.find(level.front()) == npos) {
    return false;
  }
  cursor.skip_spaces();
  const std::string_view rest = cursor.rest().substr(brief ? 2 : 0);
  const std::size_t colon = rest.find(':');
  if (colon > 64) {  // or not at all
    return false;
  }
  peeled.line.wall = text.substr(0, 6 + clock);
  const std::string_view tag =
      trim(rest.substr(0, std::min(colon, brief ? rest.find('(') : colon)));
  // The kernel's buffer has no tag, or one that says so. A process can choose such a tag too, but
  // not its pid.
  const bool kernel = tag.empty() || tag == "KERNEL" || tag == "kernel";
  if (peeled.line.tag.empty()) {
    peeled.line.tag = kernel ? std::string_view("kernel") : tag;
  }
  peeled.line.origin.lower(!kernel ? Origin::other : process ? Origin::relayed : Origin::kernel);
  text = rest.substr(colon + 1);
  if (text.starts_with(' ')) {
    text.remove_prefix(1);
  }
  return true;
}

namespace {

// A kill, in the kernel's words.
constexpr std::string_view kill_sentences[] = {"Memory cgroup out of memory: Kill",
                                               "Out of memory: Kill",
                                               "Out of Memory: Kill",
                                               "Killed process ",
                                               "Memory cgroup stats",
                                               "oom-kill:constraint="};

bool begins_with_kill(std::string_view text) {
  return std::ranges::any_of(kill_sentences,
                             [text](std::string_view words) { return text.starts_with(words); });
}

// "5m  kernel-monitor  " and whatever else stands in the columns before the message.
std::string_view from_kill_on(std::string_view text) {
  constexpr std::size_t widest = 300;
  std::size_t first = npos;
  for (const std::string_view words : kill_sentences) {
    first = std::min(first, text.substr(0, widest).find(words));
  }
  const bool apart = first != npos && first != 0 && (is_space(text[first - 1]));
  return apart ? text.substr(first) : text;
}

// "", "3 ", "(x3) ": how often it happened.
bool is_count(std::string_view text) {
  text = trim(text);
  if (text.starts_with("(x") && text.ends_with(')')) {
    text = text.substr(2, text.size() - 3);
  }
  return digits_length(text) == text.size();
}

}  // namespace

bool peel_label(std::string_view& text, Peeled& peeled) {
  constexpr std::string_view labels[] = {
      "OOMKilling:", "SystemOOM:", "Message:", "message:", "msg:", "dmesg:"};
  for (const std::string_view label : labels) {
    const std::size_t at = text.substr(0, 16 + label.size()).find(label);
    if (at == npos || !is_count(text.substr(0, at))) {
      continue;
    }
    const std::string_view rest = trim_left(text.substr(at + label.size()));
    if (begins_with_kill(rest)) {
      peeled.line.origin.lower(Origin::relayed);
      text = rest;
      return true;
    }
  }
  return false;
}

bool peel_event(std::string_view& text, Peeled& peeled) {
  // "kernel-monitor, node-1<TAB><TAB>Warning<TAB>OOMKilling<TAB>text", kubectl's columns likewise.
  for (const std::string_view reason : {"OOMKilling", "TaskHung", "SystemOOM"}) {
    const std::size_t at = text.find(reason);
    if (at > 400 || text.substr(0, at).find("Warning") == npos) {
      continue;
    }
    std::string_view rest = trim_left(text.substr(at + reason.size()));
    if (const std::size_t monitor = rest.find("kernel-monitor, "); monitor < 32) {
      rest = rest.substr(monitor + 16);
      rest = trim_left(rest.substr(std::min(rest.find_first_of(" \t"), rest.size())));
    }
    peeled.line.origin.lower(Origin::relayed);
    text = from_kill_on(rest);
    return true;
  }
  return false;
}

}  // namespace whyoom::logtext
