#include "kernel/swiotlb.h"

#include <gtest/gtest.h>

#include <limits>

namespace whyoom::kernel {
namespace {

constexpr std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();

TEST(Swiotlb, AMappingTakesWholeSlots) {
  EXPECT_EQ(swiotlb_slots_for(1).least, 1U);
  EXPECT_EQ(swiotlb_slots_for(2048).least, 1U);
  EXPECT_EQ(swiotlb_slots_for(2049).least, 2U);
  EXPECT_EQ(swiotlb_slots_for(swiotlb_largest_mapping).least, swiotlb_segment_slots);
  EXPECT_EQ(swiotlb_slots_for(swiotlb_largest_mapping + 1).least, swiotlb_segment_slots + 1);
  EXPECT_EQ(swiotlb_slots_for(4096).most, 34U);
  EXPECT_GT(swiotlb_slots_for(huge).most, swiotlb_slots_for(huge).least);
}

// One used slot in every run spoils them all; one less leaves a run whole.
TEST(Swiotlb, HasRoomWhenFewerAreUsedThanThereAreRuns) {
  EXPECT_TRUE(swiotlb_has_room(32768, 255, 128));
  EXPECT_FALSE(swiotlb_has_room(32768, 256, 128));
  EXPECT_TRUE(swiotlb_has_room(32768, 1023, 32));
  EXPECT_FALSE(swiotlb_has_room(32768, 1024, 32));
  EXPECT_TRUE(swiotlb_has_room(32768, 767, 34)) << "three runs of 34 in a segment of 128";
  EXPECT_FALSE(swiotlb_has_room(32768, 768, 34));
}

TEST(Swiotlb, NoPoolHasRoomForMoreThanASegment) {
  EXPECT_FALSE(swiotlb_has_room(huge, 0, 129));
  EXPECT_FALSE(swiotlb_has_room(0, 0, 1));
  EXPECT_FALSE(swiotlb_has_room(127, 0, 1)) << "not one segment";
  EXPECT_TRUE(swiotlb_has_room(huge, huge / 2, 1));
}

}  // namespace
}  // namespace whyoom::kernel
