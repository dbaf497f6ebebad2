#include "diagnose/quotes.h"

#include <gtest/gtest.h>

namespace whyoom::diagnose {
namespace {

Finding finding_at(Role role, std::vector<Place> places) {
  Finding made;
  made.role = role;
  for (const Place at : places) {
    made.proof.push_back({Message("x"), 1, Unit::count, at});
  }
  return made;
}

std::vector<LineNumber> lines_left(Event& event) {
  for (LineNumber number = 10; number < 20; ++number) {
    event.report.lines.push_back({number, "line"});
  }
  keep_cited_lines(event);
  std::vector<LineNumber> numbers;
  for (const report::LogLine& line : event.report.lines) {
    numbers.push_back(line.number);
  }
  return numbers;
}

TEST(Quotes, WhatTheRootRestsOnAndTheFirstLine) {
  Event event;
  event.findings = {finding_at(Role::root, {{0, 12}, {0, 0}, {0, 15}})};
  EXPECT_EQ(lines_left(event), (std::vector<LineNumber>{10, 12, 15}));
}

TEST(Quotes, OfWhatWasRuledOutTheFirstNumber) {
  Event event;
  event.findings = {finding_at(Role::ruled_out, {{0, 13}, {0, 14}}),
                    finding_at(Role::risk, {{0, 17}})};
  EXPECT_EQ(lines_left(event), (std::vector<LineNumber>{10, 13}));
}

TEST(Quotes, ANumberOfTheRecorderIsInNoLine) {
  Event event;
  event.findings = {finding_at(Role::root, {{1, 12}})};
  EXPECT_EQ(lines_left(event), (std::vector<LineNumber>{10}));
}

}  // namespace
}  // namespace whyoom::diagnose
