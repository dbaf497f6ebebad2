// The command line as data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "advise/deployment.h"
#include "linux/sandbox.h"
#include "linux/terminal.h"

namespace whyoom::app {

enum class Format : std::uint8_t { text, json, ndjson, markdown };

struct ExplainOptions {
  std::vector<std::string> files;  // "-" = standard input
  bool host = false;               // this machine's own logs
  std::string root;                // or those of a copy of a machine; empty = not given
  std::string since, until, at;    // as given; empty = not given
  std::optional<std::uint32_t> last;
  Format format = Format::text;
  bool all = false;
  linux::ColourChoice colour = linux::ColourChoice::automatic;
  std::optional<unsigned> width;
  linux::SandboxChoice sandbox = linux::SandboxChoice::automatic;
};

struct CausesOptions {
  std::string id;  // empty = list them
};

struct WhatIfOptions {
  std::vector<std::string> settings;  // KEY=VALUE
  std::string event;                  // FILE or FILE#N; empty = a host
  std::string root;                   // of the host; empty = this machine
  Format format = Format::text;
  linux::ColourChoice colour = linux::ColourChoice::automatic;
  std::optional<unsigned> width;
  linux::SandboxChoice sandbox = linux::SandboxChoice::automatic;
};

struct CheckOptions {
  std::string root;  // empty = this machine
  Format format = Format::text;
  bool all = false;
  linux::ColourChoice colour = linux::ColourChoice::automatic;
  std::optional<unsigned> width;
  linux::SandboxChoice sandbox = linux::SandboxChoice::automatic;
};

struct CaptureOptions {
  std::string output;  // empty = a name made of the time; "-" = standard output
  std::string root;    // empty = this machine
  bool arguments = false;
  bool replace_host_names = false;
};

struct FixOptions {
  std::string setting;  // KEY=VALUE; empty = the remedy of the root cause
  std::string cause;    // the remedy of this one; empty = not given
  bool dry_run = false, yes = false;
  bool files_only = false;           // the running value stays as it is
  bool list = false;                 // show the fixes that were made
  bool resume = false;               // finish an interrupted one
  std::string root;                  // of the host, for a dry run; empty = this machine
  std::optional<advise::Tool> tool;  // --output: print the change for this tool
  Format format = Format::text;
  linux::ColourChoice colour = linux::ColourChoice::automatic;
  std::optional<unsigned> width;
  linux::SandboxChoice sandbox = linux::SandboxChoice::automatic;
};

struct UndoOptions {
  std::optional<int> number;  // empty = the last one
  bool dry_run = false, yes = false;
  bool force = false;  // also when the kernel would kill at once
  linux::ColourChoice colour = linux::ColourChoice::automatic;
  std::optional<unsigned> width;
};

struct OverviewOptions {
  std::string root;  // empty = this machine
  Format format = Format::text;
  linux::ColourChoice colour = linux::ColourChoice::automatic;
  std::optional<unsigned> width;
  linux::SandboxChoice sandbox = linux::SandboxChoice::automatic;
};

enum class Command : std::uint8_t { overview, explain, check, what_if, fix, undo, capture, causes };

struct Options {
  Command command = Command::overview;
  ExplainOptions explain;
  CausesOptions causes;
  WhatIfOptions what_if;
  CheckOptions check;
  CaptureOptions capture;
  FixOptions fix;
  UndoOptions undo;
  OverviewOptions overview;
};

// Something to print instead of doing a command: help, the version, or what is wrong.
struct Notice {
  std::string text;
  bool wrong_use = false;
};

tl::expected<Options, Notice> parse_command_line(int argc, const char* const* argv);

}  // namespace whyoom::app
