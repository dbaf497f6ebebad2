// How a remedy names a cgroup. Whoever makes a cgroup chooses its name, so a command has it only as
// a ShellWord; one that cannot stand in a command is found by its inode number.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/shell.h"

namespace whyoom::diagnose {

// A name that systemd's tools take: of a service, scope or slice.
bool is_unit(std::string_view name);

// Of a name or a path, for a sentence: printable() and at most 255 bytes, what systemd allows.
std::string short_name(std::string_view name);

// nullopt: no command can have this name. Beside what ShellWord refuses that is a name in which a
// recorder has escaped such characters ("\x1b" of /dev/kmsg, "#033" of rsyslog): it is not the
// cgroup's. systemd's own "\x2d" stays as it is.
std::optional<ShellWord> word_of(std::string_view name);

// The path, and whose it is where the path does not say so by itself: "/x/docker-0ab (container
// 0ab)".
std::string with_owner(std::string_view path);

// What a title says behind the name: "", or that no command can have it.
std::string_view how_to_name(std::string_view name);

// Without a word for the name: what lists such cgroups, with their inode numbers.
std::vector<ShellCommand> commands_to_find(std::string_view name);

}  // namespace whyoom::diagnose
