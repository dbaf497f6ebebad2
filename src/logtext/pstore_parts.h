// A panic saved by pstore comes in parts, each headed "Panic#1 Part2", the newest part first when
// the files are put together by name. Parts are held and given back oldest first.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/place.h"

namespace whyoom::logtext {

class PstoreParts {
 public:
  using Sink = std::function<void(std::string_view text, LineNumber number)>;

  // Takes a line when it heads a part, or belongs to the one before. `sink` gets the parts of the
  // dump before when the header of another dump comes, or when too much would be held.
  bool take(std::string_view text, LineNumber number, const Sink& sink);

  [[nodiscard]] bool open() const { return !parts_.empty(); }
  void flush(const Sink& sink);

  // Since the last call, a dump was given out before its end because it was too big.
  bool take_overflow();

 private:
  struct Held {
    LineNumber number = 0;
    std::uint32_t size = 0;
  };
  struct Part {
    std::uint32_t index = 0;
    std::string text;  // the lines one after the other
    std::vector<Held> lines;
  };

  std::string dump_;  // "Panic#1"
  std::vector<Part> parts_;
  std::size_t held_ = 0;
  bool overflow_ = false;
};

}  // namespace whyoom::logtext
