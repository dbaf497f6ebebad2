// The text of one sysctl file, kept byte for byte: what each of the two programs that read such
// files makes of its lines, and edits that leave every other byte alone. parse(t).text() == t for
// any bytes. Lines count from 1 and end with "\n" (the last may lack it).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "host/sysctl_key.h"

namespace whyoom::host {

// What one tool makes of a line. systemd also ends lines at "\r" and NUL, so that it can see more
// than one statement in what is one line for procps and for an editor.
struct SysctlStatement {
  enum class Kind : std::uint8_t {
    comment,
    assignment,        // KEY = VALUE
    exclusion,         // -KEY without a value
    not_an_assignment  // the tool complains and reads on
  };
  Kind kind = Kind::comment;
  std::uint32_t line = 0;
  std::string key;    // as written, without the "-" and the blanks around
  std::string path;   // below /proc/sys, as the tool spells it
  std::string value;  // as the tool writes it; no comment, quote or unit is understood in it
  bool glob = false;
};

struct SysctlReading {
  std::vector<SysctlStatement> statements;  // blank lines left out
  std::uint32_t stopped_at = 0;             // the line at which the tool gives up the file, 0: none
};

class SysctlText {
 public:
  static SysctlText parse(std::string text);

  struct Line {
    std::string_view content;
    std::string_view ending;  // "\n", "\r\n" or nothing
  };

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::uint32_t line_count() const {
    return static_cast<std::uint32_t>(starts_.size());
  }
  // Empty for a number that is not there.
  [[nodiscard]] Line line(std::uint32_t number) const;
  [[nodiscard]] SysctlReading read_as(SysctlTool tool) const;

  // Each edit is done as a whole or not at all; the error is a sentence that says why not.
  using Edited = tl::expected<void, std::string>;

  // Another value for the assignment on a line; blanks, key and line ending stay.
  Edited replace_value(std::uint32_t number, std::string_view value);
  // A "# " before what the tools read on a line.
  Edited comment_out(std::uint32_t number);
  // "key = value" as a new last line, with the line ending that the file has.
  Edited append(std::string_view key, std::string_view value);
  // "# words" as a new last line.
  Edited append_comment(std::string_view words);

 private:
  explicit SysctlText(std::string text);
  void change(std::string text);
  Edited append_line(std::string_view content);

  std::string text_;
  std::vector<std::size_t> starts_;
};

}  // namespace whyoom::host
