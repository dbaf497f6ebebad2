#include <algorithm>
#include <array>

#include "base/text.h"
#include "logtext/kernel_words.h"
#include "logtext/peel.h"
#include "logtext/wall_clock.h"

namespace whyoom::logtext {

namespace {

constexpr std::size_t npos = std::string_view::npos;

std::string_view first_word(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && text[n] != ' ' && text[n] != '\t') {
    ++n;
  }
  return text.substr(0, n);
}

std::string_view after_word(std::string_view text, std::string_view word) {
  text.remove_prefix(word.size());
  const std::size_t n = text.find_first_not_of(" \t");
  return n == npos ? std::string_view{} : text.substr(n);
}

// Exactly one blank belongs to the tag; more of them are the message's own indentation.
std::string_view message_after(std::string_view text, std::size_t tag_size) {
  text.remove_prefix(tag_size);
  if (text.starts_with(' ') || text.starts_with('\t')) {
    text.remove_prefix(1);
  }
  return text;
}

// "earlyoom[500]:" without pid and colon; "system.slice/earlyoom.service[500]:" without path.
std::string_view tag_name(std::string_view word) {
  if (word.ends_with(':')) {
    word.remove_suffix(1);
  }
  if (const std::size_t open = word.find('['); open != npos && word.ends_with(']')) {
    word = word.substr(0, open);
  }
  if (const std::size_t slash = word.rfind('/'); slash != npos && word.ends_with(".service")) {
    word = word.substr(slash + 1);
  }
  if (word.ends_with(".service")) {
    word.remove_suffix(8);
  }
  return word;
}

// `word` names the program, unless a frame around it did already. The kernel has no pid.
void set_tag(std::string_view word, Peeled& peeled) {
  if (peeled.line.tag.empty()) {
    peeled.line.tag = tag_name(word);
  }
  const bool kernel = word == "kernel:" || word == "kernel";
  peeled.line.origin.lower(kernel ? Origin::kernel : Origin::other);
  peeled.syslog = true;
}

// "kernel:" may be glued to what follows ("kernel:[12345.678] ..", wall messages).
std::size_t kernel_tag_length(std::string_view text) {
  if (text.starts_with("kernel:") || text.starts_with("KERNEL:")) {
    const char next = text.size() > 7 ? text[7] : ' ';
    return next == ' ' || next == '[' || next == '\t' || next == '<' ? 7 : 0;
  }
  // Scripts print journal entries as a table: "07:41:32 kernel | ..".
  return text.starts_with("kernel | ") ? 8 : text.starts_with("kernel[0]:") ? 10 : 0;
}

// "kernel [12345.678] ..": some templates of rsyslog write no colon.
bool is_kernel_word_and_time(std::string_view text) {
  constexpr std::string_view word = "kernel ";
  if (!text.starts_with(word)) {
    return false;
  }
  std::string_view probe = text.substr(word.size());
  Peeled scratch;
  return peel_bracket_time(probe, scratch);
}

// "name[123]:" - no kernel line of an OOM report looks like this.
bool is_pid_tag(std::string_view word) {
  const std::size_t open = word.find('[');
  if (open == npos || open == 0 || !word.ends_with("]:")) {
    return false;
  }
  const std::string_view pid = word.substr(open + 1, word.size() - open - 3);
  return !pid.empty() && digits_length(pid) == pid.size();
}

// Second words of kernel lines that end in a colon: after a bare time they are no tags.
bool is_kernel_word(std::string_view word) {
  constexpr std::array<std::string_view, 8> words{
      "Trace:", "trace:", "name:", "per-cpu:", "info:", "allocations:", "is:", "at:"};
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_plain_tag(std::string_view word) {
  if (word.size() < 2 || word.size() > 128 || !word.ends_with(':') || is_kernel_word(word)) {
    return false;
  }
  if (digits_length(word) == word.size() - 1) {
    return false;  // "node 0: slabs: .."
  }
  return std::all_of(word.begin(), word.end() - 1, [](char c) {
    return is_alnum(c) || std::string_view("_./@()[]-+\\").find(c) != npos;
  });
}

// "<hostname>", "[web1]", "{host}": somebody took the name out. No number: that is a time or a CPU.
bool is_host_taken_out(std::string_view word) {
  const char first = word.size() < 4 ? ' ' : word.front();
  const char last = first == '<' ? '>' : first == '[' ? ']' : first == '{' ? '}' : ' ';
  return last != ' ' && word.back() == last && is_letter(word[1]) && is_letter(word[2]) &&
         word.find_first_of("[]<>{}=;\"|:", 1) == word.size() - 1;
}

bool is_host(std::string_view word) {
  return !word.empty() && word.size() <= 255 && !word.ends_with(':') && !word.ends_with(',') &&
         word.find_first_of("[]<>{}=;\"|") == npos;
}

bool is_oom_daemon(std::string_view name) {
  return name == "earlyoom" || name == "nohang" || name == "oomd" || name == "bustd" ||
         name == "systemd" || name.starts_with("systemd-");
}

// "host text": without a tag, as metalog writes it and people cut it. Only the kernel's words show
// that it is a host, and a program can send them without a tag, too.
bool take_untagged(std::string_view host, std::string_view rest, std::string_view& text,
                   Peeled& peeled) {
  // Behind "Nov 17 06:19:31" stands a host, or somebody took it out; else it is a word of the text.
  const bool syslogs = !peeled.line.wall.empty() && is_letter(peeled.line.wall.front()) &&
                       peeled.line.wall.size() == std::string_view("Nov 17 06:19:31").size();
  if (host.empty() || host.find(':') != npos ||
      !(begins_report_line(rest) || (syslogs && begins_with_process(rest)))) {
    return false;
  }
  peeled.line.host = host;
  peeled.line.origin.lower(Origin::relayed);
  peeled.syslog = true;
  text = rest;
  return true;
}

// What stands between a wall time and the message: [host] [facility.level] tag.
// False when there is no such thing: then the message follows the time directly. Behind a time that
// ends in a colon, as scripts put it before each line, two words are no host and its tag ("mem
// avail: ..").
bool take_host_and_tag(std::string_view& text, bool colon, Peeled& peeled) {
  std::string_view rest = text;
  std::string_view host;
  for (int words = 0; words < 3; ++words) {
    if (const std::size_t kernel = kernel_tag_length(rest); kernel != 0) {
      set_tag("kernel:", peeled);
      peeled.line.host = host;
      text = message_after(rest, kernel);
      return true;
    }
    const std::string_view word = first_word(rest);
    const bool with_pid = is_pid_tag(word);
    if (!with_pid && peeled.line.origin == Origin::unknown &&
        take_untagged(host, rest, text, peeled)) {
      return true;
    }
    const bool tag = with_pid || (!host.empty() && is_kernel_word_and_time(rest)) ||
                     (!host.empty() && !colon && is_plain_tag(word)) ||
                     (word.ends_with(':') && is_oom_daemon(tag_name(word)));
    if (tag) {
      set_tag(word, peeled);
      peeled.line.host = host;
      text = message_after(rest, word.size());
      return true;
    }
    if (take_facility_level(word, peeled.line)) {
      peeled.line.host = host;
      host = host.empty() ? "-" : host;  // a plain tag may follow
      rest = after_word(rest, word);
      continue;
    }
    const bool taken_out = host.empty() && is_host_taken_out(word);
    if (!host.empty() || !(taken_out || is_host(word))) {
      break;
    }
    host = word;
    rest = after_word(rest, word);
    if (taken_out && kernel_tag_length(rest) == 0 && !is_pid_tag(first_word(rest))) {
      break;
    }
    std::string_view probe = rest;
    Peeled scratch;
    if (rest.starts_with("last message repeated ") || peel_bracket_time(probe, scratch)) {
      peeled.line.host = host;
      peeled.syslog = true;
      text = rest;
      return true;
    }
  }
  return false;
}

void clear_placeholder(Line& line) {
  if (line.host == "-") {
    line.host = {};
  }
}

std::size_t wall_length(std::string_view text) {
  if (text.empty()) {
    return 0;
  }
  if (!is_digit(text.front())) {
    const std::size_t words = word_date_length(text);
    return words != 0 ? words : day_iso_length(text);
  }
  const std::size_t iso = iso_length(text);
  return iso != 0 ? iso : word_date_length(text);
}

// vmware.log: "2023-12-04T10:49:30.127Z In(05) vcpu-5 - Guest: <6>[..", older "..| vcpu-5| I125: "
bool take_guest(std::string_view& text) {
  const std::size_t guest = text.substr(0, 80).find("Guest: ");
  if (guest == npos) {
    return false;
  }
  // Nothing but its own words before: behind a host and a tag it is what a program wrote.
  Cursor cursor(text.substr(0, guest));
  if (cursor.take("| ")) {
    if (!cursor.take("vcpu-") || !cursor.take_unsigned() || !cursor.take("| ") ||
        cursor.take_word().size() > 8 || cursor.rest() != " ") {
      return false;
    }
  } else {
    cursor.skip_spaces();
    const std::string_view level = cursor.take_word();  // "In(05)"
    if (level.size() != 6 || level[2] != '(' || level[5] != ')' || !cursor.take(" vcpu-") ||
        !cursor.take_unsigned() || cursor.rest() != " - ") {
      return false;
    }
  }
  text.remove_prefix(guest + 7);
  return true;
}

// fluentd's file output: "time<TAB>tag<TAB>{json}", and that to stdout: "time +0000 tag: {json}",
// of which the time has nine digits of fraction and a zone, as no syslog prints it.
bool take_fluentd(std::string_view wall, std::string_view& text) {
  const bool file = text.starts_with('\t');
  constexpr std::string_view nanoseconds = "2026-11-23 07:41:32.000000000 ";
  if (!file && (wall.size() != nanoseconds.size() + 5 || !text.starts_with(' '))) {
    return false;
  }
  const std::size_t json = text.find(file ? "\t{" : ": {");
  if (json == npos || text.substr(0, json).find(' ', 1) != npos) {
    return false;
  }
  text.remove_prefix(json + (file ? 1 : 2));
  return true;
}

}  // namespace

bool peel_wall_time(std::string_view& text, Peeled& peeled) {
  std::size_t length = wall_length(text);
  bool weak = false;  // not enough on its own: something known must follow
  if (length == 0) {
    length = clock_length(text);
    length = length != 0 ? length : epoch_length(text);
    weak = true;
  }
  if (length == 0) {
    return false;
  }
  std::string_view wall = text.substr(0, length);
  std::string_view rest = text.substr(length);
  if (!rest.empty() && rest.front() != ' ' && rest.front() != '\t' && rest.front() != '|' &&
      rest.front() != ':' && rest.front() != ',') {
    return false;
  }
  Peeled next = peeled;
  next.line.wall = wall;
  next.line.framed = true;
  if (take_guest(rest) || take_fluentd(wall, rest)) {
    peeled = next;
    text = rest;
    return true;
  }
  const std::size_t blanks = rest.find_first_not_of(" \t|:");
  const std::string_view message = blanks == npos ? std::string_view{} : rest.substr(blanks);
  // dmesg --time-format iso writes a comma before the fraction and no host.
  const bool dmesg = wall.size() > 20 && wall[19] == ',' && wall[10] == 'T';
  std::string_view tagged = message;
  if (!dmesg && take_host_and_tag(tagged, rest.starts_with(':'), next)) {
    clear_placeholder(next.line);
    peeled = next;
    text = tagged;
    return true;
  }
  if (weak && !starts_framed(message)) {
    return false;
  }
  clear_placeholder(next.line);
  peeled = next;
  if (rest.starts_with(": ")) {
    rest.remove_prefix(1);
  }
  // The message follows the time; its own indentation begins after one blank.
  text = starts_framed(message) || rest.empty() ? message : rest.substr(1);
  return true;
}

bool peel_bare_tag(std::string_view& text, Peeled& peeled) {
  if (const std::size_t kernel = kernel_tag_length(text); kernel != 0) {
    set_tag("kernel:", peeled);
    text = message_after(text, kernel);
    return true;
  }
  return peel_daemon_tag(text, peeled);
}

bool peel_daemon_tag(std::string_view& text, Peeled& peeled) {
  const std::string_view word = first_word(text);
  if (!is_pid_tag(word)) {
    return false;
  }
  // "hog[123]: segfault" is the kernel's, so only known daemons, or a record that is not its own.
  if (!is_oom_daemon(tag_name(word)) && peeled.line.origin != Origin::other) {
    return false;
  }
  if (peeled.line.origin == Origin::kernel) {
    return false;  // the name of a process
  }
  set_tag(word, peeled);
  text = message_after(text, word.size());
  return true;
}

bool peel_bare_host(std::string_view& text, Peeled& peeled) {
  const std::string_view host = first_word(text);
  const std::string_view rest = after_word(text, host);
  const bool heading = host.find_first_not_of('#') == npos;  // of Markdown
  const std::size_t tag = is_host(host) ? kernel_tag_length(rest) : 0;
  const std::string_view message = message_after(rest, tag);
  // "a kernel:" can be the name of a process, too.
  if (tag == 0 || message.starts_with("invoked oom-killer") || message.starts_with("cpuset=")) {
    return false;
  }
  set_tag("kernel:", peeled);
  peeled.line.host = heading ? std::string_view() : host;
  text = message;
  return true;
}

bool peel_monotonic_tag(std::string_view& text, Peeled& peeled) {
  if (const std::size_t bare = kernel_tag_length(text); bare != 0) {
    set_tag("kernel:", peeled);
    text = message_after(text, bare);
    return true;
  }
  const std::string_view host = first_word(text);
  if (!is_host(host) || host.size() == text.size()) {
    return false;
  }
  const std::string_view rest = text.substr(host.size() + 1);
  const std::string_view word = first_word(rest);
  const std::size_t kernel = kernel_tag_length(rest);
  if (kernel == 0 && !is_pid_tag(word)) {
    return false;
  }
  set_tag(kernel != 0 ? "kernel:" : word, peeled);
  peeled.line.host = host;
  text = message_after(rest, kernel != 0 ? kernel : word.size());
  return true;
}

bool peel_rfc5424(std::string_view& text, Peeled& peeled) {
  if (!text.starts_with("1 ")) {
    return false;
  }
  std::array<std::string_view, 5> fields;  // time, host, program, process, message id
  std::string_view rest = text.substr(2);
  for (std::string_view& field : fields) {
    const std::size_t end = rest.find(' ');
    if (end == npos || end == 0) {
      return false;
    }
    field = rest.substr(0, end);
    rest.remove_prefix(end + 1);
  }
  if (fields[0] != "-" && iso_length(fields[0]) != fields[0].size()) {
    return false;
  }
  if (rest.starts_with('-')) {
    rest.remove_prefix(1);
  } else {
    while (rest.starts_with('[')) {  // [id key="value \" ] \\"]
      bool quoted = false;
      std::size_t at = 1;
      for (; at < rest.size() && (quoted || rest[at] != ']'); ++at) {
        if (rest[at] == '\\') {
          ++at;
        } else if (rest[at] == '"') {
          quoted = !quoted;
        }
      }
      rest.remove_prefix(std::min(at + 1, rest.size()));
    }
  }
  if (!rest.empty() && rest.front() != ' ') {
    return false;
  }
  peeled.line.wall = fields[0] == "-" ? std::string_view{} : fields[0];
  peeled.line.host = fields[1] == "-" ? std::string_view{} : fields[1];
  if (fields[2] != "-") {
    set_tag(fields[2], peeled);
    if (fields[3] != "-" && fields[3] != "0") {
      peeled.line.origin.lower(Origin::other);  // it has a pid
    }
  }
  peeled.syslog = true;
  text = message_after(rest, 0);
  return true;
}

bool peel_octet_count(std::string_view& text, Peeled&) {
  const std::size_t digits = digits_length(text);
  if (digits == 0 || digits > 6 || !text.substr(digits).starts_with(" <")) {
    return false;
  }
  std::string_view rest = text.substr(digits + 1);
  std::string_view probe = rest;
  Peeled scratch;
  if (!peel_priority(probe, scratch) || probe.empty() || !starts_framed(probe)) {
    return false;
  }
  text = rest;
  return true;
}

bool starts_framed(std::string_view text) {
  Peeled scratch;
  std::string_view probe = text;
  return peel_priority(probe, scratch) || peel_bracket_time(probe, scratch) ||
         wall_length(text) != 0 || kernel_tag_length(text) != 0 || peel_rfc5424(probe, scratch) ||
         peel_kmsg(probe, scratch);
}

}  // namespace whyoom::logtext
