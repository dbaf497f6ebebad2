#include "record/boot_clocks.h"

#include <algorithm>

#include "record/bounds.h"
#include "record/sample.h"
#include "record/segment.h"

namespace whyoom::record {
namespace {

constexpr std::size_t most_boots = 2000;  // a ring has fewer segments
// No kernel that this reads is older.
constexpr std::int64_t year_2001_ms = 978'307'200'000;
constexpr std::int64_t between_boots_ms = 1000;

}  // namespace

void BootClocks::see(std::int64_t real_ms, std::uint64_t boot_ms) {
  if (boots_.empty()) {
    return;
  }
  Boot& boot = boots_.back();
  if (boot.from_ms == boot.to_ms) {
    boot.from_ms = std::min(boot.from_ms == 0 ? boot_ms : boot.from_ms, boot_ms);
  }
  boot.to_ms = std::max(boot.to_ms, boot_ms);
  boot.began_ms = real_ms - static_cast<std::int64_t>(boot_ms);
}

void BootClocks::add(std::string_view segment) {
  read_segment(segment, {[this](const Sample& each) {
                           const Sample sample = within_bounds(each);
                           see(sample.real_ms, sample.boot_ms);
                         },
                         [this](const Note& each) {
                           const Note note = within_bounds(each);
                           if (note.kind == Kind::segment &&
                               (boots_.empty() || boots_.back().id != note.text) &&
                               boots_.size() < most_boots) {
                             boots_.push_back({std::string(note.text), 0, 0, 0});
                           }
                           see(note.real_ms, note.boot_ms);
                         }});
}

BootClocks::Result BootClocks::take() const {
  Result result;
  std::vector<std::int64_t> began;
  const auto is_set = [](const Boot& boot) { return boot.began_ms >= year_2001_ms; };
  for (std::size_t i = 0; i < boots_.size(); ++i) {
    const Boot& boot = boots_[i];
    std::int64_t at = boot.began_ms;
    if (!is_set(boot)) {
      const auto next = std::ranges::find_if(boots_.begin() + static_cast<std::ptrdiff_t>(i),
                                             boots_.end(), is_set);
      std::int64_t end_ms = 0;
      if (i > 0 && is_set(boots_[i - 1])) {
        end_ms = began[i - 1] + static_cast<std::int64_t>(boots_[i - 1].to_ms);
        at = end_ms + between_boots_ms - static_cast<std::int64_t>(boot.from_ms);
      } else if (next != boots_.end()) {
        // All those before it, one behind the other.
        std::int64_t back = next->began_ms + static_cast<std::int64_t>(next->from_ms);
        for (auto each = boots_.begin() + static_cast<std::ptrdiff_t>(i); each != next; ++each) {
          back -= between_boots_ms + static_cast<std::int64_t>(each->to_ms - each->from_ms);
        }
        at = back - static_cast<std::int64_t>(boot.from_ms);
      } else if (i > 0) {
        end_ms = began[i - 1] + static_cast<std::int64_t>(boots_[i - 1].to_ms);
        at = std::max(at, end_ms + between_boots_ms - static_cast<std::int64_t>(boot.from_ms));
      }
    }
    began.push_back(at);
    result.began.insert_or_assign(boot.id, at);
    const std::int64_t from = at + static_cast<std::int64_t>(boot.from_ms);
    const std::int64_t to = at + static_cast<std::int64_t>(boot.to_ms);
    result.first_ms = i == 0 ? from : std::min(result.first_ms, from);
    result.last_ms = i == 0 ? to : std::max(result.last_ms, to);
  }
  return result;
}

}  // namespace whyoom::record
