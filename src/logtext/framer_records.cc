#include <algorithm>

#include "base/text.h"
#include "logtext/flat_log.h"
#include "logtext/framer.h"

namespace whyoom::logtext {

namespace {

constexpr std::size_t max_partial = 64U << 10U;

}  // namespace

// The line, or each of those that were made one of.
void Framer::deliver(std::string_view text, LineNumber number, Trust least) {
  if (text.size() >= shortest_flat_log && !is_padded(text)) {
    const auto lines = split_flat_log(text);
    for (const std::string_view& line : lines) {
      one_line(line, number, least);
      // Whoever wrote what stands before the others could write these, too.
      if (&line == &lines.front() && (by_program_ || (!starts_framed(line) && hands_on(line)))) {
        least.lower(Origin::relayed);
      }
    }
    if (!lines.empty()) {
      return;
    }
  }
  one_line(text, number, least);
}

// True: the line was a row or a list of strings, and is used up.
bool Framer::take_quoted(std::string_view text, LineNumber number, Objects objects) {
  if (is_padded(text)) {
    return false;  // a further line of a message, and its author's
  }
  const QuotedLog quoted = find_quoted_log(text, quoted_, objects);
  if (!quoted.found) {
    return false;
  }
  Trust least;
  if (quoted.handed_on || by_program_) {
    least.lower(Origin::relayed);
  }
  const bool by_program = by_program_;
  std::string_view rest = quoted_;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    // The escape codes of a terminal came as escapes, and are codes again now.
    deliver(clean_line(rest.substr(0, end), clean_buffer_), number, least);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  // Its last line may have a frame of its own; what comes behind the string is its printer's still.
  by_program_ = by_program_ || by_program || quoted.handed_on;
  kept_.valid = false;
  padding_ = 0;
  return true;
}

// What process() comes to for a line that has the kernel's time, and no other frame.
void Framer::plain_message(std::string_view text, LineNumber number, std::uint64_t microseconds) {
  after_record_ = after_kmsg_ = by_program_ = false;
  list_number_.reset();
  list_mark_.clear();
  Line line;
  line.text = text;
  line.number = number;
  line.monotonic_us = microseconds;
  line.framed = true;
  line.lost_before = std::exchange(lost_, 0);
  sink_(line);
  kept_.keep(line);
}

bool Framer::take_json(std::string_view text, Peeled& peeled, std::size_t depth) {
  if (peeled.kernel_time || peeled.line.origin == Origin::other || depth >= max_nesting) {
    return false;
  }
  text = trim_left(text);
  const bool array = text.starts_with("[{");
  text.remove_prefix(array ? 1 : 0);
  if (!text.starts_with('{')) {
    return false;
  }
  if (depth == 0 && !peeled.line.framed && by_program_ && !after_record_) {
    peeled.line.origin.lower(Origin::relayed);  // maybe the rest of what that program wrote
  }
  if (depth == 0 && peeled.line.origin == Origin::kernel) {
    peeled.line.origin.lower(Origin::relayed);  // the kernel writes none: a program said its name
  }
  std::string_view rest = text;
  const JsonResult result = take_json_record(rest, levels_[depth].record);
  if (array && result.is_record && trim(rest).size() > 1) {  // more than "," or "]"
    peeled.line.origin.lower(Origin::relayed);
    list(text, peeled, depth);
    return true;
  }
  if (!result.is_record) {
    if (levels_[depth].record.has_trusted_field()) {
      return true;  // an entry of the journal without a message: its fields are a program's
    }
    return depth == 0 && !peeled.line.framed &&
           take_quoted(text, peeled.line.number, Objects::have_no_message);
  }
  if (!result.list.empty()) {
    peeled.line.origin.lower(Origin::relayed);  // no journal makes such a list
    list(result.list, peeled, depth);
    return true;
  }
  if (result.broken) {
    damaged(peeled.line.number, "a JSON record is cut or broken");
    peeled.line.origin.lower(Origin::relayed);  // who wrote it may stand in what is missing
  }
  record(levels_[depth].record, peeled, depth);
  return true;
}

// Records one behind the other, with a comma between them.
void Framer::list(std::string_view text, const Peeled& peeled, std::size_t depth) {
  while (true) {
    text = trim_left(text);
    text.remove_prefix(text.starts_with(',') ? 1 : 0);
    const std::size_t before = text.size();
    const JsonResult result = take_json_record(text, levels_[depth].record);
    if (result.is_record) {
      record(levels_[depth].record, peeled, depth);
    }
    if (result.broken) {
      damaged(peeled.line.number, "a JSON record is cut or broken");
    }
    if (text.size() == before) {
      return;
    }
  }
}

void Framer::record(const StructuredRecord& from, Peeled peeled, std::size_t depth) {
  padding_ = 0;
  after_kmsg_ = false;
  after_record_ = true;
  if (from.message_is_null() && !from.has_message()) {
    damaged(peeled.line.number, "the journal left out a message that was too big for its JSON");
    lose(1, peeled.line);
    return;
  }
  if (from.is_console() && peeled.line.framed) {
    peeled.line.origin.lower(Origin::relayed);  // who made the frame could make the rest, too
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
    piece.line.continued = piece.line.embedded = !first;
    const std::string_view text = clean_line(rest.substr(0, end), levels_[depth].clean);
    // The journal took the frame off: what is inside looks like one, and is a program's text or,
    // in the kernel's record, the name of a process.
    const bool bare = from.names_transport() && peeled.line.origin == Origin::kernel;
    if (bare || peeled.line.origin == Origin::other) {
      piece.record = true;
      message(text, piece, depth + 1);
    } else {
      process(text, piece, depth + 1);
    }
    if (end == rest.size()) {
      return;
    }
    rest.remove_prefix(end + 1);
  }
}

// True: it is a row of a table, or a part of one.
bool Framer::take_table_row(std::string_view text, LineNumber number) {
  StructuredRecord& row = levels_[0].record;
  const CsvTable::Took took = table_.line(text, number, row);
  if (took == CsvTable::Took::row) {
    Peeled peeled;
    peeled.line.number = number;
    record(row, peeled, 0);
  } else if (took == CsvTable::Took::no) {
    if (!table_.holds()) {
      return false;
    }
    end_table_row();
  }
  return true;
}

// What was held for a row that did not end is lines after all.
void Framer::end_table_row() {
  LineNumber number = 0;
  const std::string lines = table_.take_held(number);
  for (std::string_view rest = lines; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    if (!take_quoted(line, number, Objects::are_records)) {
      deliver(line, number);
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

// A CRI record that is partial waits for the rest. True: there is nothing to go on with.
bool Framer::join_partial(std::string_view& text, Peeled& peeled, std::size_t depth) {
  Partial& partial = partials_[peeled.stream == "stdout" ? 0 : 1];
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
    std::string& joined = levels_[depth].joined;
    joined.swap(partial.text);
    partial.text.clear();
    joined += text;
    text = joined;
    peeled.line.number = partial.number;
  }
  return false;
}

void Framer::end_partials() {
  for (Partial& partial : partials_) {
    if (!partial.text.empty()) {
      damaged(partial.number, "the end of a line in pieces is missing");
      std::string text;
      text.swap(partial.text);
      Peeled peeled;
      peeled.line.number = partial.number;
      peeled.line.framed = true;
      peeled.line.origin.lower(Origin::relayed);
      begin_ = text;
      process(text, peeled, 0);
      partial.text.clear();  // a piece inside of a piece
    }
  }
}

void Framer::end_entry() {
  if (!entry_.open()) {
    return;
  }
  Peeled peeled;
  bool broken = false;
  StructuredRecord& taken = levels_[0].record;
  if (entry_.take(taken, peeled.line.number, broken)) {
    if (broken) {
      // What others print over several lines is read as far as it looks like an entry.
      if (taken.is_of_journal()) {
        damaged(peeled.line.number, "a journal entry is cut or broken");
      }
      peeled.line.origin.lower(Origin::relayed);  // who wrote it may stand in what is missing
    }
    record(taken, peeled, 0);
    return;
  }
  // No record, but a program can print the lines of a log as parts of an object.
  std::string text;
  LineNumber number = entry_.take_lines(text);
  if (taken.has_trusted_field()) {
    return;
  }
  for (std::string_view rest = text; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    take_quoted(rest.substr(0, end), number, Objects::have_no_message);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

}  // namespace whyoom::logtext
