#include "host/meminfo.h"

#include <gtest/gtest.h>

#include "host/parse_for_test.h"

namespace whyoom::host {
namespace {

using test::count;
using test::parsed;

TEST(Meminfo, a_new_kernel) {
  const auto [meminfo, damage] = parsed(parse_meminfo,
                                        "MemTotal:        2014292 kB\n"
                                        "MemFree:          101204 kB\n"
                                        "MemAvailable:          0 kB\n"
                                        "Active(file):      55555 kB\n"
                                        "SecPageTables:        12 kB\n"
                                        "FutureThing:           1 kB\n"
                                        "HugePages_Total:      64\n"
                                        "HugePages_Rsvd:        3\n"
                                        "Hugepagesize:       2048 kB\n"
                                        "DirectMap4k:       90000 kB\n");
  EXPECT_EQ(count(meminfo.mem_total), 2014292U);
  EXPECT_EQ(count(meminfo.mem_free), 101204U);
  EXPECT_EQ(count(meminfo.mem_available), 0U);
  EXPECT_EQ(meminfo.mem_available->at, (Place{7, 3}));
  EXPECT_EQ(count(meminfo.active_file), 55555U);
  EXPECT_EQ(count(meminfo.sec_page_tables), 12U);
  EXPECT_EQ(meminfo.hugepages_total->value, 64U);
  EXPECT_EQ(count(meminfo.hugepage_size), 2048U);
  EXPECT_FALSE(meminfo.hugetlb);
  EXPECT_TRUE(damage.empty());
}

TEST(Meminfo, an_old_kernel_with_highmem_has_no_MemAvailable) {
  const auto [meminfo, damage] =
      parsed(parse_meminfo,
             "MemTotal:        4137336 kB\nMemFree:         2914320 kB\n"
             "HighTotal:       3275656 kB\nHighFree:        2800000 kB\n"
             "LowTotal:         861680 kB\nLowFree:          114320 kB\n");
  EXPECT_FALSE(meminfo.mem_available);
  EXPECT_EQ(count(meminfo.mem_free), 2914320U);
  EXPECT_TRUE(damage.empty());
}

TEST(Meminfo, a_damaged_line_is_named_and_the_next_one_is_read) {
  const auto [meminfo, damage] = parsed(parse_meminfo,
                                        "MemTotal:        20x4292 kB\n"
                                        "MemFree:         99999999999999999999999 kB\n"
                                        "Shmem:           \x1b[31m12 kB\n"
                                        "Cached: 5\n"
                                        "Mapped:                8 kB\n");
  EXPECT_FALSE(meminfo.mem_total);
  EXPECT_FALSE(meminfo.mem_free);
  EXPECT_FALSE(meminfo.shmem);
  EXPECT_FALSE(meminfo.cached) << "a size without its unit";
  EXPECT_EQ(count(meminfo.mapped), 8U);
  ASSERT_EQ(damage.size(), 4U);
  EXPECT_EQ(damage[0].at, (Place{7, 1}));
  EXPECT_EQ(damage[0].what.find("expected"), 0U);
  EXPECT_EQ(damage[2].what.find('\x1b'), std::string::npos);
}

TEST(Meminfo, a_number_that_may_have_been_cut_is_not_taken) {
  const auto cut = parsed(parse_meminfo, "MemTotal:  2014292 kB\nMemFree:   1012");
  EXPECT_FALSE(cut.value.mem_free);
  EXPECT_EQ(cut.damage.size(), 1U);
  // With its unit the number is whole.
  EXPECT_EQ(count(parsed(parse_meminfo, "MemFree:   101204 kB").value.mem_free), 101204U);
  EXPECT_FALSE(parsed(parse_meminfo, "HugePages_Total:      6").value.hugepages_total);
}

TEST(Meminfo, the_first_of_two_lines_counts) {
  const auto result = parsed(parse_meminfo, "MemFree: 5 kB\nMemFree: 6 kB\n");
  EXPECT_EQ(count(result.value.mem_free), 5U);
}

TEST(Meminfo, damage_is_listed_up_to_a_limit) {
  std::string text;
  for (int i = 0; i < 1000; ++i) {
    text += "nonsense\n";
  }
  const auto damage = parsed(parse_meminfo, text).damage;
  ASSERT_EQ(damage.size(), 8U);
  EXPECT_NE(damage.back().what.find("more of this file"), std::string::npos);
}

}  // namespace
}  // namespace whyoom::host
