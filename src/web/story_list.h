// The stories of a reading, kept to be shown.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "diagnose/tally.h"
#include "explain/open_stories.h"
#include "explain/writer.h"

namespace whyoom::web {

class StoryList final : public explain::Writer {
 public:
  static constexpr std::size_t default_room = std::size_t{512} << 20U;
  // `room`: bytes of reports. Where there is no more, the oldest stories are left out.
  explicit StoryList(std::size_t room = default_room) : room_(room) {}

  void event(std::unique_ptr<diagnose::Event> event) override;
  void quiet() override {}
  void finish(const render::Summary& summary) override;

  [[nodiscard]] const std::vector<explain::OpenStory>& stories() const { return stories_; }
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }
  [[nodiscard]] const diagnose::Tally& tally() const { return tally_; }

 private:
  void ended(explain::OpenStory&& story);

  std::size_t room_, bytes_ = 0;
  explain::OpenStories open_{[this](explain::OpenStory&& story) { ended(std::move(story)); }};
  std::vector<explain::OpenStory> stories_;
  std::uint64_t left_out_ = 0;
  diagnose::Tally tally_;
};

}  // namespace whyoom::web
