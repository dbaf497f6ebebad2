#include "host/posted_files.h"

#include <gtest/gtest.h>

#include "host/facts.h"
#include "host/posted_for_test.h"

namespace whyoom::host {
namespace {

using test::posted;

TEST(PostedFiles, a_list_between_remarks) {
  const Host host = posted(
      "- memory is full, who has it?\n"
      "- free -m\n"
      "- Mem: 26181 25991 189 0 0 19\n"
      "- MemTotal: 26809844 kB\r\n"
      "- MemFree: 194184 kB\r\n"
      "- HugePages_Total: 12816\n"
      "- HugePages_Free: 12810\n"
      "- HugePages_Rsvd: 4\n"
      "- Hugepagesize: 2048 kB\n"
      "- RSS comm\n"
      "- Cached: 5 kB\n");
  EXPECT_EQ(host.meminfo.mem_total->value, KiB(26809844));
  EXPECT_EQ(host.meminfo.mem_free->value, KiB(194184));
  EXPECT_FALSE(host.meminfo.cached) << "it stands behind something else";
  ASSERT_EQ(host.huge_pools.size(), 1U) << "without the directory of the pools";
  EXPECT_EQ(host.huge_pools[0].page_size, KiB(2048));
  EXPECT_EQ(host.huge_pools[0].total->value, 12816U);
  EXPECT_EQ(host.huge_pools[0].free->value, 12810U);
  EXPECT_EQ(host.huge_pools[0].reserved->value, 4U);
  ASSERT_EQ(host.gaps.size(), 1U);
  EXPECT_EQ(host.gaps[0].str(),
            "only some files of the host are in the text: what the others would show is not known");
  EXPECT_FALSE(host.kept.persistent_journal) << "nobody knows";
}

TEST(PostedFiles, a_zoneinfo_beside_a_buddyinfo) {
  const std::string buddyinfo =
      "$ cat /proc/buddyinfo\nNode 0, zone      DMA      1      0      2\n"
      "Node 0, zone    DMA32   3101   2210    113\n";
  EXPECT_EQ(posted_files(buddyinfo).files, nullptr);
  const Host host = posted(buddyinfo +
                           "$ cat /proc/zoneinfo\nNode 0, zone    DMA32\n  pages free     1000\n"
                           "        min      11\n" +
                           buddyinfo);
  ASSERT_EQ(host.zones.size(), 1U);
  EXPECT_EQ(host.zones[0].free->value, Pages(1000));
  EXPECT_TRUE(host.damage.empty());
}

TEST(PostedFiles, settings_as_sysctl_prints_them) {
  const Host host = posted(
      "$ sysctl -a | grep -e min_free -e panic_on\n"
      "vm.min_free_kbytes = 1048576\n"
      "vm.panic_on_oom = 1\n"
      "vm.lowmem_reserve_ratio = 256\t256\t32\t0\n"
      "vm.min_free_kbytes = 5\n"
      "I would set vm.overcommit_memory = 2\n"
      "vm.max_map_count = lots\n"
      "MemTotal:        4019996 kB\n");
  EXPECT_EQ(host.settings.min_free_kbytes->value, 5) << "the last one before the memory";
  EXPECT_EQ(host.settings.panic_on_oom->value, 1);
  EXPECT_EQ(host.settings.lowmem_reserve_ratio->value.size(), 4U);
  EXPECT_FALSE(host.settings.overcommit_memory) << "a sentence";
  EXPECT_FALSE(host.settings.max_map_count);
}

TEST(PostedFiles, a_zoneinfo_and_the_caches) {
  const Host host = posted(
      "> Node 0, zone   Normal\n"
      ">   pages free     1000\n"
      ">         min      11\n"
      ">         low      22\n"
      ">         high     33\n"
      ">         managed  5000\n"
      "> \n"
      "> slabinfo - version: 2.1\n"
      "> # name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>\n"
      "> dentry  100 210 192 21 1 : tunables 0 0 0 : slabdata 10 10 0\n"
      "> thanks\n");
  ASSERT_EQ(host.zones.size(), 1U);
  EXPECT_EQ(host.zones[0].min->value, Pages(11));
  EXPECT_EQ(host.zones[0].managed->value, Pages(5000));
  ASSERT_EQ(host.slab.size(), 1U);
  EXPECT_EQ(host.slab[0].name, "dentry");
}

// Without the command that printed it.
TEST(PostedFiles, the_numbers_tell_the_unit_of_free) {
  const auto total = [](const std::string& row) {
    const auto files = posted_files(
                           "              total        used        free      shared  buff/cache   "
                           "available\nMem:  " +
                           row + "\n")
                           .files;
    return files ? read_host(*files, {}).meminfo.mem_total->value : KiB(0);
  };
  EXPECT_EQ(total("4045740 3885952 159788 0 13404 245788"), KiB(4045740));
  EXPECT_EQ(total("60012 40000 8012 400 12000 9012"), KiB(60012)) << "a router";
  EXPECT_EQ(total("15884 15103 241 12 539 480"), KiB(15884 * 1024));
  EXPECT_EQ(total("515884 15103 241 12 539 480"), KiB(515884 * 1024));
  EXPECT_EQ(total("16655585280 8192000 4096000 40960 4194304 12288"), KiB(16655585280 / 1024));
  for (const char* open : {"15 14 0 0 0 0", "251 240 3 1 8 9", "967 30 928", "8000 4000 4000 0 0 0",
                           "4045740 plenty 159788 0 13404 245788", ""}) {
    EXPECT_EQ(total(open), KiB(0)) << open;
  }
}

TEST(PostedFiles, what_free_printed) {
  const Host host = posted(
      "$ free -m\n"
      "               total        used        free      shared  buff/cache   available\n"
      "Mem:             967          30         928           2           9         199\n"
      "Swap:              0           0           0\n");
  EXPECT_EQ(host.meminfo.mem_total->value, KiB(967 * 1024));
  EXPECT_EQ(host.meminfo.mem_free->value, KiB(928 * 1024));
  EXPECT_EQ(host.meminfo.mem_available->value, KiB(199 * 1024));
  EXPECT_EQ(host.meminfo.swap_total->value, KiB(0));
  const Host human = posted(
      "> # free -h\n"
      ">        total  used   free  shared  buff/cache  available\n"
      "> Mem:   15Gi   1.9Gi  13Gi  2.0Mi   312Mi       13.5G\n");
  EXPECT_EQ(human.meminfo.mem_total->value, KiB(15U << 20U));
  EXPECT_EQ(human.meminfo.mem_available->value, KiB(27U << 19U));
  const Host old = posted(
      "-bash-3.2$ free\n"
      "             total       used       free     shared    buffers     cached\n"
      "Mem:       4151452    4036364     115088          0      12392    3428364\n"
      "-/+ buffers/cache:     595608    3555844\n"
      "Swap:      2096472     125592    1970880\n");
  EXPECT_EQ(old.meminfo.mem_total->value, KiB(4151452));
  EXPECT_EQ(old.meminfo.mem_free->value, KiB(115088));
  EXPECT_FALSE(old.meminfo.mem_available);
  EXPECT_EQ(old.meminfo.swap_free->value, KiB(1970880));
  const std::string table =
      " total used free shared buff/cache available\nMem: 7824 1234 3001 101 3590 6003\n";
  EXPECT_EQ(posted("It had 3 GB of memory free\n" + table).meminfo.mem_total->value,
            KiB(7824 * 1024));
  EXPECT_EQ(posted("[me@h ~]$ free\n" + table).meminfo.mem_total->value, KiB(7824));
  EXPECT_EQ(posted_files("        total  used  free\nMem:  967  30  928\n").files, nullptr)
      << "nobody knows the unit";
  EXPECT_EQ(posted("MemTotal: 5 kB\n$ free\n total  used  free\nMem:  9  8  1\n")
                .meminfo.mem_total->value,
            KiB(5))
      << "the file itself says more";
}

TEST(PostedFiles, free_completes_a_meminfo_that_is_cut) {
  const std::string free =
      "$ free -m\n"
      "              total        used        free      shared  buff/cache   available\n"
      "Mem:           3182        3041         100           0          40           7\n"
      "Swap:          8191          49        8142\n";
  const Host host =
      posted(free + "$ cat /proc/meminfo\nMemTotal: 3258832 kB\nMemFree: 114108 kB\n");
  EXPECT_EQ(host.meminfo.mem_total->value, KiB(3258832));
  EXPECT_EQ(host.meminfo.mem_free->value, KiB(114108)) << "meminfo says it itself";
  EXPECT_EQ(host.meminfo.mem_available->value, KiB(7 * 1024));
  EXPECT_EQ(host.meminfo.swap_free->value, KiB(8142 * 1024));
  const Host other =
      posted(free + "$ cat /proc/meminfo\nMemTotal: 6258832 kB\nMemFree: 114108 kB\n");
  EXPECT_FALSE(other.meminfo.mem_available) << "of another machine";
}

// A page in a browser, copied as it looks.
TEST(PostedFiles, empty_lines_and_notes_between) {
  const Host host = posted(
      "before\n\nMemTotal: 8062712 kB\n\nMemFree: 590024 kB: what nobody uses\n\n"
      "HugePages_Total:      3559\n\n\nHugePages_Free:      3559\n\nHugepagesize:   2048 kB\n\n");
  EXPECT_EQ(host.meminfo.mem_free->value, KiB(590024));
  ASSERT_EQ(host.huge_pools.size(), 1U);
  EXPECT_EQ(host.huge_pools[0].total->value, 3559U);
  EXPECT_FALSE(posted("MemTotal: 9 kB\n\nthen\n\nCached: 3 kB\n").meminfo.cached);
  EXPECT_FALSE(posted("MemTotal: 9 kB\nCached: 3 kBytes\n").meminfo.cached);
}

TEST(PostedFiles, lines_that_grep_took_out) {
  const Host host = posted(
      "$ sysctl vm.overcommit_memory\nvm.overcommit_memory = 2\n"
      "$ grep -i commit /proc/meminfo\nCommitLimit:     8129284 kB\nCommitted_AS:    8105284 kB\n"
      "VmRSS:    77 kB\nand SUnreclaim: 5 kB in a sentence\n");
  EXPECT_EQ(host.meminfo.commit_limit->value, KiB(8129284));
  EXPECT_EQ(host.meminfo.committed_as->value, KiB(8105284));
  EXPECT_FALSE(host.meminfo.mem_total);
  EXPECT_FALSE(host.meminfo.slab_unreclaimable);
  EXPECT_FALSE(posted("CommitLimit: 5 kB\nhere it is\nMemTotal: 9 kB\n").meminfo.commit_limit)
      << "a whole one is of one moment";
  const Host with_free =
      posted("SUnreclaim: 6069340 kB\n$ free\n total used free\nMem: 7733116 7000000 312344\n");
  EXPECT_EQ(with_free.meminfo.mem_total->value, KiB(7733116));
  EXPECT_EQ(with_free.meminfo.slab_unreclaimable->value, KiB(6069340));
}

TEST(PostedFiles, a_file_of_a_setting_that_was_shown) {
  const Host host = posted(
      "MemTotal: 2048000 kB\n"
      "# cat /proc/sys/vm/min_free_kbytes\n512000\n"
      "# cat /proc/sys/vm/lowmem_reserve_ratio\n\n256\t256\t32\n"
      "# cat /proc/sys/vm/panic_on_oom\ncat: no such file\n1\n"
      "# echo 2 > /proc/sys/vm/overcommit_memory\n2\n");
  EXPECT_EQ(host.settings.min_free_kbytes->value, 512000);
  EXPECT_EQ(host.settings.lowmem_reserve_ratio->value.size(), 3U);
  EXPECT_FALSE(host.settings.panic_on_oom) << "the number is of something else";
  EXPECT_FALSE(host.settings.overcommit_memory) << "not shown";
  EXPECT_TRUE(posted("MemTotal: 9 kB\n$ cat /proc/sys/vm/min_free_kbytes\n---\nvm.swappiness = -\n")
                  .damage.empty())
      << "a rule, and no number";
}

TEST(PostedLimits, of_bash) {
  const std::string refused = "-bash: fork: retry: Resource temporarily unavailable\n";
  const auto limits = [](const std::string& text) { return posted(text).shell; };
  const auto old = limits(refused +
                          "[trinity@localhost ~]$ ulimit -a\n"
                          "max locked memory       (kbytes, -l) 64\n"
                          "max memory size         (kbytes, -m) unlimited\n"
                          "open files                      (-n) 1024\n"
                          "max user processes              (-u) 3\n"
                          "virtual memory          (kbytes, -v) unlimited\n");
  ASSERT_TRUE(old);
  EXPECT_EQ(old->tasks->value, 3U);
  EXPECT_EQ(old->tasks->at.line, 6U);
  EXPECT_EQ(old->open_files->value, 1024U);
  EXPECT_EQ(old->locked_memory->value, 64U * 1024);
  EXPECT_EQ(old->address_space->value, UINT64_MAX);
  EXPECT_TRUE(old->refused);
  EXPECT_FALSE(old->of_root);
  const auto now = limits(
      "root@db:~# ulimit -a\n"
      "real-time non-blocking time  (microseconds, -R) unlimited\n"
      "max user processes                  (-u) 15364\n"
      "virtual memory              (kbytes, -v) 18446744073709551615\n");
  EXPECT_EQ(now->tasks->value, 15364U);
  EXPECT_FALSE(now->open_files);
  EXPECT_TRUE(now->of_root);
  EXPECT_FALSE(now->refused);
  EXPECT_FALSE(limits("max user processes (-u) many\nmax user processes 3\n"));
  EXPECT_FALSE(limits("I raised max user processes (-u) 5\n")) << "a sentence";
  EXPECT_FALSE(limits("max user processes (-u) 3\nthen\nmax user processes (-u) 4096\n"))
      << "which was it?";
  EXPECT_EQ(posted_files(refused).files, nullptr);
}

TEST(PostedFiles, other_texts_are_none) {
  for (const char* text :
       {"", "\n\n", "vm.min_free_kbytes = 4096\n", "MemTotal: plenty\n", "xMemTotal: 5 kB\n",
        "[ 1.0] Out of memory: Killed process 1 (a)\n", "Node 0, zones are full\n"}) {
    EXPECT_EQ(posted_files(text).files, nullptr) << text;
  }
}

// What was left out, without the gap that every text has.
std::string left_out(const Host& host) {
  std::string text;
  for (const Gap& gap : host.gaps) {
    text += gap.path == "/" ? "" : gap.str() + "\n";
  }
  return text;
}

std::string sysctl(int min_free) {
  return "vm.min_free_kbytes = " + std::to_string(min_free) + "\n";
}
std::string free_m(int available) {
  return "$ free -m\n total used free available\nMem: 15884 1 7 " + std::to_string(available) +
         "\nSwap: 0 0 0\n";
}
// MiB that are available, and min_free_kbytes; 0: not known.
std::pair<std::uint64_t, std::int64_t> at_last(std::string_view text) {
  const Host host = posted(text);
  const auto& available = host.meminfo.mem_available;
  const auto& min_free = host.settings.min_free_kbytes;
  return {available ? available->value.count() / 1024 : 0, min_free ? min_free->value : 0};
}

TEST(PostedMoments, the_last_counts_and_the_others_are_named) {
  const Host host = posted(free_m(7000) + sysctl(67584) + "after the rollout:\n" + free_m(402) +
                           sysctl(12582912));
  EXPECT_EQ(host.meminfo.mem_available->value, KiB(402 * 1024));
  EXPECT_EQ(host.settings.min_free_kbytes->value, 12582912);
  EXPECT_EQ(left_out(host),
            "free in line 3: the text shows a later moment too, which counts\n"
            "/proc/sys/vm/min_free_kbytes in line 5: the text shows a later moment too, which "
            "counts\n");
  EXPECT_EQ(left_out(posted(free_m(402) + sysctl(5) + "> " + sysctl(5) + free_m(402))), "")
      << "a copy is no other moment";
}

TEST(PostedMoments, a_setting_belongs_to_the_memory_that_is_shown_with_it) {
  const auto both = [](int available, int min_free) {
    return std::pair<std::uint64_t, std::int64_t>(available, min_free);
  };
  EXPECT_EQ(at_last(sysctl(5) + free_m(70) + sysctl(9) + free_m(40)), both(40, 9));
  EXPECT_EQ(at_last(free_m(70) + sysctl(5) + free_m(40) + sysctl(9)), both(40, 9));
  EXPECT_EQ(at_last(sysctl(5) + free_m(70) + free_m(40)), both(40, 5)) << "it stays in force";
  EXPECT_EQ(at_last(free_m(40) + sysctl(5) + "I set\n" + sysctl(9)), both(40, 5));
  EXPECT_EQ(at_last(sysctl(5) + free_m(40) + sysctl(9)), both(40, 0)) << "which of them was it?";
  EXPECT_EQ(at_last(sysctl(5) + free_m(40) + sysctl(9) + sysctl(5)), both(40, 0));
  EXPECT_EQ(left_out(posted(sysctl(5) + free_m(40) + sysctl(9))),
            "/proc/sys/vm/min_free_kbytes in line 1: the text shows more than one value of it, and "
            "not of which of them the rest is\n");
}

TEST(PostedMoments, nothing_of_two_is_mixed) {
  const std::string zones = "Node 0, zone   Normal\n  pages free     1000\n        min      11\n";
  const auto has_zones = [](std::string_view text) { return !posted(text).zones.empty(); };
  EXPECT_FALSE(has_zones(zones + free_m(70) + "later\n" + free_m(40)));
  EXPECT_TRUE(has_zones(free_m(70) + zones + "later\n" + free_m(40)));
  EXPECT_EQ(posted("Node 0, zone   DMA\n  pages free     5\n[...]\n" + zones).zones.size(), 2U)
      << "one file with a remark in it";
  const Host rows = posted("SUnreclaim: 1 kB\nCommitted_AS: 5 kB\nlater\nSUnreclaim: 2 kB\n");
  EXPECT_EQ(rows.meminfo.slab_unreclaimable->value, KiB(2));
  EXPECT_FALSE(rows.meminfo.committed_as);
}

}  // namespace
}  // namespace whyoom::host
