// Steps on files that say errno, and what an errno means to the person at the keyboard. Private to
// what changes the machine: replace_file, fix_store, running_value, apply.
#pragma once

#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "base/shell.h"
#include "linux/descriptor.h"

namespace whyoom::linux {

inline constexpr std::size_t most_config_bytes = std::size_t{16} << 20U;

// A path of the form /a/b: absolute, no empty part, no "." or "..", no NUL.
bool is_plain_path(std::string_view path);
// A plain path of a file that a fix may change.
bool is_settings_path(std::string_view path);
std::string_view directory_of(std::string_view path);  // "/" for "/a"
std::string_view name_of(std::string_view path);

// open_real_directory's error for a path that others can change under our hands.
inline constexpr int others_hold_it = EKEYREJECTED;

// Opens a directory in which nothing on the way is a symbolic link: the path was resolved before,
// so a link was put there since. The error is errno; ELOOP or ENOTDIR for a link. Each directory on
// the way belongs to root or to who runs this, and nobody else can put another one in its place:
// only they can write to it, or it is sticky (as /tmp). Else the error is `others_hold_it`.
tl::expected<Descriptor, int> open_real_directory(std::string_view path);
// The directories of `path` that are not there, the highest first; `path` itself counts.
std::vector<std::string> missing_directories(std::string_view path);

// A whole regular file. ELOOP for a symbolic link, EINVAL for what is no file, EFBIG.
tl::expected<std::string, int> read_whole(int fd, std::size_t most = most_config_bytes);
tl::expected<std::string, int> read_at(int directory, const std::string& name,
                                       std::size_t most = most_config_bytes);
// Like read_at by path, without following links; nullopt: there is no such file.
tl::expected<std::optional<std::string>, int> read_real_file(const std::string& path);

// 0 or errno.
int write_all(int fd, std::string_view data);
int sync(int fd);
// A new file of that mode with all of `data` on the disk; removed again when this fails.
int write_new_file(int directory, const std::string& name, std::string_view data, unsigned mode);

// renameat2 is missing in old kernels, and its flags in some file systems.
bool no_such_rename(int error);

std::string errno_text(int error);
// "`df -h /etc`" for a message; <path> stands where no command can have the name.
std::string command_on(ShellPattern<ShellOperand> pattern, std::string_view path);
// "/etc/sysctl.conf cannot be changed: the file system is read-only. ..." with what to do about it.
std::string cannot_change(std::string_view path, int error);

}  // namespace whyoom::linux
