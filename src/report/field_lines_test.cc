#include "report/field_lines.h"

#include <gtest/gtest.h>

#include "report/kernel_line.h"
#include "report/tail_lines.h"

namespace whyoom::report {
namespace {

using kernel::Field;
using kernel::Scope;

TEST(Fields, TotalsArePagesWithoutAUnit) {
  FieldSet fields;
  const auto run = read_fields(Scope::total, " free:6060 free_pcp:70 free_cma:0", {0, 9}, fields);
  EXPECT_EQ(run.known, 3U);
  EXPECT_EQ(run.malformed, 0U);
  ASSERT_TRUE(fields.get(Field::free));
  EXPECT_EQ(fields.get(Field::free)->value, 6060U);
  EXPECT_EQ(fields.get(Field::free)->at.line, 9U);
  EXPECT_FALSE(fields.get(Field::unstable));
}

TEST(Fields, NewlinesInsideARecordCanBeEscaped) {
  FieldSet fields;
  read_fields(Scope::total, "active_anon:1 isolated_anon:2#012 active_file:3\\x0a free:4", {},
              fields);
  EXPECT_EQ(fields.get(Field::isolated_anon)->value, 2U);
  EXPECT_EQ(fields.get(Field::active_file)->value, 3U);
  EXPECT_EQ(fields.get(Field::free)->value, 4U);
}

TEST(Fields, BooksHaveBlanksBehindTheUnderscore) {
  FieldSet fields;
  const auto run = read_fields(Scope::zone,
                               " free:35640kB min:35748kB active_ anon:4019kB slab_ "
                               "reclaimable:0kB all_ unreclaimable? yes kernel_",
                               {}, fields);
  EXPECT_EQ(fields.get(Field::active_anon)->value, 4019U);
  EXPECT_EQ(fields.get(Field::slab_reclaimable)->value, 0U);
  EXPECT_TRUE(run.reclaim_said);
  EXPECT_EQ(run.bad, "kernel_");
  EXPECT_TRUE(run.cut);
}

TEST(Fields, NodeLineOfEveryAge) {
  FieldSet fields;
  const auto run = read_fields(
      Scope::node,
      " active_anon:4kB inactive_anon:8kB isolated(anon):12kB isolated(file):16kB mapped:20kB "
      "shmem_thp: 24kB anon_thp:28kB writeback_tmp:0kB kernel_stack:32kB shadow_call_stack:36kB "
      "sec_pagetables:40kB all_unreclaimable? no Balloon:44kB",
      {}, fields);
  EXPECT_EQ(run.malformed, 0U);
  EXPECT_TRUE(run.reclaim_said);
  EXPECT_EQ(fields.get(Field::isolated_file)->value, 16U);
  EXPECT_EQ(fields.get(Field::shmem_thp)->value, 24U);
  EXPECT_EQ(fields.get(Field::anon_thp)->value, 28U);
  EXPECT_EQ(fields.get(Field::sec_pagetables)->value, 40U);
  EXPECT_EQ(fields.get(Field::balloon)->value, 44U);
}

TEST(Fields, ZoneLineWithBothSpellingsOfTheUnit) {
  FieldSet fields;
  const auto run = read_fields(Scope::zone,
                               "free:596kB boost:0kB min:2636kB low:3292kB high:3948kB "
                               "reserved_highatomic:2048KB free_highatomic:4KB zspages:8kB "
                               "present:507904kB managed:459072kB pages_scanned:71",
                               {}, fields);
  EXPECT_EQ(run.malformed, 0U);
  EXPECT_EQ(fields.get(Field::min)->value, 2636U);
  EXPECT_EQ(fields.get(Field::reserved_highatomic)->value, 2048U);
  EXPECT_EQ(fields.get(Field::free_highatomic)->value, 4U);
  EXPECT_EQ(fields.get(Field::pages_scanned)->value, 71U);
}

// The end of the first line is lost: what the second says of the same is of something else.
TEST(Fields, AFieldThatComesAgainBeginsAnotherLine) {
  FieldSet fields;
  const auto run =
      read_fields(Scope::node,
                  "active_anon:4kB inactive_anon:8kB all_unreclaimable? yes [ 5.9O ] Node 0 DMA "
                  "free:1kB min:2kB active_anon:0kB inactive_anon:1kB shmem:3kB",
                  {}, fields);
  EXPECT_GT(run.malformed, 0U);
  EXPECT_EQ(fields.get(Field::active_anon)->value, 4U);
  EXPECT_EQ(fields.get(Field::inactive_anon)->value, 8U);
  EXPECT_FALSE(fields.get(Field::shmem));
  FieldSet same;
  EXPECT_EQ(read_fields(Scope::node, "shmem:3kB shmem:3kB mapped:1kB", {}, same).malformed, 0U);
  EXPECT_EQ(same.get(Field::mapped)->value, 1U);
}

TEST(Fields, DamageIsSaidAndSkipped) {
  FieldSet fields;
  const auto run =
      read_fields(Scope::zone, "free:596kB min:26 low:3292kB hi$h:1kB present:5079", {}, fields);
  EXPECT_EQ(run.known, 2U);
  EXPECT_EQ(run.malformed, 3U);
  EXPECT_EQ(run.bad, "min:26");
  EXPECT_FALSE(fields.get(Field::min));
  EXPECT_EQ(fields.get(Field::low)->value, 3292U);
  FieldSet huge;
  const auto big =
      read_fields(Scope::zone, "free:18446744073709551604kB min:99999999999999999999kB", {}, huge);
  EXPECT_EQ(huge.get(Field::free)->value, 18446744073709551604U);
  EXPECT_EQ(big.malformed, 1U);
  EXPECT_FALSE(huge.get(Field::min));
}

bool is_totals(std::string_view text) { return read_line(text).kind == &totals; }

TEST(Totals, AreToldFromOtherPairs) {
  EXPECT_TRUE(is_totals("active_anon:1 inactive_anon:2 isolated_anon:0"));
  EXPECT_TRUE(is_totals(" Active_anon:1 active_file:2"));
  EXPECT_TRUE(is_totals(" free_cma:0"));
  EXPECT_FALSE(is_totals("active_anon:4kB inactive_anon:8kB"));
  EXPECT_FALSE(is_totals("port:80 proto:6"));
  EXPECT_FALSE(is_totals("12:30 free"));
}

TEST(Tail, EveryLine) {
  Tail tail;
  for (const char* text :
       {"494 total pagecache pages", "5 pages in swap cache", "Swap cache stats: add 0, delete 0",
        "Free swap  = 512kB", "Total swap = 1024kB", "265592 pages RAM",
        "77 pages HighMem/MovableOnly", "23672 pages reserved", "3 pages cma reserved",
        "1 pages hwpoisoned"}) {
    EXPECT_TRUE(read_tail(text, {0, 1}, tail)) << text;
    EXPECT_EQ(read_line(text).kind, &tail_line) << text;
  }
  EXPECT_EQ(tail.pagecache->value, 494U);
  EXPECT_EQ(tail.swap_cache->value, 5U);
  EXPECT_EQ(tail.free_swap_kib->value, 512U);
  EXPECT_EQ(tail.total_swap_kib->value, 1024U);
  EXPECT_EQ(tail.ram->value, 265592U);
  EXPECT_EQ(tail.highmem_movable->value, 77U);
  EXPECT_EQ(tail.reserved->value, 23672U);
  EXPECT_EQ(tail.cma_reserved->value, 3U);
  EXPECT_EQ(tail.hwpoisoned->value, 1U);
  Tail glued;
  EXPECT_TRUE(read_tail("...21 total pagecache pages34 pages in swap cache", {}, glued));
  EXPECT_EQ(glued.pagecache->value, 21U);
  EXPECT_EQ(glued.swap_cache->value, 34U);
  Tail joined;
  EXPECT_TRUE(
      read_tail("Total swap = 8kB131072 pages RAM0 pages HighMem9 pages reserved", {}, joined));
  EXPECT_EQ(joined.ram->value, 131072U);
  EXPECT_EQ(joined.reserved->value, 9U);
  for (const char* other : {"Free swap  = -4kB", "pages RAM", "freed 12 pages of cache", "",
                            "l30942 pages RAM", "13O942 pages RAM", "1,30942 pages RAM"}) {
    EXPECT_NE(read_line(other).kind, &tail_line) << other;
  }
}

TEST(HugepagesLine, OneForEachSize) {
  const auto pages = parse_hugepages(
      "Node 1 hugepages_total=4 hugepages_free=1 hugepages_surp=2 hugepages_size=2048kB", {0, 3});
  ASSERT_TRUE(pages);
  EXPECT_EQ(pages->node, 1);
  EXPECT_EQ(pages->total, 4U);
  EXPECT_EQ(pages->free, 1U);
  EXPECT_EQ(pages->surplus, 2U);
  EXPECT_EQ(pages->size.count(), 2048U);
  EXPECT_FALSE(parse_hugepages("Node 1 hugepages_total=4", {}));
  const auto cut = parse_hugepages("Node 0 hugepages_total=162 hugepages_free=162 huge>", {});
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->total, 162U);
  EXPECT_EQ(cut->size, KiB(0));
  EXPECT_EQ(
      parse_hugepages("Node 0 hugepages_total=1 hugepages_free=1 hugepages_size=204>", {})->size,
      KiB(0));
}

TEST(SlabRowLine, NameMayTouchItsColumn) {
  const auto row = parse_slab_row("btrfs_delayed_extent_op         75KB         76KB", {});
  ASSERT_TRUE(row);
  EXPECT_EQ(row->name, "btrfs_delayed_extent_op");
  EXPECT_EQ(row->used_kib, 75U);
  EXPECT_EQ(row->total_kib, 76U);
  EXPECT_EQ(parse_slab_row("my cache 1KB 2KB", {})->name, "my cache");
  EXPECT_FALSE(parse_slab_row("Name                      Used          Total", {}));
  EXPECT_FALSE(parse_slab_row("75KB 76KB", {}));
}

}  // namespace
}  // namespace whyoom::report
