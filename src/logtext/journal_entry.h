// Journal entries that take several lines: journalctl -o export, -o verbose, -o json-pretty.
// Lines are collected until the entry ends; what is held is bounded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/place.h"
#include "logtext/structured_record.h"

namespace whyoom::logtext {

class JournalEntry {
 public:
  enum class Took : std::uint8_t {
    no,        // not a line of an entry; an open one has ended
    held,      // the line is part of the open entry
    finished,  // the line was the last of the entry
  };

  // `raw` as it came (a binary field has any bytes), `clean` the same without control bytes.
  Took line(std::string_view raw, std::string_view clean, LineNumber number);

  [[nodiscard]] bool open() const { return kind_ != Kind::none; }
  // Neither an entry nor a part of one is expected.
  [[nodiscard]] bool idle() const { return !open() && skip_ == 0 && !binary_ && !after_name_; }
  // In a log of such entries each message is in one: a line outside of them is somebody's text.
  [[nodiscard]] bool seen_whole() const { return seen_whole_; }

  // Fills `record` with what there is and closes the entry. False: there was no message in it.
  bool take(StructuredRecord& record, LineNumber& number, bool& broken);
  // Then, of json-pretty: the lines inside of the object, and the number of the first.
  LineNumber take_lines(std::string& text);

 private:
  enum class Kind : std::uint8_t { none, fields, pretty };

  Took fields_line(std::string_view raw, std::string_view clean, LineNumber number);
  Took pretty_line(std::string_view clean, LineNumber number);
  bool binary(std::string_view raw);
  bool skip(std::string_view raw);
  void open_as(Kind kind, LineNumber number);
  bool hold(std::string_view text);

  Kind kind_ = Kind::none;
  StructuredRecord record_;
  std::string text_;   // json-pretty: the object so far
  std::string field_;  // verbose: the field that goes on; export: the binary field
  std::string value_;
  bool after_name_ = false;    // the line before was MESSAGE, without an entry around it
  bool binary_ = false;        // a binary field is being read
  std::uint64_t skip_ = 0;     // bytes left of a binary field that is too big to be held
  bool verbose_ = false;       // fields are indented, and further lines of a field more so
  bool message_open_ = false;  // verbose: further lines of the message may come
  bool cut_ = false;
  bool begun_ = false;  // its begin was seen
  bool seen_whole_ = false;
  LineNumber number_ = 0;
  LineNumber first_line_ = 0;  // in text_
  std::size_t inside_ = 0;     // json-pretty: objects that are open inside of it
};

}  // namespace whyoom::logtext
