// Sizes as types: bytes, KiB and pages never mix by accident.
// Arithmetic saturates: a log can print any 64-bit number, also a wrapped negative one.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace whyoom {

template <class Tag>
class Quantity {
 public:
  constexpr Quantity() = default;
  constexpr explicit Quantity(std::uint64_t count) : count_(count) {}

  [[nodiscard]] constexpr std::uint64_t count() const { return count_; }

  friend constexpr auto operator<=>(Quantity, Quantity) = default;

  friend constexpr Quantity operator+(Quantity a, Quantity b) {
    constexpr auto max = std::numeric_limits<std::uint64_t>::max();
    return Quantity(a.count_ > max - b.count_ ? max : a.count_ + b.count_);
  }
  // Never below zero.
  friend constexpr Quantity operator-(Quantity a, Quantity b) {
    return Quantity(a.count_ < b.count_ ? 0 : a.count_ - b.count_);
  }
  friend constexpr Quantity operator*(Quantity a, std::uint64_t factor) {
    std::uint64_t product = 0;
    if (__builtin_mul_overflow(a.count_, factor, &product)) {
      product = std::numeric_limits<std::uint64_t>::max();
    }
    return Quantity(product);
  }
  friend constexpr Quantity operator/(Quantity a, std::uint64_t divisor) {
    return Quantity(divisor == 0 ? 0 : a.count_ / divisor);
  }
  constexpr Quantity& operator+=(Quantity other) { return *this = *this + other; }
  constexpr Quantity& operator-=(Quantity other) { return *this = *this - other; }

 private:
  std::uint64_t count_ = 0;
};

using Bytes = Quantity<struct BytesTag>;
using KiB = Quantity<struct KiBTag>;
using Pages = Quantity<struct PagesTag>;

// The machine's base page. It comes from the evidence, 4 KiB is only the usual case.
struct PageSize {
  std::uint32_t bytes = 4096;
  friend constexpr bool operator==(PageSize, PageSize) = default;
};

constexpr Bytes to_bytes(KiB size) { return Bytes(size.count()) * 1024; }
constexpr Bytes to_bytes(Pages size, PageSize page) { return Bytes(size.count()) * page.bytes; }
constexpr KiB to_kib(Bytes size) { return KiB(size.count() / 1024); }
constexpr KiB to_kib(Pages size, PageSize page) { return to_kib(to_bytes(size, page)); }
constexpr Pages to_pages(Bytes size, PageSize page) { return Pages((size / page.bytes).count()); }
constexpr Pages to_pages(KiB size, PageSize page) { return to_pages(to_bytes(size), page); }

// part / whole as 0..1 (0 when there is no whole).
template <class Tag>
constexpr double share(Quantity<Tag> part, Quantity<Tag> whole) {
  return whole.count() == 0
             ? 0.0
             : static_cast<double>(part.count()) / static_cast<double>(whole.count());
}

}  // namespace whyoom
