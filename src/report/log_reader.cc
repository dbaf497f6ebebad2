#include "report/log_reader.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "base/language.h"
#include "logtext/framer.h"
#include "logtext/literal_scan.h"
#include "report/fingerprint.h"
#include "report/kernel_line.h"
#include "report/line_order.h"
#include "report/repeated_line.h"
#include "report/row_run.h"
#include "report/streams.h"

namespace whyoom::report {
namespace {

constexpr std::size_t longest_line = std::size_t{1} << 20U;
constexpr std::size_t most_damages = 1000;
// Before a line with an anchor: what the framing or a stack may need.
constexpr std::size_t context_bytes = 8192;
constexpr std::size_t context_lines = 64;
// Skipped at once. Small enough to be still in the second cache where lines are counted afterwards;
// large enough that the look for its end, far ahead in memory, costs nothing.
constexpr std::size_t skip_bytes = std::size_t{128} * 1024;
// After the last line that mattered.
constexpr LineNumber calm_lines = 200;
// The start of a log is read line by line; see start_lines.
constexpr std::uint64_t start_bytes = 65536;
constexpr std::uint64_t sample_bytes = 65536;

constexpr auto npos = std::string_view::npos;

bool is_control(unsigned char byte) {
  return byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t' && byte != '\x1b' &&
         byte != '\b' && byte != '\f';
}

// The whole lines at its start, about skip_bytes of them. `block` ends with a newline, or did so
// a moment ago.
std::string_view first_lines(std::string_view block) {
  if (block.size() <= skip_bytes) {
    return block;
  }
  const void* last = memrchr(block.data(), '\n', skip_bytes);
  const std::size_t end =
      last != nullptr ? static_cast<std::size_t>(static_cast<const char*>(last) - block.data())
                      : block.find('\n', skip_bytes);
  return block.substr(0, end == npos ? npos : end + 1);
}

}  // namespace

struct LogReader::State {
  State(const std::string& source, Sink sink_, Copies copies_)
      : sink(std::move(sink_)),
        copies(copies_),
        assembler(source, [this](Report&& report) { on_report(std::move(report)); }),
        framer([this](const logtext::Line& line) { on_line(line); }) {}

  Sink sink;
  Copies copies;
  Fingerprints seen;
  LogWatch watch;
  Message doubt;  // of the source as a whole
  Streams assembler;
  logtext::Framer framer;
  InputAccount account;
  LineOrder order;
  RepeatedLine before;
  std::uint64_t repeated = 0;     // lines that are copies of the one before
  LineNumber first_repeated = 0;  // the first of them
  RowRun rows;
  std::string_view raw;      // the line at hand
  std::size_t messages = 0;  // in it

  LineNumber number = 0;         // lines that are done
  std::uint64_t read_bytes = 0;  // of the lines that were read, not skipped
  std::string context;           // lines that were skipped just now, at most context_bytes
  std::string partial;           // a line that is not whole yet
  bool overlong = false;         // the rest of the line is dropped
  bool window = true;
  LineNumber last_busy = 0;  // line at which an event was open
  bool any_event = false;
  std::uint64_t sampled = 0, controls = 0;

  void on_report(Report&& report);
  void on_line(const logtext::Line& line);
  void note(LineNumber line, std::string what);
  void note_overlong(LineNumber line) {
    note(line, tr("the line is longer than 1 MiB and was cut"));
  }
  void collect_damage();
  void sample(std::string_view chunk);

