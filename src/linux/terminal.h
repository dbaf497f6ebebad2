// What the place that output goes to can show: width and colour.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace whyoom::linux {

enum class ColourChoice : std::uint8_t { automatic, always, never };

inline constexpr unsigned min_width = 60;
inline constexpr unsigned max_width = 200;
inline constexpr unsigned default_width = 80;

// What decides, apart from the command line. Environment variables that are not set are empty.
struct Terminal {
  bool is_terminal = false;
  unsigned columns = 0;          // as the terminal says; 0 = it does not
  std::string columns_variable;  // COLUMNS
  std::string term;              // TERM
  std::string no_colour;         // NO_COLOR: any text turns colour off (no-color.org)
  std::string force_colour;      // CLICOLOR_FORCE: any text but "0" turns colour on
};

// Asks the file descriptor and the environment.
Terminal probe_terminal(int fd);

// `wanted` is the command line's; clamped to what renderers can do.
unsigned width(const Terminal& terminal, std::optional<unsigned> wanted);
bool colour(const Terminal& terminal, ColourChoice choice);

}  // namespace whyoom::linux
