// A file of its own: the page in a browser takes it, and nothing else of the recorder.
#include <string>

#include "base/human.h"
#include "record/history.h"

namespace whyoom::record {

std::string utc_text(std::int64_t real_ms) {
  constexpr std::int64_t day_s = 86'400;
  const std::int64_t seconds = real_ms / 1000 - (real_ms % 1000 < 0 ? 1 : 0);
  const std::int64_t days = seconds / day_s - (seconds % day_s < 0 ? 1 : 0);
  const std::int64_t of_day = seconds - days * day_s;
  // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
  const std::int64_t shifted = days + 719'468;
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const std::int64_t of_era = shifted - era * 146'097;
  const std::int64_t year_of_era =
      (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  const std::int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_part = (5 * of_year + 2) / 153;
  const std::int64_t day = of_year - (153 * month_part + 2) / 5 + 1;
  const std::int64_t month = month_part < 10 ? month_part + 3 : month_part - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  return std::to_string(year) + "-" + two_digits(month) + "-" + two_digits(day) + " " +
         two_digits(of_day / 3600) + ":" + two_digits(of_day / 60 % 60) + ":" +
         two_digits(of_day % 60) + "Z";
}

}  // namespace whyoom::record
