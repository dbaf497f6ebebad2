// A kernel release string ("6.12.117+deb12-cloud-amd64", "3.10.0-1062.el7.x86_64") as numbers, to
// break ties where the report itself does not tell. Distribution kernels carry backports, so el6,
// el7, el8 and el9 are named.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace whyoom::kernel {

struct Release {
  std::uint16_t major = 0;
  std::uint16_t minor = 0;
  std::uint16_t patch = 0;
  std::uint8_t enterprise = 0;  // RHEL and its rebuilds: 6, 7, 8, 9, 10; 0 = another kernel

  friend constexpr auto operator<=>(const Release&, const Release&) = default;
  [[nodiscard]] constexpr bool at_least(int want_major, int want_minor) const {
    return major > want_major || (major == want_major && minor >= want_minor);
  }
};

std::optional<Release> parse_release(std::string_view text);

// The size of a page that the name tells, of an architecture that has several; else nothing.
std::optional<std::uint32_t> page_kib_by_name(std::string_view release);

}  // namespace whyoom::kernel
