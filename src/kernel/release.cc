#include "kernel/release.h"

#include <algorithm>

#include "base/text.h"

namespace whyoom::kernel {
namespace {

std::optional<std::uint16_t> take_part(Cursor& cursor) {
  const auto number = is_digit(cursor.peek()) ? cursor.take_unsigned() : std::nullopt;
  if (!number || *number > UINT16_MAX) {
    return std::nullopt;
  }
  return static_cast<std::uint16_t>(*number);
}

// The N of ".elN": 0 when there is none. "el8uek" and the like are other kernels for that system.
int enterprise_tag(std::string_view text) {
  const std::size_t at = text.find(".el");
  if (at == std::string_view::npos) {
    return 0;
  }
  Cursor cursor(text.substr(at + 3));
  const auto number = take_part(cursor);
  const char next = cursor.peek();
  return number && !is_letter(next) ? *number : 0;
}

// A tag counts only on the version that this system really ships: elrepo builds 5.4 for el7.
std::uint8_t enterprise_of(const Release& release, std::string_view text) {
  switch (enterprise_tag(text)) {
    case 6:
      return release.major == 2 && release.minor == 6 && release.patch == 32 ? 6 : 0;
    case 7:
      return release.major == 3 && release.minor == 10 ? 7 : 0;
    case 8:
      return release.major == 4 && release.minor == 18 ? 8 : 0;
    case 9:
      return release.major == 5 && release.minor == 14 ? 9 : 0;
    case 10:
      return release.major == 6 && release.minor == 12 ? 10 : 0;
    default:
      return 0;
  }
}

}  // namespace

std::optional<Release> parse_release(std::string_view text) {
  text = trim(text);
  Cursor cursor(text);
  const auto major = take_part(cursor);
  // 2 is the oldest with reports that we read; 99 keeps years and other numbers out.
  if (!major || *major < 2 || *major > 99 || !cursor.take('.')) {
    return std::nullopt;
  }
  const auto minor = take_part(cursor);
  if (!minor) {
    return std::nullopt;
  }
  Release release{*major, *minor, 0, 0};
  if (cursor.peek() == '.') {
    cursor.take('.');
    const auto patch = take_part(cursor);
    if (!patch) {
      return std::nullopt;
    }
    release.patch = *patch;
  }
  const char next = cursor.peek();
  if (next != '\0' && next != '-' && next != '+' && next != '.' && next != '_' && next != '~' &&
      !is_space(next)) {
    return std::nullopt;
  }
  release.enterprise = enterprise_of(release, text);
  return release;
}

std::optional<std::uint32_t> page_kib_by_name(std::string_view release) {
  // "6.8.0-31-generic-64k", "5.14.0-427.13.1.el9_4.aarch64+64k", Debian's
  // "6.12.41+deb13-arm64-16k".
  const std::string_view end =
      release.substr(release.size() - std::min<std::size_t>(4, release.size()));
  if (end == "-64k" || end == "+64k") {
    return 64;
  }
  // Apple's chips map DMA in 16 KiB; Raspberry Pi 5 boots kernel_2712.img, which is built so.
  if (end == "-16k" || end == "+16k" || end == "2712" ||
      release.find("asahi") != std::string_view::npos) {
    return 16;
  }
  const bool enterprise = enterprise_tag(release) != 0 && release.ends_with("ppc64le");
  return enterprise ? std::optional<std::uint32_t>(64) : std::nullopt;
}

}  // namespace whyoom::kernel
