#include "logtext/framer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/text.h"
#include "logtext/escapes.h"
#include "logtext/markup.h"
#include "logtext/wall_clock.h"

namespace whyoom::logtext {

namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr int max_rounds = 16;            // framings around one line
constexpr std::size_t max_damage = 1000;  // until somebody fetches it
constexpr std::uint64_t max_repeats = 10;
constexpr std::size_t min_padding = 8;  // narrower prefixes are not told from indentation

// The kernel, and those who read its messages. Nobody else knows what was lost.
bool may_count_losses(const Line& line) {
  return line.origin != Origin::other ||
         ((line.tag == "systemd-journald" || line.tag == "rsyslogd") && line.uid.value_or(0) == 0 &&
          !line.origin.handed_on());
}

// The kernel's time, and behind it nothing that a terminal, a mail or a page put there.
struct PlainLine {
  std::uint64_t microseconds = 0;
  std::string_view text;    // without the one blank behind the time
  bool is_message = false;  // nor anything else that could be a frame, or another message
};

// Most lines of dmesg. What could be a frame by its first characters is left to those who know.
bool is_bare_message(std::string_view text) {
  if (text.empty()) {
    return false;
  }
  for (std::size_t at = text.find('[', 1); at != npos; at = text.find('[', at + 1)) {
    if (!text.substr(at).starts_with("[]")) {  // of "lowmem_reserve[]:"
      return false;                            // a second time, or the pid of a daemon
    }
  }
  if (text.front() == '[') {  // no number of a caller, nor a time: a row of the task table
    const std::string_view inside = trim_left(text.substr(1));
    const std::size_t digits = digits_length(inside);
    if (digits == 0 || !inside.substr(digits).starts_with(']')) {
      return false;
    }
  }
  const auto begins_frame = [](std::string_view word) {  // a CPU of MediaTek; a tag
    return word.starts_with('(') || word.starts_with('-') || word.starts_with("kernel:") ||
           word.starts_with("KERNEL:");
  };
  const std::size_t blank = text.find(' ');
  const bool may_repeat = text.front() == 'l' || text.front() == 'm';
  return !begins_frame(text) && (blank == npos || !begins_frame(text.substr(blank + 1))) &&
         !(may_repeat && parse_repeat(text)) && !parse_loss(text) &&
         text.find("\\n") == npos;  // of a string
}

std::optional<PlainLine> read_plain(std::string_view raw) {
  if (!raw.starts_with('[') || is_space(raw.back()) || raw.back() == ']') {
    return std::nullopt;
  }
  constexpr std::size_t longest_time = 32;
  std::string_view rest = raw.substr(1, longest_time);
  const auto time = take_seconds(rest);
  if (!time || time->fraction_digits != 6 || !rest.starts_with(']')) {
    return std::nullopt;
  }
  PlainLine line{time->microseconds,
                 raw.substr(static_cast<std::size_t>(rest.data() - raw.data()) + 1)};
  if (!is_printable_without(line.text, '<', '&')) {
    return std::nullopt;
  }
  line.text.remove_prefix(line.text.starts_with(' ') ? 1 : 0);
  line.is_message = is_bare_message(line.text);
  for (std::size_t at = line.is_message ? npos : line.text.find('['); at != npos;
       at = line.text.find('[', at + 1)) {
    const char next = at + 1 < line.text.size() ? line.text[at + 1] : '/';
    if (next == '/' || is_letter(next)) {
      return std::nullopt;  // a forum's tag
    }
  }
  return line;
}

}  // namespace

void Framer::damaged(LineNumber number, std::string what) {
  if (damage_.size() < max_damage) {
    damage_.push_back({number, std::move(what)});
  }
}

void Framer::lose(std::uint64_t messages, const Line& told_by) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t& sum = told_by.origin.handed_on() ? lost_relayed_ : lost_;
  sum = static_cast<std::uint32_t>(std::min(most, sum + std::min(messages, most)));
}

// The caller left lines out: nothing before can go on here.
void Framer::jump() {
  end_table_row();
  end_mail_line();
  end_entry();
  end_partials();
  sequence_.reset();
  after_kmsg_ = false;
  list_number_.reset();
  list_mark_.clear();
  padding_ = 0;
  kept_.valid = false;
}

