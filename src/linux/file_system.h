// Steps on files that say errno.
#pragma once

#include <dirent.h>
#include <sys/stat.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "linux/descriptor.h"

namespace whyoom::linux {

inline constexpr std::size_t most_config_bytes = std::size_t{16} << 20U;

std::vector<std::string> parts_of(std::string_view path);  // without the empty ones
// A path of the form /a/b: absolute, no empty part, no "." or "..", no NUL.
bool is_plain_path(std::string_view path);
std::string_view directory_of(std::string_view path);  // "/" for "/a"

// open_real_directory's error for a path that others can change under our hands.
inline constexpr int others_hold_it = EKEYREJECTED;

// Opens a directory in which nothing on the way is a symbolic link: the path was resolved before,
// so a link was put there since. The error is errno; ELOOP or ENOTDIR for a link. Each directory on
// the way belongs to root or to who runs this, and nobody else can put another one in its place:
// only they can write to it, or it is sticky (as /tmp). Else the error is `others_hold_it`.
tl::expected<Descriptor, int> open_real_directory(std::string_view path);
// The directories of `path` that are not there, the highest first; `path` itself counts.
std::vector<std::string> missing_directories(std::string_view path);

// No symbolic link at all, no "..", and no other file system: -1 and ELOOP, EXDEV. By
// openat2(RESOLVE_BENEATH and the RESOLVE_NO_ flags) where there is such a call, else name by name.
int open_strictly_below(int directory, const std::string& path, int flags, bool by_walking = false);

// Each name in it but "." and ".."; `take` says whether more is wanted. 0 or errno.
int each_entry(Descriptor directory, const std::function<bool(const dirent&)>& take);

// A whole file. EFBIG.
tl::expected<std::string, int> read_whole(int fd, std::size_t most = most_config_bytes);
// A regular file. ELOOP for a symbolic link, EINVAL for what is no file.
tl::expected<std::string, int> read_at(int directory, const std::string& name,
                                       std::size_t most = most_config_bytes);
// Like read_at by path, without following links; nullopt: there is no such file.
tl::expected<std::optional<std::string>, int> read_real_file(const std::string& path);

// 0 or errno.
int write_all(int fd, std::string_view data);  // waits where nothing can be taken yet
int sync(int fd);
// A new file of that mode with all of `data` on the disk; removed again when this fails.
int write_new_file(int directory, const std::string& name, std::string_view data, unsigned mode);

// renameat2 is missing in old kernels, and its flags in some file systems.
bool no_such_rename(int error);
// 0 or errno; EEXIST when the new name is taken. Atomic but on old kernels and file systems that
// have neither RENAME_NOREPLACE nor hard links.
int move_without_replacing(int directory, const std::string& from, const std::string& to);

std::string errno_text(int error);

// A device of memory that a read never comes to an end of (/dev/zero), or that is no text at all;
// /dev/kmsg and /dev/null are none.
bool is_endless(const struct stat& status);
std::string endless_text();

}  // namespace whyoom::linux
