#include "web/story_list.h"

#include <gtest/gtest.h>

#include "report/event_merge.h"

namespace whyoom::web {
namespace {

TEST(StoryList, LeavesOutTheOldestWhereThereIsNoRoom) {
  const auto event = [](std::uint64_t story) {
    auto made = std::make_unique<diagnose::Event>();
    made->story = story;
    made->report.source = std::string(1000, 'x');
    return made;
  };
  const std::size_t each = report::bytes_held(event(1)->report);
  StoryList list(10 * each);
  for (std::uint64_t story = 1; story <= 100; ++story) {
    list.event(event(story));
  }
  list.finish({});
  EXPECT_EQ(list.stories().size() + list.left_out(), 100U);
  EXPECT_GE(list.stories().size(), 5U);
  EXPECT_LE(list.stories().size(), 10U);
  EXPECT_EQ(list.stories().back().id(), 100U);
}

}  // namespace
}  // namespace whyoom::web
