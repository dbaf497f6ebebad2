#include "kernel/known_bugs.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace whyoom::kernel {
namespace {

TEST(KnownBugs, EachHasAFirstReleaseBeforeItsFixAndACitation) {
  std::set<std::string_view> names;
  for (const KnownBug& bug : known_bugs()) {
    EXPECT_TRUE(names.insert(bug.name).second) << bug.name;
    EXPECT_LT(bug.first, bug.fixed) << bug.name;
    EXPECT_EQ(bug.first.enterprise + bug.fixed.enterprise, 0) << bug.name;
    for (const Release& stable : bug.stable) {
      if (stable.major != 0) {
        EXPECT_LT(bug.first, stable) << bug.name;
        EXPECT_LT(stable, bug.fixed) << bug.name;
        EXPECT_GT(stable.patch, 0) << bug.name;
      }
    }
    EXPECT_EQ(bug.commit.size(), 12U) << bug.name;
    EXPECT_EQ(bug.commit.find_first_not_of("0123456789abcdef"), std::string_view::npos);
    EXPECT_FALSE(bug.subject.empty()) << bug.name;
    EXPECT_FALSE(bug.reported.empty()) << bug.name;
    EXPECT_EQ(&known_bug(bug.bug), &bug) << bug.name;
  }
  EXPECT_EQ(names.size(), 6U);
}

Affected is(Bug bug, std::string_view release) { return affected(known_bug(bug), release); }

TEST(KnownBugs, AReleaseBeforeOrAfterTheBugIsFreeOfIt) {
  EXPECT_EQ(is(Bug::high_order_gave_up, "4.6.7"), Affected::no);
  EXPECT_EQ(is(Bug::high_order_gave_up, "4.7.0"), Affected::yes);
  EXPECT_EQ(is(Bug::high_order_gave_up, "4.7.3-1-default"), Affected::yes);
  EXPECT_EQ(is(Bug::high_order_gave_up, "4.7.4"), Affected::no);
  EXPECT_EQ(is(Bug::high_order_gave_up, "4.8.0"), Affected::no);
  EXPECT_EQ(is(Bug::lowmem_list_not_aged, "4.8.17"), Affected::yes);
  EXPECT_EQ(is(Bug::lowmem_list_not_aged, "4.9.0-gentoo"), Affected::yes);
  EXPECT_EQ(is(Bug::lowmem_list_not_aged, "4.9.14"), Affected::no);
  EXPECT_EQ(is(Bug::lowmem_list_not_aged, "4.10.1"), Affected::yes);
  EXPECT_EQ(is(Bug::lowmem_list_not_aged, "4.10.17"), Affected::no);
}

TEST(KnownBugs, AStableReleaseOfAnotherSeriesDoesNotHelp) {
  EXPECT_EQ(is(Bug::boost_of_small_zone, "5.3.50"), Affected::yes);
  EXPECT_EQ(is(Bug::boost_of_small_zone, "5.5.19"), Affected::yes);
  EXPECT_EQ(is(Bug::highatomic_kept, "6.5.99"), Affected::yes);
}

TEST(KnownBugs, ADistributionsNameDoesNotTellThePatchLevel) {
  EXPECT_EQ(is(Bug::boost_of_small_zone, "5.4.0-42-generic"), Affected::unknown);
  EXPECT_EQ(is(Bug::boost_of_small_zone, "5.3.0-64-generic"), Affected::yes);
  EXPECT_EQ(is(Bug::boost_of_small_zone, "5.8.0-63-generic"), Affected::no);
  EXPECT_EQ(is(Bug::highatomic_kept, "6.1.0-13-amd64"), Affected::unknown);
  EXPECT_EQ(is(Bug::highatomic_kept, "6.1.55+deb12-amd64"), Affected::yes);
  EXPECT_EQ(is(Bug::highatomic_kept, "5.14.0-427.el9.x86_64"), Affected::unknown);
  EXPECT_EQ(is(Bug::highatomic_kept, "6.12.0-55.el10.x86_64"), Affected::no);
}

TEST(KnownBugs, AReleaseCandidateAroundTheFixIsNotKnown) {
  EXPECT_EQ(is(Bug::high_order_gave_up, "4.8.0-rc3"), Affected::unknown);
  EXPECT_EQ(is(Bug::high_order_gave_up, "4.7.0-rc1"), Affected::unknown);
  EXPECT_EQ(is(Bug::high_order_gave_up, "4.9.0-rc1"), Affected::no);
  EXPECT_EQ(is(Bug::highatomic_overestimated, "6.9.0-rc3"), Affected::yes);
}

TEST(KnownBugs, WithoutAReleaseNothingIsKnown) {
  EXPECT_EQ(is(Bug::highatomic_kept, ""), Affected::unknown);
  EXPECT_EQ(is(Bug::highatomic_kept, "generic"), Affected::unknown);
}

}  // namespace
}  // namespace whyoom::kernel
