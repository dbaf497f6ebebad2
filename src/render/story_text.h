// The words of a story as a whole, and of the events in it that are not shown in full.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "render/render.h"

namespace whyoom::render {

// "oom-panic, for init: panic": one follower without its time and place. Its cause is told when it
// is another one than the story's.
std::string follower_text(const Follower& follower, std::string_view first_root);
// The same of a story: with its end, where that is another event's.
std::string headline(const Story& story);
// "40 events, 40 killed, first Nov 23 07:41:32, last Nov 23 11:01:32, one every 5 min on average";
// empty for one event.
std::string story_text(const Story& story);
// "Nov 23 07:41:32", "2026-11-23 07:41:32", "[12.3]": a time where there is little room.
std::string short_time(const report::Time& time);
// "5 min": of `events` in so many seconds; empty where there are fewer than two of them, or no
// time.
std::string interval_text(std::uint64_t events, const std::optional<double>& seconds);
// "also:", "then:", "risk:"; of a finding that is neither the root nor ruled out.
std::string label_of(diagnose::Role role);
// "cause: cgroup-limit, likely, confidence 80 %"
std::string cause_and_confidence(const diagnose::Event& event, const diagnose::Finding& root);
// "pages RAM: if it was above 40 GiB"
std::string overturn_text(const diagnose::Overturn& overturn);
// "+0.68 s"; "-0.68 s" of one that stands before.
std::string follower_time(const Follower& follower);

}  // namespace whyoom::render
