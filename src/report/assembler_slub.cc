// What SLUB and SLAB say of a request for a slab that failed: the cache, and what it has on each
// node.
#include <algorithm>
#include <utility>

#include "report/assembler.h"
#include "report/kernel_notices.h"

namespace whyoom::report {
namespace {

constexpr LineNumber slub_lines = 100;

}  // namespace

// A request that failed ends with SLUB's lines: whose memory stands right before them, its head is
// lost.
OpenEvent* Assembler::take_headless_dump(const Line& line) {
  constexpr LineNumber right_behind = 2;
  for (auto& event : events_) {
    const bool callers = line.caller.empty() || event.caller.empty() || line.caller == event.caller;
    if (!event.superseded && !event.is_failure() && !event.ignored && callers &&
        !tells_of_oom(event.report) && !event.report.zones.empty() &&
        group_of(event.stage) == group_of(Stage::tail) && within(event.last, line, right_behind)) {
      event.report.kind = Kind::page_allocation_failure;
      return &event;
    }
  }
  return nullptr;
}

bool Assembler::on_slub(const Line& line, KernelLine& read) {
  OpenEvent* home = nullptr;
  for (auto& event : events_) {
    const bool callers = line.caller.empty() || event.caller.empty() || line.caller == event.caller;
    if (!event.superseded && event.is_failure() && callers &&
        within(event.last, line, slub_lines)) {
      home = &event;
    }
  }
  auto& slub = read.as<HeaderLine>();
  slub_line_ = 0;
  if (home == nullptr) {
    home = take_headless_dump(line);
    home = home != nullptr ? home : &open(line, Kind::page_allocation_failure);
    home->report.trigger = std::move(slub.trigger);
    home->gfp = std::move(slub.gfp);
  }
  slub_again_ = 0;
  if (home->report.slub) {
    ++home->report.slub->count;
    slub_again_ = line.number;
  } else {
    home->report.slub = std::move(slub.slub);
  }
  return touch(*home, line, home->stage);
}

bool Assembler::on_slub_cache(const Line& line, KernelLine& read) {
  slub_line_ = 0;
  for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
    auto& slub = event->report.slub;
    if (slub && slub->cache.empty()) {
      auto& cache = *read.as<HeaderLine>().slub;
      cache.node = slub->node;
      cache.is_slab = slub->is_slab;
      slub = std::move(cache);
      slub_line_ = line.number;
      return touch(*event, line, event->stage);
    }
  }
  return on_slub_again(line, read.as<HeaderLine>().slub->cache);
}

// What the cache has is known from the first time; the lines are of the event all the same. `cache`
// is empty in a line that does not name it.
bool Assembler::on_slub_again(const Line& line, std::string_view cache) {
  const auto event = std::find_if(events_.rbegin(), events_.rend(), [](const OpenEvent& each) {
    return each.report.slub.has_value();
  });
  if (slub_again_ == 0 || line.number > slub_again_ + 2 || event == events_.rend()) {
    return false;
  }
  slub_again_ = line.number;
  SlubFailure& slub = *event->report.slub;
  slub.count -= !cache.empty() && cache != slub.cache && slub.count > 1 ? 1 : 0;
  return touch(*event, line, event->stage);
}

// The lines of the nodes follow that of the cache, but for one about debugging, in order. What
// stands elsewhere may be of another cache.
bool Assembler::on_slub_node(const Line& line, KernelLine& read) {
  const auto event = std::find_if(events_.rbegin(), events_.rend(), [](const OpenEvent& each) {
    return each.report.slub && !each.report.slub->cache.empty();
  });
  if (slub_line_ == 0 || line.number > slub_line_ + 2 || event == events_.rend()) {
    return on_slub_again(line, {});
  }
  const SlubNode node = read.as<HeaderLine>().slub->nodes.front();
  auto& nodes = event->report.slub->nodes;
  if (!nodes.empty() && node.node <= nodes.back().node) {
    slub_line_ = 0;
    return false;
  }
  slub_line_ = line.number;
  nodes.push_back(node);
  return touch(*event, line, event->stage);
}

}  // namespace whyoom::report
