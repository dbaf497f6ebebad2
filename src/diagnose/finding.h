// What the rules say of one event. Pure data for the renderers.
#pragma once

#include <concepts>
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

// In the order in which findings are listed.
enum class Role : std::uint8_t { root, contributing, risk, consequence, ruled_out };
std::string_view name(Role role);  // "root", "contributing", "risk", "consequence", "ruled-out"

enum class Unit : std::uint8_t { bytes, pages, count, seconds, ratio, none };
std::string_view name(Unit unit);  // "bytes", "pages", "count", "seconds", "ratio", ""

// A number that a verdict rests on.
struct Proof {
  Message what;  // "free memory of zone DMA32"
  double value = 0;
  Unit unit = Unit::none;
  Place at{};  // line 0: computed from the numbers above it
};

// How far a verdict holds where the report lacks something. A missing number is a bound:
// `proved` holds whatever it was, `likely` unless it was extraordinary, and else the causes that
// are left are candidates.
enum class Verdict : std::uint8_t { proved, likely, undetermined };
std::string_view name(Verdict verdict);  // "proved", "likely", "undetermined"

// What would turn a likely answer over: "the sum of min: of all zones", "it was above 3.2 GiB".
struct Overturn {
  Message what, condition;
};

// A cause that the report leaves open, and the line that would settle it.
struct Candidate {
  std::string_view cause;
  Message decides;
};

struct Setting {
  std::string key;  // "vm.min_free_kbytes"
  std::int64_t value = 0;
};

struct Remedy {
  Message title;
  std::vector<ShellCommand> commands{};
  std::optional<Setting> setting{};
  // "memory.max=512M": what the remedy comes to where no `setting` says it, for the what-if alone.
  std::string assume{};
  std::optional<memory::WhatIf> what_if{};  // the engine fills it in
  std::optional<Bytes>
      gives{};  // memory that it gives back at most; with a what-if, what that says
};

struct Finding {
  std::string_view cause;  // id in the catalogue
  Role role = Role::root;
  double confidence = 0;  // 0..1
  Message summary;        // one sentence
  std::vector<Proof> proof;
  std::vector<Remedy> remedies;

  // Adds a number that the verdict rests on, in bytes or as a count.
  void prove(Message what, Bytes value, Place at = {});
  template <std::integral T>
  void prove(Message what, T count, Place at = {}) {
    proof.push_back({std::move(what), static_cast<double>(count), Unit::count, at});
  }
  void prove_ratio(Message what, double ratio, Place at = {});
  // The same of a number as it was read; nothing when it was not.
  void prove(Message what, const Maybe<KiB>& size);
  void prove(Message what, const Maybe<Bytes>& size);
  template <std::integral T>
  void prove(Message what, const Maybe<T>& number) {
    if (number) {
      prove(std::move(what), number->value, number->at);
    }
  }
  template <std::integral T>
  void prove(Message what, const Read<T>& number) {
    prove(std::move(what), number.value, number.at);
  }
  Remedy& remedy(Message title, std::vector<ShellCommand> commands = {});
};

// It looks at processes that run, or changes one: of no use when the machine has restarted since.
bool is_about_running_processes(const ShellCommand& command);

}  // namespace whyoom::diagnose
