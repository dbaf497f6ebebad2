// Archives: files of files, which are no logs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace whyoom::linux {

enum class Archive : std::uint8_t { none, capture, tar, zip, seven_zip };

// More of the start tells no more.
inline constexpr std::size_t archive_start = 262;

// nullopt: the start is too short to tell.
std::optional<Archive> archive_of(std::string_view start);

// That it is one, and the command that takes the log out of it. `path` "-" = standard input.
std::string how_to_read(Archive archive, const std::string& path);

}  // namespace whyoom::linux
