#include "diagnose/last_word.h"

#include <gtest/gtest.h>

namespace whyoom::diagnose {
namespace {

Event event(std::string_view cause, std::uint32_t in_story = 1, bool verified = true) {
  Event event;
  event.root_cause = cause;
  event.in_story = in_story;
  if (!verified) {
    event.report.unverified = Message("everybody can write it");
  }
  return event;
}

TEST(LastWord, IsTheLastStorysFirstEvent) {
  LastWord word;
  EXPECT_TRUE(word.offer(event("no-swap")));
  EXPECT_FALSE(word.offer(event("swap-full", 2)));
  EXPECT_TRUE(word.offer(event("swap-full")));
}

TEST(LastWord, AKnownCauseStaysBeforeUnknownOnes) {
  LastWord word;
  EXPECT_TRUE(word.offer(event(undetermined)));
  EXPECT_TRUE(word.offer(event(undetermined)));
  EXPECT_TRUE(word.offer(event("no-swap")));
  EXPECT_FALSE(word.offer(event(undetermined)));
  EXPECT_TRUE(word.offer(event("swap-full")));
}

TEST(LastWord, WhatIsUnverifiedNeverSaysIt) {
  LastWord word;
  EXPECT_FALSE(word.offer(event("no-swap", 1, false)));
  EXPECT_TRUE(word.offer(event(undetermined)));
  EXPECT_FALSE(word.offer(event("no-swap", 1, false)));
  EXPECT_TRUE(word.offer(event("swap-full")));
  EXPECT_FALSE(word.offer(event("no-swap", 1, false)));
}

}  // namespace
}  // namespace whyoom::diagnose
