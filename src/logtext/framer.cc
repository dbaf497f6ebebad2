#include "logtext/framer.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/text.h"
#include "logtext/clean.h"
#include "logtext/escapes.h"
#include "logtext/journal_entry.h"
#include "logtext/kept_line.h"
#include "logtext/notes.h"
#include "logtext/peel.h"
#include "logtext/pstore_parts.h"

namespace whyoom::logtext {

namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::size_t max_nesting = 4;  // JSON in a syslog line in JSON ..
constexpr int max_rounds = 16;          // framings around one line
constexpr std::size_t max_partial = 64U << 10U;
constexpr std::size_t max_damage = 1000;  // until somebody fetches it
constexpr std::uint64_t max_repeats = 10;
constexpr std::size_t min_padding = 8;  // narrower prefixes are not told from indentation

}  // namespace

struct Framer::State {
  explicit State(Sink to) : sink(std::move(to)) {}

  void physical(std::string_view raw, LineNumber number);
  void segment(std::string_view raw, LineNumber number);
  void deliver(std::string_view text, LineNumber number);
  void process(std::string_view text, Peeled peeled, std::size_t depth);
  bool take_json(std::string_view text, Peeled& peeled, std::size_t depth);
  bool join_partial(std::string_view& text, Peeled& peeled, std::size_t depth);
  bool take_unframed(std::string_view& text, Peeled& peeled);
  void record(const LogRecord& from, Peeled peeled, std::size_t depth);
  void message(std::string_view text, Peeled& peeled, std::size_t depth);
  void pieces(std::string_view text, Peeled& peeled);
  void continue_kept(Line& line) const;
  void repeat(const Repeat& what, const Peeled& peeled, std::size_t depth);
  void note_sequence(const Peeled& peeled);
  void emit(std::string_view text, Peeled& peeled);
  void end_entry();
  void end_partials();
  void jump();
  void flush_parts();
  void damaged(LineNumber number, std::string what);
  void lose(std::uint64_t messages);

  struct Level {
    std::string clean;
    std::string escaped;
    std::string joined;
    LogRecord record;
  };
  struct Partial {
    std::string text;
    LineNumber number = 0;
  };

  Sink sink;
  std::vector<Damage> damage;
  Utf16 utf16;
  JournalEntry entry;
  PstoreParts parts;
  std::array<Level, max_nesting + 1> levels;
  std::array<Partial, 2> partials;  // stdout, stderr
  std::string utf16_buffer;
  std::string clean_buffer;
  std::string minute;      // dmesg -H
  std::string_view begin;  // the physical line at hand, without quotes
  KeptLine kept;
  std::optional<std::uint64_t> sequence;  // of the last /dev/kmsg record
  std::size_t padding = 0;                // width of the last line's prefix
  LineNumber last_number = 0;
  std::uint32_t lost = 0;
  bool started = false;
  bool after_kmsg = false;  // the last record was of /dev/kmsg
};

void Framer::State::damaged(LineNumber number, std::string what) {
  if (damage.size() < max_damage) {
    damage.push_back({number, std::move(what)});
  }
}

void Framer::State::lose(std::uint64_t messages) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  lost = static_cast<std::uint32_t>(std::min(most, lost + std::min(messages, most)));
}

// The caller left lines out: nothing before can go on here.
void Framer::State::jump() {
  end_entry();
  end_partials();
  sequence.reset();
  after_kmsg = false;
  padding = 0;
  kept.valid = false;
}

