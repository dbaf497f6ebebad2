#include "host/counters.h"

#include <gtest/gtest.h>

#include "host/parse_for_test.h"

namespace whyoom::host {
namespace {

using test::count;
using test::parsed;

TEST(Vmstat, pages_and_events) {
  const auto [vmstat, damage] = parsed(parse_vmstat,
                                       "nr_free_pages 5012\nnr_free_pages_blocks 4096\n"
                                       "nr_zone_inactive_file 11\nnr_inactive_file 12\n"
                                       "nr_kernel_stack 1544\nnr_dirty_threshold 99\n"
                                       "allocstall_dma 1\nallocstall_dma32 20\n"
                                       "allocstall_normal 300\nallocstall_movable 4000\n"
                                       "oom_kill 2\npgscan_direct_throttle 5\npgscan_direct 77\n");
  EXPECT_EQ(count(vmstat.pages.free_pages), 5012U);
  EXPECT_EQ(count(vmstat.pages.zone_inactive_file), 11U);
  EXPECT_EQ(count(vmstat.pages.inactive_file), 12U);
  EXPECT_FALSE(vmstat.pages.dirty);
  EXPECT_EQ(vmstat.pages.kernel_stack->value, 1544U);
  EXPECT_EQ(vmstat.oom_kill->value, 2U);
  EXPECT_EQ(vmstat.allocstall->value, 4321U);
  EXPECT_EQ(vmstat.pgscan_direct->value, 77U) << "without pgscan_direct_throttle";
  EXPECT_TRUE(damage.empty());
}

TEST(Vmstat, an_old_kernel_splits_its_counters_by_zone) {
  const auto vmstat =
      parsed(parse_vmstat,
             "pgscan_kswapd_dma 1\npgscan_kswapd_normal 2\npgscan_kswapd_movable 4\n"
             "allocstall 9\n")
          .value;
  EXPECT_EQ(vmstat.pgscan_kswapd->value, 7U);
  EXPECT_EQ(vmstat.allocstall->value, 9U);
  EXPECT_FALSE(vmstat.oom_kill) << "4.13 and later";
}

TEST(Vmstat, a_sum_that_does_not_fit_stays_at_the_largest_number) {
  const auto vmstat =
      parsed(parse_vmstat, "allocstall_dma 18446744073709551615\nallocstall_normal 5\n").value;
  EXPECT_EQ(vmstat.allocstall->value, UINT64_MAX);
}

TEST(Vmstat, damage) {
  const auto [vmstat, damage] = parsed(parse_vmstat, "oom_kill two\nnr_dirty 5 kB\npgfault 1");
  EXPECT_FALSE(vmstat.oom_kill || vmstat.pages.dirty || vmstat.pgfault);
  EXPECT_EQ(damage.size(), 3U);
}

}  // namespace
}  // namespace whyoom::host
