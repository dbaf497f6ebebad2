#include "host/zoneinfo.h"

#include <gtest/gtest.h>

#include "host/parse_for_test.h"

namespace whyoom::host {
namespace {

using test::count;
using test::parsed;

constexpr std::string_view new_kernel =
    "Node 0, zone      DMA\n"
    "  per-node stats\n"
    "      nr_inactive_anon 35045\n"
    "      nr_slab_reclaimable 32462\n"
    "      nr_kernel_stack 1544\n"
    "  pages free     3840\n"
    "        boost    512\n"
    "        min      525\n"
    "        low      528\n"
    "        high     531\n"
    "        promo    534\n"
    "        spanned  4095\n"
    "        present  3998\n"
    "        managed  3841\n"
    "        cma      0\n"
    "        protection: (0, 3019, 18507, 18507, 18507)\n"
    "      nr_free_pages 3840\n"
    "      nr_zone_inactive_file 7\n"
    "      nr_free_cma  0\n"
    "      numa_hit     0\n"
    "  pagesets\n"
    "    cpu: 0\n"
    "              count:    40\n"
    "              high:     100\n"
    "              batch:    1\n"
    "              high_min: 8\n"
    "              high_max: 240\n"
    "  vm stats threshold: 4\n"
    "    cpu: 1\n"
    "              count:    2\n"
    "              high:     100\n"
    "              batch:    1\n"
    "              high_min: 8\n"
    "              high_max: 240\n"
    "  vm stats threshold: 4\n"
    "  node_unreclaimable:  1\n"
    "  start_pfn:           1\n"
    "  reserved_highatomic: 512\n"
    "  free_highatomic:     500\n"
    "Node 0, zone   Normal\n"
    "  pages free     0\n"
    "        boost    0\n"
    "        min      32\n"
    "        low      32\n"
    "        high     32\n"
    "        promo    32\n"
    "        spanned  0\n"
    "        present  0\n"
    "        managed  0\n"
    "        cma      0\n"
    "        protection: (0, 0, 0, 0, 0)\n"
    "Node 12, zone  Movable\n"
    "  per-node stats\n"
    "      nr_inactive_anon 1\n"
    "  pages free     9\n";

TEST(Zoneinfo, a_new_kernel) {
  const auto [zones, damage] = parsed(parse_zoneinfo, new_kernel);
  EXPECT_TRUE(damage.empty());
  ASSERT_EQ(zones.size(), 3U);
  const Zone& dma = zones[0];
  EXPECT_EQ(dma.node, 0);
  EXPECT_EQ(dma.name, "DMA");
  EXPECT_EQ(dma.at, (Place{7, 1}));
  EXPECT_EQ(count(dma.free), 3840U);
  EXPECT_EQ(dma.free->at, (Place{7, 6}));
  EXPECT_EQ(count(dma.boost), 512U);
  EXPECT_EQ(count(dma.min), 525U);
  EXPECT_EQ(count(dma.low), 528U);
  EXPECT_EQ(count(dma.high), 531U) << "not the per-CPU lists' high";
  EXPECT_EQ(count(dma.promo), 534U);
  EXPECT_EQ(count(dma.present), 3998U);
  EXPECT_EQ(count(dma.managed), 3841U);
  ASSERT_TRUE(dma.protection);
  EXPECT_EQ(dma.protection->value,
            (std::vector<Pages>{Pages(0), Pages(3019), Pages(18507), Pages(18507), Pages(18507)}));
  EXPECT_EQ(count(dma.in_cpu_lists), 42U);
  EXPECT_EQ(count(dma.reserved_highatomic), 512U);
  EXPECT_EQ(count(dma.free_highatomic), 500U);
  EXPECT_EQ(count(dma.counters.zone_inactive_file), 7U);
  EXPECT_EQ(count(dma.counters.free_cma), 0U);
  EXPECT_FALSE(dma.counters.slab_reclaimable) << "that is the node's";
}

TEST(Zoneinfo, an_empty_zone_and_another_node) {
  const auto zones = parsed(parse_zoneinfo, new_kernel).value;
  EXPECT_EQ(zones[1].name, "Normal");
  EXPECT_EQ(count(zones[1].managed), 0U);
  EXPECT_FALSE(zones[1].in_cpu_lists);
  EXPECT_EQ(zones[2].node, 12);
  EXPECT_EQ(count(zones[2].free), 9U);
  EXPECT_FALSE(zones[2].min);
  EXPECT_FALSE(zones[0].counters.inactive_anon) << "that is the node's";
  EXPECT_FALSE(zones[2].counters.inactive_anon);
}

TEST(Zoneinfo, el6_has_no_managed_pages_and_the_counters_in_the_zones) {
  const auto [zones, damage] = parsed(parse_zoneinfo,
                                      "Node 0, zone    DMA32\n"
                                      "  pages free     114372\n"
                                      "        min      5629\n"
                                      "        low      7036\n"
                                      "        high     8443\n"
                                      "        scanned  0\n"
                                      "        spanned  520192\n"
                                      "        present  512904\n"
                                      "    nr_free_pages 114372\n"
                                      "    nr_inactive_anon 1200\n"
                                      "    nr_slab_unreclaimable 77\n"
                                      "        protection: (0, 0, 6060, 6060)\n"
                                      "  pagesets\n"
                                      "    cpu: 0\n"
                                      "              count: 31\n"
                                      "              high:  186\n"
                                      "              batch: 31\n"
                                      "  vm stats threshold: 24\n"
                                      "  all_unreclaimable: 0\n"
                                      "  prev_priority:     12\n"
                                      "  start_pfn:         4096\n"
                                      "  inactive_ratio:    3\n");
  EXPECT_TRUE(damage.empty());
  ASSERT_EQ(zones.size(), 1U);
  const Zone& zone = zones[0];
  EXPECT_EQ(count(zone.min), 5629U);
  EXPECT_EQ(count(zone.high), 8443U);
  EXPECT_EQ(count(zone.present), 512904U);
  EXPECT_FALSE(zone.managed || zone.boost || zone.promo);
  EXPECT_EQ(count(zone.counters.inactive_anon), 1200U);
  EXPECT_EQ(count(zone.counters.slab_unreclaimable), 77U);
  EXPECT_EQ(count(zone.in_cpu_lists), 31U);
}

TEST(Zoneinfo, el5_scans_in_brackets_and_keeps_two_lists_a_cpu) {
  const auto [zones, damage] = parsed(parse_zoneinfo,
                                      "Node 0, zone   Normal\n"
                                      "  pages free     1000\n"
                                      "        min      100\n"
                                      "        low      125\n"
                                      "        high     150\n"
                                      "        active   5\n"
                                      "        inactive 6\n"
                                      "        scanned  0 (a: 3 i: 4)\n"
                                      "        spanned  2000\n"
                                      "        present  1900\n"
                                      "        protection: (0, 0, 0, 0)\n"
                                      "  pagesets\n"
                                      "    cpu: 0 pcp: 0\n"
                                      "              count: 10\n"
                                      "              low:   0\n"
                                      "              high:  60\n"
                                      "              batch: 15\n"
                                      "    cpu: 0 pcp: 1\n"
                                      "              count: 5\n"
                                      "              high:  20\n");
  EXPECT_TRUE(damage.empty()) << damage.front().what;
  ASSERT_EQ(zones.size(), 1U);
  EXPECT_EQ(count(zones[0].low), 125U);
  EXPECT_EQ(count(zones[0].high), 150U);
  EXPECT_EQ(count(zones[0].in_cpu_lists), 15U);
}

TEST(Zoneinfo, damage_costs_only_the_line_that_it_hits) {
  const auto [zones, damage] = parsed(parse_zoneinfo,
                                      "        min      5\n"
                                      "Node x, zone DMA\n"
                                      "        min      6\n"
                                      "Node 0, zone Normal\n"
                                      "  pages free     -1\n"
                                      "        min      1e5\n"
                                      "        low      18446744073709551616\n"
                                      "        high     44\n"
                                      "        protection: (0, 1, \n"
                                      "        managed  12");
  ASSERT_EQ(zones.size(), 1U);
  const Zone& zone = zones[0];
  EXPECT_EQ(zone.name, "Normal");
  EXPECT_FALSE(zone.free || zone.min || zone.low || zone.protection || zone.managed);
  EXPECT_EQ(count(zone.high), 44U);
  EXPECT_EQ(damage.size(), 8U);
}

TEST(Zoneinfo, zones_that_stand_twice_are_not_believed) {
  const std::string node = "Node 0, zone Normal\n  pages free     7\n";
  EXPECT_EQ(
      parsed(parse_zoneinfo, node + "Node 1, zone Normal\nNode 0, zone Movable\n").value.size(),
      3U);
  const auto [zones, damage] = parsed(parse_zoneinfo, node + "Node 1, zone Normal\n" + node);
  EXPECT_TRUE(zones.empty());
  ASSERT_EQ(damage.size(), 1U);
  EXPECT_EQ(damage[0].at.line, 4U);
  EXPECT_EQ(damage[0].what,
            "expected each zone once, so that none of them is used, found Node 0, zone Normal");
}

TEST(Zoneinfo, sums_of_absurd_lists_do_not_wrap) {
  const auto zones = parsed(parse_zoneinfo,
                            "Node 0, zone Normal\n  pagesets\n    cpu: 0\n"
                            "   count: 18446744073709551615\n    cpu: 1\n   count: 9\n")
                         .value;
  EXPECT_EQ(count(zones[0].in_cpu_lists), UINT64_MAX);
}

}  // namespace
}  // namespace whyoom::host