  void feed(std::string_view chunk);
  std::size_t pass_over(std::string_view text);
  void lines(std::string_view block);
  std::size_t skip(std::string_view block);
  std::size_t read(std::string_view block);
  void one_line(std::string_view line);
  std::size_t run(std::string_view block);
  void keep_context(std::string_view skipped);
  void trim_context();
  void open_window();
  void flush();
};

void LogReader::State::on_report(Report&& report) {
  any_event = true;
  if (report.unverified.empty()) {
    report.unverified = doubt;
  }
  if (copies == Copies::left_out && seen.is_copy(report)) {
    ++account.copies;
    return;
  }
  sink(std::move(report));
}

void LogReader::State::on_line(const logtext::Line& line) {
  if (before.is_copy(line)) {
    first_repeated = repeated++ == 0 ? line.number : first_repeated;
    return;
  }
  account.lines_lost += line.lost_before;
  order.see(line);
  if (watch.message) {
    watch.message(line);
  }
  if (!any_event && assembler.idle()) {
    account.symptoms.look(line);
  }
  assembler.line(line);
  const bool alone = ++messages == 1 && !watch.message && !watch.line;
  rows.begin(raw, line, alone ? assembler.columns_of_next_row(number) : 0);
}

void LogReader::State::note(LineNumber line, std::string what) {
  if (account.damage.size() < most_damages) {
    account.damage.push_back({line, std::move(what)});
  } else {
    ++account.damage_more;
  }
}

void LogReader::State::collect_damage() {
  for (auto& damage : framer.take_damage()) {
    note(damage.line, std::move(damage.what));
  }
}

void LogReader::State::sample(std::string_view chunk) {
  if (sampled >= sample_bytes) {
    return;
  }
  const std::string_view part = chunk.substr(
      0, static_cast<std::size_t>(std::min<std::uint64_t>(chunk.size(), sample_bytes - sampled)));
  sampled += part.size();
  controls += static_cast<std::uint64_t>(std::count_if(
      part.begin(), part.end(), [](char c) { return is_control(static_cast<unsigned char>(c)); }));
}

// The caller counts lines in `number`; this is line number + 1.
void LogReader::State::one_line(std::string_view line) {
  ++number;
  read_bytes += line.size() + 1;
  if (line.size() > longest_line) {
    note_overlong(number);
    line = line.substr(0, longest_line);
  }
  const bool held = watch.line && framer.holds();
  raw = line;
  messages = 0;
  framer.line(line, number);
  if (messages == 0 || framer.holds()) {
    rows.end();
  }
  if (!any_event && framer.holds()) {  // an object over several lines, which need not be a record
    account.symptoms.look_in_object(line, number);
  }
  if (watch.line) {
    watch.line(number, line, held || framer.holds());
  }
  if (!assembler.idle() || framer.holds()) {
    last_busy = number;
  }
}

// Rows of a task table, each with another behind it, at the start of `block`; the offset behind
// them. The last of all goes the long way, and what comes then finds everything as if all had.
std::size_t LogReader::State::run(std::string_view block) {
  std::size_t at = 0;
  for (RowRun::Row* row = &rows.read(block); row->size > 0;) {
    RowRun::Row& next = rows.read(block.substr(at + row->size));
    row->line.number = number + 1;
    if (next.size == 0 || !assembler.next_row(row->line, row->numbers, row->name)) {
      break;
    }
    order.see(row->line);
    ++number;
    read_bytes += row->size;
    at += row->size;
    row = &next;
  }
  framer.passed(number);
  last_busy = number;
  return at;
}

void LogReader::State::open_window() {
  window = true;
  last_busy = number;
  trim_context();
  std::string_view before = context;
  const auto lines = static_cast<LineNumber>(logtext::count_newlines(before));
  number -= lines;
  while (!before.empty()) {
    const std::size_t end = before.find('\n');
    one_line(before.substr(0, end));
    before.remove_prefix(end == npos ? before.size() : end + 1);
  }
  context.clear();
  last_busy = number;
}

// Keeps the last lines of what was skipped.
void LogReader::State::keep_context(std::string_view skipped) {
  if (skipped.size() >= context_bytes) {
    context.assign(skipped.substr(skipped.size() - context_bytes));
    const bool at_start =
        skipped.size() == context_bytes || skipped[skipped.size() - context_bytes - 1] == '\n';
    if (!at_start) {
      context.erase(0, context.find('\n') + 1);
    }
  } else {
    context.append(skipped);
    if (context.size() > context_bytes) {
      const std::size_t cut = context.size() - context_bytes;
      const bool at_start = context[cut - 1] == '\n';
      context.erase(0, at_start ? cut : context.find('\n', cut) + 1);
    }
  }
}

// To at most context_lines.
void LogReader::State::trim_context() {
  std::size_t seen_lines = 0;
  for (std::size_t i = context.size(); i-- > 0;) {
    if (context[i] == '\n' && ++seen_lines > context_lines) {
      context.erase(0, i + 1);
      break;
    }
  }
}

// Goes over whole lines without an anchor, and counts them; the offset of the line that has one, or
// the end. No anchor goes over the end of a line. It comes to an end, and reads nothing but what is
// in `block`, whatever that changes to while it is looked through.
std::size_t LogReader::State::skip(std::string_view block) {
  static const logtext::LiteralScan scan(anchors());  // only where a line may be skipped
  std::size_t at = 0;
  std::size_t found = npos;
  while (found == npos && at < block.size()) {
    std::string_view some = first_lines(block.substr(at));
    const bool overlong_line =
        some.size() > longest_line + 1;  // alone: it is longer than skip_bytes
    auto look = scan.look(overlong_line ? some.substr(0, longest_line) : some);
    found = look.at;
    if (found != npos) {
      const std::size_t before = found == 0 ? npos : some.rfind('\n', found - 1);
      some = some.substr(0, before == npos ? 0 : before + 1);
      look.newlines = logtext::count_newlines(some);
    } else if (overlong_line) {
      note_overlong(number + 1);
      look.newlines = 1;
    }
    number += static_cast<LineNumber>(look.newlines);
    at += some.size();
  }
  keep_context(block.substr(0, at));
  if (found != npos) {
    open_window();
  }
  return at;
}

// Reads whole lines until nothing has mattered for a while; the offset behind the last one.
std::size_t LogReader::State::read(std::string_view block) {
  std::size_t at = 0;
  while (at < block.size()) {
    at += rows.goes_on() ? run(block.substr(at)) : 0;
    const std::size_t end = block.find('\n', at);
    one_line(block.substr(at, end - at));
    at = end + 1;
    if (number - last_busy > calm_lines && number > start_lines && read_bytes > start_bytes) {
      window = false;
      collect_damage();
      break;
    }
  }
  return at;
}

// `block` ends with a newline.
void LogReader::State::lines(std::string_view block) {
  while (!block.empty()) {
    block.remove_prefix(window ? read(block) : skip(block));
  }
}

void LogReader::State::feed(std::string_view chunk) {
  account.bytes += chunk.size();
  sample(chunk);
  if (!partial.empty() || overlong) {
    const std::size_t end = chunk.find('\n');
    const std::size_t have = end == npos ? chunk.size() : end + 1;
    const std::size_t room = overlong ? 0 : longest_line - std::min(longest_line, partial.size());
    if (have > room + 1 && !overlong) {
      overlong = true;
      note_overlong(number + 1);
    }
    partial.append(chunk.substr(0, std::min(have, room)));
    chunk.remove_prefix(have);
    if (end == npos) {
      return;
    }
    if (partial.empty() || partial.back() != '\n') {
      partial += '\n';
    }
    overlong = false;
    const std::string whole = std::move(partial);
    partial.clear();
    lines(whole);
  }
  const std::size_t last = chunk.rfind('\n');
  const std::size_t whole = last == npos ? 0 : last + 1;
  lines(chunk.substr(0, whole));
  const std::string_view rest = chunk.substr(whole);
  partial.assign(rest.substr(0, longest_line));
  if (rest.size() > longest_line) {
    overlong = true;
    note_overlong(number + 1);
  }
}

std::size_t LogReader::State::pass_over(std::string_view text) {
  std::size_t at = 0;
  if (!window && !overlong && !partial.empty()) {
    const std::size_t end = text.substr(0, longest_line).find('\n');
    if (end == npos) {
      return 0;
    }
    at = end + 1;
    feed(std::string(text.substr(0, at)));
  }
  if (window || overlong || !partial.empty()) {
    return at;
  }
  const std::size_t last = text.rfind('\n');
  const std::size_t whole = last == npos ? 0 : last + 1;
  if (whole > at) {
    const std::size_t passed = skip(text.substr(at, whole - at));
    account.bytes += passed;
    at += passed;
  }
  const std::string_view rest = text.substr(at);
  if (!window && at == whole && rest.size() <= longest_line) {
    feed(std::string(rest));
    at = text.size();
  }
  return at;
}

void LogReader::State::flush() {
  framer.flush();
  assembler.flush();
  collect_damage();
}

LogReader::LogReader(const std::string& source, Sink sink, Copies copies)
    : state_(std::make_unique<State>(source, std::move(sink), copies)) {}

LogReader::~LogReader() = default;

void LogReader::watch(LogWatch watch) { state_->watch = std::move(watch); }

void LogReader::keep_lines() { state_->assembler.keep_lines(); }

void LogReader::skip_lines(LineNumber lines) { state_->number += lines; }

void LogReader::distrust(Message why) { state_->doubt = std::move(why); }

void LogReader::feed(std::string_view chunk) { state_->feed(chunk); }

std::size_t LogReader::pass_over(std::string_view text) { return state_->pass_over(text); }

std::uint64_t LogReader::lines_of_events() const { return state_->assembler.lines_of_events(); }

LineNumber LogReader::lines() const { return state_->number; }

std::optional<LineNumber> LogReader::first_open() const {
  const auto open = state_->assembler.first_open();
  return !open && state_->framer.holds() ? std::optional(state_->number) : open;
}

bool LogReader::newest_first() const { return state_->order.newest_first(); }

void LogReader::idle() { state_->flush(); }

InputAccount LogReader::finish() {
  State& state = *state_;
  if (!state.partial.empty()) {
    state.partial += '\n';
    const std::string whole = std::move(state.partial);
    state.partial.clear();
    state.lines(whole);
  }
  state.flush();
  InputAccount& account = state.account;
  account.lines = state.number;
  account.newest_first = state.order.newest_first();
  constexpr std::uint64_t few = 8;  // of a stack, that is what the kernel printed
  if (state.repeated >= few) {
    state.note(state.first_repeated, tr("lines stand twice in a row, of which one is left out: {}",
                                        std::to_string(state.repeated)));
  }
  // A log may hold a few stray bytes; a program or a database is full of them.
  account.binary = !state.any_event && state.controls * 50 > state.sampled;
  return std::move(account);
}

}  // namespace whyoom::report
