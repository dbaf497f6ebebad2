#include "memory/vendor_rules.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace whyoom::memory {
namespace {

// One zone, as large as RAM.
Machine machine_of(std::uint64_t ram_kib, std::uint64_t min_free_kib, int nodes = 1) {
  Machine machine;
  machine.ram = to_bytes(KiB(ram_kib));
  machine.min_free = MinFree{KiB(min_free_kib)};
  machine.default_min_free = KiB(45056);
  for (int node = 0; node < nodes; ++node) {
    ZoneState zone;
    zone.node = node;
    zone.name = "Normal";
    zone.eligible = true;
    zone.managed = to_pages(KiB(ram_kib / static_cast<std::uint64_t>(nodes)), machine.page);
    zone.free = *zone.managed / 2;
    machine.zones.push_back(zone);
  }
  return machine;
}

std::map<std::string, VendorView> by_name(const Machine& machine) {
  std::map<std::string, VendorView> views;
  for (const VendorView& view : vendors_on(machine)) {
    views.emplace(view.rule->who, view);
  }
  return views;
}

TEST(VendorRules, EachHasASourceAndAnEnd) {
  for (const VendorRule& rule : vendor_rules()) {
    EXPECT_FALSE(rule.source.empty()) << rule.who;
    EXPECT_TRUE(rule.least != nullptr || rule.most != nullptr) << rule.who;
  }
}

TEST(VendorRules, OnAMachineOf1GiBTheKernelsChoiceBreaksMostOfThem) {
  const auto views = by_name(machine_of(990'000, 45056));
  EXPECT_EQ(views.at("the kernel").kept, true);
  EXPECT_EQ(views.at("Tencent Cloud").kept, false);
  EXPECT_EQ(views.at("Tencent Cloud").most, KiB(9900));
  EXPECT_EQ(views.at("AWS (ENA)").kept, false);
  EXPECT_EQ(views.at("Red Hat").kept, true);
  EXPECT_EQ(views.at("Oracle, memstate").least, KiB(838'856));  // 0.8 GiB of 0.94 GiB
  EXPECT_EQ(views.at("Oracle, memstate").most, KiB(1'572'855));
  EXPECT_EQ(views.at("Oracle, memstate").kept, false);
}

TEST(VendorRules, OraclesTwoContradictEachOther) {
  const auto views = by_name(machine_of(100'000'000, 1'048'576, 2));
  EXPECT_EQ(views.at("Oracle, support").least, KiB(1'048'576));
  EXPECT_EQ(views.at("Oracle, support").kept, true);
  EXPECT_EQ(views.at("Oracle, memstate").kept, false);
  ASSERT_TRUE(views.at("Oracle, support").at_most);
  EXPECT_GT(views.at("Oracle, support").at_most->out_of_reach_after, Bytes(0));
}

TEST(VendorRules, NothingIsSaidOfAMachineThatIsNotKnown) {
  for (const VendorView& view : vendors_on(Machine())) {
    EXPECT_FALSE(view.kept) << view.rule->who;
    EXPECT_FALSE(view.at_most) << view.rule->who;
  }
}

}  // namespace
}  // namespace whyoom::memory
