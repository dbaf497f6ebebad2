#include "report/task_lines.h"

#include <gtest/gtest.h>

#include "report/header_lines.h"
#include "report/kernel_line.h"
#include "report/test_support.h"

namespace whyoom::report {
namespace {

struct TableCase {
  const char* columns;
  const char* row;
  std::uint64_t rss;
  MaybeCount pgtables_bytes, table_pages, swapents, rss_anon;
  int adj;
  const char* comm;
};

std::optional<Task> read_task(std::string_view text, const TaskColumns& columns, LineNumber line) {
  const auto row = parse_task_row(text);
  return row ? task_of(*row, text, columns, line) : std::nullopt;
}

TEST(TaskTable, EveryForm) {
  const TableCase cases[] = {
      {"[ pid ]   uid  tgid total_vm      rss cpu oom_adj oom_score_adj name",
       "[ 1743]    48  1743    68123     3901   3     -17         -1000 httpd",
       3901,
       {},
       {},
       {},
       {},
       -1000,
       "httpd"},
      {"[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name",
       "[ 1743]    48  1743    68123     3901      61       12           300 my app",
       3901,
       {},
       61,
       12,
       {},
       300,
       "my app"},
      {"[ pid ]   uid  tgid total_vm      rss nr_ptes nr_pmds swapents oom_score_adj name",
       "[ 1743]    48  1743    68123     3901      61       4       12             0 a",
       3901,
       {},
       65,
       12,
       {},
       0,
       "a"},
      {"[ pid ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
       "[ 1743]    48  1743    68123     3901   249856        0             0 (sd-pam)",
       3901,
       249856,
       {},
       0,
       {},
       0,
       "(sd-pam)"},
      {"[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
       "[1743001]    48 1743001 681230001 390100001 24985600000        0             0 wide",
       390100001,
       24985600000,
       {},
       0,
       {},
       0,
       "wide"},
      {"[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes "
       "swapents "
       "oom_score_adj name",
       "[   1743]    48  1743    68123     3901     3000      900         1    49152       96"
       "           999 x",
       3901,
       49152,
       {},
       96,
       3000,
       999,
       "x"}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.columns);
    const auto columns = parse_task_columns(c.columns);
    ASSERT_TRUE(columns);
    const auto task = read_task(c.row, *columns, 12);
    ASSERT_TRUE(task);
    EXPECT_EQ(task->uid, 48);
    EXPECT_EQ(task->tgid, task->pid);
    EXPECT_EQ(task->rss, c.rss);
    EXPECT_EQ(task->pgtables_bytes, c.pgtables_bytes);
    EXPECT_EQ(task->page_table_pages, c.table_pages);
    EXPECT_EQ(task->swapents, c.swapents);
    EXPECT_EQ(task->rss_anon, c.rss_anon);
    EXPECT_EQ(task->oom_score_adj, c.adj);
    EXPECT_EQ(task->comm, c.comm);
    EXPECT_EQ(task->line, 12U);
    // The row alone tells the same, but for el6 with an ordinary oom_adj.
    const auto guessed = read_task(c.row, guess_task_columns(*parse_task_row(c.row)), 12);
    ASSERT_TRUE(guessed);
    EXPECT_EQ(guessed->comm, c.comm);
    EXPECT_EQ(guessed->rss, c.rss);
    EXPECT_EQ(guessed->pgtables_bytes, c.pgtables_bytes);
    EXPECT_EQ(guessed->oom_score_adj, c.adj);
  }
}

TEST(TaskTable, NamesMayLookLikeAnything) {
  const auto columns = parse_task_columns(
      "[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name");
  ASSERT_TRUE(columns);
  const auto row =
      read_task("[    9]     0     9      1        2     3        4   5 77 [x] 8", *columns, 1);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->comm, "77 [x] 8");
  EXPECT_EQ(read_task("[    9]     0     9      1        2     3        4   5 ", *columns, 1)->comm,
            "");
}

