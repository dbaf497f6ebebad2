#include "memory/evidence.h"

#include <gtest/gtest.h>

#include "memory/test_report.h"

namespace whyoom::memory {
namespace {

using kernel::GfpFlag;
using kernel::ZoneClass;
using report::ConstraintKind;
using namespace testing_only;

TEST(Evidence, OfAnEmptyReportIsEmpty) {
  const report::Report report;
  const Evidence evidence = from_report(report);
  EXPECT_EQ(evidence.report, &report);
  EXPECT_FALSE(evidence.page_size_known);
  EXPECT_EQ(evidence.page.bytes, 4096U);
  EXPECT_FALSE(evidence.release || evidence.min_free || evidence.account || evidence.ram ||
               evidence.reserved || evidence.constraint || evidence.swap_total ||
               evidence.swap_free || evidence.request.order);
  EXPECT_FALSE(evidence.request.flags_known);
  EXPECT_FALSE(evidence.zones_complete);
  EXPECT_FALSE(evidence.has_eligible());
  EXPECT_FALSE(evidence.all_eligible_short());
  EXPECT_EQ(evidence.eligible_free(), std::nullopt);
}

TEST(Evidence, KnowsTheRequest) {
  report::Report report;
  set_user_request(report, 2);
  Evidence evidence = from_report(report);
  EXPECT_TRUE(evidence.request.flags_known);
  EXPECT_EQ(evidence.request.order, 2);
  EXPECT_EQ(evidence.request.highest, ZoneClass::movable);
  EXPECT_TRUE(evidence.request.may_use_cma);

  set_request(report, {});
  evidence = from_report(report);
  EXPECT_EQ(evidence.request.highest, ZoneClass::normal);
  EXPECT_FALSE(evidence.request.may_use_cma);

  set_request(report, {GfpFlag::highmem});
  EXPECT_EQ(from_report(report).request.highest, ZoneClass::highmem);
}

TEST(Evidence, AssumesTheWidestRequestWhenTheMaskCannotBeRead) {
  report::Report report;
  report.trigger.emplace();
  report.trigger->gfp.emplace();
  report.trigger->gfp->mask = 0x201da;
  const Evidence evidence = from_report(report);
  EXPECT_FALSE(evidence.request.flags_known);
  EXPECT_EQ(evidence.request.highest, ZoneClass::movable);
  EXPECT_TRUE(evidence.request.may_use_cma);
}

TEST(Evidence, CountsRamWithoutWhatIsReserved) {
  report::Report report;
  set_ram(report, 262014, 14426);
  report.tail.free_swap_kib = Read<std::uint64_t>{12, {}};
  report.tail.total_swap_kib = Read<std::uint64_t>{1024, {}};
  const Evidence evidence = from_report(report);
  EXPECT_EQ(evidence.ram, Bytes(std::uint64_t{262014 - 14426} * 4096));
  EXPECT_EQ(evidence.reserved, Bytes(std::uint64_t{14426} * 4096));
  EXPECT_EQ(evidence.swap_free, Bytes(12 * 1024));
  EXPECT_EQ(evidence.swap_total, Bytes(1024 * 1024));

  report.tail.reserved.reset();
  EXPECT_EQ(from_report(report).ram, std::nullopt);
}

TEST(Evidence, CountsInPagesOfTheMachine) {
  report::Report report;
  set_user_request(report);
  set_ram(report, 1000, 0);
  add_zone(report, 0, "Normal", {640, 64, 128, 192, 64000, {0, 0, 0, 0}}).smallest_block_kib = 64;
  const Evidence evidence = from_report(report);
  EXPECT_TRUE(evidence.page_size_known);
  EXPECT_EQ(evidence.ram, Bytes(std::uint64_t{1000} * 65536));
  ASSERT_EQ(evidence.zones.size(), 1U);
  EXPECT_EQ(evidence.zones[0].free, Pages(10));
  EXPECT_EQ(evidence.eligible_free(), Bytes(640 * 1024));
}

TEST(Constraint, IsWhatTheLineSays) {
  report::Report report;
  report.constraint.emplace();
  report.constraint->kind = ConstraintKind::cpuset;
  report.memcg.emplace();
  EXPECT_EQ(from_report(report).constraint, ConstraintKind::cpuset);
}

TEST(Constraint, OfOldKernelsIsToldFromOtherLines) {
  report::Report report;
  EXPECT_EQ(from_report(report).constraint, std::nullopt);
  report.panic.emplace().reason = report::Panic::Reason::panic_on_oom_compulsory;
  EXPECT_EQ(from_report(report).constraint, std::nullopt);
  report.panic->reason = report::Panic::Reason::panic_on_oom_system_wide;
  EXPECT_EQ(from_report(report).constraint, ConstraintKind::none);
  report.panic.reset();

  report.memcg.emplace();
  EXPECT_EQ(from_report(report).constraint, ConstraintKind::memcg);

  report.memcg.reset();
  report.victims.emplace_back();
  EXPECT_EQ(from_report(report).constraint, std::nullopt);
  report.victims.emplace_back().memcg = true;
  EXPECT_EQ(from_report(report).constraint, ConstraintKind::memcg);

  report.victims.clear();
  report.kind = report::Kind::memcg_oom_kill;
  EXPECT_EQ(from_report(report).constraint, ConstraintKind::memcg);
}

TEST(Eligible, FreeAndShortAreOfTheZonesThatCount) {
  report::Report report;
  set_request(report, {GfpFlag::dma32});
  add_zone(report, 0, "DMA32", {1000, 4000, 5000, 6000, 400000, {0, 0, 0, 0, 0}});
  add_zone(report, 0, "Normal", {90000, 4000, 5000, 6000, 400000, {0, 0, 0, 0, 0}});
  Evidence evidence = from_report(report);
  EXPECT_EQ(evidence.eligible_free(), Bytes(1000 * 1024));
  EXPECT_TRUE(evidence.all_eligible_short());

  set_user_request(report);
  evidence = from_report(report);
  EXPECT_EQ(evidence.eligible_free(), Bytes(91000 * 1024));
  EXPECT_FALSE(evidence.all_eligible_short());
}

// What other tasks free until the report is printed, wherever it lies: here 2.5 % of 100000 pages
// are more than 8 MiB, 2048 pages.
TEST(Eligible, IsShortWithALittleFreedMeanwhile) {
  const auto is_short = [](std::uint64_t dma_kib, std::uint64_t normal_kib) {
    report::Report report;
    set_user_request(report);
    add_zone(report, 0, "DMA", {dma_kib, 100, 125, 150, 16000, {0, 0, 0, 0, 0}});
    add_zone(report, 0, "Normal", {normal_kib, 4000, 5000, 6000, 384000, {0, 0, 0, 0, 0}});
    return from_report(report).all_eligible_short();
  };
  EXPECT_TRUE(is_short(100, 4000));
  EXPECT_TRUE(is_short(8292, 4000));
  EXPECT_FALSE(is_short(8296, 4000));
  EXPECT_TRUE(is_short(600, 11692));
  EXPECT_FALSE(is_short(600, 11696));
  // No more than each zone's own slack is no more than that in all.
  EXPECT_TRUE(is_short(100 + 132, 4000 + 412));
}

TEST(Eligible, ALittleIsAPartOfTheMachine) {
  const auto most_above = [](std::uint64_t managed_kib) {
    report::Report report;
    set_user_request(report);
    std::uint64_t above = 0;
    do {
      above += 4;
      report.zones.clear();
      add_zone(report, 0, "Normal", {100 + above, 100, 125, 150, managed_kib, {0, 0, 0, 0, 0}});
    } while (from_report(report).all_eligible_short());
    return above - 4;
  };
  EXPECT_EQ(most_above(80000), 2000U);     // 2.5 %
  EXPECT_EQ(most_above(1000000), 8192U);   // 8 MiB
  EXPECT_EQ(most_above(4000000), 10000U);  // 0.25 %
}

TEST(Account, FindsNothingInAnEmptyAccount) {
  const Account account;
  EXPECT_EQ(account.size(AccountLine::What::free), Bytes(0));
  EXPECT_EQ(account.at(AccountLine::What::free), Place{});
}

}  // namespace
}  // namespace whyoom::memory
