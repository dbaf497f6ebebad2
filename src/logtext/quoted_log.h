// A log that came as strings of something else: a row of a table that was exported (CSV), items of
// an array in JSON, a value of an object (Ansible's "stdout", what Loki answers), a string as YAML
// or Python print it, a member of what `gcloud` prints.
#pragma once

#include <string>
#include <string_view>

namespace whyoom::logtext {

struct QuotedLog {
  bool found = false;
  // Around it stands what can be the name of a program: its author is not nobody, but not known.
  bool handed_on = false;
};

// What an object of JSON is: a record (structured_record.h), which says more than its strings do,
// or one that was looked at and is none.
enum class Objects : bool { are_records, have_no_message };

// Writes the string in `text` that holds a line of a log to `out`, the longest of a row, of a list
// all of them with a newline between. Escapes are undone where the format has some: a string of
// JSON can hold a whole log. Only a line that is such a row, list or member from end to end counts:
// any other is the kernel's or a program's, and quotes in it are a part of its text.
QuotedLog find_quoted_log(std::string_view text, std::string& out,
                          Objects objects = Objects::are_records);

// Numbers and times: what is not the name of anybody.
bool names_nobody(std::string_view text);

// The words before a frame are a part of a row or of an object: who made that is not known.
bool hands_on(std::string_view before);

}  // namespace whyoom::logtext