void Framer::line(std::string_view raw, LineNumber number) {
  if (!started_ || number == 1) {
    utf16_.begin(raw);
  } else if (number != last_number_ + 1) {
    jump();
  }
  started_ = true;
  last_number_ = number;
  if (utf16_.active()) {
    bool broken = false;
    raw = utf16_.decode(raw, utf16_buffer_, broken);
    if (broken) {
      damaged(number, "broken UTF-16");
    }
  }
  if (entry_.open()) {  // a binary field may hold any byte
    segment(raw, number);
  } else if (mail_.passes(raw)) {
    parts_of_row(raw, number);
  } else {
    mail_.line(raw, number,
               [this](std::string_view text, LineNumber at) { parts_of_row(text, at); });
  }
}

void Framer::parts_of_row(std::string_view raw, LineNumber number) {
  // A carriage return goes back to the start of the row: what is written then covers what stood
  // there. Kernel lines are kept even so, a console driver may use it for a newline.
  while (raw.ends_with('\r')) {
    raw.remove_suffix(1);
  }
  for (std::size_t cr = raw.find('\r'); cr != npos; cr = raw.find('\r')) {
    const std::string_view part = raw.substr(0, cr);
    raw.remove_prefix(cr + 1);
    const std::string_view text = trim_left(clean_line(part, clean_buffer_));
    const std::string_view next = raw.substr(0, raw.find('\r'));
    const bool covered =
        next.starts_with(part) ||
        (!starts_framed(text) && (part.size() <= raw.size() || starts_framed(trim_left(next))));
    if (!text.empty() && !covered) {
      segment(part, number);
    }
  }
  segment(raw, number);
}

void Framer::segment(std::string_view raw, LineNumber number) {
  if (entry_.idle() && !parts_.open() && !table_.open()) {
    if (const auto plain = read_plain(raw)) {
      if (plain->is_message && !entry_.seen_whole()) {
        padding_ = static_cast<std::size_t>(plain->text.data() - raw.data());
        plain_message(plain->text, number, plain->microseconds);
      } else {
        deliver(raw, number);
      }
      return;
    }
  }
  const std::string_view clean = clean_line(raw, clean_buffer_);
  if (!entry_.open() && take_table_row(clean, number)) {
    return;
  }
  const std::string_view text = strip_markup(strip_quotes(clean), markup_buffer_);
  switch (entry_.line(raw, text, number)) {
    case JournalEntry::Took::held:
      return;
    case JournalEntry::Took::finished:
      end_entry();
      return;
    case JournalEntry::Took::no:
      break;
  }
  if (entry_.open()) {
    end_entry();
    if (entry_.line(raw, text, number) == JournalEntry::Took::held) {
      return;  // it begins the next
    }
  }
  const auto sink_part = [this](std::string_view line, LineNumber at) { deliver(line, at); };
  if (parts_.take(text, number, sink_part)) {
    if (parts_.take_overflow()) {
      damaged(number, "a dump of pstore is too big to be put in order");
    }
    return;
  }
  if (!take_quoted(text, number, Objects::are_records)) {
    deliver(text, number);
  }
}

void Framer::one_line(std::string_view text, LineNumber number, Trust least) {
  Peeled peeled;
  peeled.line.number = number;
  peeled.line.origin.lower(least);
  begin_ = text;
  process(text, peeled, 0);
}

void Framer::process(std::string_view text, Peeled peeled, std::size_t depth) {
  if (depth == 0 && take_further_line(text, peeled)) {
    return;
  }
  const bool was_continued = peeled.line.continued;
  const bool kernels = peeled.line.origin == Origin::kernel;
  for (int round = 0; round < max_rounds; ++round) {
    if (take_json(text, peeled, depth)) {
      return;
    }
    if (!peel_any(text, peeled)) {
      break;
    }
    peeled.line.framed = true;
    if (was_continued && !peeled.kmsg && !kernels) {
      peeled.line.continued = peeled.line.embedded = false;  // it has a framing of its own
    }
    if (!peeled.stream.empty() && join_partial(text, peeled, depth)) {
      return;
    }
  }
  if (peeled.relative) {
    peeled.line.wall = minute_;
  } else if (peeled.minute_base) {
    minute_.assign(peeled.line.wall);
  }
  const std::less_equal<> ordered;
  const bool in_line =
      ordered(begin_.data(), text.data()) && ordered(text.data(), begin_.data() + begin_.size());
  if (depth == 0) {
    after_record_ = false;
  }
  if (depth == 0 && peeled.line.framed) {
    padding_ = in_line ? static_cast<std::size_t>(text.data() - begin_.data()) : 0;
    after_kmsg_ = peeled.kmsg;
    list_number_ = peeled.list_number;
    list_mark_.assign(peeled.list_mark);
    note_sequence(peeled);
  } else if (depth == 0 && take_unframed(text, peeled)) {
    return;
  }
  message(text, peeled, depth);
}

