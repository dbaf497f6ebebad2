#include "diagnose/blocks.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "memory/test_report.h"

namespace whyoom::diagnose {
namespace {

using memory::testing_only::add_zone;

struct Blocks {
  int order;
  std::uint64_t count;
  std::string types = "UME";
};

// One zone with min 4000 kB (1000 pages) and these free blocks, all its free memory.
std::optional<Fragmented> judge(const std::string& release, int order,
                                const std::vector<Blocks>& blocks,
                                std::vector<kernel::GfpFlag> flags = {}) {
  static report::Report report;
  report = {};
  static memory::Evidence evidence;
  memory::testing_only::set_release(report, release);
  memory::testing_only::set_request(report, std::move(flags), order);
  std::uint64_t free = 0;
  for (const Blocks& each : blocks) {
    free += each.count << static_cast<unsigned>(each.order);
  }
  auto& zone = add_zone(report, 0, "Normal", {free * 4, 4000, 5000, 6000, 4000000, {0, 0, 0, 0}});
  zone.smallest_block_kib = 4;
  for (const Blocks& each : blocks) {
    zone.buddy.push_back({each.order, each.count, each.types});
  }
  zone.buddy_total_kib = Read<std::uint64_t>{free * 4, {}};
  evidence = memory::from_report(report);
  return fragmented_zone(evidence);
}

constexpr const char* old_kernel = "3.10.0-1160.el7.x86_64";
constexpr const char* new_kernel = "4.4.0-210-generic";

// Single pages in zone Normal, and a zone DMA (floor 250 pages, slack 34) with one block of 64
// pages and single ones, `dma` kB in all.
std::optional<Fragmented> with_a_small_zone(std::uint64_t dma) {
  static report::Report report;
  static memory::Evidence evidence;
  report = {};
  memory::testing_only::set_release(report, new_kernel);
  memory::testing_only::set_request(report, {}, 2);
  auto& small = add_zone(report, 0, "DMA", {dma, 1000, 1250, 1500, 16000, {0, 0, 0, 0}});
  small.buddy = {{0, dma / 4 - 64, "U"}, {6, 1, "U"}};
  auto& zone = add_zone(report, 0, "Normal", {160000, 4000, 5000, 6000, 4000000, {0, 0, 0, 0}});
  zone.buddy = {{0, 40000, "UM"}};
  zone.buddy_total_kib = Read<std::uint64_t>{160000, {}};
  report.zones.front().buddy_total_kib = Read<std::uint64_t>{dma, {}};
  evidence = memory::from_report(report);
  return fragmented_zone(evidence);
}

TEST(Fragmented, ABlockOfTheSizeIsEnoughSince44) {
  const auto split = judge(new_kernel, 2, {{0, 4000}, {1, 500}, {2, 64}});
  ASSERT_TRUE(split);
  EXPECT_EQ(split->blocks, 64U);
  EXPECT_EQ(split->largest_order, 2);
  EXPECT_FALSE(split->too_little_in_large_blocks);
  EXPECT_FALSE(split->fragmented());
}

// 5004 pages less 3 for the order; less 4000 single pages 1001, above 1000 / 2; less 1000 pages in
// pairs 1, not above 1000 / 4.
TEST(Fragmented, BeforeEnoughMustBeLeftInLargerBlocks) {
  const auto split = judge(old_kernel, 2, {{0, 4000}, {1, 500}, {2, 1}});
  ASSERT_TRUE(split);
  EXPECT_EQ(split->blocks, 1U);
  EXPECT_TRUE(split->too_little_in_large_blocks);
  EXPECT_TRUE(split->fragmented());
  EXPECT_EQ(split->left, Pages(4)) << "the block that is there";
  EXPECT_EQ(split->asked, Pages(253));
  EXPECT_EQ(split->from, Pages(4));
}

// Without the single pages 505 are left, above 1000 / 2; without the pairs 253, above 1000 / 4.
// With a block less it is 249.
TEST(Fragmented, TheOldCheckEndsAtAQuarterOfMinForOrderTwo) {
  EXPECT_FALSE(judge(old_kernel, 2, {{0, 4000}, {1, 126}, {2, 64}})->fragmented());
  EXPECT_TRUE(judge(old_kernel, 2, {{0, 4000}, {1, 126}, {2, 63}})->fragmented());
}

// 502 - 1 pages in pairs are above half of min, 500 - 1 are not.
TEST(Fragmented, TheOldCheckEndsAtHalfOfMinForOrderOne) {
  EXPECT_FALSE(judge(old_kernel, 1, {{0, 4000}, {1, 251}})->fragmented());
  EXPECT_TRUE(judge(old_kernel, 1, {{0, 4000}, {1, 250}})->fragmented());
}

// For __GFP_HIGH it begins with half of min, for a request of order two it ends at 125 pages.
TEST(Fragmented, TheOldCheckAsksLessForWhoMayTakeReserves) {
  const auto left = [](std::uint64_t blocks) {
    return judge(old_kernel, 2, {{0, 4000}, {1, 126}, {2, blocks}}, {kernel::GfpFlag::high});
  };
  EXPECT_FALSE(left(63)->fragmented());
  EXPECT_FALSE(left(33)->fragmented());
  EXPECT_TRUE(left(31)->fragmented());
}

TEST(Fragmented, WithoutAReleaseTheOldCheckIsNotAsked) {
  EXPECT_FALSE(judge("unknown", 2, {{0, 4000}, {2, 64}})->fragmented());
}

// 1 % of the free pages; far more than that came free in the lab's guests.
TEST(Fragmented, AFewBlocksCameFreeAfterTheCheck) {
  const auto few = judge(new_kernel, 2, {{0, 4600}, {2, 11}});
  EXPECT_EQ(few->blocks, 11U);
  EXPECT_TRUE(few->only_freed_since);
  EXPECT_TRUE(few->fragmented());
  EXPECT_FALSE(judge(new_kernel, 2, {{0, 4600}, {2, 12}})->fragmented());
  EXPECT_FALSE(judge(new_kernel, 2, {{0, 4600}})->only_freed_since);
}

// 0.25 % of the zone are 2500 pages.
TEST(Fragmented, AFewBlocksAreNoMoreThanComeFreeMeanwhile) {
  EXPECT_TRUE(judge(new_kernel, 2, {{0, 300000}, {2, 625}})->fragmented());
  EXPECT_FALSE(judge(new_kernel, 2, {{0, 300000}, {2, 626}})->fragmented());
}

// High is 1500 pages, the slack 266: up to both the free pages alone can be the reason.
TEST(Fragmented, AFewBlocksCountOnlyFarAboveTheMarks) {
  EXPECT_FALSE(judge(new_kernel, 2, {{0, 1765}, {2, 1}})->fragmented());
  EXPECT_TRUE(judge(new_kernel, 2, {{0, 1766}, {2, 1}})->fragmented());
}

// With a boost of 500 pages from 2271 on.
TEST(Fragmented, ABoostIsInTheMarks) {
  const auto is_fragmented = [](std::uint64_t single) {
    report::Report report;
    memory::testing_only::set_release(report, "6.1.0");
    memory::testing_only::set_request(report, {}, 2);
    auto& zone =
        add_zone(report, 0, "Normal", {4 * single + 16, 6000, 7000, 8000, 4000000, {0, 0, 0, 0}});
    zone.fields.set(kernel::Field::boost, 2000, {});
    zone.buddy = {{0, single, "UM"}, {2, 1, "U"}};
    zone.buddy_total_kib = Read<std::uint64_t>{4 * single + 16, {}};
    return fragmented_zone(memory::from_report(report))->fragmented();
  };
  EXPECT_FALSE(is_fragmented(2270));
  EXPECT_TRUE(is_fragmented(2271));
}

TEST(Fragmented, TheEndOfALineThatIsCutCanHoldBlocks) {
  report::Report report;
  memory::testing_only::set_release(report, new_kernel);
  memory::testing_only::set_request(report, {}, 2);
  auto& zone = add_zone(report, 0, "Normal", {160000, 4000, 5000, 6000, 4000000, {0, 0, 0, 0}});
  zone.buddy = {{0, 39000, "UM"}};
  EXPECT_FALSE(fragmented_zone(memory::from_report(report)));
  report.zones.front().buddy_total_kib = Read<std::uint64_t>{156000, {}};
  EXPECT_TRUE(fragmented_zone(memory::from_report(report)));
}

TEST(Fragmented, AZoneWithinItsSlackIsNotTheOne) {
  EXPECT_EQ(judge(new_kernel, 2, {{0, 1100}, {6, 1}})->blocks, 1U);
  EXPECT_EQ(with_a_small_zone(1100)->blocks, 0U);
  EXPECT_EQ(with_a_small_zone(3000)->blocks, 1U);
}

// An order-0 request, and a zone below its mark, are no matter of blocks.
TEST(Fragmented, IsAskedOnlyWhereEnoughIsFree) {
  EXPECT_FALSE(judge(old_kernel, 0, {{0, 4000}}));
  EXPECT_FALSE(judge(old_kernel, 2, {{0, 900}}));
  EXPECT_TRUE(judge(old_kernel, 2, {{0, 1100}}));
}

TEST(Fragmented, CountsOnlyTheListsThatServeTheRequest) {
  EXPECT_EQ(judge(new_kernel, 2, {{0, 4000}, {2, 9, "H"}})->blocks, 0U);
  EXPECT_EQ(judge(new_kernel, 2, {{0, 4000}, {2, 9, "I"}})->blocks, 0U);
  EXPECT_EQ(judge(new_kernel, 2, {{0, 4000}, {2, 9, "C"}})->blocks, 0U);
  EXPECT_EQ(judge(new_kernel, 2, {{0, 4000}, {2, 9, "UH"}})->blocks, 9U);
  EXPECT_EQ(judge(new_kernel, 2, {{0, 4000}, {2, 9, "C"}},
                  {kernel::GfpFlag::highmem, kernel::GfpFlag::movable})
                ->blocks,
            9U);
}

// MIGRATE_RESERVE (before 4.4) is the last list that every request falls back to.
TEST(Fragmented, TheReserveOfOldKernelsServesEveryRequest) {
  EXPECT_EQ(judge(old_kernel, 2, {{0, 4000}, {10, 1, "R"}})->blocks, 1U);
}

}  // namespace
}  // namespace whyoom::diagnose
