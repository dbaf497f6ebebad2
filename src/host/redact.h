// What of a host's files goes into a capture. Numbers of /proc and /sys go in whole; of the files
// that people and packages write, which can hold passwords, only the lines that a rule looks at. Of
// command lines, also those that the recorder keeps, not what looks like a secret.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace whyoom::host {

// The contents to keep. Lines that are left out stay as empty lines, so that line numbers hold.
std::string kept_in_capture(std::string_view path, std::string contents);

// /proc/PID/cmdline made fit to keep: what looks like a password, a key or a token, by the name
// before it or by the program's option, is replaced by "***", control characters by '?'. Arguments
// stay as they were divided. Changes the text in place, allocates nothing, and returns what is left
// of it, `most` bytes at most.
std::string_view keep_command_line(std::span<char> text, std::size_t most);

}  // namespace whyoom::host
