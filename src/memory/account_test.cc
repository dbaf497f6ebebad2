#include "memory/account.h"

#include <gtest/gtest.h>

#include <limits>

#include "memory/test_report.h"

namespace whyoom::memory {
namespace {

using What = AccountLine::What;
using namespace testing_only;

// 100000 pages of RAM. The counters hold 79000, the CPUs' lists 500, the stacks 500, the huge pages
// 10240.
report::Report accounted_machine() {
  report::Report report = counted();
  set_total(report, Field::free_pcp, 500);
  report::Node node;
  node.fields.set(Field::kernel_stack, 2000, {0, 9});  // kB
  report.nodes.push_back(node);
  report.hugepages.push_back({0, 20, 5, 0, KiB(2048), {0, 40}});
  return report;
}

Bytes sum(const Account& account) {
  Bytes total;
  for (const auto& line : account.lines) {
    total += line.size;
  }
  return total;
}

TEST(Account, AddsUpToRamExactly) {
  const report::Report report = accounted_machine();
  const auto account = from_report(report).account;
  ASSERT_TRUE(account);
  EXPECT_EQ(account->total, pages(100000));
  EXPECT_EQ(sum(*account), account->total);
  EXPECT_EQ(account->overcounted, Bytes(0));
  EXPECT_EQ(account->size(What::unaccounted), pages(100000 - 79000 - 500 - 500 - 10240));
}

TEST(Account, CountsCompressedSwapOfTheZones) {
  report::Report report = accounted_machine();
  report::Zone zone;
  zone.fields.set(Field::zspages, 4000, {0, 12});  // kB
  report.zones.push_back(zone);
  const auto account = from_report(report).account;
  ASSERT_TRUE(account);
  EXPECT_EQ(account->size(What::compressed_swap), pages(1000));
  EXPECT_EQ(account->at(What::compressed_swap).line, 12U);
  EXPECT_EQ(account->size(What::unaccounted), pages(100000 - 79000 - 500 - 500 - 10240 - 1000));
}

TEST(Account, TakesSharedMemoryOutOfTheAnonLists) {
  const auto account = from_report(accounted_machine()).account;
  ASSERT_TRUE(account);
  EXPECT_EQ(account->size(What::shmem), pages(12000));
  EXPECT_EQ(account->size(What::anon), pages(28000));
  EXPECT_EQ(account->size(What::unevictable_other), pages(1500));
}

TEST(Account, TakesLockedSharedMemoryFromTheUnevictableList) {
  report::Report report = accounted_machine();
  set_total(report, Field::active_anon, 1000);
  set_total(report, Field::inactive_anon, 0);
  set_total(report, Field::shmem, 5000);
  set_total(report, Field::unevictable, 6000);
  const auto account = from_report(report).account;
  ASSERT_TRUE(account);
  EXPECT_EQ(account->size(What::anon), Bytes(0));
  EXPECT_EQ(account->size(What::shmem), pages(5000));
  EXPECT_EQ(account->size(What::unevictable_other), pages(2000));
  EXPECT_EQ(sum(*account), account->total);
}

TEST(Account, CountsStacksAndHugePagesInTheirOwnUnits) {
  const auto account = from_report(accounted_machine()).account;
  ASSERT_TRUE(account);
  EXPECT_EQ(account->size(What::kernel_stack), Bytes(2000 * 1024));
  EXPECT_EQ(account->size(What::hugepages), Bytes(std::uint64_t{20} * 2048 * 1024));
  EXPECT_EQ(account->at(What::hugepages).line, 40U);
}

TEST(Account, TakesStacksFromTheZonesOnOldKernels) {
  report::Report report = accounted_machine();
  report.nodes.clear();
  add_zone(report, 0, "Normal", {1000, 100, 125, 150, 400000, {0, 0, 0, 0}});
  report.zones[0].fields.set(Field::kernel_stack, 1200, {0, 12});
  const auto account = from_report(report).account;
  ASSERT_TRUE(account);
  EXPECT_EQ(account->size(What::kernel_stack), Bytes(1200 * 1024));
  EXPECT_EQ(account->at(What::kernel_stack).line, 12U);
}

TEST(Account, CountsSecondaryPageTablesAndLeavesTheBalloonOut) {
  report::Report report = accounted_machine();
  set_total(report, Field::sec_pagetables, 250);
  report.nodes[0].fields.set(Field::balloon, 4000, {0, 9});
  const auto account = from_report(report).account;
  ASSERT_TRUE(account);
  EXPECT_EQ(account->size(What::page_tables), pages(3250));
  // Its pages are not in the RAM that the kernel manages.
  EXPECT_EQ(sum(*account), account->total);
}

// 90240 pages are counted, 7000 of them slab.
TEST(Account, IsNothingWhereItIsClearlyMoreThanRam) {
  const auto is = [](std::uint64_t slab) {
    report::Report report = accounted_machine();
    set_total(report, Field::slab_unreclaimable, slab);
    return from_report(report).account.has_value();
  };
  EXPECT_TRUE(is(7'000 + 14'000)) << "4 % too much";
  EXPECT_FALSE(is(7'000 + 16'000));
}

TEST(Account, IsNothingWithoutOneOfItsCounters) {
  for (const Field lost :
       {Field::active_anon, Field::inactive_anon, Field::active_file, Field::inactive_file,
        Field::unevictable, Field::slab_reclaimable, Field::slab_unreclaimable, Field::shmem,
        Field::pagetables, Field::free}) {
    const report::Report whole = accounted_machine();
    report::Report report = accounted_machine();
    report.totals = {};
    for (std::size_t i = 0; i < static_cast<std::size_t>(Field::count_); ++i) {
      const auto field = static_cast<Field>(i);
      if (field != lost && whole.totals.get(field)) {
        report.totals.set(field, whole.totals.get(field)->value, {});
      }
    }
    EXPECT_FALSE(from_report(report).account) << kernel::name(lost);
  }
}

TEST(Account, IsNothingWithoutTheSizeOfRam) {
  report::Report report = accounted_machine();
  report.tail = {};
  EXPECT_FALSE(from_report(report).account);
}

TEST(Account, TakesRamFromTheZonesWhenTheLastLinesAreCut) {
  report::Report report = accounted_machine();
  report.tail = {};
  add_zone(report, 0, "DMA", {1000, 100, 125, 150, 15360, {0, 300, 300, 300}});
  add_zone(report, 0, "DMA32", {1000, 100, 125, 150, 384640, {0, 0, 0, 0}});
  const auto account = from_report(report).account;
  ASSERT_TRUE(account);
  EXPECT_EQ(account->total, pages(100000));
  EXPECT_EQ(sum(*account), account->total);
}

TEST(Account, SaysHowMuchWasCountedTwice) {
  report::Report report = accounted_machine();
  set_total(report, Field::free, 34000);
  const auto account = from_report(report).account;
  ASSERT_TRUE(account);
  EXPECT_EQ(account->size(What::unaccounted), Bytes(0));
  EXPECT_EQ(account->overcounted, pages(79000 + 500 + 500 + 10240 + 14000 - 100000));
  EXPECT_EQ(sum(*account), account->total + account->overcounted);
}

TEST(Account, StandsHugeNumbers) {
  constexpr auto huge = std::numeric_limits<std::uint64_t>::max();
  report::Report report = accounted_machine();
  set_total(report, Field::active_anon, huge);
  report.hugepages.push_back({0, huge, huge, 0, KiB(huge), {}});
  EXPECT_FALSE(from_report(report).account);
}

TEST(Account, NamesTheFirstLineWithAPool) {
  report::Report report = accounted_machine();
  report.hugepages = {{0, 0, 0, 0, KiB(2048), {0, 40}},
                      {0, 1, 0, 0, KiB(1 << 20U), {0, 41}},
                      {1, 2, 0, 0, KiB(2048), {0, 42}}};
  set_ram(report, 504000, 4000);
  const auto account = from_report(report).account;
  ASSERT_TRUE(account);
  EXPECT_EQ(account->at(What::hugepages).line, 41U);
  EXPECT_EQ(account->size(What::hugepages), Bytes((1U << 30U) + (4U << 20U)));
  EXPECT_TRUE(account->hugepages_known);
}

// The usual size is what a page middle directory maps.
TEST(Account, TheUsualPoolTellsThatAllAreThere) {
  const auto known = [](KiB size, bool cut = false, const std::string& release = {}) {
    report::Report report = accounted_machine();
    report.hugepages = {{0, 1, 0, 0, size, {0, 40}}};
    if (cut) {
      report.hugepages_cut = Place{0, 41};
    }
    set_release(report, release);
    const auto account = from_report(report).account;
    return account && account->hugepages_known;
  };
  EXPECT_TRUE(known(KiB(2048)));
  EXPECT_TRUE(known(KiB(4096)));
  EXPECT_FALSE(known(KiB(1024)));
  EXPECT_FALSE(known(KiB(8192)));
  EXPECT_FALSE(known(KiB(2048), true));
  EXPECT_TRUE(known(KiB(8192), false, "2.6.32-754.el6.x86_64")) << "which prints none";
  EXPECT_FALSE(known(KiB(8192), false, "3.10.0-1160.el7.x86_64"));
}

// Counters lag by 8 MiB, or a twentieth.
TEST(Account, StandsALittleMoreThanRam) {
  const auto is = [](std::uint64_t ram, std::uint64_t anon) {
    report::Report report = accounted_machine();
    report.hugepages.clear();
    set_ram(report, ram, 0);
    set_total(report, Field::active_anon, anon);
    return from_report(report).account.has_value();
  };
  // All the rest is 50,000 pages.
  EXPECT_TRUE(is(100'000, 55'000));
  EXPECT_FALSE(is(100'000, 55'001));
}

}  // namespace
}  // namespace whyoom::memory
