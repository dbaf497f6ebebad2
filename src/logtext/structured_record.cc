#include "logtext/structured_record.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace whyoom::logtext {

namespace {

// Keys that can carry the message, the best first. The last is a whole console's (`aws ec2
// get-console-output`): no collector's, and nobody is named as its author.
constexpr std::array<std::string_view, 12> message_keys{
    "MESSAGE", "log",      "message", "msg",           "textPayload", "_raw",
    "line",    "@message", "text",    "SyslogMessage", "content",     "Output"};

bool is_time_key(std::string_view key) {
  return key == "time" || key == "timestamp" || key == "@timestamp" || key == "ts" ||
         key == "firstTimestamp" || key == "lastTimestamp" || key == "eventTime" ||  // Kubernetes
         key == "_SOURCE_REALTIME_TIMESTAMP" || key == "__REALTIME_TIMESTAMP";
}

// All keys of the journal look like this; the JSON of others mostly does not.
bool is_journal_key(std::string_view key) {
  return std::all_of(key.begin(), key.end(),
                     [](char c) { return is_upper(c) || is_digit(c) || c == '_'; });
}

}  // namespace

int StructuredRecord::message_rank(std::string_view key) {
  const auto found = std::ranges::find(message_keys, key);
  return found == message_keys.end() ? 0 : static_cast<int>(found - message_keys.begin()) + 1;
}

int StructuredRecord::message_rank_of_column(std::string_view name) {
  const std::string_view last = name.substr(name.find_last_of('.') + 1);  // npos + 1 is 0
  const auto found = std::ranges::find_if(message_keys, [last](std::string_view key) {
    return std::ranges::equal(last, key, {}, to_lower, to_lower);
  });
  const auto rank = static_cast<int>(found - message_keys.begin()) + 1;
  return found == message_keys.end() ? 0 : 2 * rank + (last.size() < name.size() ? 1 : 0);
}

void StructuredRecord::clear() {
  for (std::string* text : {&message_, &wall_, &host_, &tag_, &boot_, &unit_}) {
    text->clear();  // keeps its room
  }
  monotonic_us_.reset();
  uid_.reset();
  rank_ = 0;
  source_time_ = null_message_ = journal_ = foreign_ = sent_ = trusted_ = instance_ = others_ =
      false;
  author_ = {};
}

void StructuredRecord::note_author(std::string_view key, std::string_view value) {
  if (key == "_TRANSPORT") {
    sent_ = journal_ = true;
    author_.lower(value == "kernel" ? Origin::kernel : Origin::other);
  } else if (key == "SYSLOG_FACILITY" && value != "0") {
    author_.lower(Origin::other);  // user space wrote into the kernel's buffer
  } else if (key == "_SYSTEMD_UNIT" && unit_.empty()) {
    unit_.assign(value);
  } else if (key == "_UID" && !uid_) {
    uid_ = parse_number<std::uint32_t>(value);
  }
}

void StructuredRecord::set(std::string_view key, std::string_view value, Level level) {
  foreign_ = foreign_ || level == Level::nested || !is_journal_key(key);
  instance_ = instance_ || (key == "InstanceId" && level == Level::top);
  others_ = others_ || level == Level::nested ||
            (key != "InstanceId" && key != "Output" && key != "Timestamp");
  trusted_ = trusted_ || (key.starts_with('_') && is_journal_key(key));
  if (const int rank = message_rank(key); rank != 0) {
    if (rank_ == 0 || rank < rank_) {
      message_.assign(value);
      rank_ = rank;
    }
    journal_ = journal_ || rank == 1;
    return;
  }
  if (is_time_key(key)) {
    // When the entry was received is what journalctl shows. An event of Kubernetes says what came
    // last.
    if (wall_.empty() || key == "__REALTIME_TIMESTAMP" || key == "lastTimestamp") {
      wall_.assign(value);
    }
  } else if (key == "_HOSTNAME" || key == "host" || key == "hostname") {
    host_.assign(value);
  } else if (key == "SYSLOG_IDENTIFIER" || (key == "_COMM" && tag_.empty())) {
    tag_.assign(value);
  } else if (key == "_SOURCE_MONOTONIC_TIMESTAMP" ||
             (key == "__MONOTONIC_TIMESTAMP" && !source_time_)) {
    if (const auto time = parse_number<std::uint64_t>(value)) {
      monotonic_us_ = time;
      source_time_ = key.starts_with("_SOURCE");
    }
  } else if (key == "_BOOT_ID") {
    boot_.assign(value);
  } else {
    note_author(key, value);
  }
}

void StructuredRecord::set_null(std::string_view key) {
  null_message_ = null_message_ || key == "MESSAGE";
}

void StructuredRecord::describe(Line& line) const {
  const auto keep = [](std::string_view& field, const std::string& value) {
    if (!value.empty()) {
      field = value;
    }
  };
  keep(line.wall, wall_);
  keep(line.host, host_);
  keep(line.boot, boot_);
  if (monotonic_us_) {
    line.monotonic_us = monotonic_us_;
  }
  describe_author(line);
}

bool StructuredRecord::is_console() const {
  return rank_ == static_cast<int>(message_keys.size()) && instance_ && !others_;
}

void StructuredRecord::describe_author(Line& line) const {
  if (!is_journals_own() && !is_console()) {
    line.origin.lower(Origin::relayed);
  } else if (line.origin == Origin::unknown) {
    line.unit = unit_;
    line.uid = uid_;
  }
  if (line.tag.empty()) {
    line.tag = tag_;
  }
  line.origin.lower(author_);
  if (!tag_.empty()) {
    line.origin.lower(tag_ == "kernel" ? Origin::kernel : Origin::other);
  }
}

}  // namespace whyoom::logtext
