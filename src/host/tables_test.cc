// Slab caches, and the small files of /proc and /sys.
#include <gtest/gtest.h>

#include "host/parse_for_test.h"
#include "host/slabinfo.h"
#include "host/system_files.h"

namespace whyoom::host {
namespace {

using test::count;
using test::parsed;

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
  EXPECT_EQ(caches[0].pages, Pages(4831));
  EXPECT_EQ(caches[0].at, (Place{7, 3}));
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

TEST(CommandLine, values_and_words) {
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
  EXPECT_EQ(line.words.front(), "BOOT_IMAGE=/vmlinuz");
  EXPECT_EQ(line.words.back(), "nokaslr");
}

TEST(SmallFiles, choices_numbers_and_flags) {
  EXPECT_EQ(parsed(parse_choice, "always [madvise] never\n").value->value, "madvise");
  EXPECT_FALSE(parsed(parse_choice, "always madvise never\n").value);
  EXPECT_FALSE(parsed(parse_choice, "always ]madvise[ never\n").value);
  EXPECT_EQ(parsed(parse_numbers, "256\t256\t32\t0\t0\n").value->value,
            (std::vector<std::int64_t>{256, 256, 32, 0, 0}));
  EXPECT_FALSE(parsed(parse_numbers, "256 x 32\n").value);
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
