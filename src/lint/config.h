// What a configuration file will set on a host, whatever its format: settings of sysctl and limits
// of containers, each with its place in the file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "lint/yaml.h"

namespace whyoom::lint {

struct Setting {
  std::string key;          // as written
  std::string value;        // as it reaches the kernel
  Spot at;                  // of the key
  std::uint32_t group = 0;  // of two settings of a group with one key the later one wins
  bool of_pod = false;      // securityContext.sysctls
};

// A container with a limit of memory, and what its command line asks for.
struct Container {
  Spot limit_at;
  std::string limit;  // "512Mi"
  struct Word {
    std::string text;
    Spot at;
    std::string variable;  // of the environment that it stands in; empty: an argument
  };
  std::vector<Word> words;
};

enum class Format : std::uint8_t { unknown, sysctl, tuned, yaml, shell };

struct Config {
  std::vector<Setting> settings;
  std::vector<Container> containers;
  std::vector<NotRead> memory_units;  // quantities of memory that mean something else
  std::vector<NotRead> not_read;
  std::uint32_t groups = 0;
};

// By the name, and where that does not tell by the text.
Format format_of(std::string_view path, std::string_view text);

// `format` is not `unknown`.
Config read_config(Format format, std::string_view text);

// A name below /proc/sys, as far as its spelling tells: "vm.x", "net/ipv4/x".
bool looks_like_sysctl(std::string_view text);

// Parts of read_config(). `text` begins at the place `from`: 1, 1 for a whole file.
void read_sysctl_text(std::string_view text, Spot from, Config& out);
void read_tuned_text(std::string_view text, Spot from, Config& out);
void read_shell_text(std::string_view text, Spot from, Config& out);
void read_yaml_text(std::string_view text, Config& out);
// KEY=VALUE as a program has it for an argument; nothing for any other text.
void add_assignment(std::string_view text, Spot at, std::uint32_t group, Config& out);

}  // namespace whyoom::lint
