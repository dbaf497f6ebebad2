// What the rules say of one event. Pure data for the renderers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/message.h"
#include "base/place.h"
#include "base/shell.h"
#include "memory/whatif.h"

namespace whyoom::diagnose {

enum class Role : std::uint8_t { root, contributing, consequence, ruled_out, risk };
std::string_view name(Role role);  // "root", "contributing", "consequence", "ruled-out", "risk"

enum class Unit : std::uint8_t { bytes, pages, count, seconds, ratio, none };
std::string_view name(Unit unit);  // "bytes", "pages", "count", "seconds", "ratio", ""

// A number that a verdict rests on.
struct Proof {
  Message what;  // "free memory of zone DMA32"
  double value = 0;
  Unit unit = Unit::none;
  Place at{};  // line 0: computed from the numbers above it
};

struct Setting {
  std::string key;  // "vm.min_free_kbytes"
  std::int64_t value = 0;
};

struct Remedy {
  Message title;
  std::optional<Setting> setting;
  std::vector<ShellCommand> commands;
  // "memory.max=512M": what the remedy comes to where no `setting` says it, for the what-if alone.
  std::string assume{};
  std::optional<memory::WhatIf> what_if{};  // the engine fills it in
};

struct Finding {
  std::string_view cause;  // id in the catalogue
  Role role = Role::root;
  double confidence = 0;  // 0..1
  Message summary;        // one sentence
  std::vector<Proof> proof;
  std::vector<Remedy> remedies;
};

}  // namespace whyoom::diagnose
