// Numbers and texts in a record: LEB128 numbers, little end first, each behind a key that says
// which field it is and whether it is a number or bytes. A reader skips the fields that it does not
// know. Nothing here allocates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace whyoom::record {

// CRC-32C (Castagnoli) as in iSCSI, RFC 3720 B.4: of "123456789" it is 0xe3069283.
std::uint32_t crc32c(std::string_view bytes);

// Small numbers of both signs as small numbers without one: 0, -1, 1, -2 -> 0, 1, 2, 3.
constexpr std::uint64_t zigzag(std::uint64_t difference) {
  return (difference << 1U) ^ (std::uint64_t{0} - (difference >> 63U));
}
constexpr std::uint64_t unzigzag(std::uint64_t code) {
  return (code >> 1U) ^ (std::uint64_t{0} - (code & 1U));
}

// Writes into a buffer of its owner. What does not fit is left out.
class Writer {
 public:
  explicit Writer(std::span<char> room) : room_(room) {}

  void raw(std::string_view bytes);
  void number(std::uint64_t value);
  void field(unsigned tag, std::uint64_t value);
  void field(unsigned tag, std::string_view bytes);

  [[nodiscard]] std::string_view written() const { return {room_.data(), used_}; }

 private:
  std::span<char> room_;
  std::size_t used_ = 0;
  bool full_ = false;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::optional<std::uint64_t> number();  // nullopt: cut, or more than 64 bits
  // Goes to the next field; false at the end, or at something that is no field.
  bool next();
  [[nodiscard]] unsigned tag() const { return tag_; }
  [[nodiscard]] bool is_bytes() const { return is_bytes_; }
  [[nodiscard]] std::uint64_t value() const { return value_; }     // 0 of bytes
  [[nodiscard]] std::string_view bytes() const { return bytes_; }  // empty of a number
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_, bytes_;
  unsigned tag_ = 0;
  bool is_bytes_ = false;
  std::uint64_t value_ = 0;
};

}  // namespace whyoom::record