TEST(TaskTable, ANumberThatIsTooLong) {
  const auto row = parse_task_row("[ 7] 0 7 999999999999999999 -5 8 9 x");
  ASSERT_TRUE(row);
  EXPECT_EQ(row->numbers[2], 999999999999999999);
  EXPECT_EQ(row->numbers[3], -5);
  EXPECT_EQ(row->count, 6U);
  // The name begins there.
  EXPECT_EQ(parse_task_row("[ 7] 0 7 1234567890123456789 8 x")->count, 2U);
  EXPECT_EQ(parse_task_row("[ 7] 0 7 99999999999999999999999 8 x")->count, 2U);
  EXPECT_EQ(parse_task_row("[ 7] 0 7 -")->count, 2U);
}

TEST(TaskTable, RowsAreToldFromOtherBrackets) {
  const auto row = parse_task_row("[ 1743]    48  1743    68123     3901 6 7 8 app");
  ASSERT_TRUE(row);
  EXPECT_EQ(row->count, 7U);
  EXPECT_TRUE(row->named);
  EXPECT_EQ(parse_task_row("[ 1743]\t48\t1743\t68123\t3901\t6\t7\t8\tapp")->numbers[6], 8);
  EXPECT_TRUE(parse_task_row("[ 1743]    48  1743"));  // wrapped early
  EXPECT_FALSE(parse_task_row("[ 1743]    48  1744"));
  EXPECT_FALSE(parse_task_row("[ 1743] usb 1-1: reset"));
  EXPECT_FALSE(parse_task_row("[   12.345678] text"));
  EXPECT_FALSE(parse_task_row("[<ffffffff8116e5bc>] dump_header+0x8c/0x1a0"));
  EXPECT_FALSE(read_task("[ 1743]    48  1743    68123", TaskColumns(7, TaskColumn::unused), 1));
  EXPECT_TRUE(guess_task_columns(*parse_task_row("[ 1743] 1 2 3")).empty());
}

// As a pager cuts it. Taken for a row of an older kernel, the page tables would be pages in swap.
TEST(TaskTable, ARowThatIsCutHasTheColumnsThatAreLeft) {
  const auto task = [](const std::string& row) {
    const auto log = testing::read_log(
        "[ 1.0] a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
        "[ 1.0] [  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem "
        "pgtables_bytes swapents oom_>\n[ 1.0] " +
        row + "\n");
    return log.events.at(0).tasks.empty() ? std::optional<Task>() : log.events.at(0).tasks.at(0);
  };
  const std::string numbers = "[   1743]    48  1743    68123     3901     3000      900         1";
  for (const char* end :
       {"    49152       96   >", "    49152       96   ", "    49152       9>"}) {
    const auto cut = task(numbers + end);
    ASSERT_TRUE(cut) << end;
    EXPECT_EQ(cut->rss_anon, 3000U);
    EXPECT_EQ(cut->pgtables_bytes, 49152U);
    EXPECT_FALSE(cut->page_table_pages);
    EXPECT_EQ(cut->comm, "");
  }
  EXPECT_EQ(task(numbers + "    49152       96   >")->swapents, 96U);
  EXPECT_FALSE(task(numbers + "    49152       9>")->swapents) << "it may go on";
  EXPECT_FALSE(task("[   1743]    48  1743    68123 >"));
}

// The name can be that of another process, which stands before the mark of a line; it can be longer
// than the kernel's, too, where a row was joined.
TEST(TaskTable, ANameLikeARow) {
  const auto kind = [](std::string_view text) { return read_line(text).kind; };
  EXPECT_EQ(kind("[ 7]     0     7     1     2     3     4     0 hog"), &task_row);
  // No name has as many characters as there are before this mark.
  EXPECT_EQ(kind("[ 7]     0     7     1     2     3     4     0 x invoked oom-killer: order=0"),
            &task_row);
  EXPECT_EQ(kind("[7] 0 7 1 invoked oom-killer: gfp_mask=0xcc0, order=0, oom_score_adj=0"),
            &oom_header);
  EXPECT_EQ(kind("[7] 0 7: page allocation failure: order:4, mode:0x40cc0(GFP_KERNEL)"),
            &failure_header);
}

}  // namespace
}  // namespace whyoom::report
