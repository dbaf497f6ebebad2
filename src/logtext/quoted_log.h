// A log that came as a string of something else: a row of a table that was exported (CSV), the
// items of an array in JSON, the value of an object that has a line for each member ("Output" of
// `aws ec2 get-console-output`, "stdout_lines" of Ansible), a string as YAML or Python print it.
#pragma once

#include <string>
#include <string_view>

namespace whyoom::logtext {

struct QuotedLog {
  bool found = false;
  bool open = false;           // the string goes on in the next physical line
  bool may_be_tagged = false;  // what stands before it can be the tag of a program
};

// What an object of JSON is: a record (structured_record.h), which says more than its strings do,
// or one that was looked at and is none.
enum class Objects : bool { are_records, have_no_message };

// Writes the longest string in `text` that holds a line of a log to `out`, of a list all of them
// with a newline between, their escapes undone: a string can hold a whole log, too. A line with a
// frame of its own is no such row: quotes in it are the kernel's, or a program's.
QuotedLog find_quoted_log(std::string_view text, std::string& out,
                          Objects objects = Objects::are_records);

// The next physical line of a string that was open: its part of the string; `closed` when it ends.
std::string_view rest_of_quoted_log(std::string_view text, bool& closed);

}  // namespace whyoom::logtext
