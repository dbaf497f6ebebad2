// The curve of a history: how much memory there was in each piece of its time, as a picture for a
// terminal and for a page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "record/history.h"
#include "render/document.h"

namespace whyoom::render {

// A piece of the time: the least memory in it.
struct Slice {
  bool any = false;
  Bytes free, available, left, reach;
  std::uint64_t some_avg10 = 0, tasks = 0;
  std::int64_t from_ms = 0;
};
// From the first sample to the last.
std::vector<Slice> slices(const record::History& history, std::size_t count);

// Of a cgroup the most in each piece; nothing where it was not one of the fullest.
std::vector<std::optional<record::CgroupCurve::Point>> slices(const record::History& history,
                                                              const record::CgroupCurve& curve,
                                                              std::size_t count);
// Of so many cgroups the curve is shown.
inline constexpr std::size_t most_cgroup_curves = 4;

void write_chart(Document& out, const record::History& history, std::size_t width);
// The same as SVG.
std::string chart_svg(const record::History& history);

}  // namespace whyoom::render
