#include "memory/cma_reserved.h"

#include <gtest/gtest.h>

#include "memory/test_report.h"

namespace whyoom::memory {
namespace {

using kernel::Field;

// 512 MiB with 24 MiB of CMA; the zone manages all but 4295 pages.
report::Report report_with(std::uint64_t reserved, std::uint64_t cma = 6144) {
  report::Report report;
  auto& zone = report.zones.emplace_back();
  zone.name = "Normal";
  zone.fields.set(Field::present, 524288, {});
  zone.fields.set(Field::managed, 507108, {});
  report.tail.ram = Read<std::uint64_t>{131072, {}};
  report.tail.reserved = Read<std::uint64_t>{reserved, {}};
  report.tail.cma_reserved = Read<std::uint64_t>{cma, {}};
  return report;
}

std::uint64_t put_back(report::Report report) {
  put_cma_back(report, PageSize{4096});
  return report.tail.reserved->value;
}

TEST(CmaReserved, IsPutBackWhereTheZonesAgree) {
  EXPECT_EQ(put_back(report_with(4294965447)), 4295U) << "-1849 in 32 bits";
  EXPECT_EQ(put_back(report_with(18446744073709549767U)), 4295U) << "and in 64";
  EXPECT_EQ(put_back(report_with(4295 - 4096, 4096)), 4295U);
  EXPECT_EQ(put_back(report_with(295, 4000)), 4295U) << "without going below zero";
}

TEST(CmaReserved, IsLeftWhereTheyDoNot) {
  EXPECT_EQ(put_back(report_with(4295)), 4295U) << "of a kernel that counts them apart";
  EXPECT_EQ(put_back(report_with(4294965447 - 100)), 4294965447U - 100);
  EXPECT_EQ(put_back(report_with(4294965447, 0)), 4294965447U);
  auto no_managed = report_with(4294965447);
  no_managed.zones[0].fields.forget(Field::managed);
  EXPECT_EQ(put_back(no_managed), 4294965447U);
  auto more_ram = report_with(4294965447);
  more_ram.tail.ram->value += 4096;
  EXPECT_EQ(put_back(more_ram), 4294965447U) << "a zone is not printed";
}

}  // namespace
}  // namespace whyoom::memory
