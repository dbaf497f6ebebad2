#include "host/cgroups.h"

#include <gtest/gtest.h>

#include "host/mounts.h"
#include "host/parse_for_test.h"

namespace whyoom::host {
namespace {

using test::count;
using test::parsed;

TEST(Cgroups, limits_of_both_versions) {
  EXPECT_EQ(parsed(parse_byte_limit, "1048576\n").value->value.value, Bytes(1048576));
  EXPECT_FALSE(parsed(parse_byte_limit, "max\n").value->value.value);
  // Version 1 with pages of 4 and of 64 KiB.
  EXPECT_FALSE(parsed(parse_byte_limit, "9223372036854771712\n").value->value.value);
  EXPECT_FALSE(parsed(parse_byte_limit, "9223372036854710272\n").value->value.value);
  EXPECT_FALSE(parsed(parse_byte_limit, "lots\n").value);
  EXPECT_EQ(parsed(parse_count_limit, "100\n").value->value.value, 100U);
  EXPECT_FALSE(parsed(parse_count_limit, "max\n").value->value.value);
}

TEST(Cgroups, stat_of_version_2) {
  const auto [stat, damage] =
      parsed(parse_cgroup_stat,
             "anon 4096\nfile 8192\nkernel 77\nshmem 5\nslab_unreclaimable 6\nsock 0\nnew_thing 1\n"
             "swapcached 9\nworkingset_refault_anon 3\nfile_dirty x\nanon_thp 2097152\npgfault 12");
  EXPECT_EQ(count(stat.anon), 4096U);
  EXPECT_EQ(count(stat.file), 8192U);
  EXPECT_EQ(count(stat.kernel), 77U);
  EXPECT_EQ(count(stat.sock), 0U);
  EXPECT_EQ(count(stat.anon_thp), 2097152U);
  EXPECT_FALSE(stat.file_dirty || stat.pagetables || stat.hierarchical_limit);
  EXPECT_EQ(damage.size(), 2U);
}

TEST(Cgroups, stat_of_version_1_counts_the_children) {
  const auto stat = parsed(parse_cgroup_stat,
                           "cache 1\nrss 2\nrss_huge 3\nmapped_file 4\nswap 5\n"
                           "hierarchical_memory_limit 104857600\nhierarchical_memsw_limit 6\n"
                           "total_cache 10\ntotal_rss 20\ntotal_rss_huge 30\n")
                        .value;
  EXPECT_EQ(count(stat.file), 10U);
  EXPECT_EQ(stat.file->at.line, 8U);
  EXPECT_EQ(count(stat.anon), 20U);
  EXPECT_EQ(count(stat.anon_thp), 30U);
  EXPECT_EQ(count(stat.file_mapped), 4U);
  EXPECT_EQ(count(stat.swap), 5U);
  EXPECT_EQ(count(stat.hierarchical_limit), 104857600U);
}

TEST(Cgroups, events_and_named_numbers) {
  const auto events =
      parsed(parse_cgroup_events, "low 0\nhigh 1\nmax 200\noom 3\noom_kill 4\noom_group_kill 5\n")
          .value;
  EXPECT_EQ(events.max->value, 200U);
  EXPECT_EQ(events.oom_kill->value, 4U);
  EXPECT_EQ(events.oom_group_kill->value, 5U);
  std::vector<Damage> damage;
  const Lines stat("nr_descendants 7\nnr_dying_descendants 9000\n", 1, &damage);
  EXPECT_EQ(parse_named_number(stat, "nr_dying_descendants")->value, 9000U);
  EXPECT_FALSE(parse_named_number(stat, "nr_dying"));
}

TEST(Mounts, cgroups_hidepid_and_pstore) {
  const auto [mounts, damage] = parsed(
      parse_mountinfo,
      "22 27 0:21 / /proc rw,relatime - proc proc rw,hidepid=invisible\n"
      "31 23 0:28 / /sys/fs/cgroup rw shared:9 - tmpfs tmpfs rw\n"
      "35 31 0:32 /docker/ab /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory\n"
      "39 31 0:36 / /sys/fs/cgroup/pids\\040x rw shared:1 master:2 - cgroup cgroup rw,pids,xattr\n"
      "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n"
      "42 31 0:38 / /sys/../x rw - cgroup2 cgroup2 rw\n"
      "43 31 0:39 / /sys/fs/pstore rw - pstore pstore rw\n"
      "torn line\n");
  ASSERT_EQ(mounts.cgroups.size(), 3U);
  EXPECT_EQ(mounts.cgroups[0].path, "/sys/fs/cgroup/memory");
  EXPECT_EQ(mounts.cgroups[0].root, "/docker/ab");
  EXPECT_TRUE(mounts.cgroups[0].memory && !mounts.cgroups[0].pids && !mounts.cgroups[0].version2);
  EXPECT_EQ(mounts.cgroups[1].path, "/sys/fs/cgroup/pids x");
  EXPECT_TRUE(mounts.cgroups[1].pids);
  EXPECT_TRUE(mounts.cgroups[2].version2);
  EXPECT_EQ(mounts.hidepid->value, "invisible");
  EXPECT_TRUE(mounts.pstore);
  EXPECT_EQ(damage.size(), 1U);
}

}  // namespace
}  // namespace whyoom::host
