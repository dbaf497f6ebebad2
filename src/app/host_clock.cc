#include "app/host_clock.h"

#include <algorithm>

#include "base/language.h"
#include "base/text.h"
#include "record/history.h"

namespace whyoom::app {
namespace {

constexpr std::int64_t second_us = 1'000'000;
// Beyond so much sleep the uptime tells no wall clock.
constexpr std::uint64_t most_suspended_us = 60 * 1'000'000;

// "2026-11-23T07:41:32Z"
std::string iso_second(std::int64_t at_us) {
  std::string text = record::utc_text(at_us / 1000);
  std::ranges::replace(text, ' ', 'T');
  return text;
}

}  // namespace

std::string local_text(std::time_t moment, const char* format) {
  std::tm local{};
  ::localtime_r(&moment, &local);
  char text[40] = {};
  std::strftime(text, sizeof text, format, &local);
  return text;
}

std::string iso_utc(std::int64_t at_us) {
  const std::int64_t rest = ((at_us % second_us) + second_us) % second_us;
  const std::string micro = std::to_string(rest);
  std::string text = iso_second(at_us - rest);
  text.pop_back();
  return tr("{}.{}{}Z", text, std::string(6 - micro.size(), '0'), micro);
}

std::optional<std::int64_t> journal_clock(std::string_view wall) {
  constexpr std::size_t fewest_digits = 15;
  return wall.size() >= fewest_digits ? parse_number<std::int64_t>(wall) : std::nullopt;
}

std::optional<std::int64_t> date_since_boot(report::Time& time, const linux::MachineClock& clock) {
  if (!time.monotonic_us || clock.suspended_us >= most_suspended_us ||
      *time.monotonic_us >= std::uint64_t{1} << 60U) {
    return std::nullopt;
  }
  const std::int64_t at = clock.booted_us + static_cast<std::int64_t>(*time.monotonic_us);
  time.wall = iso_second(at);
  return at;
}

}  // namespace whyoom::app
