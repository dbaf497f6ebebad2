// A file of its own: the page in a browser takes it, and nothing else of the recorder.
#include <string>

#include "base/calendar.h"
#include "base/human.h"
#include "record/history.h"

namespace whyoom::record {

std::string utc_text(std::int64_t real_ms) {
  constexpr std::int64_t day_s = 86'400;
  const std::int64_t seconds = real_ms / 1000 - (real_ms % 1000 < 0 ? 1 : 0);
  const std::int64_t days = seconds / day_s - (seconds % day_s < 0 ? 1 : 0);
  const std::int64_t of_day = seconds - days * day_s;
  const Date date = date_from_days(days);
  return std::to_string(date.year) + "-" + two_digits(date.month) + "-" + two_digits(date.day) +
         " " + two_digits(of_day / 3600) + ":" + two_digits(of_day / 60 % 60) + ":" +
         two_digits(of_day % 60) + "Z";
}

}  // namespace whyoom::record
