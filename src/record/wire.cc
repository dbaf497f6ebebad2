#include "record/wire.h"

#include <algorithm>
#include <array>

namespace whyoom::record {
namespace {

constexpr std::uint32_t polynomial = 0x82f63b78;  // reversed 0x1edc6f41

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? polynomial : 0);
    }
    table[i] = crc;
  }
  return table;
}
constexpr auto table = make_table();

constexpr unsigned most_tag = 1U << 20U;

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = ~0U;
  for (const char c : bytes) {
    crc = table[(crc ^ static_cast<unsigned char>(c)) & 0xffU] ^ (crc >> 8U);
  }
  return ~crc;
}

void Writer::raw(std::string_view bytes) {
  if (full_ || bytes.size() > room_.size() - used_) {
    full_ = true;
    return;
  }
  std::ranges::copy(bytes, room_.begin() + static_cast<std::ptrdiff_t>(used_));
  used_ += bytes.size();
}

void Writer::number(std::uint64_t value) {
  std::array<char, 10> bytes{};
  std::size_t size = 0;
  do {
    const auto low = static_cast<unsigned char>(value & 0x7fU);
    value >>= 7U;
    bytes[size++] = static_cast<char>(low | (value != 0 ? 0x80U : 0U));
  } while (value != 0);
  raw({bytes.data(), size});
}

void Writer::field(unsigned tag, std::uint64_t value) {
  number(std::uint64_t{tag} << 1U);
  number(value);
}

void Writer::field(unsigned tag, std::string_view bytes) {
  number(std::uint64_t{tag} << 1U | 1U);
  number(bytes.size());
  raw(bytes);
}

std::optional<std::uint64_t> Reader::number() {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < rest_.size() && i < 10; ++i) {
    const auto byte = static_cast<unsigned char>(rest_[i]);
    if (i == 9 && byte > 1) {
      break;
    }
    value |= std::uint64_t{byte & 0x7fU} << (7 * i);
    if (byte < 0x80) {
      rest_.remove_prefix(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

bool Reader::next() {
  const auto key = number();
  if (!key || *key >> 1U > most_tag) {
    return false;
  }
  tag_ = static_cast<unsigned>(*key >> 1U);
  is_bytes_ = (*key & 1U) != 0;
  const auto value = number();
  if (!value || (is_bytes_ && *value > rest_.size())) {
    return false;
  }
  value_ = is_bytes_ ? 0 : *value;
  bytes_ = {};
  if (is_bytes_) {
    bytes_ = rest_.substr(0, *value);
    rest_.remove_prefix(*value);
  }
  return true;
}

}  // namespace whyoom::record
