// Which line of the sysctl files decides a key: at boot, after `sysctl --system`, and after
// `sysctl -p`. The three can differ on one host. Each answer names every line that sets the key,
// in the order in which they are read, and what becomes of it.
// Sources: sysctl.d(5), systemd 252 src/sysctl/sysctl.c, procps 4.0.2 src/sysctl.c. tests/sysctl
// runs the real programs against this. Older programs differ: procps knows globs since 4.0.0 and
// puts /etc/sysctl.d before /run/sysctl.d since 3.3.17 (its NEWS). udev sets keys of the network
// once more when an interface appears.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/files.h"
#include "host/sysctl_files.h"
#include "host/sysctl_key.h"

namespace whyoom::host {

enum class SysctlReader : std::uint8_t {
  systemd_sysctl,  // systemd-sysctl.service at boot
  procps_system,   // sysctl --system
  procps_load      // sysctl -p without a file: /etc/sysctl.conf alone
};

struct SysctlSetting {
  enum class Fate : std::uint8_t {
    wins,
    overridden,  // a later line sets it again
    excluded,    // a line of the key itself, to which a glob yields, or a "-key"
    masked,      // a file of the same name in a higher directory is read instead
    not_read,    // the reader does not look at this file
    rejected     // the kernel says "Invalid argument" to the value
  };
  std::string file;        // as the reader names it
  std::string real;        // the same with all links followed: the file to edit
  std::uint32_t line = 0;  // counts from 1
  std::string value;       // as the reader takes it
  // The line sets this key, and with it the kernel makes ours `value`, 0 (sysctl_counterpart()).
  // Empty: it sets ours.
  std::string_view through = {};
  bool glob = false;
  Fate fate = Fate::not_read;
};

struct SysctlAnswer {
  SysctlReader reader = SysctlReader::systemd_sysctl;
  // First those of the files that are read, in the order of reading, then masked and unread ones.
  std::vector<SysctlSetting> settings;
  std::optional<std::size_t> winner;  // in `settings`; empty: this reader leaves the key alone
  [[nodiscard]] const SysctlSetting* winning() const {
    return winner ? &settings[*winner] : nullptr;
  }
};

// What applies the files when the host boots.
enum class SysctlBoot : std::uint8_t {
  systemd_sysctl,
  procps_system,  // no systemd-sysctl on this root: an init script runs sysctl --system
  nothing         // systemd-sysctl.service is masked
};

// A line that decides, and who besides root can make it say something else.
struct SysctlOpenLine {
  std::string file;        // with all links followed
  std::uint32_t line = 0;  // 0: no line yet; a file in this directory would be read
  std::string path;        // what they can write: the file, or a directory on the way to it
  std::string who;         // "group 50"
};

struct SysctlHistory {
  std::string key;  // canonical
  SysctlBoot boot_reader = SysctlBoot::systemd_sysctl;
  // A unit or drop-in by which systemd-sysctl.service runs something else; empty: none. Whether
  // that reads the files is not known.
  std::string other_command;
  bool masked_by_command_line = false;  // systemd.mask=: of boots with that line
  // sysctl.KEY=VALUE of the kernel command line (Linux 5.8 and later), the one that counts; it is
  // set before init and the files can override it.
  std::optional<std::string> command_line;
  SysctlAnswer boot;    // by `boot_reader`; without settings when that is `nothing`
  SysctlAnswer system;  // sysctl --system
  SysctlAnswer load;    // sysctl -p
  std::vector<SysctlGap> gaps;
  // Of the lines that decide for one of the readers, and of the directories that they search: each
  // path once.
  std::vector<SysctlOpenLine> open;

  // What the key has after boot; empty: the kernel's default, or what a program sets later.
  [[nodiscard]] std::optional<std::string> value_after_boot() const;
  // The same when someone then runs `sysctl --system` or `sysctl -p`.
  [[nodiscard]] std::optional<std::string> value_after_system() const;
  [[nodiscard]] std::optional<std::string> value_after_load() const;
};

// `command_line` is /proc/cmdline; empty: not known, or a kernel before 5.8. A value that the
// kernel refuses (sysctl_range()) leaves the one before in force.
SysctlHistory find_sysctl(Files& files, const SysctlKey& key, std::string_view command_line = {});
// Of several keys, one history for each: their files are the same, and are read once.
std::vector<SysctlHistory> find_sysctl(Files& files, std::span<const SysctlKey> keys,
                                       std::string_view command_line = {});

// The last sysctl.KEY=VALUE that the kernel takes; it stops at "--" and understands "a b".
std::optional<std::string> sysctl_of_command_line(std::string_view command_line,
                                                  const SysctlKey& key);

}  // namespace whyoom::host
