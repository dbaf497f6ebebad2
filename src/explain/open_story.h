// A story while its events come in: the best explained one of them is kept, of the others a line.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "diagnose/event.h"
#include "render/render.h"

namespace whyoom::explain {

class OpenStory {
 public:
  explicit OpenStory(std::unique_ptr<diagnose::Event> event);

  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] std::size_t bytes() const;
  void add(std::unique_ptr<diagnose::Event> event);
  // Valid as long as this object.
  [[nodiscard]] render::Story story() const;

 private:
  struct Other {
    render::Follower row;
    std::optional<double> since;
    std::uint32_t number = 0;
  };

  std::uint64_t id_ = 0;
  report::Time first_, last_;
  std::optional<double> begin_, end_;
  std::uint64_t events_ = 1, killed_ = 0, left_out_ = 0;
  std::unique_ptr<diagnose::Event> lead_;
  std::vector<Other> others_;
  std::optional<report::Panic> panic_;
};

}  // namespace whyoom::explain