// journalctl and dmesg put further lines of a message under its first.
bool Framer::is_padded(std::string_view text) const {
  return padding_ >= min_padding && text.size() > padding_ && kept_.valid &&
         text.find_first_not_of(' ') >= padding_;
}

// A further line of what a program wrote is that program's, whatever frame it seems to have. True:
// it is used up.
bool Framer::take_further_line(std::string_view text, Peeled& peeled) {
  if (entry_.seen_whole()) {
    peeled.line.origin.lower(Origin::relayed);  // in no entry of a log that has all in entries
  }
  if (!is_padded(text)) {
    return false;
  }
  peeled.line.origin.lower(kept_.line.origin);
  if (peeled.line.origin != Origin::other) {
    return false;
  }
  continue_kept(peeled.line);
  message(text.substr(padding_), peeled, 0);
  return true;
}

// A line without framing of its own can still belong to the record before. True: it is used up.
bool Framer::take_unframed(std::string_view& text, Peeled& peeled) {
  if (is_journal_note(text)) {
    jump();
    return true;
  }
  drop_list_mark(text);
  if (after_kmsg_) {
    if (is_kmsg_dictionary(text)) {
      return true;
    }
    peeled.kmsg = true;  // the wrapped rest of a record has its escapes too
  }
  if (is_padded(text)) {
    text.remove_prefix(padding_);
    continue_kept(peeled.line);
  } else if (by_program_) {
    peeled.line.origin.lower(Origin::relayed);  // maybe the rest of what that program wrote
  }
  return false;
}

// In a list, its further lines are items as well.
void Framer::drop_list_mark(std::string_view& text) {
  if (list_mark_.empty() && !list_number_) {
    return;
  }
  const std::string_view item = trim_left(text);
  if (!list_mark_.empty() && find_list_mark(item) == list_mark_) {
    text = item.substr(list_mark_.size() + 1);
    return;
  }
  const std::size_t digits = list_number_ ? digits_length(item) : 0;
  if (digits == 0 || parse_number<std::uint64_t>(item.substr(0, digits)) != *list_number_ + 1) {
    return;
  }
  ++*list_number_;
  const std::string_view rest = item.substr(digits);
  if (rest.size() > 1 && std::string_view(".):|\t ").find(rest.front()) != npos &&
      (is_space(rest.front()) || is_space(rest[1]))) {
    text = rest.substr(1);
  }
}

// What the framing of the record said holds for its later lines as well.
void Framer::continue_kept(Line& line) const {
  const LineNumber number = line.number;
  line = kept_.line;
  line.number = number;
  line.framed = false;
  line.continued = line.embedded = true;
}

void Framer::note_sequence(const Peeled& peeled) {
  if (!peeled.sequence) {
    return;
  }
  if (sequence_ && *peeled.sequence > *sequence_ && *peeled.sequence - *sequence_ > 1) {
    const std::uint64_t gap = *peeled.sequence - *sequence_ - 1;
    lose(gap, peeled.line);
    damaged(peeled.line.number, std::to_string(gap) + " kernel messages are missing here");
  }
  sequence_ = peeled.sequence;
}

