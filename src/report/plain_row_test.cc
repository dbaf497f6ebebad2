#include "report/plain_row.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace whyoom::report {
namespace {

// With what stands behind it in a log.
bool read(std::string text, std::size_t columns, TaskRow& row) {
  text += '\n' + std::string(plain_row_lookahead, 'x');
  return read_plain_row(text, columns, row);
}

TEST(PlainRow, IsReadAsTheKernelPrintsIt) {
  TaskRow row;
  ASSERT_TRUE(
      read("[     91]   108    91    23247    23160   225280        0          -900 pg", 7, row));
  EXPECT_EQ(row.pid, 91);
  EXPECT_EQ(row.count, 7U);
  EXPECT_EQ(std::vector(row.numbers.begin(), row.numbers.begin() + 7),
            std::vector<std::int64_t>({108, 91, 23247, 23160, 225280, 0, -900}));
  EXPECT_EQ(row.ends[7], 71U);
  ASSERT_TRUE(read("[1] 0 1 123456789012345678 4 12345678 123456789 0 x", 7, row));
  EXPECT_EQ(row.numbers[2], 123456789012345678);
  EXPECT_EQ(row.numbers[4], 12345678);
  EXPECT_EQ(row.numbers[5], 123456789);
}

TEST(PlainRow, WhatIsOtherwiseIsNone) {
  TaskRow row;
  EXPECT_TRUE(read("[ 7] 1 2 3 4 x", 4, row));
  for (const char* text :
       {"[ 7] 1 2 3 x", "[ 7] 1 2 3 4", "[ 7] 1 2 3 4x x", "[ 7] 1 2\t3 4 x", "[ 7] 1 2 - 3 4 x",
        "[ 7] 1 2 --3 4 x", "[ 7] 1 2 3-4 4 x", "[ 7]1 2 3 4 x", "[ 7 ] 1 2 3 4 x", "[] 1 2 3 4 x",
        "[ 4294967296] 1 2 3 4 x", "7] 1 2 3 4 x", "[ 7] 1 2 3 1234567890123456789 x", "", "[",
        "[ 7] 1 2 3                                                                   4 x"}) {
    EXPECT_FALSE(read(text, 4, row)) << text;
  }
  EXPECT_FALSE(read_plain_row("[ 7] 1 2 3 4 x\n", 4, row)) << "nothing may be read behind its end";
}

// What it takes, parse_task_row() takes, and finds the same.
TEST(PlainRow, IsTheSameAsAnyRow) {
  std::mt19937_64 random(1);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  std::size_t taken = 0;
  constexpr int rows = 20000;
  for (int i = 0; i < rows; ++i) {
    const std::size_t columns = 3 + below(8);
    std::string text =
        "[" + std::string(below(6), ' ') + std::to_string(random() >> (34 + below(30))) + "]";
    for (std::size_t n = 0; n < columns; ++n) {
      text += std::string(1 + below(14), ' ') + (below(8) == 0 ? "-" : "") +
              std::to_string(random() >> (5 + below(58)));
    }
    text += " name";
    if (below(4) == 0) {
      constexpr std::string_view others = " \t-]9x\r\xff\x7f:/";
      text[below(text.size())] = others[below(others.size())];
    }
    TaskRow row;
    if (!read(text, columns, row)) {
      continue;
    }
    ++taken;
    const auto long_way = parse_task_row(text);
    ASSERT_TRUE(long_way && long_way->count >= columns) << text;
    EXPECT_EQ(row.pid, long_way->pid) << text;
    EXPECT_EQ(row.ends[columns], long_way->ends[columns]) << text;
    EXPECT_TRUE(std::equal(row.numbers.begin(), row.numbers.begin() + static_cast<int>(columns),
                           long_way->numbers.begin()))
        << text;
  }
  EXPECT_GT(taken, rows / 2);
}

}  // namespace
}  // namespace whyoom::report
