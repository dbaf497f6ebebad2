// One request of vmalloc is told of in up to three lines.
#include <gtest/gtest.h>

#include "report/test_support.h"

namespace whyoom::report {
namespace {

using testing::assemble;

const std::string no_range =
    "[   13.998495] vmap allocation for size 430080 failed: use vmalloc=<size> to increase size\n";

TEST(Vmalloc, SaysTheSameRequestTwice) {
  for (const std::string said :
       {"[   14.006613] kmodloader: vmalloc: allocation failure: 425984 bytes, "
        "mode:0x14000c0(GFP_KERNEL), nodemask=(null)\n",
        "[   14.006610] warn_alloc: 3 callbacks suppressed\n"
        "[   14.006613] kmodloader: vmalloc error: size 425984, vm_struct allocation failed, "
        "mode:0xcc0(GFP_KERNEL), nodemask=(null),cpuset=/,mems_allowed=0\n",
        "[   14.006610] vmalloc: allocation failure: 421900 bytes\n"
        "[   14.006613] kmodloader: page allocation failure: order:0, mode:0xd2\n"}) {
    const auto events = assemble(no_range + said);
    ASSERT_EQ(events.size(), 1U) << said;
    EXPECT_EQ(events[0].vmalloc->reason, no_vmalloc_range);
    EXPECT_EQ(events[0].vmalloc->bytes, 430080U);
    EXPECT_EQ(events[0].vmalloc->at.line, 1U);
    EXPECT_EQ(events[0].trigger->comm, "kmodloader");
  }
}

TEST(Vmalloc, OldKernelsDoNotSayTheSize) {
  for (const std::string said :
       {"allocation failed: out of vmalloc space - use vmalloc=<size> to increase size.\n",
        "vmap allocation failed: use vmalloc=<size> to increase size.\n"}) {
    const auto events = assemble("[   13.998495] " + said);
    ASSERT_EQ(events.size(), 1U) << said;
    EXPECT_EQ(events[0].vmalloc->reason, no_vmalloc_range);
    EXPECT_FALSE(events[0].vmalloc->bytes);
    EXPECT_TRUE(assemble("[   13.998495] why: " + said).empty()) << said;
  }
}

TEST(Vmalloc, OfAnotherSizeIsAnotherRequest) {
  for (const std::string said :
       {"[   14.006613] kmodloader: vmalloc: allocation failure: 430080000 bytes, "
        "mode:0x14000c0(GFP_KERNEL), nodemask=(null)\n",
        "[   14.006613] kmodloader: vmalloc: allocation failure: 417792 bytes, "
        "mode:0x14000c0(GFP_KERNEL), nodemask=(null)\n",
        "[   19.006613] kmodloader: vmalloc: allocation failure: 425984 bytes, "
        "mode:0x14000c0(GFP_KERNEL), nodemask=(null)\n",
        "[   14.006613] kmodloader: page allocation failure: order:0, mode:0xd2\n",
        "[   14.006613] kmodloader: page allocation failure: order:5, mode:0x20\n"}) {
    const auto events = assemble(no_range + said);
    ASSERT_EQ(events.size(), 2U) << said;
    EXPECT_EQ(events[0].vmalloc->reason, no_vmalloc_range);
    EXPECT_FALSE(events[0].trigger);
    EXPECT_TRUE(events[1].trigger);
  }
}

TEST(Vmalloc, OfEachOfTheRepetitionsOnlyTheLastIsToldAgain) {
  const auto events =
      assemble(no_range + no_range + no_range +
               "[   14.006613] kmodloader: vmalloc: allocation failure: 425984 bytes, "
               "mode:0xcc0(GFP_KERNEL), nodemask=(null),cpuset=/,mems_allowed=0\n");
  ASSERT_EQ(events.size(), 3U);
  EXPECT_FALSE(events[0].trigger);
  EXPECT_FALSE(events[1].trigger);
  EXPECT_TRUE(events[2].trigger);
}

TEST(Vmalloc, ASentenceAboutALineIsNone) {
  EXPECT_TRUE(assemble("this \"vmap allocation for size 33562624 failed\" error and also KASAN\n"
                       "For INLINE KASAN I still get \"vmap allocation for size 33562624 failed\", "
                       "even\nvmap allocation for size 33562624 failed here, too\n")
                  .empty());
  EXPECT_EQ(assemble("vmap allocation for size 33562624 failed\n").size(), 1U);
}

}  // namespace
}  // namespace whyoom::report
