// No sentence says that memory was out beside numbers that show it free.
#include <gtest/gtest.h>

#include <string>

#include "diagnose/judged_for_test.h"

namespace whyoom::diagnose {
namespace {

using namespace cases;

// The post of a machine with CXL memory: all that the cpuset allows is free, and ZONE_MOVABLE.
const std::string movable_node =
    "[ 9.0] Node 4 Movable free:130021408kB min:9140kB low:139160kB high:269180kB "
    "reserved_highatomic:0KB active_anon:1448kB inactive_anon:0kB active_file:0kB "
    "inactive_file:0kB unevictable:0kB writepending:0kB present:130023424kB managed:130023424kB "
    "mlocked:0kB bounce:0kB free_pcp:292kB local_pcp:84kB free_cma:0kB\n"
    "[ 9.0] lowmem_reserve[]: 0 0 0 0 0\n[ 9.0] Node 4 Movable: 1*4kB (M) 0*8kB 0*16kB 1*32kB "
    "(M) 0*64kB 0*128kB 1*256kB (M) 1*512kB (M) 1*1024kB (M) 0*2048kB 31743*4096kB (M) = "
    "130021156kB\n";
const std::string counters =
    "[ 9.0] Mem-Info:\n[ 9.0] active_anon:392832 inactive_anon:182 isolated_anon:0\n"
    "[ 9.0]  active_file:68130 inactive_file:151527 isolated_file:0\n"
    "[ 9.0]  unevictable:2701 dirty:0 writeback:7\n"
    "[ 9.0]  slab_reclaimable:51418 slab_unreclaimable:116300\n"
    "[ 9.0]  mapped:45825 shmem:735 pagetables:2540 bounce:0\n";

TEST(FreeInSpite, NoSentenceSaysThatMemoryWasOutBesideZonesThatPass) {
  const std::string bound =
      "[ 9.1] oom-kill:constraint=CONSTRAINT_CPUSET,nodemask=(null),cpuset=x.scope,mems_allowed=4,"
      "global_oom,task_memcg=/s,task=c,pid=709,uid=0\n";
  const std::string of_cpuset = said_of(movable_node + bound + killed);
  EXPECT_FALSE(has(of_cpuset, "No memory was left")) << of_cpuset;
  EXPECT_TRUE(has(of_cpuset, "This task may use no memory but that of node 4")) << of_cpuset;
  EXPECT_TRUE(has(of_cpuset, "124 GiB were free.")) << of_cpuset;
  EXPECT_EQ(judged(movable_node + bound + killed).candidates, Names{"cpuset-nodes"});

  const std::string of_all = said_of(movable_node + killed);
  EXPECT_FALSE(has(of_all, "was out of memory")) << of_all;
}

TEST(FreeInSpite, NorBesideTotalsThatAreMostlyFree) {
  const auto of = [](const std::string& free) {
    return counters + "[ 9.0]  free:" + free + " free_pcp:73 free_cma:0\n" + killed;
  };
  EXPECT_FALSE(has(said_of(of("159849484")), "was out of memory"));
  EXPECT_EQ(judged(of("159849484")).candidates.front(), "cpuset-nodes");
  EXPECT_TRUE(has(said_of(of("15984")), "The whole machine was out of memory"));
}

TEST(FreeInSpite, ABoundTaskWithoutFreeMemoryHasNone) {
  const std::string bound =
      "[ 9.1] oom-kill:constraint=CONSTRAINT_CPUSET,nodemask=(null),cpuset=x.scope,mems_allowed=4,"
      "global_oom,task_memcg=/s,task=c,pid=709,uid=0\n";
  EXPECT_TRUE(has(said_of(bound + killed), "No memory was left in node 4"));
}

}  // namespace
}  // namespace whyoom::diagnose
