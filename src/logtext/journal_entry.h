// Journal entries that take several lines: journalctl -o export, -o verbose, -o json-pretty.
// Lines are collected until the entry ends; what is held is bounded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/place.h"
#include "logtext/log_record.h"

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

  // Fills `record` with what there is and closes the entry. False: there was no message in it.
  bool take(LogRecord& record, LineNumber& number, bool& broken);

 private:
  enum class Kind : std::uint8_t { none, fields, pretty };

  Took fields_line(std::string_view raw, std::string_view clean, LineNumber number);
  Took pretty_line(std::string_view clean, LineNumber number);
  bool binary(std::string_view raw);
  void open_as(Kind kind, LineNumber number);
  bool hold(std::string_view text);

  Kind kind_ = Kind::none;
  LogRecord record_;
  std::string text_;   // json-pretty: the object so far
  std::string field_;  // verbose: the field that goes on; export: the binary field
  std::string value_;
  bool after_name_ = false;    // the line before was MESSAGE, without an entry around it
  bool binary_ = false;        // a binary field is being read
  bool message_open_ = false;  // verbose: further lines of the message may come
  bool cut_ = false;
  LineNumber number_ = 0;
};

}  // namespace whyoom::logtext
