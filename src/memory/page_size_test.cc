#include "memory/page_size.h"

#include <gtest/gtest.h>

#include "memory/test_report.h"

namespace whyoom::memory {
namespace {

using namespace testing_only;

report::Report with_block(std::uint32_t kib) {
  report::Report report;
  add_zone(report, 0, "Normal", {1000, 100, 125, 150, 4000, {}}).smallest_block_kib = kib;
  return report;
}

TEST(PageSize, IsTheSmallestBlockOfABuddyLine) {
  for (const std::uint32_t kib : {4U, 8U, 16U, 64U, 256U}) {
    EXPECT_EQ(find_page_size(with_block(kib)), PageSize{kib * 1024}) << kib;
  }
}

TEST(PageSize, IsNotABlockOfNoPageSize) {
  for (const std::uint32_t kib : {0U, 1U, 32U, 2048U, 4294967295U}) {
    EXPECT_EQ(find_page_size(with_block(kib)), std::nullopt) << kib;
  }
}

TEST(PageSize, ComesFromTheNextZoneWhenTheFirstLineIsCut) {
  report::Report report = with_block(512);  // the low orders are lost
  add_zone(report, 0, "Normal", {1000, 100, 125, 150, 4000, {}}).smallest_block_kib = 64;
  EXPECT_EQ(find_page_size(report), PageSize{65536});
}

TEST(PageSize, IsTheRatioOfKilobytesToPages) {
  for (const std::uint64_t kib : {4U, 16U, 64U}) {
    report::Report report;
    set_total(report, Field::active_anon, 1000);
    report::Node node;
    node.fields.set(Field::active_anon, 1000 * kib, {});
    report.nodes.push_back(node);
    EXPECT_EQ(find_page_size(report), PageSize{static_cast<std::uint32_t>(kib * 1024)});
  }
}

TEST(PageSize, TakesTheRatioOverAllNodes) {
  report::Report report;
  set_total(report, Field::inactive_file, 3000);
  for (const std::uint64_t kib : {4000U, 8000U}) {
    report::Node node;
    node.fields.set(Field::inactive_file, kib, {});
    report.nodes.push_back(node);
  }
  EXPECT_EQ(find_page_size(report), PageSize{4096});
}

TEST(PageSize, TakesTheRatioFromZonesOnOldKernels) {
  report::Report report;
  set_total(report, Field::free, 5000);
  add_zone(report, 0, "DMA", {120000, 100, 125, 150, 0, {}});
  add_zone(report, 0, "Normal", {200000, 100, 125, 150, 0, {}});
  EXPECT_EQ(find_page_size(report), PageSize{65536});
}

TEST(PageSize, AllowsForCountersThatLag) {
  report::Report report;
  set_total(report, Field::free, 10000);
  add_zone(report, 0, "Normal", {40900, 100, 125, 150, 0, {}});
  EXPECT_EQ(find_page_size(report), PageSize{4096});
  report.zones[0].fields.set(Field::free, 52000, {});  // half-way to nothing
  EXPECT_EQ(find_page_size(report), std::nullopt);
}

TEST(PageSize, DoesNotTrustSmallCounters) {
  report::Report report;
  add_zone(report, 0, "Normal", {256, 100, 125, 150, 0, {}});
  set_total(report, Field::free, 64);
  EXPECT_EQ(find_page_size(report), PageSize{4096});
  set_total(report, Field::free, 63);
  EXPECT_EQ(find_page_size(report), std::nullopt);
}

report::Report with_victim(std::uint64_t rss_pages, std::uint64_t anon_kib,
                           std::uint64_t file_kib) {
  report::Report report;
  report.tasks.emplace_back().pid = 7;
  report.tasks.back().rss = rss_pages;
  report.victims.emplace_back().pid = 7;
  report.victims.back().anon_rss_kib = anon_kib;
  report.victims.back().file_rss_kib = file_kib;
  return report;
}

// A report of a cgroup has no zones.
TEST(PageSize, IsHowTheVictimsTwoSizesGoTogether) {
  EXPECT_EQ(find_page_size(with_victim(1000, 3000, 1000)), PageSize{4096});
  EXPECT_EQ(find_page_size(with_victim(1000, 60000, 3000)), PageSize{65536});
  EXPECT_EQ(find_page_size(with_victim(1000, 6000, 0)), std::nullopt) << "between two sizes";
  EXPECT_EQ(find_page_size(with_victim(1000, 8000, 0)), PageSize{8192});
  EXPECT_EQ(find_page_size(with_victim(1000, 16000, 0)), PageSize{16384});
  EXPECT_EQ(find_page_size(with_victim(1000, 256000, 0)), PageSize{262144});
  EXPECT_EQ(find_page_size(with_victim(16, 64, 0)), PageSize{4096});
  EXPECT_EQ(find_page_size(with_victim(15, 60, 0)), std::nullopt) << "too small to tell";
  report::Report other = with_victim(1000, 60000, 3000);
  other.victims[0].pid = 8;  // not in the table
  EXPECT_EQ(find_page_size(other), std::nullopt);
  report::Report many = with_victim(1000, 4000, 0);
  many.victims.insert(many.victims.begin(), 63, other.victims[0]);
  EXPECT_EQ(find_page_size(many), PageSize{4096});
  many.victims.insert(many.victims.begin(), other.victims[0]);
  EXPECT_EQ(find_page_size(many), std::nullopt) << "the table is not read for each of very many";
}

TEST(PageSize, IsInTheNameOfSomeReleases) {
  report::Report report;
  set_release(report, "6.8.0-41-generic-64k");
  EXPECT_EQ(find_page_size(report), PageSize{65536});
  set_release(report, "6.8.0-41-generic");
  EXPECT_EQ(find_page_size(report), std::nullopt);
  // What was counted is better evidence than a name.
  report.zones = with_block(4).zones;
  set_release(report, "6.8.0-41-generic-64k");
  EXPECT_EQ(find_page_size(report), PageSize{4096});
}

}  // namespace
}  // namespace whyoom::memory
