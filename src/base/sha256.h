// SHA-256 (FIPS 180-4), for ids that nobody can make two different things share.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace whyoom {

class Sha256 {
 public:
  using Digest = std::array<std::uint8_t, 32>;

  void add(std::string_view bytes);
  // Nothing can be added afterwards.
  [[nodiscard]] Digest finish();

 private:
  static constexpr std::size_t block_size = 64;

  void take(const std::uint8_t* block);

  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, block_size> block_{};
  std::size_t held_ = 0;  // bytes in block_
  std::uint64_t bytes_ = 0;
};

// The first `bytes` of it in lower-case hexadecimal digits.
std::string hex(const Sha256::Digest& digest, std::size_t bytes = 32);

}  // namespace whyoom
