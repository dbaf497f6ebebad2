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
                                       "nr_mapped_threshold 99\nallocstall_dma 1\n"
                                       "oom_kill 2\noom_kill 3\noom_kills 4\n");
  EXPECT_EQ(count(vmstat.pages.free_pages), 5012U);
  EXPECT_EQ(count(vmstat.pages.zone_inactive_file), 11U);
  EXPECT_EQ(count(vmstat.pages.inactive_file), 12U);
  EXPECT_FALSE(vmstat.pages.mapped);
  EXPECT_EQ(vmstat.oom_kill->value, 2U) << "the first of two";
  EXPECT_TRUE(damage.empty());
}

TEST(Vmstat, damage) {
  const auto [vmstat, damage] = parsed(parse_vmstat, "oom_kill two\nnr_mapped 5 kB\nnr_shmem 1");
  EXPECT_FALSE(vmstat.oom_kill || vmstat.pages.mapped || vmstat.pages.shmem);
  EXPECT_EQ(damage.size(), 3U);
}

}  // namespace
}  // namespace whyoom::host
