#include "render/story_text.h"

#include <algorithm>
#include <array>

#include "base/human.h"
#include "base/language.h"
#include "base/text.h"
#include "logtext/wall_clock.h"
#include "render/phrase.h"

namespace whyoom::render {

std::string follower_text(const Follower& follower, std::string_view first_root) {
  std::string text = printable(follower.kind);
  const auto add = [&text](std::string_view lead, const std::string& words) {
    if (!words.empty()) {
      text.append(lead).append(printable(words));
    }
  };
  add(tr(", for "), follower.trigger);
  if (follower.of_victim) {
    text += tr(", which was being killed");
  }
  add(translated(": "), follower.outcome);
  add(follower.outcome.empty() ? translated(": ") : " ", follower.victims);
  if (follower.root_cause != first_root && follower.root_cause != "undetermined") {
    add(tr(", cause "), follower.root_cause);
  }
  return text;
}

std::string short_time(const report::Time& time) {
  const auto wall = logtext::parse_wall(time.wall);
  if (!wall) {
    return time_text(time);
  }
  constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto month = static_cast<std::size_t>(std::clamp(wall->month, 1, 12));
  const std::string day = wall->year ? std::to_string(*wall->year) + "-" + two_digits(wall->month) +
                                           "-" + two_digits(wall->day)
                                     : std::string(months[month - 1]) + " " + two_digits(wall->day);
  return day + " " + two_digits(wall->hour) + ":" + two_digits(wall->minute) + ":" +
         two_digits(static_cast<std::int64_t>(wall->second)) +
         (wall->offset_seconds == 0 ? "Z" : "");
}

std::string interval_text(std::uint64_t events, const std::optional<double>& seconds) {
  return events > 1 && seconds && *seconds > 0
             ? whyoom::seconds(*seconds / static_cast<double>(events - 1))
             : std::string();
}

std::string label_of(diagnose::Role role) {
  return role == diagnose::Role::contributing  ? tr("also:")
         : role == diagnose::Role::consequence ? tr("then:")
                                               : tr("risk:");
}

std::string cause_and_confidence(const diagnose::Event& event, const diagnose::Finding& root) {
  return tr(
      "cause: {}, {}{}", std::string(root.cause), translated(diagnose::name(event.verdict)),
      root.confidence > 0 ? tr(", confidence {}", percent(std::min(root.confidence, 1.0))) : "");
}

std::string overturn_text(const diagnose::Overturn& overturn) {
  return tr("{}: if {}", clean(overturn.what), clean(overturn.condition));
}

std::string follower_time(const Follower& follower) {
  if (!follower.seconds_after) {
    return {};
  }
  const double after = *follower.seconds_after;
  return (follower.before ? "-" : "+") +
         seconds(follower.before ? std::max(-after, 0.0) : std::max(after, 0.0));
}

std::string headline(const Story& story) {
  const auto& own = story.lead.report.panic;
  return headline(story.lead) +
         (own         ? restart_words(*own)
          : story.end ? tr(", then {}{}", panic_words(*story.end), restart_words(*story.end))
                      : std::string());
}

std::string story_text(const Story& story) {
  if (story.events < 2) {
    return {};
  }
  std::string text = plural(story.events, "event", "events");
  text += story.killed > 0 ? tr(", {} killed", std::to_string(story.killed)) : "";
  const std::string from = time_text(story.first);
  const std::string to = time_text(story.last);
  text += from.empty() ? "" : tr(", first {}", from);
  text += to.empty() ? "" : tr(", last {}", to);
  if (const std::string each = interval_text(story.events, story.seconds); !each.empty()) {
    text += story.events == 2 ? tr(", {} apart", each) : tr(", one every {} on average", each);
  }
  return text;
}

}  // namespace whyoom::render
