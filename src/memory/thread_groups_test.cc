#include "memory/thread_groups.h"

#include <gtest/gtest.h>

namespace whyoom::memory {
namespace {

std::vector<std::uint32_t> first_of_groups(std::initializer_list<std::int64_t> groups) {
  std::vector<report::Task> tasks;
  for (const std::int64_t group : groups) {
    tasks.emplace_back().tgid = group;
  }
  return first_rows(tasks);
}

using Rows = std::vector<std::uint32_t>;

TEST(ThreadGroups, EachRowOfATableInOrderIsOne) {
  EXPECT_EQ(first_of_groups({1, 7, 8, 900}), Rows({0, 1, 2, 3}));
  EXPECT_EQ(first_of_groups({}), Rows());
}

TEST(ThreadGroups, ARepeatedRowIsThatOfTheFirst) {
  EXPECT_EQ(first_of_groups({1, 7, 7, 8}), Rows({0, 1, 1, 3}));
  EXPECT_EQ(first_of_groups({5, 9, 3, 9, 5, 3}), Rows({0, 1, 2, 1, 0, 2}));
}

TEST(ThreadGroups, WithoutANumberARowIsAlone) {
  EXPECT_EQ(first_of_groups({0, 0, 4, 0, 4}), Rows({0, 1, 2, 3, 2}));
  report::Task task;
  task.pid = 12;
  EXPECT_EQ(group_of(task), 12);
  task.tgid = 3;
  EXPECT_EQ(group_of(task), 3);
}

}  // namespace
}  // namespace whyoom::memory
