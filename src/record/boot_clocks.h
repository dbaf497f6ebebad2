// The wall clock of each boot in a ring as it was set last: a machine without a clock of its own
// begins in 1970 until the network tells it the time, and what it recorded before that was the same
// day. A boot that never learnt the time is put beside the next one, or the one before.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace whyoom::record {

// By id: milliseconds since 1970 when the boot's own clock was 0.
using BootTimes = std::map<std::string, std::int64_t, std::less<>>;

class BootClocks {
 public:
  // In order, the oldest first.
  void add(std::string_view segment);
  // Of all that was added; 0 when there is nothing.
  struct Result {
    BootTimes began;
    std::int64_t first_ms = 0, last_ms = 0;
  };
  [[nodiscard]] Result take() const;

 private:
  struct Boot {
    std::string id;
    std::uint64_t from_ms = 0, to_ms = 0;  // of its own clock
    std::int64_t began_ms = 0;             // by its wall clock, as it was last
  };
  void see(std::int64_t real_ms, std::uint64_t boot_ms);

  std::vector<Boot> boots_;
};

}  // namespace whyoom::record
