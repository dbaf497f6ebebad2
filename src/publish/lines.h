// Lines of a file as they come. What is longer than an event may be is not kept in memory.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace whyoom::publish {

class Lines {
 public:
  enum class More : std::uint8_t { yes, end, failed };

  struct Taker {
    // The line without its newline, and where it begins.
    std::function<void(std::string_view line, std::uint64_t offset)> line;
    std::function<void(std::uint64_t offset)> too_long;
  };

  explicit Lines(int file, std::uint64_t offset = 0) : file_(file), offset_(offset) {}

  // One read(), and the lines that came with it. At the end also a last one without a newline.
  More read(const Taker& taker);
  // Bytes of a line that is not there as a whole.
  [[nodiscard]] bool is_in_line() const { return !part_.empty() || skipping_; }

 private:
  void take(std::string_view bytes, const Taker& taker);

  int file_;
  std::uint64_t offset_;       // of the begin of the line that is being read
  std::uint64_t in_line_ = 0;  // of its bytes were read
  bool skipping_ = false;
  std::string part_;
  std::array<char, 65536> room_{};
};

}  // namespace whyoom::publish