void Framer::State::physical(std::string_view raw, LineNumber number) {
  if (!started || number == 1) {
    utf16.begin(raw);
  } else if (number != last_number + 1) {
    jump();
  }
  started = true;
  last_number = number;
  if (utf16.active()) {
    bool broken = false;
    raw = utf16.decode(raw, utf16_buffer, broken);
    if (broken) {
      damaged(number, "broken UTF-16");
    }
  }
  if (entry.open()) {  // a binary field may hold any byte
    segment(raw, number);
    return;
  }
  // A carriage return goes back to the start of the row: what is written then covers what stood
  // there. Kernel lines are kept even so, a console driver may use it for a newline.
  while (raw.ends_with('\r')) {
    raw.remove_suffix(1);
  }
  for (std::size_t cr = raw.find('\r'); cr != npos; cr = raw.find('\r')) {
    const std::string_view part = raw.substr(0, cr);
    raw.remove_prefix(cr + 1);
    const std::string_view text = trim_left(clean_line(part, clean_buffer));
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

void Framer::State::segment(std::string_view raw, LineNumber number) {
  const std::string_view text = strip_quotes(clean_line(raw, clean_buffer));
  switch (entry.line(raw, text, number)) {
    case JournalEntry::Took::held:
      return;
    case JournalEntry::Took::finished:
      end_entry();
      return;
    case JournalEntry::Took::no:
      break;
  }
  if (entry.open()) {
    end_entry();
  }
  const auto sink_part = [this](std::string_view line, LineNumber at) { deliver(line, at); };
  if (parts.take(text, number, sink_part)) {
    if (parts.take_overflow()) {
      damaged(number, "a dump of pstore is too big to be put in order");
    }
    return;
  }
  deliver(text, number);
}

void Framer::State::deliver(std::string_view text, LineNumber number) {
  Peeled peeled;
  peeled.line.number = number;
  begin = text;
  process(text, peeled, 0);
}

void Framer::State::process(std::string_view text, Peeled peeled, std::size_t depth) {
  const bool was_continued = peeled.line.continued;
  for (int round = 0; round < max_rounds; ++round) {
    if (take_json(text, peeled, depth)) {
      return;
    }
    if (!peel_any(text, peeled)) {
      break;
    }
    peeled.line.framed = true;
    if (was_continued && !peeled.kmsg) {
      peeled.line.continued = false;  // it has a framing of its own
    }
    if (!peeled.stream.empty() && join_partial(text, peeled, depth)) {
      return;
    }
  }
  if (peeled.relative) {
    peeled.line.wall = minute;
  } else if (peeled.minute_base) {
    minute.assign(peeled.line.wall);
  }
  const std::less_equal<> ordered;
  const bool in_line =
      ordered(begin.data(), text.data()) && ordered(text.data(), begin.data() + begin.size());
  if (depth == 0 && peeled.line.framed) {
    padding = in_line ? static_cast<std::size_t>(text.data() - begin.data()) : 0;
    after_kmsg = peeled.kmsg;
    note_sequence(peeled);
  } else if (depth == 0 && take_unframed(text, peeled)) {
    return;
  }
  message(text, peeled, depth);
}

bool Framer::State::take_json(std::string_view text, Peeled& peeled, std::size_t depth) {
  if (peeled.kernel_time || depth >= max_nesting) {
    return false;
  }
  text = trim_left(text);
  if (text.starts_with("[{")) {
    text.remove_prefix(1);
  }
  if (!text.starts_with('{')) {
    return false;
  }
  const JsonResult result = read_json_record(text, levels[depth].record);
  if (!result.is_record) {
    return false;
  }
  if (result.broken) {
    damaged(peeled.line.number, "a JSON record is cut or broken");
  }
  record(levels[depth].record, peeled, depth);
  return true;
}

void Framer::State::record(const LogRecord& from, Peeled peeled, std::size_t depth) {
  padding = 0;
  after_kmsg = false;
  if (from.message_is_null() && !from.has_message()) {
    damaged(peeled.line.number, "the journal left out a message that was too big for its JSON");
    lose(1);
    return;
  }
  peeled.line.framed = true;
  from.describe(peeled.line);
  std::string_view rest = from.message();
  while (rest.ends_with('\n')) {
    rest.remove_suffix(1);
  }
  for (bool first = true;; first = false) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    Peeled piece = peeled;
    piece.line.continued = !first;
    process(clean_line(rest.substr(0, end), levels[depth].clean), piece, depth + 1);
    if (end == rest.size()) {
      return;
    }
    rest.remove_prefix(end + 1);
  }
}

// A CRI record that is partial waits for the rest. True: there is nothing to go on with.
bool Framer::State::join_partial(std::string_view& text, Peeled& peeled, std::size_t depth) {
  Partial& partial = partials[peeled.stream == "stdout" ? 0 : 1];
  peeled.stream = {};
  if (peeled.partial) {
    peeled.partial = false;
    if (partial.text.size() + text.size() <= max_partial) {
      if (partial.text.empty()) {
        partial.number = peeled.line.number;
      }
      partial.text += text;
      return true;
    }
    damaged(peeled.line.number, "a line in pieces is too long");
  }
  if (!partial.text.empty()) {
    std::string& joined = levels[depth].joined;
    joined.swap(partial.text);
    partial.text.clear();
    joined += text;
    text = joined;
    peeled.line.number = partial.number;
  }
  return false;
}

void Framer::State::end_partials() {
  for (Partial& partial : partials) {
    if (!partial.text.empty()) {
      damaged(partial.number, "the end of a line in pieces is missing");
      std::string text;
      text.swap(partial.text);
      Peeled peeled;
      peeled.line.number = partial.number;
      peeled.line.framed = true;
      begin = text;
      process(text, peeled, 0);
      partial.text.clear();  // a piece inside of a piece
    }
  }
}

void Framer::State::end_entry() {
  if (!entry.open()) {
    return;
  }
  Peeled peeled;
  bool broken = false;
  LogRecord& taken = levels[0].record;
  if (entry.take(taken, peeled.line.number, broken)) {
    if (broken) {
      damaged(peeled.line.number, "a journal entry is cut or broken");
    }
    record(taken, peeled, 0);
  }
}

// A line without framing of its own can still belong to the record before. True: it is used up.
bool Framer::State::take_unframed(std::string_view& text, Peeled& peeled) {
  if (is_journal_note(text)) {
    jump();
    return true;
  }
  if (after_kmsg) {
    if (is_kmsg_dictionary(text)) {
      return true;
    }
    peeled.kmsg = true;  // the wrapped rest of a record has its escapes too
  }
  // journalctl and dmesg put further lines of a message under its first.
  if (padding >= min_padding && text.size() > padding && kept.valid &&
      text.find_first_not_of(' ') >= padding) {
    text.remove_prefix(padding);
    continue_kept(peeled.line);
  }
  return false;
}

// What the framing of the record said holds for its later lines as well.
void Framer::State::continue_kept(Line& line) const {
  const LineNumber number = line.number;
  line = kept.line;
  line.number = number;
  line.framed = false;
  line.continued = true;
}

void Framer::State::note_sequence(const Peeled& peeled) {
  if (!peeled.sequence) {
    return;
  }
  if (sequence && *peeled.sequence > *sequence && *peeled.sequence - *sequence > 1) {
    const std::uint64_t gap = *peeled.sequence - *sequence - 1;
    lose(gap);
    damaged(peeled.line.number, std::to_string(gap) + " kernel messages are missing here");
  }
  sequence = peeled.sequence;
}

// The framing is off; what is left can still be a note of the logger, or more than one message.
void Framer::State::message(std::string_view text, Peeled& peeled, std::size_t depth) {
  if (const auto loss = parse_loss(text)) {
    lose(loss->messages);
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
  const std::size_t inner = other || peeled.kmsg ? npos : find_inner_time(text, 1, kernel);
  if (inner != npos && depth < max_nesting) {
    // Behind kernel text it is a second message whose newline was lost; behind anything else
    // (a login prompt, a program's output) it is where the kernel's text begins.
    Peeled next;
    next.line.number = peeled.line.number;
    next.line.wall = peeled.kernel_time ? std::string_view{} : peeled.line.wall;
    next.line.host = peeled.line.host;
    if (kernel) {
      next.line.origin = peeled.line.origin;
      pieces(text.substr(0, inner), peeled);
    }
    process(text.substr(inner), next, depth + 1);
    return;
  }
  std::string& buffer = levels[depth].escaped;
  if (peeled.kmsg) {
    text = unescape_kmsg(text, buffer);
  } else if (peeled.syslog) {
    text = unescape_rsyslog(text, buffer);
  }
  pieces(text, peeled);
}

void Framer::State::repeat(const Repeat& what, const Peeled& peeled, std::size_t depth) {
  const std::uint64_t times = std::min(what.times, max_repeats);
  if (what.text.empty()) {
    if (!kept.valid) {
      return;
    }
    const std::string text(kept.line.text);
    for (std::uint64_t i = 0; i < times; ++i) {
      Peeled again;
      again.line = kept.line;
      again.line.number = peeled.line.number;
      emit(text, again);
    }
    return;
  }
  for (std::uint64_t i = 0; i < times && depth < max_nesting; ++i) {
    process(what.text, peeled, depth + 1);
  }
}

// One message of one or more lines.
void Framer::State::pieces(std::string_view text, Peeled& peeled) {
  for (std::size_t end = text.find('\n'); end != npos; end = text.find('\n')) {
    emit(text.substr(0, end), peeled);
    peeled.line.continued = true;
    if (!peeled.line.framed && kept.valid) {
      continue_kept(peeled.line);
    }
    text.remove_prefix(end + 1);
  }
  emit(text, peeled);
}

void Framer::State::emit(std::string_view text, Peeled& peeled) {
  Line& line = peeled.line;
  line.text = trim_right(text);
  line.lost_before = std::exchange(lost, 0);
  sink(line);
  if (line.framed) {
    kept.keep(line);
  }
}

void Framer::State::flush_parts() {
  parts.flush([this](std::string_view line, LineNumber at) { deliver(line, at); });
}

Framer::Framer(Sink sink) : state_(std::make_unique<State>(std::move(sink))) {}

Framer::~Framer() = default;

void Framer::line(std::string_view raw, LineNumber number) { state_->physical(raw, number); }

bool Framer::holds() const {
  const auto waits = [](const State::Partial& partial) { return !partial.text.empty(); };
  return state_->parts.open() || state_->entry.open() ||
         std::any_of(state_->partials.begin(), state_->partials.end(), waits);
}

void Framer::flush() {
  state_->flush_parts();
  state_->end_entry();
  state_->end_partials();
}

std::vector<Damage> Framer::take_damage() { return std::exchange(state_->damage, {}); }

}  // namespace whyoom::logtext
