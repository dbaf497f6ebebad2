// Free blocks, slab caches, and the small files of /proc and /sys.
#include <gtest/gtest.h>

#include "host/blocks.h"
#include "host/parse_for_test.h"
#include "host/slabinfo.h"
#include "host/system_files.h"

namespace whyoom::host {
namespace {

using test::count;
using test::parsed;

TEST(Buddyinfo, blocks_by_order) {
  const auto [rows, damage] = parsed(
      parse_buddyinfo,
      "Node 0, zone      DMA      0      0      0      0      0      0      0      0      1 \n"
      "Node 1, zone   Normal   1808   4452\n"
      "Node 1, zone   Normal   1808   44x2\n"
      "Node 1, zone   Movable\n"
      "Node 1, zone   Normal   1808   445");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].zone, "DMA");
  EXPECT_EQ(rows[0].counts, (std::vector<std::uint64_t>{0, 0, 0, 0, 0, 0, 0, 0, 1}));
  EXPECT_EQ(rows[1].node, 1);
  EXPECT_EQ(rows[1].counts, (std::vector<std::uint64_t>{1808, 4452}));
  EXPECT_EQ(damage.size(), 3U);
}

TEST(Pagetypeinfo, free_blocks_by_type_and_the_table_of_blocks) {
  const auto [types, damage] =
      parsed(parse_pagetypeinfo,
             "Page block order: 9\n"
             "Pages per block:  512\n"
             "\n"
             "Free pages count per migrate type at order       0      1      2 \n"
             "Node    0, zone   Normal, type    Unmovable    189    127     18 \n"
             "Node    0, zone   Normal, type      Movable >100000     6     0 \n"
             "\n"
             "Number of blocks type     Unmovable      Movable  Reclaimable \n"
             "Node 0, zone   Normal           69         7523          152 \n"
             "Number of mixed blocks     Unmovable      Movable  Reclaimable \n"
             "Node 0, zone   Normal           1         2          3 \n");
  EXPECT_TRUE(damage.empty()) << damage.front().what;
  EXPECT_EQ(types.block_order->value, 9U);
  EXPECT_EQ(count(types.block_pages), 512U);
  ASSERT_EQ(types.free.size(), 2U);
  EXPECT_EQ(types.free[0].type, "Unmovable");
  EXPECT_EQ(types.free[0].at_least_orders, 0U);
  EXPECT_EQ(types.free[1].zone, "Normal");
  EXPECT_EQ(types.free[1].counts, (std::vector<std::uint64_t>{100000, 6, 0}));
  EXPECT_EQ(types.free[1].at_least_orders, 1U) << "order 0 is a lower bound";
  EXPECT_EQ(types.types, (std::vector<std::string>{"Unmovable", "Movable", "Reclaimable"}));
  ASSERT_EQ(types.blocks.size(), 1U);
  EXPECT_EQ(types.blocks[0].counts, (std::vector<std::uint64_t>{69, 7523, 152}));
}

TEST(Pagetypeinfo, damage) {
  const auto [types, damage] = parsed(parse_pagetypeinfo,
                                      "Page block order: 99\nNode 0, zone Normal, type\n"
                                      "Node 0, zone Normal 5 6\n");
  EXPECT_FALSE(types.block_order);
  EXPECT_TRUE(types.free.empty() && types.blocks.empty());
  EXPECT_EQ(damage.size(), 3U);
}

TEST(Slabinfo, slub_and_slab_with_statistics) {
  const auto [caches, damage] =
      parsed(parse_slabinfo,
             "slabinfo - version: 2.1 (statistics)\n"
             "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>\n"
             "dentry 100000 101430 192 21 1 : tunables 0 0 0 : slabdata 4830 4831 0\n"
             "kmalloc-8k 10 12 8192 4 8 : tunables 8 4 0 : slabdata 2 3 0 : globalstat 1 2 3\n"
             "odd 1 2 3 : slabdata\n");
  ASSERT_EQ(caches.size(), 2U);
  EXPECT_EQ(caches[0].name, "dentry");
  EXPECT_EQ(caches[0].active_objects, 100000U);
  EXPECT_EQ(caches[0].objects, 101430U);
  EXPECT_EQ(caches[0].object_size, Bytes(192));
  EXPECT_EQ(caches[0].pages, Pages(4831));
  EXPECT_EQ(caches[0].at, (Place{7, 3}));
  EXPECT_EQ(caches[1].slabs, 3U);
  EXPECT_EQ(caches[1].pages, Pages(24));
  EXPECT_EQ(damage.size(), 1U);
}

