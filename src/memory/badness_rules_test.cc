// The arithmetic of the kernel's score by itself, and which generation has which.
#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "memory/badness.h"
#include "memory/evidence.h"
#include "memory/test_report.h"

namespace whyoom::memory {
namespace {

using Root = BadnessRules::Root;
using testing_only::set_ram;
using testing_only::set_release;

std::int64_t score_of_release(const std::string& release, std::uint64_t memory, bool root,
                              int adj) {
  return badness(badness_rules_of(kernel::parse_release(release)), Pages(memory), root, adj,
                 Pages(1'000'000));
}

TEST(BadnessRules, EachGenerationHasItsArithmetic) {
  for (const auto& [release, user, root, least] : {std::tuple("6.1.0", 1000, 1000, -99'900),
                                                   {"5.9.0", 1000, 1000, -99'900},
                                                   {"5.8.0", 1000, 1000, 1},
                                                   {"4.17.0", 1000, 1000, 1},
                                                   {"4.16.0", 1000, 970, 1},
                                                   {"3.14.0", 1000, 970, 1},
                                                   {"3.10.0-1160.el7.x86_64", 1000, 970, 1},
                                                   {"3.13.0", 31'000, 1000, 1},
                                                   {"3.5.0", 31'000, 1000, 1}}) {
    const std::uint64_t memory = user;
    EXPECT_EQ(score_of_release(release, memory, false, 0), user) << release;
    EXPECT_EQ(score_of_release(release, memory, true, 0), root) << release;
    EXPECT_EQ(score_of_release(release, 100, false, -100), least) << release;
    EXPECT_EQ(score_of_release(release, 100, false, 2), 2100) << release;
    EXPECT_EQ(score_of_release(release, 100, false, 2000), 1'000'100) << "no more than 1000";
  }
  // Thousandths of all memory.
  for (const char* release : {"3.4.0", "2.6.32-754.el6.x86_64"}) {
    EXPECT_EQ(score_of_release(release, 500'999, false, 0), 500) << release;
    EXPECT_EQ(score_of_release(release, 500'999, true, 0), 470) << release;
    EXPECT_EQ(score_of_release(release, 500'999, false, 100), 600) << release;
    EXPECT_EQ(score_of_release(release, 500'999, false, 600), 1000) << release;
    EXPECT_EQ(score_of_release(release, 500'999, false, -600), 1) << release;
  }
}

// What the total is made of: RAM or the nodes, or a cgroup's limit, and the swap that is allowed.
TEST(BadnessTotal, OfACgroupIsItsLimitAndItsSwap) {
  const auto total = [](std::optional<std::uint64_t> swap, std::optional<std::uint64_t> both,
                        std::optional<std::uint64_t> machine) {
    report::Report report;
    set_release(report, "6.1.0");
    report.constraint.emplace().kind = report::ConstraintKind::memcg;
    report.memcg.emplace().memory.limit_kib = Read<std::uint64_t>{400'000, {0, 20}};
    const auto set = [](Maybe<std::uint64_t>& to, const std::optional<std::uint64_t>& kib) {
      to = kib ? Maybe<std::uint64_t>({*kib, {0, 21}}) : std::nullopt;
    };
    set(report.memcg->swap.limit_kib, swap);
    set(report.memcg->memsw.limit_kib, both);
    set(report.tail.total_swap_kib, machine);
    report.tasks.emplace_back().pid = 7;
    report.victims.emplace_back().pid = 7;
    const auto ranking = from_report(report).ranking;
    return std::pair(ranking->total.value_or(Pages(0)).count() * 4, ranking->total_exact);
  };
  const auto none = std::nullopt;
  EXPECT_EQ(total(none, none, none), std::pair(std::uint64_t{400'000}, false));
  EXPECT_EQ(total(0, none, none), std::pair(std::uint64_t{400'000}, true));
  EXPECT_EQ(total(4, none, none), std::pair(std::uint64_t{400'000}, false));
  EXPECT_EQ(total(none, 400'000, none), std::pair(std::uint64_t{400'000}, true));
  EXPECT_EQ(total(none, none, 80'000), std::pair(std::uint64_t{480'000}, true));
  EXPECT_EQ(total(20'000, none, 80'000), std::pair(std::uint64_t{420'000}, true));
  EXPECT_EQ(total(90'000, none, 80'000), std::pair(std::uint64_t{480'000}, true));
  EXPECT_EQ(total(none, 440'000, 80'000), std::pair(std::uint64_t{440'000}, true));
  EXPECT_EQ(total(20'000, 440'000, 80'000), std::pair(std::uint64_t{440'000}, true));
}

TEST(BadnessTotal, OfSomeNodesIsWhatLiesOnThem) {
  const auto total = [](report::ConstraintKind kind, const std::string& nodes, bool whole = true) {
    report::Report report;
    set_release(report, "6.1.0");
    set_ram(report, 9000, 1000);
    report.tail.total_swap_kib = Read<std::uint64_t>{4000, {0, 80}};
    report.constraint.emplace().kind = kind;
    report.constraint->nodemask = report.constraint->mems_allowed = nodes;
    for (const int node : {0, 1, 1}) {
      report::Zone& zone = report.zones.emplace_back();
      zone.node = node;
      zone.name = "Normal";
      zone.fields.set(kernel::Field::present, 8000, {0, 9});
    }
    if (!whole) {
      report.zones[1].fields.forget(kernel::Field::present);
    }
    report.tasks.emplace_back().pid = 7;
    report.victims.emplace_back().pid = 7;
    const auto ranking = from_report(report).ranking;
    return ranking->total.value_or(Pages(0)).count();
  };
  using Kind = report::ConstraintKind;
  EXPECT_EQ(total(Kind::none, "0-1"), 9000U);
  EXPECT_EQ(total(Kind::cpuset, "1"), 5000U);
  EXPECT_EQ(total(Kind::mempolicy, "0"), 3000U);
  EXPECT_EQ(total(Kind::cpuset, "1", false), 0U);
  EXPECT_EQ(total(Kind::cpuset, "0", false), 3000U);
  EXPECT_EQ(total(Kind::cpuset, "2"), 0U);
}

}  // namespace
}  // namespace whyoom::memory
