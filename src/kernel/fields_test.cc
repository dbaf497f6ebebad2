#include "kernel/fields.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

#include "base/text.h"
#include "kernel/release.h"

namespace whyoom::kernel {
namespace {

void expect_keys(Scope scope, std::string_view keys) {
  Cursor cursor(keys);
  while (!cursor.at_end()) {
    const std::string_view key = cursor.take_word();
    const FieldFact* fact = find_field(scope, key);
    ASSERT_NE(fact, nullptr) << key;
    EXPECT_EQ(fact->scope, scope);
    EXPECT_EQ(fact->spelling, key);
    cursor.skip_spaces();
  }
}

TEST(Fields, TotalsOfEachEra) {
  // 2.6.32, 5.4, 6.19
  expect_keys(
      Scope::total,
      "active_anon inactive_anon isolated_anon active_file inactive_file isolated_file "
      "unevictable dirty writeback unstable free slab_reclaimable slab_unreclaimable mapped "
      "shmem pagetables bounce free_cma free_pcp kernel_misc_reclaimable sec_pagetables");
}

TEST(Fields, NodeLineOfEachEra) {
  // 4.9, 6.19
  expect_keys(Scope::node,
              "active_anon inactive_anon active_file inactive_file unevictable isolated(anon) "
              "isolated(file) mapped dirty writeback shmem shmem_thp shmem_pmdmapped anon_thp "
              "writeback_tmp unstable pages_scanned kernel_stack shadow_call_stack pagetables "
              "sec_pagetables Balloon");
}

TEST(Fields, ZoneLineOfEachEra) {
  // 2.6.32, 4.4, 6.19
  expect_keys(
      Scope::zone,
      "free min low high active_anon inactive_anon active_file inactive_file unevictable "
      "isolated(anon) isolated(file) present managed mlocked dirty writeback mapped shmem "
      "slab_reclaimable slab_unreclaimable kernel_stack pagetables unstable bounce free_pcp "
      "local_pcp free_cma writeback_tmp pages_scanned boost reserved_highatomic "
      "free_highatomic writepending zspages");
}

TEST(Fields, UnitsFollowTheLevel) {
  EXPECT_EQ(find_field(Scope::total, "free")->unit, Unit::pages);
  EXPECT_EQ(find_field(Scope::node, "shmem")->unit, Unit::kib);
  EXPECT_EQ(find_field(Scope::zone, "free")->unit, Unit::kib);
  EXPECT_EQ(find_field(Scope::zone, "pages_scanned")->unit, Unit::count);
  for (const FieldFact& fact : field_facts()) {
    EXPECT_EQ(fact.unit == Unit::pages, fact.scope == Scope::total) << fact.spelling;
  }
}

TEST(Fields, LookUpIsExactAndByLevel) {
  EXPECT_EQ(find_field(Scope::node, "balloon"), nullptr);
  EXPECT_EQ(find_field(Scope::zone, "Free"), nullptr);
  EXPECT_EQ(find_field(Scope::zone, "isolated_anon"), nullptr);
  EXPECT_EQ(find_field(Scope::total, "min"), nullptr);
  EXPECT_EQ(find_field(Scope::node, "free"), nullptr);
  EXPECT_EQ(find_field(Scope::total, ""), nullptr);
  EXPECT_EQ(find_field(Scope::total, "Active_anon")->field, Field::active_anon);
}

TEST(Fields, EveryFactIsUniqueAndHasItsSource) {
  std::set<std::pair<Scope, std::string_view>> seen;
  for (const FieldFact& fact : field_facts()) {
    EXPECT_TRUE(seen.insert({fact.scope, fact.spelling}).second) << fact.spelling;
    EXPECT_FALSE(fact.source.empty()) << fact.spelling;
    const auto since = parse_release(fact.since);
    ASSERT_TRUE(since) << fact.spelling;
    if (!fact.until.empty()) {
      const auto until = parse_release(fact.until);
      ASSERT_TRUE(until) << fact.spelling;
      EXPECT_LE(*since, *until) << fact.spelling;
    }
  }
}

TEST(Fields, EveryFieldHasANameAndAFact) {
  for (unsigned i = 0; i < static_cast<unsigned>(Field::count_); ++i) {
    const auto field = static_cast<Field>(i);
    EXPECT_FALSE(name(field).empty()) << i;
    bool found = false;
    for (const FieldFact& fact : field_facts()) {
      found = found || fact.field == field;
    }
    EXPECT_TRUE(found) << name(field);
  }
  EXPECT_EQ(name(Field::active_anon), "active_anon");
  EXPECT_EQ(name(Field::free), "free");
  EXPECT_EQ(name(Field::reserved_highatomic), "reserved_highatomic");
  EXPECT_EQ(name(Field::balloon), "balloon");
  EXPECT_TRUE(name(Field::count_).empty());
}

}  // namespace
}  // namespace whyoom::kernel
