// Finds the next place where one of a few fixed strings stands, at memory speed. This is what makes
// gigabytes of other lines cheap: they are never split into fields.
//
// The method is Hyperscan's Teddy: of each literal the four bytes that are rarest in logs are its
// print; the prints are spread over eight buckets; a byte shuffle per nibble (with AVX-512 VBMI:
// per six bits) tells for 32 or 64 positions at once which buckets could match, and only those few
// places are compared.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace whyoom::logtext {

// The widest vector code to use; what the processor lacks is never used.
enum class Simd : std::uint8_t { none, ssse3, avx2, avx512_vbmi };

class LiteralScan {
 public:
  static constexpr std::size_t npos = std::string_view::npos;
  static constexpr std::size_t max_literals = 64;

  // Case-sensitive; each literal has at least 4 bytes; at most 64 of them (others are left out).
  // The views must outlive the scan (string literals).
  explicit LiteralScan(std::span<const std::string_view> literals,
                       Simd at_most = Simd::avx512_vbmi);

  // Offset of the first occurrence of any literal at or after `from`; npos when there is none.
  [[nodiscard]] std::size_t find(std::string_view text, std::size_t from = 0) const;

  struct Look {
    std::size_t at = npos;     // what find() says of all of the text
    std::size_t newlines = 0;  // in the text, where nothing was found
  };
  [[nodiscard]] Look look(std::string_view text) const;

  // What find() really uses here.
  [[nodiscard]] Simd simd() const { return simd_; }

 private:
  static constexpr std::size_t print_size = 4;
  static constexpr std::size_t bucket_count = 8;

  struct Entry {
    std::string_view text;
    std::uint32_t print = 0;   // four bytes of the literal, as loaded from memory
    std::uint32_t offset = 0;  // where they stand in it
  };

  // The best start so far, and the last print position that could still belong to an earlier one.
  struct Best;

  std::size_t find(std::string_view text, std::size_t from, std::size_t& newlines) const;
  void build_tables();
  void check(std::string_view text, std::size_t from, std::size_t at, std::uint32_t buckets,
             Best& best) const;
  std::size_t find_scalar(std::string_view text, std::size_t from, std::size_t at,
                          Best& best) const;
  std::size_t find_ssse3(std::string_view text, std::size_t from) const;
  // These count newlines in the same go; the number is right where nothing is found.
  std::size_t find_avx2(std::string_view text, std::size_t from, std::size_t& newlines) const;
  std::size_t find_avx512_vbmi(std::string_view text, std::size_t from,
                               std::size_t& newlines) const;

  std::array<Entry, max_literals> entries_{};  // grouped by bucket
  std::size_t count_ = 0;
  std::array<std::uint8_t, bucket_count + 1> bucket_begin_{};
  std::uint32_t max_offset_ = 0;
  Simd simd_ = Simd::none;
  // For each byte of the print: bucket bits by low nibble, then by high nibble.
  alignas(32) std::array<std::array<std::array<std::uint8_t, 16>, 2>, print_size> nibbles_{};
  // For each byte of the print: bucket bits by its low six bits.
  alignas(64) std::array<std::array<std::uint8_t, 64>, print_size> sixes_{};
  // For each byte of the print: entry bits by byte value (the scalar way, exact).
  std::array<std::array<std::uint64_t, 256>, print_size> bytes_{};
};

// Newlines in `text`, at memory speed.
std::size_t count_newlines(std::string_view text, Simd at_most = Simd::avx512_vbmi);

}  // namespace whyoom::logtext
