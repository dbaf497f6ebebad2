#include <gtest/gtest.h>

#include "host/facts.h"
#include "host/posted_for_test.h"

namespace whyoom::host {
namespace {

using test::posted;

TEST(PostedTop, its_head) {
  const Host host = posted(
      "Tasks: 320 total,   1 running, 319 sleeping,   0 stopped,   0 zombie\n"
      "KiB Mem : 16266276 total,   150480 free, 14920320 used,  1195476 buff/cache\n"
      "KiB Swap:  2097148 total,   900012 free,  1197136 used.   300164 avail Mem \n");
  EXPECT_EQ(host.meminfo.mem_total->value, KiB(16266276));
  EXPECT_EQ(host.meminfo.mem_free->value, KiB(150480));
  EXPECT_EQ(host.meminfo.mem_available->value, KiB(300164));
  EXPECT_EQ(host.meminfo.swap_total->value, KiB(2097148));
  EXPECT_EQ(host.meminfo.swap_free->value, KiB(900012));
  EXPECT_EQ(host.posted, std::vector<std::string>{"top"});
  const Host newer = posted(
      "> MiB Mem :  15884.5 total,    241.2 free,  15103.3 used,    540.0 buff/cache\n"
      "> MiB Swap:      0.0 total,      0.0 free,      0.0 used.    480.5 avail Mem\n");
  EXPECT_EQ(newer.meminfo.mem_total->value, KiB(16265728));
  EXPECT_EQ(newer.meminfo.mem_available->value, KiB(492032));
  EXPECT_EQ(newer.meminfo.swap_total->value, KiB(0));
  const Host old = posted(
      "Mem:  16431360k total, 16275104k used,   156256k free,   166280k buffers\n"
      "Swap:  2096472k total,   125592k used,  1970880k free,  3428364k cached\n");
  EXPECT_EQ(old.meminfo.mem_total->value, KiB(16431360));
  EXPECT_EQ(old.meminfo.mem_free->value, KiB(156256));
  EXPECT_FALSE(old.meminfo.mem_available);
  EXPECT_EQ(old.meminfo.swap_free->value, KiB(1970880));
}

TEST(PostedTop, numbers_that_are_not_whole) {
  for (const char* text :
       {"KiB Mem : 13174976+total, 12345678 free,  1000000 used,   500000 buff/cache\n",
        "MiB Mem :  15884,5 total,    241,2 free,  15103,3 used,    540,0 buff/cache\n",
        "GiB Mem : 28.2/7.8      [        ]\n", "KiB Mem :  total free used\n",
        "KiB Swap:  2097148 total,   900012 free,  1197136 used.   300164 avail Mem\n",
        "QiB Mem : 5 total, 3 free\n"}) {
    EXPECT_FALSE(posted(text).meminfo.mem_total) << text;
  }
  EXPECT_FALSE(posted("KiB Mem : " + std::string(400, '9') + " total, 5 free\n").meminfo.mem_total);
  EXPECT_FALSE(posted("KiB Mem : 5" + std::string(1U << 20U, ',') + " total\n").meminfo.mem_total);
}

TEST(PostedFree, in_chinese) {
  const Host host = posted(
      "root@dperf:~# free -m\n"
      "              总计         已用        空闲      共享    缓冲/缓存    可用\n"
      "内存：       15884       15203         141           0       539       180\n"
      "交换：        2047          47        2000\n");
  EXPECT_EQ(host.meminfo.mem_total->value, KiB(15884 * 1024));
  EXPECT_EQ(host.meminfo.mem_free->value, KiB(141 * 1024));
  EXPECT_EQ(host.meminfo.mem_available->value, KiB(180 * 1024));
  EXPECT_EQ(host.meminfo.swap_free->value, KiB(2000 * 1024));
  EXPECT_EQ(posted("$ free -h\n 总计 已用 空闲 共享 缓冲/缓存 可用\n内存: 15Gi 12Gi 500Mi 300Mi "
                   "2.2Gi 1.5Gi\n")
                .meminfo.mem_available->value,
            KiB(3U << 19U));
  EXPECT_FALSE(posted("内存： 15884 15203 141\n").meminfo.mem_total) << "which column?";
  EXPECT_FALSE(posted("总计 已用\n内存： 15884 15203\n").meminfo.mem_total);
}

TEST(PostedFree, what_is_shared) {
  const auto shmem = [](const std::string& columns, const std::string& row) {
    const auto& found = posted("$ free -h\n" + columns + "\nMem: " + row + "\n").meminfo.shmem;
    return found ? found->value : KiB(0);
  };
  const std::string old = "total used free shared buffers cached";
  EXPECT_EQ(shmem(old, "30G 27G 3.6G 13G 228M 15G"), KiB(13U << 20U));
  EXPECT_EQ(shmem("total used free shared buff/cache available", "30G 11G 3.6G 13G 15G 5.9G"),
            KiB(13U << 20U));
  EXPECT_EQ(shmem("总计 已用 空闲 共享 缓冲/缓存 可用", "15Gi 12Gi 1Gi 2Gi 2.2Gi 1.5Gi"),
            KiB(2U << 20U));
  EXPECT_EQ(shmem("total used free shared buffers cache available", "15G 1G 1G 2G 1M 2G 9G"),
            KiB(2U << 20U));
  EXPECT_EQ(shmem(old, "30G 27G 3.6G 16G 228M 15G"), KiB(0)) << "it is a part of what is cached";
  EXPECT_EQ(shmem("total used free shared", "30G 27G 3.6G 13G"), KiB(0)) << "of what?";
  EXPECT_FALSE(posted("$ free -h\n" + old + "\nMem: 30G 27G 3.6G 0B 228M 15G\n").meminfo.shmem)
      << "an old procps prints 0 whatever it is";
}

TEST(PostedFree, other_rows_and_pipes) {
  const Host host = posted(
      "# free -lm\n"
      "             total       used       free     shared    buffers     cached\n"
      "Mem:         16255      15802        453          0        102      13921\n"
      "Low:           827        812         15\nHigh:        15427      14990        437\n"
      "Swap:         2047          0       2047\n");
  EXPECT_EQ(host.meminfo.mem_total->value, KiB(16255 * 1024));
  EXPECT_EQ(host.meminfo.mem_free->value, KiB(453 * 1024));
  EXPECT_EQ(host.meminfo.swap_total->value, KiB(2047 * 1024));
  EXPECT_EQ(host.meminfo.cached->value, KiB(13921 * 1024));
  EXPECT_EQ(host.meminfo.low_total->value, KiB(827 * 1024));
  EXPECT_EQ(host.meminfo.low_free->value, KiB(15 * 1024));
  EXPECT_EQ(host.meminfo.high_total->value, KiB(15427 * 1024));
  EXPECT_EQ(host.meminfo.high_free->value, KiB(437 * 1024));
  const Host piped = posted("$ free -m | grep -v Swap\n total used free\nMem: 16255 15802 453\n");
  EXPECT_EQ(piped.meminfo.mem_total->value, KiB(16255 * 1024)) << "the g is grep's";
  const Host wide = posted(
      "$ free -wh\n   total  used  free  shared  buffers  cache  available\n"
      "Mem:  15Gi  14Gi  210Mi  12Mi  1.0Mi  488Mi  205Mi\nSwap: 0B 0B 0B\n");
  EXPECT_EQ(wide.meminfo.mem_available->value, KiB(205 * 1024));
  EXPECT_EQ(wide.meminfo.swap_total->value, KiB(0));
  EXPECT_FALSE(wide.meminfo.cached) << "slab is in this one";
}

TEST(PostedSlabtop, alone) {
  const Host host = posted(
      "$ slabtop -o -s c | head\n"
      "  OBJS ACTIVE  USE OBJ SIZE  SLABS OBJ/SLAB CACHE SIZE NAME\n"
      "11418016 10634618  93%    0.94K 671648       17  10746368K ext4_inode_cache\n");
  ASSERT_EQ(host.slab.size(), 1U);
  EXPECT_EQ(host.slab[0].pages, Pages(10746368 / 4));
  EXPECT_EQ(host.posted, std::vector<std::string>{"slabtop"});
}

TEST(PostedSlabtop, its_rows) {
  const Host host = posted(
      "MemTotal: 65953204 kB\nSUnreclaim: 46823412 kB\n"
      " Active / Total Size (% used)       : 47121380.33K / 47376581.93K (99.5%)\n"
      "  OBJS ACTIVE  USE OBJ SIZE  SLABS OBJ/SLAB CACHE SIZE NAME\n"
      "734506368 734506368 100%    0.06K 11476662       64  45906648K ebitmap_node\n"
      "328160  80830  24%    0.50K  10255       32    164080K kmalloc-512\n"
      " 69442  36292  52%    2.00K   4341       16    cut\n"
      "1 1 1% 1K 1 1 99999999999999999999999K b\n");
  ASSERT_EQ(host.slab.size(), 2U);
  EXPECT_EQ(host.slab[0].name, "ebitmap_node");
  EXPECT_EQ(host.slab[0].pages, Pages(45906648 / 4));
  EXPECT_TRUE(host.damage.empty());
}

}  // namespace
}  // namespace whyoom::host
