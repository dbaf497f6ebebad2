// Which lines of which sysctl files have to change so that a key has a value after a boot, after
// `sysctl --system` and after `sysctl -p`. The programs that read these files disagree on which
// line decides (host/sysctl_path.h); the edits satisfy all of them, and that is computed, not
// hoped: the files as they would be are read again as each program reads them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "advise/change.h"
#include "advise/wanted.h"
#include "base/message.h"
#include "host/files.h"
#include "host/sysctl_path.h"

namespace whyoom::advise {

struct SysctlLineEdit {
  enum class Kind : std::uint8_t {
    set,          // the line that decides gets the value
    comment_out,  // it would override that line for one of the programs
    add           // no line of an editable file sets the key
  };
  Kind kind = Kind::set;
  std::string file;           // with all links followed
  std::uint32_t line = 0;     // of the file as it will be
  std::string before, after;  // content of the line; `before` is empty for a new one
  std::string old_value;      // empty for a new line
  bool new_file = false;
};

struct SysctlEdit {
  std::vector<FileEdit> files;
  std::vector<SysctlLineEdit> lines;
  host::SysctlHistory before, after;
  [[nodiscard]] bool empty() const { return files.empty(); }
};

// What could not be read and may have a line that comes after the one that decides, so that nobody
// knows the answer; null: nothing. Points into the history.
const host::SysctlGap* deciding_gap(const host::SysctlHistory& history);

// Files below /etc are edited; what packages (/usr/lib) and programs (/run) own is overridden from
// /etc/sysctl.d. The message of an error says which line stands in the way.
tl::expected<SysctlEdit, Message> edit_sysctl_files(host::Files& files, const Wanted& wanted,
                                                    std::string_view command_line = {});

// Whether a fix may change the file, all links followed: not what packages and programs own and
// write again without asking, and nothing of the kernel's.
bool may_be_edited(std::string_view real);

// As the kernel would see them: 0x10 is 16, blanks do not count.
bool same_sysctl_value(std::string_view a, std::string_view b);

}  // namespace whyoom::advise
