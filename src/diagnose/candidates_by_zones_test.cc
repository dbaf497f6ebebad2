#include "diagnose/candidates_by_zones.h"

#include <gtest/gtest.h>

#include "diagnose/candidates_for_test.h"

namespace whyoom::diagnose {
namespace {

using cases::candidates_of;
using cases::Names;

std::string zone(const std::string& name, const std::string& free, const std::string& rest) {
  return "[ 9.0] " + name + " free:" + free + "kB min:50000kB low:60000kB high:70000kB " + rest +
         "\n[ 9.0] lowmem_reserve[]: 0 0 0 0\n";
}

const std::string tail =
    "writepending:0kB present:3200000kB managed:3000000kB mlocked:0kB bounce:0kB free_pcp:0kB "
    "local_pcp:0kB free_cma:0kB";

std::string lists(const std::string& anon, const std::string& locked) {
  return "active_anon:" + anon + "kB inactive_anon:0kB active_file:1000kB inactive_file:0kB " +
         "unevictable:" + locked + "kB ";
}

// It begins behind its head: nobody knows what it was printed for.
TEST(CandidatesByZones, WhatHoldsZonesThatHaveNothingLeft) {
  EXPECT_EQ(candidates_of(zone("Node 0 DMA32", "70000", lists("2800000", "0") + tail)),
            Names{"memory-exhausted"});
  EXPECT_EQ(candidates_of(zone("Node 0 DMA32", "70000", lists("10000", "2800000") + tail)),
            Names{"unevictable"});
  EXPECT_EQ(candidates_of(zone("Node 0 DMA32", "70000", lists("10000", "10000") + tail)),
            (Names{"kernel-unaccounted", "slab-leak", "page-tables"}))
      << "a zone of this form prints neither slab nor page tables";
  EXPECT_EQ(candidates_of(zone("Node 0 DMA32", "200000", lists("2700000", "0") + tail)), Names{})
      << "more than its high mark was free";
}

TEST(CandidatesByZones, WhatOnlySomeMayUseIsNoHelp) {
  const auto of = [](const std::string& cma) {
    return candidates_of(
        zone("Node 0 DMA32", "400000",
             lists("2500000", "0") +
                 "writepending:0kB present:3200000kB managed:3000000kB mlocked:0kB "
                 "bounce:0kB free_pcp:0kB local_pcp:0kB free_cma:" +
                 cma + "kB"));
  };
  EXPECT_EQ(of("340000"), (Names{"cma-only", "memory-exhausted"}));
  EXPECT_EQ(of("100000"), Names{});
}

TEST(CandidatesByZones, HighMemIsNoHelpForWhoMayNotUseIt) {
  const std::string normal = zone("Normal", "49000", lists("300000", "0") + tail);
  EXPECT_EQ(candidates_of(normal + zone("HighMem", "900000", lists("10000", "0") + tail)),
            Names{"lowmem-exhausted"});
  EXPECT_EQ(candidates_of(zone("Normal", "90000", lists("300000", "0") + tail) +
                          zone("HighMem", "900000", lists("10000", "0") + tail)),
            Names{});
}

TEST(CandidatesByZones, ANodeThatIsFullIsOfACpusetWhereThereAreOthers) {
  const auto of = [](const std::string& cpuset, const std::string& node) {
    return candidates_of(
        "[ 9.0] main invoked oom-killer: gfp_mask=0x6280ca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO), "
        "nodemask=(null), order=0, oom_score_adj=0\n[ 9.0] main cpuset=" +
        cpuset + " mems_allowed=1\n[ 9.0] Mem-Info:\n" +
        zone("Node 1 DMA32", "40000", lists("2800000", "0") + tail) + "[ 9.0] Node " + node +
        " hugepages_total=0 hugepages_free=0 hugepages_surp=0 hugepages_size=2048kB\n");
  };
  EXPECT_EQ(of("limited", "0"), (Names{"cpuset-nodes", "memory-exhausted"}));
  EXPECT_EQ(of("limited", "1"), Names{"memory-exhausted"}) << "no other node is shown";
  EXPECT_EQ(of("/", "0"), Names{"memory-exhausted"}) << "the root's cpuset has all nodes";
}

TEST(CandidatesByZones, HugePagesOfAnotherNodeAreNotOfThisOne) {
  const auto of = [](const std::string& node) {
    return candidates_of(
        "[ 9.0] main invoked oom-killer: gfp_mask=0x6280ca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO), "
        "nodemask=(null), order=0, oom_score_adj=0\n[ 9.0] main cpuset=limited mems_allowed=1\n"
        "[ 9.0] Mem-Info:\n" +
        zone("Node 1 DMA32", "40000", lists("800000", "0") + tail) +
        "[ 9.0] Node 0 hugepages_total=0 hugepages_free=0 hugepages_surp=0 "
        "hugepages_size=1048576kB\n"
        "[ 9.0] Node " +
        node + " hugepages_total=900 hugepages_free=0 hugepages_surp=0 hugepages_size=2048kB\n");
  };
  EXPECT_EQ(of("1"), (Names{"cpuset-nodes", "memory-exhausted", "hugepages-reserved"}));
  EXPECT_EQ(of("0"), (Names{"cpuset-nodes", "memory-exhausted", "kernel-unaccounted", "slab-leak",
                            "page-tables"}));
}

// Twelve GiB above its mark; what it keeps from this request is nothing.
TEST(CandidatesByZones, AZoneThatPassesIsNotShort) {
  const std::string head =
      "[ 9.0] app invoked oom-killer: gfp_mask=0x24280ca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO), "
      "order=0, oom_score_adj=0\n";
  const std::string trace = "[ 9.0] CPU: 0 PID: 71 Comm: app Not tainted 4.10.0 #1\n";
  EXPECT_EQ(
      candidates_of(head + trace +
                    "[ 9.0] Node 1 Normal free:12046572kB min:45532kB low:62044kB\n"
                    "[ 9.1] Out of memory: Kill process 71 (app) score 9 or sacrifice child\n"),
      Names{});
}

}  // namespace
}  // namespace whyoom::diagnose
