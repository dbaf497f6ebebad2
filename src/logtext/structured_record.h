// A log line that came as fields: a journal entry (json, json-pretty, export, verbose) or the JSON
// of a container runtime or log shipper.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "logtext/line.h"

namespace whyoom::logtext {

class StructuredRecord {
 public:
  void clear();

  // Where a field stands. The journal has all of its fields at the top.
  enum class Level : std::uint8_t { top, nested };

  // One field. What is not known is ignored; the best of several message keys wins.
  void set(std::string_view key, std::string_view value, Level level = Level::top);
  // The journal leaves out a message that is too big for its JSON (null).
  void set_null(std::string_view key);

  // `key` can carry the message. Lower is better; 0 is none.
  static int message_rank(std::string_view key);
  // The same of the name of a column, in any case. The end of a path can be a key, too, and ranks
  // behind the key itself.
  static int message_rank_of_column(std::string_view name);

  [[nodiscard]] bool has_message() const { return rank_ != 0; }
  [[nodiscard]] bool message_is_null() const { return null_message_; }
  [[nodiscard]] std::string_view message() const { return message_; }
  // The journal itself says how the message came to it.
  [[nodiscard]] bool names_transport() const { return sent_; }
  // What `aws ec2 get-console-output` prints, and nothing else in it.
  [[nodiscard]] bool is_console() const;
  // One of the fields that only journald can set: what else is in the record is a program's.
  [[nodiscard]] bool has_trusted_field() const { return trusted_; }
  // One of its fields has a name that the journal gives.
  [[nodiscard]] bool is_of_journal() const { return journal_ || trusted_; }

  // Writes what is known into `line`; the views live as long as this record is unchanged. What a
  // frame around the record said of its author stays.
  void describe(Line& line) const;

 private:
  void note_author(std::string_view key, std::string_view value);
  // Nobody but journald made this record.
  [[nodiscard]] bool is_journals_own() const { return journal_ && !foreign_; }
  void describe_author(Line& line) const;

  std::string message_;
  std::string wall_;
  std::string host_;
  std::string tag_;
  std::string boot_;
  std::string unit_;
  std::optional<std::uint64_t> monotonic_us_;
  int rank_ = 0;
  bool source_time_ = false;
  bool null_message_ = false;
  bool journal_ = false;
  bool foreign_ = false;  // has what no record of the journal has: somebody else put it together
  bool sent_ = false;     // _TRANSPORT was there
  bool trusted_ = false;
  bool instance_ = false, others_ = false;  // InstanceId; a key that EC2's object does not have
  Trust author_;                            // by _TRANSPORT and the facility
  std::optional<std::uint32_t> uid_;
};

struct JsonResult {
  bool is_record = false;  // an object with a message key
  bool broken = false;     // it ended early or is no proper JSON; what was there was taken
  // From the first object of an array in it of which several have a message: not one record, but as
  // many (what a query of CloudWatch, Elasticsearch or Loki answers).
  std::string_view list;
};

// Reads one JSON object and moves `text` behind it. Nested objects are searched for a message too
// (GCP's jsonPayload, Elasticsearch's _source).
JsonResult take_json_record(std::string_view& text, StructuredRecord& record);

}  // namespace whyoom::logtext
