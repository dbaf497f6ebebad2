// A log line that came as fields: a journal entry (json, json-pretty, export, verbose) or the JSON
// of a container runtime or log shipper.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "logtext/line.h"

namespace whyoom::logtext {

class LogRecord {
 public:
  void clear();

  // One field. What is not known is ignored; the best of several message keys wins.
  void set(std::string_view key, std::string_view value);
  // The journal leaves out a message that is too big for its JSON (null).
  void set_null(std::string_view key);

  // `key` can carry the message. Lower is better; 0 is none.
  static int message_rank(std::string_view key);

  [[nodiscard]] bool has_message() const { return rank_ != 0; }
  [[nodiscard]] bool message_is_null() const { return null_message_; }
  [[nodiscard]] std::string_view message() const { return message_; }
  // The record is of the journal: embedded newlines are those of one message.
  [[nodiscard]] bool is_journal() const { return journal_; }

  // Writes what is known into `line`; the views live as long as this record is unchanged.
  void describe(Line& line) const;

 private:
  std::string message_;
  std::string wall_;
  std::string host_;
  std::string tag_;
  std::string boot_;
  std::optional<std::uint64_t> monotonic_us_;
  int rank_ = 0;
  int level_ = -1;
  bool source_time_ = false;
  bool null_message_ = false;
  bool journal_ = false;
  Origin origin_ = Origin::unknown;
};

struct JsonResult {
  bool is_record = false;  // an object with a message key
  bool broken = false;     // it ended early or is no proper JSON; what was there was taken
};

// Reads one JSON object. Nested objects are searched for a message too (GCP's jsonPayload,
// Elasticsearch's _source).
JsonResult read_json_record(std::string_view text, LogRecord& record);

}  // namespace whyoom::logtext
