#include "record/wire.h"

#include <gtest/gtest.h>

#include <array>

namespace whyoom::record {
namespace {

TEST(Wire, SumIsCastagnolis) { EXPECT_EQ(crc32c("123456789"), 0xe3069283U); }

TEST(Wire, FieldsComeBack) {
  std::array<char, 64> room;
  Writer out(room);
  out.field(1, std::uint64_t{300});
  out.field(70, "abc");
  out.field(2, ~std::uint64_t{0});
  Reader in(out.written());
  ASSERT_TRUE(in.next());
  EXPECT_EQ(in.tag(), 1U);
  EXPECT_EQ(in.value(), 300U);
  ASSERT_TRUE(in.next());
  EXPECT_EQ(in.tag(), 70U);
  EXPECT_EQ(in.bytes(), "abc");
  ASSERT_TRUE(in.next());
  EXPECT_EQ(in.value(), ~std::uint64_t{0});
  EXPECT_FALSE(in.next());
  EXPECT_TRUE(in.rest().empty());
}

TEST(Wire, CutAndOverlongAreNoNumbers) {
  EXPECT_FALSE(Reader(std::string_view("\x80", 1)).number());
  EXPECT_FALSE(Reader("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02").number());
  EXPECT_TRUE(Reader("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01").number());
}

TEST(Wire, WhatDoesNotFitIsLeftOut) {
  std::array<char, 3> room;
  Writer out(room);
  out.raw("ab");
  out.raw("cd");
  EXPECT_EQ(out.written(), "ab");
}

TEST(Wire, ZigzagOfBothEnds) {
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0},
                                    std::uint64_t{1} << 63U, (std::uint64_t{1} << 63U) - 1}) {
    EXPECT_EQ(unzigzag(zigzag(value)), value);
  }
  EXPECT_EQ(zigzag(~std::uint64_t{0}), 1U);  // -1
}

}  // namespace
}  // namespace whyoom::record
