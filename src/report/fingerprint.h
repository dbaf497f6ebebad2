// Tells whether an event was seen before, so that a console log followed by its own dmesg, or two
// files of one boot, count it once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "report/report.h"

namespace whyoom::report {

// FNV-1a, 64 bits.
class Hash {
 public:
  void add(std::uint64_t number);
  void add(std::string_view text);
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 14695981039346656037ULL;
};

// Of an event that is one line: what it says, the same in each copy. Empty: a report.
std::string words_of(const Report& report);

// A bounded memory of what identifies events: the newest few thousand.
class Fingerprints {
 public:
  // True when the event is a copy of one that was asked about before. Otherwise it is remembered.
  bool is_copy(const Report& report);

 private:
  struct Key {
    std::uint64_t value = 0;
    bool timed = false;     // of a line with its monotonic time
    bool has_time = false;  // the event has such a time
    bool of_kill = false;   // of the line of a kill without its time
  };
  // Hashes of its names; empty: not known.
  struct Machine {
    std::optional<std::uint64_t> host, boot;
    [[nodiscard]] bool may_be(const Machine& other) const;
  };
  struct Seen {
    Machine machine;
    bool has_time = false;
  };
  static std::vector<Key> keys_of(const Report& report);
  [[nodiscard]] bool known(const Key& key, const Machine& machine) const;
  void remember(const Key& key, const Machine& machine);

  static constexpr std::size_t most_kept = 16384;
  static constexpr std::size_t most_machines = 64;  // with one key
  std::vector<std::uint64_t> ring_;
  std::size_t next_ = 0;
  std::unordered_map<std::uint64_t, std::vector<Seen>> seen_;
};

}  // namespace whyoom::report
