// As much of the wire format of Protocol Buffers as a few messages need:
// https://protobuf.dev/programming-guides/encoding
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace whyoom::publish {

class ProtobufWriter {
 public:
  void number(unsigned field, std::uint64_t value) {
    varint(field << 3U);
    varint(value);
  }
  void fixed64(unsigned field, std::uint64_t value) {
    varint(field << 3U | 1U);
    for (int i = 0; i < 8; ++i, value >>= 8U) {
      bytes_ += static_cast<char>(value & 0xffU);
    }
  }
  void real(unsigned field, double value) { fixed64(field, std::bit_cast<std::uint64_t>(value)); }
  // A text, or a message.
  void bytes(unsigned field, std::string_view value) {
    varint(field << 3U | 2U);
    varint(value.size());
    bytes_ += value;
  }
  [[nodiscard]] const std::string& text() const { return bytes_; }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) {
      bytes_ += static_cast<char>(value | 0x80U);
    }
    bytes_ += static_cast<char>(value);
  }
  std::string bytes_;
};

// The fields of a message from somebody else, as far as they make sense.
class ProtobufReader {
 public:
  struct Field {
    unsigned number = 0;
    std::uint64_t value = 0;
    std::string_view bytes;
  };
  explicit ProtobufReader(std::string_view rest) : rest_(rest) {}

  std::optional<Field> next() {
    const auto key = varint();
    if (!key) {
      return std::nullopt;
    }
    Field field;
    field.number = static_cast<unsigned>(*key >> 3U);
    std::uint64_t size = 0;
    switch (*key & 7U) {
      case 0: {
        const auto value = varint();
        field.value = value.value_or(0);
        return value ? std::optional(field) : std::nullopt;
      }
      case 1:
        size = 8;
        break;
      case 2: {
        const auto length = varint();
        if (!length) {
          return std::nullopt;
        }
        size = *length;
        break;
      }
      case 5:
        size = 4;
        break;
      default:
        return std::nullopt;
    }
    if (size > rest_.size()) {
      return std::nullopt;
    }
    field.bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return field;
  }

 private:
  std::optional<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) {
        return value;
      }
    }
    return std::nullopt;
  }
  std::string_view rest_;
};

}  // namespace whyoom::publish
