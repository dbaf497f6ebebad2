#include "explain/open_stories.h"

#include <algorithm>
#include <utility>

namespace whyoom::explain {
namespace {

constexpr std::size_t most_open = 64;
constexpr std::size_t most_bytes = std::size_t{128} << 20U;

}  // namespace

void OpenStories::add(std::unique_ptr<diagnose::Event> event) {
  const auto own = std::ranges::find(open_, event->story, &OpenStory::id);
  if (own != open_.end()) {
    own->add(std::move(event));
  } else {
    open_.emplace_back(std::move(event));
  }
  std::size_t bytes = 0;
  for (const OpenStory& story : open_) {
    bytes += story.bytes();
  }
  while (open_.size() > most_open || (bytes > most_bytes && open_.size() > 1)) {
    bytes -= open_.front().bytes();
    end_oldest();
  }
}

void OpenStories::end_all() {
  while (!open_.empty()) {
    end_oldest();
  }
}

void OpenStories::end_oldest() {
  OpenStory story = std::move(open_.front());
  open_.pop_front();
  ended_(std::move(story));
}

}  // namespace whyoom::explain
