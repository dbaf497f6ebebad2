#include <algorithm>
#include <string>

#include "diagnose/claim.h"

namespace whyoom::diagnose::causes {

namespace {

std::optional<Claim> judge(const Context& context) {
  const auto& report = context.report;
  const auto alone = [](const report::Victim& victim) { return !victim.by_group; };
  const auto here = static_cast<std::uint32_t>(std::ranges::count_if(report.victims, alone));
  const StoryContext& story = context.story;
  const std::uint32_t killed = story.victims_before + here;
  if (!is_oom(context) || killed < 2) {
    return std::nullopt;
  }
  const std::string since = story.seconds_since_first ? seconds(*story.seconds_since_first) : "";
  Claim result = claim(
      Role::consequence, Rank::asked_for, 0, 0.95,
      story.number < 2 ? Message("The kernel killed {} processes one after the other.", killed)
      : since.empty()
          ? Message("Event {} of one spree that began at line {}; {} so far.", story.number,
                    report.line_of_log(story.first_line),
                    plural(killed, "process killed", "processes killed"))
          : Message("Event {} of one spree that began {} earlier at line {}; {} so far.",
                    story.number, since, report.line_of_log(story.first_line),
                    plural(killed, "process killed", "processes killed")));
  result.prove(Message("processes killed so far"), std::uint64_t{killed}, {0, report.first_line});
  result.prove(Message("events of the spree so far"), std::uint64_t{story.number},
               {0, story.first_line});
  return result;
}

}  // namespace

extern const Cause cause_kill_spree{"kill-spree", 'E',
                                    "several processes were killed one after the other", judge};

}  // namespace whyoom::diagnose::causes
