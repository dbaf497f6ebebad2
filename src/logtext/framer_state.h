// What a Framer knows between two lines. framer.cc has the way of a line, framer_records.cc that of
// a message which came as the field of a record.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "logtext/clean.h"
#include "logtext/framer.h"
#include "logtext/journal_entry.h"
#include "logtext/kept_line.h"
#include "logtext/notes.h"
#include "logtext/peel.h"
#include "logtext/pstore_parts.h"

namespace whyoom::logtext {

struct Framer::State {
  static constexpr std::size_t max_nesting = 4;  // JSON in a syslog line in JSON ..

  explicit State(Sink to) : sink(std::move(to)) {}

  void physical(std::string_view raw, LineNumber number);
  void segment(std::string_view raw, LineNumber number);
  void deliver(std::string_view text, LineNumber number);
  void process(std::string_view text, Peeled peeled, std::size_t depth);
  bool take_json(std::string_view text, Peeled& peeled, std::size_t depth);
  bool join_partial(std::string_view& text, Peeled& peeled, std::size_t depth);
  [[nodiscard]] bool is_padded(std::string_view text) const;
  bool take_further_line(std::string_view text, Peeled& peeled);
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
  void lose(std::uint64_t messages, const Line& told_by);

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
  bool by_program = false;                // the last line with a frame was a program's
  LineNumber last_number = 0;
  std::uint32_t lost = 0;          // before the next line
  std::uint32_t lost_relayed = 0;  // before the next that a program handed on
  bool started = false;
  bool after_kmsg = false;  // the last record was of /dev/kmsg
};

}  // namespace whyoom::logtext
