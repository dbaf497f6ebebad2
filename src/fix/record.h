// One fix as it is kept: what was asked for, what changes, and what each file was. The text format
// of its `record` file, which says of itself whether it is whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "advise/change.h"
#include "advise/wanted.h"
#include "fix/running_value.h"
#include "linux/file_attributes.h"

namespace whyoom::fix {

enum class FixState : std::uint8_t {
  planned,      // the journal is written, the change is under way; interrupted if nobody is at it
  applied,      // done and verified
  rolled_back,  // failed, and everything is as before
  undoing,      // being taken back; interrupted if nobody is at it
  undone        // taken back
};
std::string_view state_name(FixState state);  // "planned", "applied", "rolled-back", ...

// Any text; control characters are kept in the record and must not reach a terminal.
struct FixMeta {
  std::int64_t time_us = 0;            // since 1970
  std::vector<advise::Wanted> wanted;  // none in a damaged record
  std::string command;                 // as the user gave it
};
// "vm.a, vm.b"
std::string keys_of(const FixMeta& meta);

struct FixRecord {
  int number = 0;
  FixState state = FixState::planned;
  // Not empty: why this record cannot be used, a sentence. Then only the number is sure.
  std::string damage;
  FixMeta meta;
  advise::Change change;
  std::vector<linux::FileAttributes> attributes;  // of each file of the change, before it
  std::vector<std::string> made_directories;      // by the fix, the highest first
};

// Without the state and the contents of the files; of these, length and CRC-32.
std::string record_text(const FixRecord& record, const RunningValues& values);

// "9 3421780262", length and CRC-32; "none" of a file that is not there.
std::string sum_of(const std::optional<std::string>& content);

struct ReadRecord {
  FixRecord record;                        // contents of files: empty text where there is one
  std::vector<std::string> before, after;  // sum_of() each content
};
// The error is a sentence: cut, damaged, of a newer whyoom, or with a path that no fix writes to.
// A running value has no path but that of its key below `values`, as place() gives it.
tl::expected<ReadRecord, std::string> parse_record(std::string_view text,
                                                   const RunningValues& values);

}  // namespace whyoom::fix
