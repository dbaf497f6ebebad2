#include "report/zone_lines.h"

#include <gtest/gtest.h>

namespace whyoom::report {
namespace {

TEST(ZonePrefixes, WithAndWithoutANode) {
  const auto numa = parse_zone_prefix("Node 2 DMA32 free:520kB min:1kB");
  ASSERT_TRUE(numa);
  EXPECT_EQ(numa->node, 2);
  EXPECT_EQ(numa->name, "DMA32");
  EXPECT_EQ(numa->rest, "free:520kB min:1kB");
  const auto flat = parse_zone_prefix("HighMem free:0kB min:1kB");
  ASSERT_TRUE(flat);
  EXPECT_FALSE(flat->node);
  EXPECT_FALSE(parse_zone_prefix("Node 0 active_anon:3kB"));
  EXPECT_FALSE(parse_zone_prefix("Swap free:yes"));
  const auto buddy = parse_buddy_prefix("Node 0 Normal: 1*4kB (U) 0*8kB = 4kB");
  ASSERT_TRUE(buddy);
  EXPECT_EQ(buddy->rest, "1*4kB (U) 0*8kB = 4kB");
  EXPECT_TRUE(parse_buddy_prefix("DMA: "));
  EXPECT_FALSE(parse_buddy_prefix("Note: "));
  EXPECT_FALSE(parse_buddy_prefix("Hardware name: 5*5 board"));
}

TEST(LowmemReserve, AnyNumberOfClasses) {
  std::vector<std::uint64_t> reserve;
  EXPECT_TRUE(parse_lowmem_reserve("lowmem_reserve[]: 0 930 1930", reserve));
  EXPECT_EQ(reserve, (std::vector<std::uint64_t>{0, 930, 1930}));
  reserve.clear();
  EXPECT_TRUE(parse_lowmem_reserve("lowmem_reserve[]:", reserve));
  EXPECT_TRUE(reserve.empty());
  EXPECT_TRUE(parse_lowmem_reserve("lowmem_reserve[]: 0 93x", reserve));
  EXPECT_EQ(reserve.front(), 0U);
  EXPECT_FALSE(parse_lowmem_reserve("reserve: 0", reserve));
}

TEST(Buddy, OrdersComeFromTheSizes) {
  Zone zone;
  const auto run = read_buddy("3*64kB (UM) 0*128kB 2*256kB (CI) = 704kB", {0, 4}, zone);
  EXPECT_TRUE(run.total);
  EXPECT_EQ(run.blocks, 3U);
  EXPECT_EQ(zone.smallest_block_kib, 64U);
  ASSERT_EQ(zone.buddy.size(), 3U);
  EXPECT_EQ(zone.buddy[2].order, 2);
  EXPECT_EQ(zone.buddy[2].count, 2U);
  EXPECT_EQ(zone.buddy[2].types, "CI");
  EXPECT_EQ(zone.buddy[1].types, "");
  EXPECT_EQ(zone.buddy_total_kib->value, 704U);
}

TEST(Buddy, PiecesGoOnWhereTheLineBroke) {
  Zone zone;
  EXPECT_FALSE(read_buddy("1*4kB ", {}, zone).total);
  EXPECT_FALSE(read_buddy("(U) ", {}, zone).total);
  EXPECT_FALSE(read_buddy("0*8kB 5*16kB (M) ", {}, zone).total);
  EXPECT_TRUE(read_buddy("= 84kB", {}, zone).total);
  ASSERT_EQ(zone.buddy.size(), 3U);
  EXPECT_EQ(zone.buddy[0].types, "U");
  EXPECT_EQ(zone.buddy[2].order, 2);
  EXPECT_TRUE(looks_like_buddy_piece("0*8kB 5*16kB (M) "));
  EXPECT_TRUE(looks_like_buddy_piece("(UME) "));
  EXPECT_FALSE(looks_like_buddy_piece("(null)"));
  EXPECT_FALSE(looks_like_buddy_piece("12 apples"));
}

TEST(Buddy, MarkdownAteTheStars) {
  EXPECT_TRUE(parse_buddy_prefix("Node 0 DMA32: 150_4kB 3276_8kB = 26808kB"));
  Zone zone;
  const auto run = read_buddy("150_4kB 3276_8kB = 26808kB", {}, zone);
  EXPECT_TRUE(run.total);
  EXPECT_FALSE(run.malformed);
  ASSERT_EQ(zone.buddy.size(), 2U);
  EXPECT_EQ(zone.buddy[1].count, 3276U);
  EXPECT_TRUE(read_buddy("150 4kB", {}, zone).malformed);
}

TEST(Buddy, DamageStopsIt) {
  Zone zone;
  EXPECT_TRUE(read_buddy("1*4kB (U) 2*7kB = 18kB", {}, zone).malformed);
  EXPECT_EQ(zone.buddy.size(), 1U);
  Zone empty;
  EXPECT_TRUE(read_buddy("1*0kB", {}, empty).malformed);
  EXPECT_TRUE(empty.buddy.empty());
}

}  // namespace
}  // namespace whyoom::report
