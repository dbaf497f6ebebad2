#include "host/cgroups.h"

#include <gtest/gtest.h>

#include "host/mounts.h"
#include "host/parse_for_test.h"

namespace whyoom::host {
namespace {

using test::parsed;

TEST(Cgroups, limits) {
  EXPECT_EQ(parsed(parse_max_or_bytes, "1048576\n").value->value, Bytes(1048576));
  EXPECT_FALSE(parsed(parse_max_or_bytes, "max\n").value->value);
  EXPECT_FALSE(parsed(parse_max_or_bytes, "lots\n").value);
  EXPECT_EQ(parsed(parse_max_or_number, "100\n").value->value, 100U);
  EXPECT_FALSE(parsed(parse_max_or_number, "max\n").value->value);
}

TEST(Cgroups, named_numbers) {
  std::vector<Damage> damage;
  const Lines stat("nr_descendants 7\nnr_dying_descendants 9000\n", 1, &damage);
  EXPECT_EQ(parse_named_number(stat, "nr_dying_descendants")->value, 9000U);
  EXPECT_FALSE(parse_named_number(stat, "nr_dying"));
}

TEST(Mounts, cgroups_proc_and_pstore) {
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
  EXPECT_TRUE(mounts.proc_seen);
  EXPECT_TRUE(mounts.pstore);
  EXPECT_EQ(damage.size(), 1U);
}

}  // namespace
}  // namespace whyoom::host
