// A spree is one story: the first cause, then its victims in order, then the end. A request that a
// victim still made belongs to it. The builder tells
// whether the next report goes on with the current story; it keeps a few numbers, never events.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "diagnose/cause.h"
#include "report/report.h"

namespace whyoom::diagnose {

class StoryBuilder {
 public:
  // Call for each report in order. The result says what the report's place is (number 1 = a new
  // story begins). Valid until the next call. What is unverified makes stories of its own: it must
  // not make an event that the kernel wrote the follower of one that it did not.
  const StoryContext& next(const report::Report& report) {
    return (report.unverified.empty() ? verified_ : unverified_).next(report);
  }

 private:
  class Track {
   public:
    const StoryContext& next(const report::Report& report);

   private:
    struct Killed {
      std::int64_t pid = 0;
      std::string source;
      Place at{};
    };

    [[nodiscard]] bool is_near(const report::Report& report) const;
    [[nodiscard]] bool continues(const report::Report& report) const;
    [[nodiscard]] Place killed_at(const report::Report& report) const;
    void remember_victims(const report::Report& report);

    StoryContext context_;
    bool started_ = false;
    report::Kind kind_ = report::Kind::oom_kill;
    std::string source_;
    std::string boot_;
    std::string cgroup_;
    std::optional<std::uint64_t> first_us_, last_us_;
    LineNumber last_line_ = 0;
    std::uint32_t victims_ = 0;   // of the story so far
    std::vector<Killed> killed_;  // the last of them
    bool ended_ = false;          // a panic ends a story
  };

  Track verified_, unverified_;
};

}  // namespace whyoom::diagnose
