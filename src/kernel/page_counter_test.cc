#include "kernel/page_counter.h"

#include <gtest/gtest.h>

namespace whyoom::kernel {
namespace {

TEST(PageCounter, HasNoLimitAtTheMostThatItHolds) {
  EXPECT_TRUE(is_no_limit(Bytes(9223372036854771712U)));       // pages of 4 kB
  EXPECT_TRUE(is_no_limit(Bytes(9223372036854710272U)));       // pages of 64 kB
  EXPECT_TRUE(is_no_limit(Bytes(9223372036854775807U)));       // before 3.19
  EXPECT_TRUE(is_no_limit(to_bytes(KiB(9007199254740988U))));  // as a report prints it
  EXPECT_TRUE(is_no_limit(Bytes(8796093018112U)));             // 32 bits
  EXPECT_FALSE(is_no_limit(Bytes(8796093018112U - 4096)));     // 8 TiB less a page
  EXPECT_FALSE(is_no_limit(Bytes(8796093018112U + 4096)));
  EXPECT_FALSE(is_no_limit(Bytes((std::uint64_t{1} << 62U) - 1)));
}

}  // namespace
}  // namespace whyoom::kernel
