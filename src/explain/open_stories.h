// The stories that go on. Those of several machines and cgroups do so at the same time, and come
// out in the order in which they began.
#pragma once

#include <functional>
#include <list>
#include <memory>

#include "diagnose/event.h"
#include "explain/open_story.h"

namespace whyoom::explain {

class OpenStories {
 public:
  explicit OpenStories(std::function<void(OpenStory&&)> ended) : ended_(std::move(ended)) {}

  // Ends the oldest ones where there are too many, or their reports take too much memory.
  void add(std::unique_ptr<diagnose::Event> event);
  void end_all();

 private:
  void end_oldest();

  std::function<void(OpenStory&&)> ended_;
  std::list<OpenStory> open_;
};

}  // namespace whyoom::explain
