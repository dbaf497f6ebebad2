// A spree is one story: its cause, its victims in order, its end. A request that a victim still
// made belongs to it, and so does a cgroup that reaches its limit again and again. A request that
// is refused again and again, as those of a network driver are, is one story, too. The builder
// tells of which story the next report is; it keeps a few numbers of each, never events.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <vector>

#include "diagnose/cause.h"
#include "report/report.h"

namespace whyoom::diagnose {

class StoryBuilder {
 public:
  // Call for each report in order. The result says what the report's place is (number 1 = a new
  // story begins). Valid until the next call. What is unverified makes stories of its own: it must
  // not make an event that the kernel wrote the follower of one that it did not. Each machine, boot
  // and cgroup has its own.
  const StoryContext& next(const report::Report& report);

 private:
  struct Killed {
    std::int64_t pid = 0;
    std::string comm, source;
    Place at{};
  };

  struct Story {
    StoryContext context;
    bool verified = true;
    std::string source, host, boot, cgroup;
    std::string request;  // what was refused; empty: it was a kill, or nobody knows
    report::Time first, last;
    LineNumber last_line = 0;
    std::uint32_t victims = 0;
    std::vector<Killed> killed;  // the last of them
    bool kills = false;          // its first event was a kill
    bool ended = false;          // by a panic, or by a restart of the machine

    [[nodiscard]] bool is_of_machine(const report::Report& report) const;
    // Not more than `seconds` after its last event.
    [[nodiscard]] bool is_near(const report::Report& report, double seconds) const;
    [[nodiscard]] bool goes_on_with(const report::Report& report, const std::string& its_cgroup,
                                    const std::string& its_request) const;
    [[nodiscard]] Place killed_at(const report::Report& report) const;
    void take(const report::Report& report, Place killed);
  };

  void end_of_former_boots(const report::Report& report);
  Story& begin(const report::Report& report, std::string cgroup, std::string request);

  std::list<Story> stories_;  // the one that went on last first
  std::uint64_t begun_ = 0;
};

}  // namespace whyoom::diagnose
