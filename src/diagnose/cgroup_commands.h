// How a remedy names a cgroup. Whoever makes a cgroup chooses its name, so a command has it only as
// a ShellWord; one that cannot stand in a command is found by its inode number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/shell.h"

namespace whyoom::diagnose {

// The last name of the path is one that systemd's tools take: of a service, scope or slice, and not
// one that a service or a container gave to a cgroup of its own.
bool is_unit(std::string_view path);

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

// Whose manager has the units of this path: a user's below "user@1000.service", else the system's.
std::optional<std::uint32_t> user_of_manager(std::string_view path);

// How to see and to set a property of a unit, from a user's manager by `-M` (systemd 248).
struct UnitProperty {
  ShellPattern<ShellWord> show, set;
  ShellPattern<std::uint32_t, ShellWord> show_of_user, set_of_user;
};
inline constexpr UnitProperty memory_max{
    "systemctl show -p MemoryMax -- {}", "sudo systemctl set-property -- {} MemoryMax=<bytes>",
    "sudo systemctl --user -M {}@.host show -p MemoryMax -- {}",
    "sudo systemctl --user -M {}@.host set-property -- {} MemoryMax=<bytes>"};
inline constexpr UnitProperty memory_high{
    "systemctl show -p MemoryHigh -- {}", "sudo systemctl set-property -- {} MemoryHigh=<size>",
    "sudo systemctl --user -M {}@.host show -p MemoryHigh -- {}",
    "sudo systemctl --user -M {}@.host set-property -- {} MemoryHigh=<size>"};
inline constexpr UnitProperty tasks_max{
    "systemctl show -p TasksCurrent,TasksMax -- {}",
    "sudo systemctl set-property -- {} TasksMax=<number>",
    "sudo systemctl --user -M {}@.host show -p TasksCurrent,TasksMax -- {}",
    "sudo systemctl --user -M {}@.host set-property -- {} TasksMax=<number>"};
std::vector<ShellCommand> commands_of(const UnitProperty& property, const ShellWord& unit,
                                      std::string_view path);

// Without a word for the name: what lists such cgroups, with their inode numbers.
std::vector<ShellCommand> commands_to_find(std::string_view name);

}  // namespace whyoom::diagnose
