#include "memory/slub_use.h"

#include <gtest/gtest.h>

#include "memory/test_report.h"

namespace whyoom::memory {
namespace {

report::Report with_cache(int min_order, std::uint64_t buffer,
                          std::vector<report::SlubNode> nodes) {
  report::Report report;
  report.slub.emplace();
  report.slub->min_order = min_order;
  report.slub->buffer_size = buffer;
  report.slub->nodes = std::move(nodes);
  return report;
}

std::optional<SlubUse> use_of(const report::Report& report) {
  return slub_use(from_report(report));
}

TEST(SlubUse, SlabsOfTheLeastOrderOrTheObjectsWhicheverIsMore) {
  // One object of 274880 bytes in each slab of 512 KiB.
  const auto slabs = use_of(with_cache(7, 274880, {{0, 29822, 29822, 0, {0, 4}}}));
  ASSERT_TRUE(slabs);
  EXPECT_EQ(slabs->at_least, Bytes(std::uint64_t{29822} * 512 * 1024));
  EXPECT_EQ(slabs->in_use, 29822U);
  EXPECT_EQ(slabs->at.line, 4U);
  // Slabs of order 3 by default, counted as pages of order 0: the objects are more.
  const auto objects = use_of(with_cache(0, 704, {{0, 10, 460, 60, {}}, {1, 5, 230, 0, {}}}));
  ASSERT_TRUE(objects);
  EXPECT_EQ(objects->at_least, Bytes(690 * 704));
  EXPECT_EQ(objects->objects, 690U);
  EXPECT_EQ(objects->in_use, 630U);
}

TEST(SlubUse, NotOfNumbersThatCannotBe) {
  EXPECT_FALSE(use_of(report::Report{}));
  EXPECT_FALSE(use_of(with_cache(0, 64, {})));
  EXPECT_FALSE(use_of(with_cache(0, 64, {{0, 0, 0, 0, {}}})));
  EXPECT_TRUE(use_of(with_cache(0, 64, {{0, 1, 1, 0, {}}})));
  EXPECT_FALSE(use_of(with_cache(0, 64, {{0, 1, 10, 11, {}}})));   // more free than there are
  EXPECT_FALSE(use_of(with_cache(0, 64, {{0, 100, 10, 0, {}}})));  // a slab without an object
  EXPECT_FALSE(use_of(with_cache(0, 64, {{0, 1, ~0ULL, 0, {}}})));
  EXPECT_FALSE(use_of(with_cache(20, 64, {{0, 1ULL << 40, 1ULL << 40, 0, {}}})));
}

}  // namespace
}  // namespace whyoom::memory
