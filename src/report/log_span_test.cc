#include "report/log_span.h"

#include <gtest/gtest.h>

namespace whyoom::report {
namespace {

std::string many(std::size_t lines) {
  std::string text;
  for (std::size_t i = 1; i <= lines; ++i) {
    std::string second = std::to_string(i);
    second.insert(0, 5 - std::min<std::size_t>(5, second.size()), ' ');
    text += "[" + second + ".000000] usb 1-1: a message of some length, number " +
            std::to_string(i) + "\n";
  }
  return text;
}

TEST(LogSpan, first_and_last_times_of_logs_of_any_size_in_any_chunks) {
  for (const std::size_t lines : {1U, 2U, 200U, 500U, 20000U}) {
    const std::string text = many(lines);
    for (const std::size_t chunk : {std::size_t{7}, std::size_t{5000}, text.size()}) {
      LogSpan span;
      for (std::size_t at = 0; at < text.size(); at += chunk) {
        span.feed(std::string_view(text).substr(at, chunk));
      }
      const LogSpan::Ends ends = span.ends();
      EXPECT_EQ(ends.from.monotonic_us, 1'000'000U) << lines << " " << chunk;
      EXPECT_EQ(ends.to.monotonic_us, lines * 1'000'000U) << lines << " " << chunk;
    }
  }
}

TEST(LogSpan, lines_without_a_time_are_passed_over) {
  LogSpan span;
  span.feed("#### a banner\n\nNov 23 07:41:32 host kernel: one\nNov 23 07:41:33 host app: two\n");
  span.feed("a torn line\n");
  EXPECT_EQ(span.ends().from.wall, "Nov 23 07:41:32");
  EXPECT_EQ(span.ends().to.wall, "Nov 23 07:41:33");
}

TEST(LogSpan, the_journal_tells_the_boots) {
  LogSpan span;
  span.feed(R"({"_BOOT_ID":"aa","MESSAGE":"x","__REALTIME_TIMESTAMP":"1795419692000001"})"
            "\n"
            R"({"_BOOT_ID":"bb","MESSAGE":"y","__REALTIME_TIMESTAMP":"1795419693000001"})"
            "\n");
  EXPECT_EQ(span.ends().first_boot, "aa");
  EXPECT_EQ(span.ends().last_boot, "bb");
  EXPECT_EQ(span.ends().to.wall, "1795419693000001");
}

TEST(LogSpan, nothing_gives_no_time) {
  LogSpan span;
  EXPECT_FALSE(span.ends().from.monotonic_us);
  span.feed("no clock here\n");
  EXPECT_FALSE(span.ends().to.monotonic_us);
  EXPECT_EQ(span.ends().to.wall, "");
}

}  // namespace
}  // namespace whyoom::report
