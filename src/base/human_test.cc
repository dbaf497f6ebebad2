#include "base/human.h"

#include <gtest/gtest.h>

#include <limits>

namespace whyoom {
namespace {

constexpr std::uint64_t largest_number = std::numeric_limits<std::uint64_t>::max();

TEST(Human, PicksAUnitAndThreeDigits) {
  EXPECT_EQ(human(Bytes(0)), "0 bytes");
  EXPECT_EQ(human(Bytes(1)), "1 byte");
  EXPECT_EQ(human(Bytes(512)), "512 bytes");
  EXPECT_EQ(human(Bytes(1024)), "1 KiB");
  EXPECT_EQ(human(to_bytes(KiB(45056))), "44 MiB");
  EXPECT_EQ(human(to_bytes(KiB(779244))), "761 MiB");
  EXPECT_EQ(human(to_bytes(KiB(1310720))), "1.25 GiB");
  EXPECT_EQ(human(to_bytes(KiB(12500))), "12.2 MiB");
  EXPECT_EQ(human(Bytes(largest_number)), "16 EiB");
}

TEST(Human, NeverShows1024OfAUnit) {
  EXPECT_EQ(human(Bytes(1024 * 1024 - 1)), "1 MiB");
  EXPECT_EQ(human(Bytes(1023 * 1024)), "1023 KiB");
}

TEST(Kb, AsTheKernelWritesIt) {
  EXPECT_EQ(kb(to_bytes(KiB(779244))), "779244 kB");
  EXPECT_EQ(kb(Bytes(1023)), "0 kB");
}

TEST(Percent, KeepsSmallSharesVisible) {
  EXPECT_EQ(percent(0.0436), "4.4 %");
  EXPECT_EQ(percent(0.5), "50 %");
  EXPECT_EQ(percent(0.0004), "0.04 %");
  EXPECT_EQ(percent(0.001), "0.1 %");
  EXPECT_EQ(percent(0.00004), "< 0.01 %");
  EXPECT_EQ(percent(0.0999), "10 %");
  EXPECT_EQ(percent(0.04), "4 %");
  EXPECT_EQ(percent(0), "0 %");
  EXPECT_EQ(percent(1), "100 %");
  EXPECT_EQ(percent(2.5), "250 %");
}

TEST(Percent, AllIsOnlySaidOfAll) {
  EXPECT_EQ(percent(0.9999), "99.9 %");
  EXPECT_EQ(percent(0.99), "99 %");
}

TEST(Percent, SurvivesWhatIsNoShare) {
  EXPECT_EQ(percent(std::numeric_limits<double>::quiet_NaN()), "0 %");
  EXPECT_EQ(percent(std::numeric_limits<double>::infinity()), "0 %");
  EXPECT_EQ(percent(-0.5), "-50 %");
}

TEST(Grouped, CommasEveryThreeDigits) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(10338), "10,338");
  EXPECT_EQ(grouped(largest_number), "18,446,744,073,709,551,615");
}

TEST(Seconds, FromMillisecondsToDays) {
  EXPECT_EQ(seconds(0), "0 s");
  EXPECT_EQ(seconds(0.004), "0.004 s");
  EXPECT_EQ(seconds(0.68), "0.68 s");
  EXPECT_EQ(seconds(12.34), "12.3 s");
  EXPECT_EQ(seconds(59.97), "1 min");
  EXPECT_EQ(seconds(192), "3 min 12 s");
  EXPECT_EQ(seconds(3900), "1 h 5 min");
  EXPECT_EQ(seconds(90000), "1 d 1 h");
  EXPECT_EQ(seconds(-2), "-2 s");
  EXPECT_EQ(seconds(std::numeric_limits<double>::infinity()), "?");
  EXPECT_EQ(seconds(1e300), seconds(1e15));
}

TEST(Plural, OneAndMany) {
  EXPECT_EQ(plural(1, "process", "processes"), "1 process");
  EXPECT_EQ(plural(5, "process", "processes"), "5 processes");
  EXPECT_EQ(plural(0, "process", "processes"), "0 processes");
  EXPECT_EQ(plural(10338, "report", "reports"), "10,338 reports");
}

}  // namespace
}  // namespace whyoom
