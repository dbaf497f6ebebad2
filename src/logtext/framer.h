// Takes physical lines, gives kernel messages. The framing is detected line by line from the text
// itself, so a file may change it half-way; nested framings (a container's JSON around a syslog
// line around a dmesg time) are peeled one by one.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/place.h"
#include "logtext/clean.h"
#include "logtext/csv_table.h"
#include "logtext/damage.h"
#include "logtext/journal_entry.h"
#include "logtext/kept_line.h"
#include "logtext/line.h"
#include "logtext/logger_notices.h"
#include "logtext/peel.h"
#include "logtext/pstore_parts.h"
#include "logtext/quoted_log.h"
#include "logtext/quoted_printable.h"

namespace whyoom::logtext {

class Framer {
 public:
  using Sink = std::function<void(const Line&)>;

  explicit Framer(Sink sink) : sink_(std::move(sink)) {}
  Framer(const Framer&) = delete;
  Framer& operator=(const Framer&) = delete;

  // One physical line without its newline. `number` grows, but may jump: the caller leaves out
  // stretches that cannot belong to an event.
  void line(std::string_view raw, LineNumber number);

  // Lines up to this one were read by somebody else. None of them could change what the next means.
  void passed(LineNumber number) { last_number_ = number; }

  // Lines may be held back: pstore parts come newest first, a CRI record can be partial.
  [[nodiscard]] bool holds() const;
  void flush();

  // Damage seen in the framing itself since the last call (dropped messages, a broken JSON record).
  std::vector<Damage> take_damage();

 private:
  static constexpr std::size_t max_nesting = 4;  // JSON in a syslog line in JSON ..

  // framer.cc has the way of a line, framer_records.cc that of many in one, and of the field of
  // a record.
  void parts_of_row(std::string_view raw, LineNumber number);
  void segment(std::string_view raw, LineNumber number);
  void plain_message(std::string_view text, LineNumber number, std::uint64_t microseconds);
  void deliver(std::string_view text, LineNumber number, Trust least = {});
  void one_line(std::string_view text, LineNumber number, Trust least);
  bool take_quoted(std::string_view text, LineNumber number, Objects objects);
  void process(std::string_view text, Peeled peeled, std::size_t depth);
  bool take_json(std::string_view text, Peeled& peeled, std::size_t depth);
  bool join_partial(std::string_view& text, Peeled& peeled, std::size_t depth);
  [[nodiscard]] bool is_padded(std::string_view text) const;
  bool take_further_line(std::string_view text, Peeled& peeled);
  bool take_unframed(std::string_view& text, Peeled& peeled);
  void record(const StructuredRecord& from, Peeled peeled, std::size_t depth);
  void list(std::string_view text, const Peeled& peeled, std::size_t depth);
  void message(std::string_view text, Peeled& peeled, std::size_t depth);
  void pieces(std::string_view text, Peeled& peeled);
  void drop_list_mark(std::string_view& text);
  void continue_kept(Line& line) const;
  void repeat(const Repeat& what, const Peeled& peeled, std::size_t depth);
  void note_sequence(const Peeled& peeled);
  void emit(std::string_view text, Peeled& peeled);
  void end_mail_line();
  bool take_table_row(std::string_view text, LineNumber number);
  void end_table_row();
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
    StructuredRecord record;
  };
  struct Partial {
    std::string text;
    LineNumber number = 0;
  };

  Sink sink_;
  std::vector<Damage> damage_;
  Utf16 utf16_;
  QuotedPrintable mail_;
  CsvTable table_;
  JournalEntry entry_;
  PstoreParts parts_;
  std::array<Level, max_nesting + 1> levels_;
  std::array<Partial, 2> partials_;  // stdout, stderr
  std::string utf16_buffer_;
  std::string clean_buffer_;
  std::string markup_buffer_;
  std::string quoted_;
  std::string minute_;      // dmesg -H
  std::string_view begin_;  // the physical line at hand, without quotes
  KeptLine kept_;
  std::optional<std::uint64_t> sequence_;     // of the last /dev/kmsg record
  std::optional<std::uint64_t> list_number_;  // of the last item of the list at hand
  std::string list_mark_;                     // or what stands before each of them
  std::size_t padding_ = 0;                   // width of the last line's prefix
  bool by_program_ = false;                   // the last line with a frame was a program's
  LineNumber last_number_ = 0;
  std::uint32_t lost_ = 0;          // before the next line
  std::uint32_t lost_relayed_ = 0;  // before the next that a program handed on
  bool started_ = false;
  bool after_kmsg_ = false;    // the last record was of /dev/kmsg
  bool after_record_ = false;  // the last line was a record, which has its message whole
};

}  // namespace whyoom::logtext
