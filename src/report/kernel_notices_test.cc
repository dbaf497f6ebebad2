#include "report/kernel_notices.h"

#include <gtest/gtest.h>

namespace whyoom::report {
namespace {

TEST(Slub, EveryForm) {
  const auto old = parse_slub("SLUB: Unable to allocate memory on node -1 (gfp=0x20)", {});
  ASSERT_TRUE(old && old->gfp);
  EXPECT_EQ(old->slub->node, -1);
  EXPECT_EQ(old->gfp->mask, 0x20U);
  EXPECT_FALSE(old->gfp->names);
  const auto named =
      parse_slub("SLUB: Unable to allocate memory on node 1, gfp=0xa20(GFP_ATOMIC)", {});
  ASSERT_TRUE(named && named->gfp);
  EXPECT_EQ(named->slub->node, 1);
  EXPECT_EQ(named->gfp->names, "GFP_ATOMIC");
  const auto fresh = parse_slub(
      "SLUB: Unable to allocate memory on CPU 3 (of node 0) on node -1, gfp=0x820(GFP_ATOMIC)", {});
  ASSERT_TRUE(fresh);
  EXPECT_EQ(fresh->slub->node, -1);
  SlubFailure slub;
  EXPECT_TRUE(
      read_slub_cache("  cache: my, cache, object size: 640, buffer size: 704, default "
                      "order: 3, min order: 0",
                      slub));
  EXPECT_EQ(slub.cache, "my, cache");
  EXPECT_EQ(slub.object_size, 640U);
  EXPECT_EQ(slub.buffer_size, 704U);
  EXPECT_EQ(slub.default_order, 3);
  EXPECT_EQ(slub.min_order, 0);
}

TEST(ForkRejected, GivesThePath) {
  EXPECT_EQ(parse_fork_rejected("cgroup: fork rejected by pids controller in /a/b c"), "/a/b c");
  EXPECT_FALSE(parse_fork_rejected("cgroup: fork rejected by pids controller in "));
}

TEST(Overcommit, EveryForm) {
  const auto first = parse_overcommit(
      "__vm_enough_memory: pid: 187, comm: my, app, no enough memory for the allocation", {0, 2});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->pid, 187);
  EXPECT_EQ(first->comm, "my, app");
  EXPECT_FALSE(first->bytes);
  const auto second = parse_overcommit(
      "__vm_enough_memory: pid: 187, comm: app, not enough memory for the allocation", {});
  ASSERT_TRUE(second);
  EXPECT_EQ(second->comm, "app");
  const auto third = parse_overcommit(
      "__vm_enough_memory: pid: 187, comm: app, bytes: 8388608 not enough memory for the "
      "allocation",
      {});
  ASSERT_TRUE(third);
  EXPECT_EQ(third->bytes, 8388608U);
  EXPECT_EQ(third->comm, "app");
  EXPECT_FALSE(parse_overcommit("not enough memory for the allocation", {}));
}

}  // namespace
}  // namespace whyoom::report