// The framing is off; what is left can still be a note of the logger, or more than one message.
void Framer::message(std::string_view text, Peeled& peeled, std::size_t depth) {
  if (const auto loss = parse_loss(text); loss && may_count_losses(peeled.line)) {
    lose(loss->messages, peeled.line);
    damaged(peeled.line.number, loss->counted
                                    ? std::to_string(loss->messages) + " messages were dropped here"
                                    : std::string("some messages were dropped here"));
    if (!loss->rest.empty() && depth < max_nesting) {
      process(loss->rest, peeled, depth + 1);
    }
    return;
  }
  if (peeled.line.framed) {
    if (const auto again = parse_repeat(text)) {
      repeat(*again, peeled, depth);
      return;
    }
  }
  const bool other = peeled.line.origin == Origin::other;
  const bool kernel = peeled.kernel_time || peeled.line.origin == Origin::kernel;
  const std::size_t inner = other || peeled.kmsg || peeled.record
                                ? npos
                                : find_inner_time(text, 1, kernel, peeled.line.monotonic_us);
  if (inner != npos && depth < max_nesting && !may_be_in_a_name(text.substr(0, inner))) {
    // Behind kernel text it is a second message whose newline was lost; behind anything else
    // (a login prompt, a program's output) it is where the kernel's text begins.
    Peeled next;
    next.line.number = peeled.line.number;
    next.line.wall = peeled.kernel_time ? std::string_view{} : peeled.line.wall;
    next.line.host = peeled.line.host;
    next.line.origin = peeled.line.origin;
    if (!kernel && hands_on(text.substr(0, inner))) {
      next.line.origin.lower(Origin::relayed);
    }
    if (kernel) {
      pieces(text.substr(0, inner), peeled);
    }
    process(text.substr(inner), next, depth + 1);
    return;
  }
  std::string& buffer = levels_[depth].escaped;
  if (peeled.kmsg) {
    text = unescape_kmsg(text, buffer);
  } else if (peeled.syslog) {
    text = unescape_rsyslog(text, buffer);
  }
  pieces(text, peeled);
}

void Framer::repeat(const Repeat& what, const Peeled& peeled, std::size_t depth) {
  const std::uint64_t times = std::min(what.times, max_repeats);
  if (what.text.empty() && !kept_.valid) {
    return;
  }
  if (what.times > times) {
    damaged(peeled.line.number, std::to_string(what.times) + " repetitions of one line, of which " +
                                    std::to_string(times) + " are read");
  }
  if (what.text.empty()) {
    const std::string text(kept_.line.text);
    for (std::uint64_t i = 0; i < times; ++i) {
      Peeled again;
      again.line = kept_.line;
      again.line.number = peeled.line.number;
      again.line.origin.lower(peeled.line.origin);
      emit(text, again);
    }
    return;
  }
  for (std::uint64_t i = 0; i < times && depth < max_nesting; ++i) {
    process(what.text, peeled, depth + 1);
  }
}

// One message of one or more lines.
void Framer::pieces(std::string_view text, Peeled& peeled) {
  for (std::size_t end = text.find('\n'); end != npos; end = text.find('\n')) {
    emit(text.substr(0, end), peeled);
    peeled.line.continued = peeled.line.embedded = true;
    if (!peeled.line.framed && kept_.valid) {
      continue_kept(peeled.line);
    }
    text.remove_prefix(end + 1);
  }
  emit(text, peeled);
}

void Framer::emit(std::string_view text, Peeled& peeled) {
  Line& line = peeled.line;
  line.text = trim_right(text);
  line.lost_before = std::exchange(line.origin.handed_on() ? lost_relayed_ : lost_, 0);
  sink_(line);
  if (line.framed) {
    kept_.keep(line);
    by_program_ = line.origin <= Origin::relayed;
  }
}

void Framer::flush_parts() {
  parts_.flush([this](std::string_view line, LineNumber at) { deliver(line, at); });
}

void Framer::end_mail_line() {
  mail_.end([this](std::string_view text, LineNumber at) { parts_of_row(text, at); });
}

bool Framer::holds() const {
  return mail_.holds() || table_.holds() || parts_.open() || entry_.open() ||
         std::ranges::any_of(partials_,
                             [](const Partial& partial) { return !partial.text.empty(); });
}

void Framer::flush() {
  end_mail_line();
  end_table_row();
  flush_parts();
  end_entry();
  end_partials();
}

std::vector<Damage> Framer::take_damage() { return std::exchange(damage_, {}); }

}  // namespace whyoom::logtext
