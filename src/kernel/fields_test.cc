#include "kernel/fields.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/text.h"

namespace whyoom::kernel {
namespace {

void expect_keys(Scope scope, std::string_view keys) {
  Cursor cursor(keys);
  while (!cursor.at_end()) {
    const std::string_view key = cursor.take_word();
    const auto field = find_field(scope, key);
    ASSERT_TRUE(field) << key;
    const bool other = key == "isolated(anon)" || key == "isolated(file)" || key == "Balloon";
    EXPECT_EQ(name(*field) == key, !other) << key;
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
  EXPECT_FALSE(is_in_kib(Scope::total, Field::free));
  EXPECT_TRUE(is_in_kib(Scope::node, Field::shmem));
  EXPECT_TRUE(is_in_kib(Scope::zone, Field::free));
  EXPECT_FALSE(is_in_kib(Scope::zone, Field::pages_scanned));
  for (unsigned i = 0; i < static_cast<unsigned>(Field::count_); ++i) {
    EXPECT_FALSE(is_in_kib(Scope::total, static_cast<Field>(i))) << i;
  }
}

TEST(Fields, LookUpIsExactAndByLevel) {
  EXPECT_EQ(find_field(Scope::node, "balloon"), std::nullopt);
  EXPECT_EQ(find_field(Scope::zone, "Free"), std::nullopt);
  EXPECT_EQ(find_field(Scope::zone, "isolated_anon"), std::nullopt);
  EXPECT_EQ(find_field(Scope::total, "min"), std::nullopt);
  EXPECT_EQ(find_field(Scope::node, "free"), std::nullopt);
  EXPECT_EQ(find_field(Scope::total, ""), std::nullopt);
  EXPECT_EQ(find_field(Scope::total, "Active_anon"), Field::active_anon);
}

// A field that two rows claim would be read as the first of them.
TEST(Fields, EveryFieldHasANameOfItsOwnThatLeadsToIt) {
  std::set<std::string> seen;
  for (unsigned i = 0; i < static_cast<unsigned>(Field::count_); ++i) {
    const auto field = static_cast<Field>(i);
    ASSERT_FALSE(name(field).empty()) << i;
    EXPECT_TRUE(seen.insert(std::string(name(field))).second) << name(field);
    int levels = 0;
    for (const Scope scope : {Scope::total, Scope::node, Scope::zone}) {
      std::string capital(name(field));
      capital.front() = static_cast<char>(capital.front() - 'a' + 'A');
      for (const std::string& spelling : {std::string(name(field)), capital}) {
        const auto found = find_field(scope, spelling);
        levels += found ? 1 : 0;
        EXPECT_EQ(found.value_or(field), field) << spelling;
      }
    }
    EXPECT_GT(levels, 0) << name(field);
  }
  EXPECT_EQ(name(Field::active_anon), "active_anon");
  EXPECT_EQ(name(Field::free), "free");
  EXPECT_EQ(name(Field::reserved_highatomic), "reserved_highatomic");
  EXPECT_EQ(name(Field::balloon), "balloon");
  EXPECT_TRUE(name(Field::count_).empty());
}

}  // namespace
}  // namespace whyoom::kernel
