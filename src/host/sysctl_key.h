// Names of sysctls: how each of the two programs that read sysctl files turns a key as written into
// a file below /proc/sys, which globs reach that file, and which numbers the kernel takes.
// Sources: systemd 252 src/basic/sysctl-util.c, procps 4.0.2 src/sysctl.c, Linux kernel/sysctl.c;
// tests/sysctl runs the real programs against this.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "base/message.h"

namespace whyoom::host {

enum class SysctlTool : std::uint8_t { systemd, procps };

// The file below /proc/sys that `key` names. The first separator decides: a dot ("vm.x",
// "net.ipv4.conf.eth0/1.x") means that dots and slashes change places, a slash means that the key
// is a path already. Nothing else is changed.
std::string sysctl_path_of(std::string_view key);

// The one dotted spelling of a key: "vm/min_free_kbytes", "/vm//min_free_kbytes" and
// "vm.min_free_kbytes" are all "vm.min_free_kbytes".
std::string canonical_sysctl_key(std::string_view key);

// `key` as the tool spells the path below /proc/sys when it opens or compares it.
std::string tool_path_of(SysctlTool tool, std::string_view key);

// The tools look for these three to tell a glob; braces alone do not make one.
bool is_sysctl_glob(std::string_view text);

// Whether the tool reaches the file `target` ("vm/min_free_kbytes") through `path`, which is no
// glob and was made by tool_path_of.
bool path_reaches(SysctlTool tool, std::string_view path, std::string_view target);

// The path, as the tool spells it, under which the glob `pattern` (made by tool_path_of) finds
// `target`; empty when it does not. No directory is read: the target is taken to be there.
std::optional<std::string> glob_reaches(SysctlTool tool, std::string_view pattern,
                                        std::string_view target);

// A key that may be written, kept in a journal, put on a line of a file or into a command: the name
// of one file below /proc/sys, whatever spelling it came in. Made by `parse` alone, which takes two
// names or more, none of them empty, "." or "..", of letters, digits and _-+.:,@ (more than any
// sysctl of the kernel, and less than the name of a network interface could have). So no key leads
// out of /proc/sys, breaks a line, or has a meaning to a shell, to YAML or to a glob.
class SysctlKey {
 public:
  // "vm.min_free_kbytes", "vm/min_free_kbytes", "/vm/min_free_kbytes". The error is a sentence.
  static tl::expected<SysctlKey, Message> parse(std::string_view text);

  [[nodiscard]] const std::string& dotted() const { return dotted_; }  // "net.ipv4.conf.a/1.x"
  [[nodiscard]] const std::string& path() const { return path_; }      // "net/ipv4/conf/a.1/x"
  [[nodiscard]] std::string file() const { return "/proc/sys/" + path_; }

  friend bool operator==(const SysctlKey& a, const SysctlKey& b) { return a.path_ == b.path_; }
  friend bool operator==(const SysctlKey& a, std::string_view dotted) {
    return a.dotted_ == dotted;
  }

 private:
  SysctlKey(std::string dotted, std::string path)
      : dotted_(std::move(dotted)), path_(std::move(path)) {}

  std::string dotted_, path_;
};

// What may stand behind a key: one line of text without control characters.
bool is_sysctl_value(std::string_view text);
// What the kernel shows of a value and takes again in one write: a line, maybe empty, maybe with
// tabs between its parts, that the handlers of numbers look at as a whole. These take PAGE_SIZE - 1
// bytes (do_proc_dointvec() and proc_do_large_bitmap() of kernel/sysctl.c), the newline among them.
bool is_running_value(std::string_view text);

// What glob(3) makes of braces: {a,b} becomes two patterns. At most some hundred are made.
std::vector<std::string> expand_braces(std::string_view pattern);

// A number as the kernel reads it: 0x and octal are understood, what follows a blank is ignored.
// Empty when the kernel would say "Invalid argument".
std::optional<std::int64_t> parse_sysctl_integer(std::string_view value);

struct SysctlRange {
  std::int64_t least = 0, most = 0;
};
// Which numbers the kernel takes for a key; empty for a key that is not known here or is no single
// number.
std::optional<SysctlRange> sysctl_range(std::string_view canonical_key);
// The kernel has some settings in two units: a write to one key makes the other 0. Empty: none.
std::string_view sysctl_counterpart(std::string_view canonical_key);
// Always true without a range.
bool kernel_takes(const std::optional<SysctlRange>& range, std::string_view value);

}  // namespace whyoom::host
