#include "logtext/log_record.h"

#include <array>

#include "base/text.h"

namespace whyoom::logtext {

namespace {

struct Rank {
  std::string_view key;
  int rank;
};

constexpr std::array<Rank, 9> ranks{{{"MESSAGE", 1},
                                     {"log", 2},
                                     {"message", 3},
                                     {"msg", 4},
                                     {"textPayload", 5},
                                     {"_raw", 6},
                                     {"line", 7},
                                     {"@message", 8},
                                     {"content", 9}}};

bool is_time_key(std::string_view key) {
  return key == "time" || key == "timestamp" || key == "@timestamp" || key == "ts" ||
         key == "_SOURCE_REALTIME_TIMESTAMP" || key == "__REALTIME_TIMESTAMP";
}

}  // namespace

int LogRecord::message_rank(std::string_view key) {
  for (const Rank& entry : ranks) {
    if (entry.key == key) {
      return entry.rank;
    }
  }
  return 0;
}

void LogRecord::clear() {
  message_.clear();
  wall_.clear();
  host_.clear();
  tag_.clear();
  boot_.clear();
  monotonic_us_.reset();
  rank_ = 0;
  level_ = -1;
  source_time_ = null_message_ = journal_ = false;
  origin_ = Origin::unknown;
}

void LogRecord::set(std::string_view key, std::string_view value) {
  if (const int rank = message_rank(key); rank != 0) {
    if (rank_ == 0 || rank < rank_) {
      message_.assign(value);
      rank_ = rank;
    }
    journal_ = journal_ || rank == 1;
    return;
  }
  if (is_time_key(key)) {
    // When the entry was received is what journalctl shows.
    if (wall_.empty() || key == "__REALTIME_TIMESTAMP") {
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
  } else if (key == "PRIORITY" && value.size() == 1 && value[0] >= '0' && value[0] <= '7') {
    level_ = value[0] - '0';
  } else if (key == "_TRANSPORT") {
    origin_ = value == "kernel" ? Origin::kernel : Origin::other;
    journal_ = true;
  }
}

void LogRecord::set_null(std::string_view key) {
  null_message_ = null_message_ || key == "MESSAGE";
}

void LogRecord::describe(Line& line) const {
  const auto keep = [](std::string_view& field, const std::string& value) {
    if (!value.empty()) {
      field = value;
    }
  };
  keep(line.wall, wall_);
  keep(line.host, host_);
  keep(line.tag, tag_);
  keep(line.boot, boot_);
  if (monotonic_us_) {
    line.monotonic_us = monotonic_us_;
  }
  if (level_ >= 0) {
    line.level = level_;
  }
  if (origin_ == Origin::kernel && !tag_.empty() && tag_ != "kernel") {
    line.origin = Origin::other;  // a daemon wrote into the kernel's buffer
  } else if (origin_ != Origin::unknown) {
    line.origin = origin_;
  } else if (!tag_.empty()) {
    line.origin = tag_ == "kernel" ? Origin::kernel : Origin::other;
  }
}

}  // namespace whyoom::logtext