TEST(Swaps, areas) {
  const auto [areas, damage] =
      parsed(parse_swaps,
             "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
             "/dev/sda2                               partition\t2097148\t\t1024\t\t-2\n"
             "/swap\\040file                           file\t\t1048572\t\t0\t\t5\n"
             "/short file 1\n");
  ASSERT_EQ(areas.size(), 2U);
  EXPECT_EQ(areas[0].type, "partition");
  EXPECT_EQ(areas[0].size, KiB(2097148));
  EXPECT_EQ(areas[0].used, KiB(1024));
  EXPECT_EQ(areas[0].priority, -2);
  EXPECT_EQ(areas[1].name, "/swap\\040file");
  EXPECT_EQ(damage.size(), 1U);
}

TEST(Loadavg, tasks_of_the_whole_machine) {
  const auto load = parsed(parse_loadavg, "0.53 1.61 22.39 2/20114 4769\n").value;
  ASSERT_TRUE(load);
  EXPECT_DOUBLE_EQ(load->one, 0.53);
  EXPECT_DOUBLE_EQ(load->fifteen, 22.39);
  EXPECT_EQ(load->running, 2U);
  EXPECT_EQ(load->tasks, 20114U);
  EXPECT_FALSE(parsed(parse_loadavg, "0.53 1.61 nan 2/86 4769\n").value);
  EXPECT_FALSE(parsed(parse_loadavg, "0.53 1.61 2.39 2-86 4769\n").value);
  EXPECT_FALSE(parsed(parse_loadavg, "").value);
}

TEST(Pressure, some_and_full) {
  const auto [pressure, damage] = parsed(parse_pressure,
                                         "some avg10=12.50 avg60=0.04 avg300=0.00 total=987654\n"
                                         "full avg10=1.00 avg60=0.00 avg300=0.00 total=x\n");
  ASSERT_TRUE(pressure.some);
  EXPECT_DOUBLE_EQ(pressure.some->avg10, 12.5);
  EXPECT_EQ(pressure.some->total_us, 987654U);
  EXPECT_FALSE(pressure.full);
  EXPECT_EQ(damage.size(), 1U);
}

TEST(CommandLine, values_and_flags) {
  const auto line =
      parsed(parse_command_line,
             "BOOT_IMAGE=/vmlinuz ro crashkernel=256M dyndbg=\"file a.c +p\" panic=0 panic=10 "
             "transparent-hugepage=never nokaslr\n")
          .value;
  EXPECT_EQ(line.value_of("crashkernel"), "256M");
  EXPECT_EQ(line.value_of("panic"), "10") << "the last one counts";
  EXPECT_EQ(line.value_of("transparent_hugepage"), "never");
  EXPECT_EQ(line.value_of("dyndbg"), "file a.c +p");
  EXPECT_FALSE(line.value_of("ro"));
  EXPECT_TRUE(line.has("ro") && line.has("nokaslr"));
  EXPECT_FALSE(line.has("panic"));
}

TEST(SmallFiles, choices_numbers_ranges_and_flags) {
  EXPECT_EQ(parsed(parse_choice, "always [madvise] never\n").value->value, "madvise");
  EXPECT_FALSE(parsed(parse_choice, "always madvise never\n").value);
  EXPECT_FALSE(parsed(parse_choice, "always ]madvise[ never\n").value);
  EXPECT_EQ(parsed(parse_numbers, "256\t256\t32\t0\t0\n").value->value,
            (std::vector<std::int64_t>{256, 256, 32, 0, 0}));
  EXPECT_FALSE(parsed(parse_numbers, "256 x 32\n").value);
  EXPECT_EQ(parsed(parse_ranges, "0-2,5\n").value->value, (std::vector<int>{0, 1, 2, 5}));
  for (const char* wrong : {"0-,5\n", "3-1\n", "0-4294967295\n", "0;1\n", "a\n"}) {
    const auto result = parsed(parse_ranges, wrong);
    EXPECT_FALSE(result.value) << wrong;
    EXPECT_EQ(result.damage.size(), 1U) << wrong;
  }
  EXPECT_EQ(parsed(parse_flags, "0x0007\n").value->value, 7U);
  EXPECT_EQ(parsed(parse_flags, "Y\n").value->value, 1U);
  EXPECT_FALSE(parsed(parse_flags, "maybe\n").value);
  std::vector<Damage> damage;
  EXPECT_EQ(single_number<std::int64_t>("-1\n", 3, &damage)->value, -1);
  EXPECT_FALSE(single_number<std::int64_t>("1 2\n", 3, &damage));
  EXPECT_EQ(damage.size(), 1U);
}

}  // namespace
}  // namespace whyoom::host
