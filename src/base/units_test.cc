#include "base/units.h"

#include <gtest/gtest.h>

namespace whyoom {
namespace {

constexpr std::uint64_t largest_count = std::numeric_limits<std::uint64_t>::max();

TEST(Units, SaturateInsteadOfWrapping) {
  EXPECT_EQ(Bytes(largest_count) + Bytes(1), Bytes(largest_count));
  EXPECT_EQ(Bytes(largest_count - 1) + Bytes(1), Bytes(largest_count));
  EXPECT_EQ(Bytes(1) - Bytes(2), Bytes(0));
  EXPECT_EQ(Bytes(largest_count) * 2, Bytes(largest_count));
  EXPECT_EQ(Bytes(largest_count / 2) * 2, Bytes(largest_count - 1));
  EXPECT_EQ(Bytes(5) / 0, Bytes(0));
  EXPECT_EQ(Bytes(7) / 2, Bytes(3));
  Bytes b(largest_count);
  b += Bytes(9);
  EXPECT_EQ(b, Bytes(largest_count));
  b -= Bytes(largest_count);
  b -= Bytes(1);
  EXPECT_EQ(b, Bytes(0));
}

TEST(Units, ConversionsSaturate) {
  EXPECT_EQ(to_bytes(KiB(largest_count)), Bytes(largest_count));
  EXPECT_EQ(to_bytes(Pages(largest_count), PageSize{65536}), Bytes(largest_count));
  EXPECT_EQ(to_kib(Pages(largest_count), PageSize{4096}), KiB(largest_count / 1024));
}

TEST(Units, ConversionsUseThePageSize) {
  EXPECT_EQ(to_kib(Pages(3), PageSize{65536}), KiB(192));
  EXPECT_EQ(to_pages(KiB(45056), PageSize{}), Pages(11264));
  EXPECT_EQ(to_pages(KiB(63), PageSize{65536}), Pages(0));
  EXPECT_EQ(to_pages(KiB(64), PageSize{0}), Pages(0));
}

TEST(Units, ShareOfNothingIsNothing) {
  EXPECT_DOUBLE_EQ(share(KiB(1), KiB(0)), 0.0);
  EXPECT_DOUBLE_EQ(share(KiB(1), KiB(4)), 0.25);
  EXPECT_DOUBLE_EQ(share(KiB(largest_count), KiB(largest_count)), 1.0);
}

}  // namespace
}  // namespace whyoom
