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

TEST(Loadavg, tasks_of_the_whole_machine) {
  EXPECT_EQ(parsed(parse_tasks, "0.53 1.61 22.39 2/20114 4769\n").value->value, 20114U);
  EXPECT_FALSE(parsed(parse_tasks, "0.53 1.61 nan 2/86 4769\n").value);
  EXPECT_FALSE(parsed(parse_tasks, "0.53 1.61 2.39 2-86 4769\n").value);
  EXPECT_FALSE(parsed(parse_tasks, "").value);
}

TEST(Pressure, the_share_in_which_all_waited) {
  const auto some = std::string("some avg10=12.50 avg60=0.04 avg300=0.00 total=987654\n");
  const auto whole =
      parsed(parse_stalled, some + "full avg10=1.00 avg60=0.25 avg300=0.00 total=7\n");
  EXPECT_DOUBLE_EQ(whole.value->value, 0.25);
  EXPECT_EQ(whole.value->at.line, 2U);
  EXPECT_TRUE(whole.damage.empty());
  const auto damaged =
      parsed(parse_stalled, some + "full avg10=1.00 avg60=0.00 avg300=0.00 total=x\n");
  EXPECT_FALSE(damaged.value);
  EXPECT_EQ(damaged.damage.size(), 1U);
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
