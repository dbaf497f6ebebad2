#include "render/story_text.h"

#include <algorithm>

#include "base/human.h"
#include "base/text.h"
#include "render/phrase.h"

namespace whyoom::render {

std::string follower_text(const Follower& follower, std::string_view first_root) {
  std::string text = printable(follower.kind);
  const auto add = [&text](std::string_view lead, const std::string& words) {
    if (!words.empty()) {
      text.append(lead).append(printable(words));
    }
  };
  add(", for ", follower.trigger);
  if (follower.of_victim) {
    text += ", which was being killed";
  }
  add(": ", follower.outcome);
  add(follower.outcome.empty() ? ": " : " ", follower.victims);
  if (follower.root_cause != first_root && follower.root_cause != "undetermined") {
    add(", cause ", follower.root_cause);
  }
  return text;
}

std::string cause_and_confidence(const diagnose::Event& event, const diagnose::Finding& root) {
  return "cause: " + std::string(root.cause) + ", " + std::string(diagnose::name(event.verdict)) +
         (root.confidence > 0 ? ", confidence " + percent(std::min(root.confidence, 1.0)) : "");
}

std::string overturn_text(const diagnose::Overturn& overturn) {
  return clean(overturn.what) + ": if " + clean(overturn.condition);
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
          : story.end ? ", then " + panic_words(*story.end) + restart_words(*story.end)
                      : std::string());
}

std::string story_text(const Story& story) {
  if (story.events < 2) {
    return {};
  }
  std::string text = plural(story.events, "event", "events");
  text += story.killed > 0 ? ", " + std::to_string(story.killed) + " killed" : "";
  const std::string from = time_text(story.first);
  const std::string to = time_text(story.last);
  text += from.empty() ? "" : ", first " + from;
  text += to.empty() ? "" : ", last " + to;
  if (story.seconds && *story.seconds > 0) {
    const double average = *story.seconds / static_cast<double>(story.events - 1);
    text += story.events == 2 ? ", " + seconds(average) + " apart"
                              : ", one every " + seconds(average) + " on average";
  }
  return text;
}

}  // namespace whyoom::render
