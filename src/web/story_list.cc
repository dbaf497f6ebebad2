#include "web/story_list.h"

#include <utility>

namespace whyoom::web {

void StoryList::event(std::unique_ptr<diagnose::Event> event) {
  tally_.add(*event);
  open_.add(std::move(event));
}

void StoryList::ended(explain::OpenStory&& story) {
  bytes_ += story.bytes();
  stories_.push_back(std::move(story));
  // Half of the room at once, so that it is not done for each.
  if (bytes_ > room_) {
    std::size_t gone = 0;
    while (gone + 1 < stories_.size() && bytes_ > room_ / 2) {
      bytes_ -= stories_[gone].bytes();
      ++gone;
    }
    stories_.erase(stories_.begin(), stories_.begin() + static_cast<std::ptrdiff_t>(gone));
    left_out_ += gone;
  }
}

void StoryList::finish(const render::Summary& /*summary*/) { open_.end_all(); }

}  // namespace whyoom::web
