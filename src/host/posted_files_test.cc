#include "host/posted_files.h"

#include <gtest/gtest.h>

#include "host/facts.h"

namespace whyoom::host {
namespace {

Host posted(std::string_view text) {
  const auto files = posted_files(text);
  EXPECT_NE(files, nullptr) << text;
  return files ? read_host(*files, {.posted = true}) : Host();
}

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
  EXPECT_EQ(host.settings.min_free_kbytes->value, 1048576) << "the first one";
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

TEST(PostedFiles, other_texts_are_none) {
  for (const char* text :
       {"", "\n\n", "vm.min_free_kbytes = 4096\n", "MemTotal: plenty\n", "xMemTotal: 5 kB\n",
        "[ 1.0] Out of memory: Killed process 1 (a)\n", "Node 0, zones are full\n"}) {
    EXPECT_EQ(posted_files(text), nullptr) << text;
  }
}

}  // namespace
}  // namespace whyoom::host
